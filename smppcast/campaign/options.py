"""What a campaign is told beside its text and its feed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from smppcast.campaign.plan import Plan
from smppcast.errors import UsageError
from smppcast.model import Outcome
from smppcast.operators.settings import SourceAddress
from smppcast.text import Encoding

__all__ = ["CampaignOptions", "Hold", "Reached", "Resend", "UnknownPolicy"]


@dataclass(frozen=True, slots=True)
class Resend:
    """What may or may not have arrived is sent again, flagged as a possible duplicate."""


@dataclass(frozen=True, slots=True)
class Hold:
    """What may or may not have arrived waits this long for a receipt, and then stays unknown."""

    seconds: float


UnknownPolicy = Resend | Hold


@dataclass(frozen=True, slots=True)
class Reached:
    """The numbers whose message of another campaign came to one of these ends."""

    campaign: str
    outcomes: frozenset[Outcome] = frozenset((Outcome.DELIVERED,))


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """Settings of one campaign; what is None follows each operator's own.

    Args:
        source: the sender.
        validity_s: how long the SMSC tries to deliver, in seconds.
        priority_flag: of each submit_sm, 0 to 3 (SMPP 5.0 section 4.7.14).
        flash: show the text at once and do not keep it (class 0, GSM 03.38 section 4).
        encoding: see `text.split`.
        transliterate: replace typographic characters where that saves segments.
        unknowns: what to do with segments whose outcome is unknown.
        priority: class among the sources of a lane; a lower one is served first.
        weight: share among sources of one class.
        suppress: files of numbers that get no message, see `feed.read_list`.
        suppress_reached: likewise, those whom other campaigns reached.
        retention_s: how long recipients are kept in the ledger after the last that it was told of them.
        receipts: False asks for no receipt: accepted messages then stay `awaiting_receipt`.
        plan: when, how fast and in which waves it is sent.
    """

    source: SourceAddress | None = None
    validity_s: float | None = None
    priority_flag: int = 0
    flash: bool = False
    encoding: Encoding = "auto"
    transliterate: bool = False
    unknowns: UnknownPolicy = field(default_factory=Resend)
    priority: int = 10
    weight: float = 1.0
    suppress: tuple[Path, ...] = ()
    suppress_reached: tuple[Reached, ...] = ()
    retention_s: float | None = None
    receipts: bool = True
    plan: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        if not 0 <= self.priority_flag <= 3:
            raise UsageError(f"priority_flag = {self.priority_flag}: expected 0 to 3")
        if self.weight <= 0:
            raise UsageError(f"weight = {self.weight}: expected more than 0")

    def fingerprint(self, text: str) -> str:
        """Of all that decides what a subscriber reads: a resumed campaign must agree in it."""
        source = self.source
        said: tuple[str | int | bool | tuple[str, int, int] | None, ...] = (
            1,
            text,
            (source.addr, source.ton, source.npi) if source else None,
            self.encoding,
            self.transliterate,
            self.flash,
        )
        return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()
