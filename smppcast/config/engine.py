"""A configuration file's settings as the engine takes them."""

from __future__ import annotations

from smppcast.campaign.engine import EngineSettings
from smppcast.campaign.options import CampaignOptions, Hold, Resend
from smppcast.config.settings import Settings

__all__ = ["engine_settings"]


def engine_settings(settings: Settings) -> EngineSettings:
    """What an engine is told by a file; `NAME.rejects.csv` goes beside the ledger."""
    campaign, hold = settings.campaign, settings.unknowns.hold
    return EngineSettings(
        operators=settings.operators,
        country=settings.country,
        settle_s=settings.settle,
        rejects=settings.ledger.parent,
        options=CampaignOptions(
            validity_s=campaign.validity_period,
            priority_flag=campaign.priority_flag,
            flash=campaign.flash,
            suppress=settings.suppress,
            unknowns=Resend() if hold is None else Hold(hold),
        ),
    )
