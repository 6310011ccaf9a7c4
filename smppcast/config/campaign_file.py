"""A campaign as a file: the words of the HTTP API, for `smppcast cast --campaign` and `smppcast plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from smppcast.campaign.options import CampaignOptions, Hold, Resend
from smppcast.campaign.plan import Plan
from smppcast.documents import checked, parse
from smppcast.errors import ConfigError
from smppcast.operators.scalars import ExistingFile, Seconds, SettingsModel
from smppcast.operators.settings import SourceAddress
from smppcast.text import Encoding

__all__ = ["PRIORITIES", "CampaignFile", "load_campaign"]

PRIORITIES = {"urgent": 0, "normal": 5, "bulk": 10}
"""Classes of priority by name; a campaign's own is bulk, and a lower number goes before."""


def _beside(value: object, info: ValidationInfo) -> object:
    """A path from the file's folder; `-` is standard input."""
    if not isinstance(value, str) or value == "-":
        return value
    return (info.context or {}).get("folder", Path()) / value


FeedPath = Annotated[Path, BeforeValidator(_beside), WithJsonSchema({"type": "string"})]


class CampaignFile(SettingsModel):
    """A whole campaign file."""

    name: str = Field(min_length=1, max_length=100)
    """The campaign's name: the same name goes on with the same campaign."""
    text: str | None = None
    """The text, with `{column}` for cells of the feed's rows."""
    text_file: ExistingFile | None = None
    """Instead, a UTF-8 file that holds it, relative to this one."""
    feed: FeedPath
    """CSV or NDJSON of subscribers, relative to this file; - for standard input."""
    source: SourceAddress | None = None
    """The sender; none: each operator's."""
    validity_period: Seconds | None = None
    """How long SMSCs try to deliver."""
    flash: bool | None = None
    """Show the text at once, keep it not."""
    encoding: Encoding = "auto"
    """How the text is encoded: auto, gsm, ucs2, latin1 or ascii."""
    transliterate: bool = False
    """Plain quotes and dashes where that saves segments."""
    hold: Seconds | None = None
    """Wait so long for a receipt to settle what was sent, perhaps, and never answered."""
    plan: Plan = Plan()
    """When, how fast and in which waves."""
    suppress: tuple[FeedPath, ...] = ()
    """Files of numbers that get no message, beside those of the configuration."""
    priority: Literal["urgent", "normal", "bulk"] = "bulk"
    """urgent leaves before all others."""
    retention: Seconds | None = None
    """How long its recipients are kept."""
    lawful_basis: str | None = None
    """On what law or consent it is sent: kept with it."""
    test_numbers: tuple[str, ...] = ()
    """Who gets the test cast that a daemon makes of it."""

    @model_validator(mode="after")
    def _one_text(self) -> CampaignFile:
        if (self.text is None) == (self.text_file is None):
            raise ValueError("expected either text or text_file")
        return self

    @property
    def wording(self) -> str:
        """The text, from where it stands; one line end behind it does not count."""
        if self.text_file is None:
            return self.text or ""
        return self.text_file.read_text("utf-8-sig").removesuffix("\n").removesuffix("\r")

    def options(self, defaults: CampaignOptions) -> CampaignOptions:
        """Over those of the configuration."""
        hold = self.hold
        return replace(
            defaults,
            source=self.source or defaults.source,
            validity_s=defaults.validity_s if self.validity_period is None else self.validity_period,
            flash=defaults.flash if self.flash is None else self.flash,
            encoding=self.encoding,
            transliterate=self.transliterate,
            unknowns=defaults.unknowns if hold is None else Hold(hold) if hold else Resend(),
            priority=PRIORITIES[self.priority],
            suppress=(*defaults.suppress, *self.suppress),
            retention_s=defaults.retention_s if self.retention is None else self.retention,
            plan=self.plan,
        )


def load_campaign(path: Path) -> CampaignFile:
    """Reads and checks a campaign file.

    Raises:
        ConfigError: its only fault.
        ConfigFaults: all of them, where it has several.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", file=str(path)) from error
    return checked(CampaignFile, parse(str(path), text, {}), {"folder": path.parent})
