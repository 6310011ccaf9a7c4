"""What requests hold and answers give: the API's words, checked as they come in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from smppcast.campaign.options import CampaignOptions, Hold, Resend
from smppcast.campaign.plan import Plan
from smppcast.config.campaign_file import PRIORITIES
from smppcast.operators.scalars import Seconds
from smppcast.operators.settings import RateSetting, SourceAddress, WindowSetting
from smppcast.text import Encoding

__all__ = [
    "NAME",
    "Body",
    "CampaignBody",
    "CampaignEdit",
    "MessageBody",
    "MessagesBody",
    "Number",
    "OperatorEdit",
    "PriorityName",
    "SuppressionBody",
    "Text",
    "iso",
    "options_of",
]

NAME = r"^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,99}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=30)]

PriorityName = Literal["urgent", "normal", "bulk"]


class Body(BaseModel):
    """A request's body: keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)


class CampaignEdit(Body):
    """What of a draft may be changed; whoever approved it has to do so again."""

    text: Text | None = None
    """With `{column}` for cells of the feed's rows; `{{` and `}}` for braces."""
    feed: str | None = Field(default=None, min_length=1, max_length=500)
    """`upload:NAME` of an uploaded feed, or FOLDER/FILE of a folder that the configuration allows."""
    source: SourceAddress | None = None
    """The sender; none: each operator's."""
    validity_period: Seconds | None = None
    """How long SMSCs try to deliver, such as 4h."""
    flash: bool | None = None
    """Show the text at once, keep it not."""
    encoding: Encoding | None = None
    transliterate: bool | None = None
    hold: Seconds | None = None
    """Wait so long for a receipt to settle what was sent, perhaps; none: as the configuration says."""
    plan: Plan | None = None
    suppress: list[Name] | None = None
    """Names of suppression lists, beside those of the configuration."""
    priority: PriorityName | None = None
    lawful_basis: str | None = Field(default=None, max_length=2_000)
    """On what law or consent it is sent: kept with it."""
    test_numbers: list[Number] | None = Field(default=None, max_length=100)
    """Who gets the test cast."""


class CampaignBody(CampaignEdit):
    """A new campaign."""

    name: Name
    text: Text
    feed: str = Field(min_length=1, max_length=500)


class MessageBody(Body):
    """One message to one number."""

    to: Number
    text: Text
    operator: str = Field(default="", max_length=100)
    """By which operator or route it goes; none: the one whose prefixes say so."""


class MessagesBody(Body):
    """Up to 10,000 messages."""

    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=10_000)]
    priority: PriorityName = "normal"
    """urgent leaves before all others, bulk with campaigns."""


class OperatorEdit(Body):
    """What of an operator's account is changed while it works, until the next reload."""

    rate: RateSetting = None
    """submit_sm a second over all binds, or bounds between which it is found; null for no bound."""
    window: WindowSetting = 10
    """submit_sm that may await their answer on one bind."""


class SuppressionBody(Body):
    """Numbers that get no message."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=100_000)]


def options_of(body: dict[str, Any], defaults: CampaignOptions, suppress: tuple[Any, ...]) -> CampaignOptions:
    """A campaign's options as its request has them, over those of the configuration."""
    edit = CampaignEdit.model_validate({key: value for key, value in body.items() if key != "name"})
    hold = edit.hold
    return CampaignOptions(
        source=edit.source or defaults.source,
        validity_s=defaults.validity_s if edit.validity_period is None else edit.validity_period,
        priority_flag=defaults.priority_flag,
        flash=defaults.flash if edit.flash is None else edit.flash,
        encoding=edit.encoding or defaults.encoding,
        transliterate=bool(edit.transliterate),
        unknowns=defaults.unknowns if hold is None else Hold(hold) if hold else Resend(),
        priority=PRIORITIES[edit.priority or "bulk"],
        suppress=(*defaults.suppress, *suppress),
        retention_s=defaults.retention_s,
        plan=edit.plan or Plan(),
    )


def iso(moment: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC."""
    return None if not moment else datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
