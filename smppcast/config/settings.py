"""What a configuration file holds, as typed settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from smppcast.operators.scalars import Also, Seconds, SettingsModel
from smppcast.operators.settings import OperatorSettings

__all__ = ["CampaignDefaults", "OperatorEntry", "Settings", "Unknowns"]

_LEDGER = re.compile(r"sqlite:///(.+)", re.DOTALL)


class OperatorEntry(OperatorSettings):
    """An operator as a file has it: its password may lie in another file."""

    password_file: Path | None = None
    """File that holds the password, relative to this one; a line end behind it does not count."""


class Unknowns(SettingsModel):
    """What becomes of a message that was sent, perhaps, and never answered: resend, or hold."""

    hold: Seconds | None = None
    """Wait so long for a receipt to settle it, then leave it unknown; none: send it again, flagged
    as a possible duplicate."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if isinstance(value, str):
            if value != "resend":
                raise ValueError("expected resend, or hold: DURATION")
            return {}
        if value is None or (isinstance(value, dict) and "hold" in value and value["hold"] is None):
            raise ValueError("expected resend, or hold: DURATION")
        return value


class CampaignDefaults(SettingsModel):
    """What holds for a campaign that says nothing else."""

    validity_period: Seconds | None = None
    """How long SMSCs try to deliver; none: as the operator's settings say."""
    priority_flag: int = Field(default=0, ge=0, le=3)
    """priority_flag of each submit_sm; GSM networks know 0 and the rest."""
    flash: bool = False
    """Whether the text shows at once and is not kept (message class 0)."""


def _ledger(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    found = _LEDGER.fullmatch(value)
    if found is None:
        raise ValueError("expected sqlite:///FILE, from this file's folder, or sqlite:////ABSOLUTE/FILE")
    return (info.context or {}).get("folder", Path()) / found[1]


LedgerPath = Annotated[
    Path,
    BeforeValidator(_ledger),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_LEDGER.pattern}$", "examples": ["sqlite:///ledger.db"]}
    ),
]


def _listed(value: object, info: ValidationInfo) -> object:
    return (info.context or {}).get("folder", Path()) / value if isinstance(value, str) else value


ListPath = Annotated[Path, BeforeValidator(_listed), WithJsonSchema({"type": "string"})]


class Settings(SettingsModel):
    """A whole configuration file."""

    ledger: LedgerPath
    """Where what was sent and answered is kept: sqlite:///FILE, relative to this file."""
    durability: Literal["full", "relaxed"] = "full"
    """full: every commit is synced, so that no power cut loses one. relaxed: a power cut (not a crash of the
    program) may lose the last ones: recipients may get a second message unflagged, receipts may be lost."""
    operators: dict[str, OperatorEntry] = Field(min_length=1)
    """The accounts at SMSCs, by the names that feeds and reports call them."""
    country: str | None = None
    """Two letters of ISO 3166: numbers in this country's national format are understood."""
    unknowns: Annotated[Unknowns, Also({"const": "resend"})] = Unknowns()
    """What becomes of a message that was sent, perhaps, and never answered: resend, or hold: DURATION."""
    settle: Seconds = 60.0
    """Longest wait for receipts after the last answer."""
    suppress: tuple[ListPath, ...] = ()
    """Files of numbers that never get a message, relative to this one: one a line, or CSV or NDJSON."""
    retention: Seconds | None = None
    """How long recipients are kept after the last that was told of them; then `smppcast ledger purge`
    forgets them. None: until they are purged by name."""
    campaign: CampaignDefaults = CampaignDefaults()
    """How messages are submitted unless their campaign says otherwise."""

    @field_validator("country")
    @classmethod
    def _country(cls, country: str | None) -> str | None:
        if country is not None and country.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("expected two letters of ISO 3166, such as FR")
        return country.upper() if country else None
