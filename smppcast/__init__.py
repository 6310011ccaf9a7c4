"""smppcast: cast one text to a streamed feed of subscribers over SMPP, and account for every message.

Three ways in::

    async with smppcast.connect("smpp://user:secret@127.0.0.1:2775", window=50) as session:
        sent = await session.submit(to="33612345678", text="Bonjour", source="GOUV", receipt=True)
        receipt = await sent.receipt(timeout_s=30)

    async with smppcast.open_engine("smppcast.yaml") as engine:
        campaign = await engine.cast("Restez chez vous", feed=subscribers, name="alerte-1")
        account = await campaign.wait()

    async with smppcast.smsc.serve("ideal") as smsc:  # a simulated SMSC, for tests
        ...

`connect` gives a bare session: no ledger, no reconnecting. `open_engine` has both. Both live inside
any running asyncio program, and change nothing outside themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from smppcast.version import __version__

if TYPE_CHECKING:
    from smppcast import errors, receipts, smpp, smsc, text
    from smppcast.campaign.campaign import Campaign
    from smppcast.campaign.engine import Engine, EngineSettings
    from smppcast.campaign.options import CampaignOptions, Hold, Resend
    from smppcast.campaign.posting import Post, Posting
    from smppcast.client import NO_RESPONSE, ClientSession, Sent, Source, Submitted, connect
    from smppcast.config.opening import open_engine
    from smppcast.feed import Reason
    from smppcast.ledger.accounts import account_of
    from smppcast.ledger.memory import MemoryStore
    from smppcast.ledger.outcomes import OutcomeRow, outcome_at, outcomes, outcomes_of
    from smppcast.ledger.sqlite import SqliteStore
    from smppcast.model import Account, CampaignState, MessageState, Outcome, ReceiptTally, SegmentTally
    from smppcast.operators.lane import LaneStatistics
    from smppcast.operators.settings import OperatorSettings, SourceAddress
    from smppcast.receipts import Receipt, ReceiptBatch

__all__ = [
    "NO_RESPONSE",
    "Account",
    "Campaign",
    "CampaignOptions",
    "CampaignState",
    "ClientSession",
    "Engine",
    "EngineSettings",
    "Hold",
    "LaneStatistics",
    "MemoryStore",
    "MessageState",
    "OperatorSettings",
    "Outcome",
    "OutcomeRow",
    "Post",
    "Posting",
    "Reason",
    "Receipt",
    "ReceiptBatch",
    "ReceiptTally",
    "Resend",
    "SegmentTally",
    "Sent",
    "Source",
    "SourceAddress",
    "SqliteStore",
    "Submitted",
    "__version__",
    "account_of",
    "connect",
    "errors",
    "open_engine",
    "outcome_at",
    "outcomes",
    "outcomes_of",
    "receipts",
    "smpp",
    "smsc",
    "text",
]

# Imported when first asked for: a program that wants the simulated SMSC alone does not wait for
# the engine.
_PLACES = {
    "Campaign": "smppcast.campaign.campaign",
    "Engine": "smppcast.campaign.engine",
    "EngineSettings": "smppcast.campaign.engine",
    "CampaignOptions": "smppcast.campaign.options",
    "Hold": "smppcast.campaign.options",
    "Resend": "smppcast.campaign.options",
    "Post": "smppcast.campaign.posting",
    "Posting": "smppcast.campaign.posting",
    "ClientSession": "smppcast.client",
    "Sent": "smppcast.client",
    "Submitted": "smppcast.client",
    "Source": "smppcast.client",
    "NO_RESPONSE": "smppcast.client",
    "connect": "smppcast.client",
    "open_engine": "smppcast.config.opening",
    "Reason": "smppcast.feed",
    "account_of": "smppcast.ledger.accounts",
    "MemoryStore": "smppcast.ledger.memory",
    "OutcomeRow": "smppcast.ledger.outcomes",
    "outcome_at": "smppcast.ledger.outcomes",
    "outcomes": "smppcast.ledger.outcomes",
    "outcomes_of": "smppcast.ledger.outcomes",
    "SqliteStore": "smppcast.ledger.sqlite",
    "Account": "smppcast.model",
    "CampaignState": "smppcast.model",
    "MessageState": "smppcast.model",
    "Outcome": "smppcast.model",
    "ReceiptTally": "smppcast.model",
    "SegmentTally": "smppcast.model",
    "LaneStatistics": "smppcast.operators.lane",
    "OperatorSettings": "smppcast.operators.settings",
    "SourceAddress": "smppcast.operators.settings",
    "Receipt": "smppcast.receipts",
    "ReceiptBatch": "smppcast.receipts",
}
_ROOMS = frozenset(("errors", "receipts", "smpp", "smsc", "text"))


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"smppcast.{name}")
    if name not in _PLACES:
        raise AttributeError(f"module 'smppcast' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
