"""What a configuration file holds, as typed settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from smppcast.config.hooks import KeywordSettings, WebhookSettings
from smppcast.operators.scalars import Also, ExistingFile, Rate, Seconds, SettingsModel
from smppcast.operators.settings import OperatorSettings

__all__ = ["CampaignDefaults", "DaemonSettings", "DaemonTls", "OperatorEntry", "Settings", "Unknowns"]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmMgG]?[bB]?)")
_SIZES = {"": 1, "B": 1, "K": 10**3, "KB": 10**3, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9}
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


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError("expected a size such as 500MB, 2GB or 65536")
    return int(float(found[1]) * _SIZES[(found[2] or "").upper()])


Octets = Annotated[int, Field(ge=0), BeforeValidator(_size), WithJsonSchema({"type": ["string", "integer"]})]
_Folder = Annotated[Path, BeforeValidator(_listed), WithJsonSchema({"type": "string"})]
_HOOK = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$"


class DaemonTls(SettingsModel):
    """The certificate of the HTTP API."""

    cert: ExistingFile
    """PEM file with the certificate and those between it and its authority."""
    key: ExistingFile | None = None
    """PEM file with its key, where it is not in the same file."""


class DaemonSettings(SettingsModel):
    """The daemon's own: where it listens, what it keeps, and what people may do alone."""

    listen: str = "127.0.0.1:8080"
    """HOST:PORT of the HTTP API; port 0 takes a free one and prints it."""
    tls: DaemonTls | None = None
    """none: plain HTTP, which is refused on an address that is not loopback unless `insecure` is set."""
    insecure: bool = False
    """Serve plain HTTP beyond this machine: behind a proxy that has TLS."""
    data: _Folder | None = None
    """Folder for tokens, drafts, audit log, uploads and suppression lists; none: LEDGER.daemon beside it."""
    feeds: tuple[_Folder, ...] = ()
    """Folders from which campaigns may take their feeds by name, beside uploads."""
    approval_above: int = Field(default=1_000, ge=0)
    """Recipients above which a campaign needs a test cast, and approval by someone else than its author."""
    drain: Seconds = 30.0
    """Longest wait for answers when it is asked to end."""
    requests: Rate = 100.0
    """Requests a second that one token may make."""
    body: Octets = 16_000_000
    """Largest body of a request, uploads apart."""
    upload: Octets = 10_000_000_000
    """Largest feed that may be uploaded."""
    disk_free: Octets = 1_000_000_000
    """Sending pauses while the ledger's disk has less than so much free."""
    webhooks: dict[Annotated[str, Field(pattern=_HOOK)], WebhookSettings] = Field(default_factory=dict)
    """Programs that are told of receipts, users' messages and campaigns, by the names that we show."""
    keywords: KeywordSettings | None = None
    """Words by which subscribers say that they want no more messages; none: nobody looks for them."""


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
    daemon: DaemonSettings = DaemonSettings()
    """What `smppcast daemon` needs to know beside all this."""

    @field_validator("country")
    @classmethod
    def _country(cls, country: str | None) -> str | None:
        if country is not None and country.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("expected two letters of ISO 3166, such as FR")
        return country.upper() if country else None
