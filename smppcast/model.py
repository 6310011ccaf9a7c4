"""Words that every room shares: outcomes, message states, the account.

Nothing here does I/O or knows a byte of SMPP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType

__all__ = [
    "STATE_WORDS",
    "Account",
    "CampaignState",
    "MessageState",
    "Outcome",
    "ReceiptTally",
    "SegmentTally",
    "masked",
]


def masked(number: str) -> str:
    """A number for logs, errors and lists: personal data, so that only its ends are shown."""
    return f"{number[:4]}…{number[-2:]}" if len(number) > 7 else f"{number[:1]}…"


class MessageState(IntEnum):
    """message_state as SMPP 5.0 section 4.7.15 numbers it."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9

    @property
    def final(self) -> bool:
        """Whether no other state can follow; ACCEPTED is read on behalf of the subscriber
        by some SMSCs only, and is intermediate here."""
        return self not in _INTERMEDIATE


STATE_WORDS: Mapping[MessageState, str] = MappingProxyType(
    {
        MessageState.SCHEDULED: "SCHEDLD",
        MessageState.ENROUTE: "ENROUTE",
        MessageState.DELIVERED: "DELIVRD",
        MessageState.EXPIRED: "EXPIRED",
        MessageState.DELETED: "DELETED",
        MessageState.UNDELIVERABLE: "UNDELIV",
        MessageState.ACCEPTED: "ACCEPTD",
        MessageState.UNKNOWN: "UNKNOWN",
        MessageState.REJECTED: "REJECTD",
        MessageState.SKIPPED: "SKIPPED",
    }
)
"""message_state as the text of a receipt has it: SMPP 3.4 appendix B, and in its manner the states of 5.0."""

_INTERMEDIATE = frozenset((MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED))


class Outcome(StrEnum):
    """What became of a recipient's message: the terms of the account."""

    NOT_SENT = "not_sent"
    """Nothing of it has been sent, or a segment is to be sent again after a throttle or a passing refusal."""
    IN_FLIGHT = "in_flight"
    """About to be sent, or sent and not answered yet."""
    UNKNOWN = "unknown"
    """Sent, perhaps, and never answered: the SMSC may have it or not."""
    REJECTED = "rejected"
    """The SMSC refused it for good."""
    AWAITING_RECEIPT = "awaiting_receipt"
    """Accepted; no final receipt has come, or none was asked for."""
    DELIVERED = "delivered"
    """Accepted, and the receipt says that the subscriber has it."""
    UNDELIVERED = "undelivered"
    """Accepted, and the receipt says that it will not arrive."""
    EXPIRED = "expired"
    """Accepted, and its validity was over before it could be delivered."""


class CampaignState(StrEnum):
    """Where a campaign stands in its life."""

    RUNNING = "running"
    """Takes in and sends."""
    PAUSED = "paused"
    """By a person, or by its plan because a wave fell short."""
    DRAINING = "draining"
    """Nothing new is sent; answers to what is in flight are awaited."""
    STOPPED = "stopped"
    """Drained before its end; the same command resumes it."""
    SETTLING = "settling"
    """All answered; receipts are awaited."""
    FINISHED = "finished"
    """All answered, and receipts were awaited for as long as was asked."""
    CANCELLED = "cancelled"
    """Ended by a person before its end, for good."""
    PURGED = "purged"
    """Its recipients are forgotten, its counts are kept."""

    @property
    def ended(self) -> bool:
        """Whether nothing of it will be sent any more."""
        return self in (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.PURGED)


@dataclass(slots=True)
class SegmentTally:
    """PDUs of submit_sm, resent ones included.

    submitted = accepted + rejected + throttled + unknown + in flight.
    """

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    throttled: int = 0
    unknown: int = 0
    resubmitted: int = 0


@dataclass(slots=True)
class ReceiptTally:
    """Receipts: received = matched + unmatched + repeated.

    `repeated` ones name a segment whose final state was known already.
    """

    received: int = 0
    matched: int = 0
    unmatched: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Account:
    """The account of a campaign, in recipients; `closes` holds at every moment."""

    campaign: str
    fed: int = 0
    invalid: int = 0
    duplicate: int = 0
    suppressed: int = 0
    not_sent: int = 0
    in_flight: int = 0
    unknown: int = 0
    rejected: int = 0
    accepted: int = 0
    delivered: int = 0
    undelivered: int = 0
    expired: int = 0
    awaiting_receipt: int = 0
    invalid_reasons: dict[str, int] = field(default_factory=dict)
    segments: SegmentTally = field(default_factory=SegmentTally)
    receipts: ReceiptTally = field(default_factory=ReceiptTally)
    seconds: float = 0.0
    # Among all these, each of whom is counted where it went:
    rerouted: int = 0  # whom one operator refused, so that another took over
    failed_over: int = 0  # whom another took over because the first was down

    @property
    def closes(self) -> bool:
        """fed and accepted both equal the sum of their parts."""
        fed = self.invalid + self.duplicate + self.suppressed + self.not_sent
        fed += self.in_flight + self.unknown + self.rejected + self.accepted
        accepted = self.delivered + self.undelivered + self.expired + self.awaiting_receipt
        return fed == self.fed and accepted == self.accepted
