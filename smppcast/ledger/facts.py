"""What the ledger is told: facts, in batches of columns.

A fact is never changed; what became of a recipient is derived from the facts in their order
(`board.py`). Each batch concerns one campaign and, where it has the field, one operator.

A *ref* names one segment of one recipient in 63 bits::

    campaign (17) | chunk (24) | offset in the chunk (14) | segment (8)

so that a window can hold it as a plain integer and a batch of them packs into an array.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from smppcast.model import CampaignState

__all__ = [
    "CHUNK_SIZE",
    "Accepted",
    "Attempted",
    "CampaignChanged",
    "Chunk",
    "Deferred",
    "Fact",
    "InboundReceived",
    "Intent",
    "Lost",
    "Moved",
    "Opened",
    "ParkedReceipt",
    "ReceiptsParked",
    "Received",
    "Rejected",
    "TakenIn",
    "Unparked",
    "Unsent",
    "chunk_key",
    "chunk_of",
    "make_ref",
    "offset_of",
]

# 14 bits of offset hold 16,384; the rest is room for a later, larger chunk.
CHUNK_SIZE = 10_000

SEGMENT_BITS, OFFSET_BITS, CHUNK_BITS = 8, 14, 24
CHUNK_SHIFT = SEGMENT_BITS + OFFSET_BITS
CAMPAIGN_SHIFT = CHUNK_SHIFT + CHUNK_BITS
OFFSET_MASK = (1 << OFFSET_BITS) - 1
SEGMENT_MASK = (1 << SEGMENT_BITS) - 1


def chunk_key(campaign: int, no: int) -> int:
    """The key of chunk `no` of a campaign: the upper part of its segments' refs."""
    return campaign << CHUNK_BITS | no


def chunk_of(ref: int) -> int:
    """The chunk key within a ref."""
    return ref >> CHUNK_SHIFT


def offset_of(ref: int) -> int:
    """The recipient's offset in its chunk."""
    return ref >> SEGMENT_BITS & OFFSET_MASK


def make_ref(chunk: int, offset: int, segment: int = 0) -> int:
    """The ref of a segment (counted from 0) of the recipient at `offset` of the chunk."""
    return chunk << CHUNK_SHIFT | offset << SEGMENT_BITS | segment


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to `CHUNK_SIZE` recipients of one operator, in feed order.

    Args:
        key: `chunk_key(campaign, no)`.
        operator: the lane's name.
        numbers: destinations as integers, array of type 'q'.
        segments: segments of each message: one number for all, or an octet a recipient.
        texts: the rendered text of each recipient of a personalised campaign, else None.
    """

    key: int
    operator: str
    numbers: array[int]
    segments: int | bytes
    texts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A step of the feed: its chunks, and the cursor after it (totals from the feed's start)."""

    campaign: int
    at: float
    rows: int
    digest: bytes
    fed: int
    invalid: dict[str, int]
    duplicate: int
    suppressed: int
    complete: bool
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Intent:
    """Offsets [0, below) of the chunk may have been sent (law 1); the newest one holds.

    A clean stop lowers it to what really was sent. `at` is when, 0 where it is not known.
    """

    chunk: int
    below: int
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The SMSC took these segments and gave them these message_ids.

    `numbers` are the destinations, for the index of message_ids; they are not kept twice. `late`
    tells that the responses came after their timeout, when the segments had been called `Lost`.
    """

    operator: str
    at: float
    refs: Sequence[int]
    message_ids: Sequence[str]
    numbers: Sequence[int]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """The SMSC refused these segments for good."""

    operator: str
    at: float
    refs: Sequence[int]
    statuses: Sequence[int]


@dataclass(frozen=True, slots=True)
class Deferred:
    """The SMSC refused these segments for now (throttled, queue full, retriable): to be sent again."""

    operator: str
    at: float
    refs: Sequence[int]
    statuses: Sequence[int]


@dataclass(frozen=True, slots=True)
class Lost:
    """The link died, or no response came: their outcome is unknown."""

    operator: str
    at: float
    refs: Sequence[int]


@dataclass(frozen=True, slots=True)
class Attempted:
    """These segments may be sent once more from here on.

    `duplicate` tells that the SMSC may hold them already (they were unknown): a possible duplicate.
    """

    operator: str
    at: float
    refs: Sequence[int]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """Attempted, but a clean stop came before their bytes left."""

    operator: str
    at: float
    refs: Sequence[int]


@dataclass(frozen=True, slots=True)
class Opened:
    """A chunk for recipients who leave another: committed together with their `Moved`."""

    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Moved:
    """Another operator takes these recipients over: they leave their chunks, and begin anew in one of its.

    Args:
        operator: whom they leave.
        refs: where each was, by its first segment, in the order of the new chunk.
        to: the key of that chunk.
        flags: an octet each: whether a PDU to them left before, and whether the SMSC may hold it (`rules`).
        ported: they were refused as another network's; else their lane was down.
    """

    operator: str
    at: float
    refs: Sequence[int]
    to: int
    flags: bytes
    ported: bool


@dataclass(frozen=True, slots=True)
class Received:
    """Receipts that name these segments.

    Args:
        states: a MessageState an octet, final or intermediate.
        errors: the operator's error text of each, "" for none.
        done: when the SMSC says it happened, in unix seconds, 0 where it does not say.
    """

    operator: str
    at: float
    refs: Sequence[int]
    states: bytes
    errors: Sequence[str]
    done: Sequence[int]


@dataclass(frozen=True, slots=True)
class ParkedReceipt:
    """A receipt that matches no message yet: it overtook its response, or is not ours.

    Args:
        done, submitted: unix seconds by the SMSC's clock, 0 where it does not say.
        reference: user_message_reference, -1 where it gives none.
        at: when it came.
    """

    message_id: str
    source_addr: str
    destination_addr: str
    state: int
    error: str
    done: int
    at: float
    submitted: int = 0
    reference: int = -1


@dataclass(frozen=True, slots=True)
class ReceiptsParked:
    """Receipts kept until their message is known; `ids` are the ledger's keys for them."""

    operator: str
    ids: Sequence[int]
    receipts: Sequence[ParkedReceipt]


@dataclass(frozen=True, slots=True)
class Unparked:
    """Parked receipts that found their segments: committed together with their `Received`."""

    operator: str
    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class InboundReceived:
    """deliver_sm or data_sm PDUs of users, as they came (each segment by itself)."""

    operator: str
    at: float
    sources: Sequence[str]
    destinations: Sequence[str]
    pdus: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """A campaign's life went on."""

    campaign: int
    at: float
    state: CampaignState


Fact = (
    TakenIn
    | Intent
    | Accepted
    | Rejected
    | Deferred
    | Lost
    | Attempted
    | Unsent
    | Opened
    | Moved
    | Received
    | ReceiptsParked
    | Unparked
    | InboundReceived
    | CampaignChanged
)
