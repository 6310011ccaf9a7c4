"""What became of each recipient, a row each, in the order of the feed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smppcast.errors import LedgerError
from smppcast.ledger.board import Boards
from smppcast.ledger.cells import Board
from smppcast.ledger.contract import Campaign, ChunkInfo, Store
from smppcast.ledger.facts import (
    CHUNK_BITS,
    OFFSET_MASK,
    SEGMENT_BITS,
    SEGMENT_MASK,
    Accepted,
    Attempted,
    Chunk,
    Fact,
    Intent,
    Received,
    Rejected,
    Unsent,
    chunk_of,
    offset_of,
)
from smppcast.ledger.rules import DUPLICATE, outcome_of
from smppcast.ledger.stretches import facts_within, stretches
from smppcast.model import MessageState, Outcome

__all__ = ["COLUMNS", "OutcomeRow", "as_dict", "outcome_at", "outcomes", "outcomes_of"]

_FINAL = frozenset(state for state in MessageState if state.final)

COLUMNS = (
    "msisdn",
    "operator",
    "outcome",
    "error",
    "segments",
    "attempts",
    "possible_duplicate",
    "submitted_at",
    "accepted_at",
    "done_at",
    "message_ids",
)


# Chunks worked through at once: some 100 octets a segment, 32 MB at one segment a message. Fewer
# would read a batch of late receipts, which names chunks all over, more often.
CHUNKS = 32


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One recipient.

    Args:
        number: the destination.
        segments: of its message.
        state: the outcome, that of its worst segment.
        message_ids: one a segment, "" where the SMSC gave none.
        error: of the last receipt that told one, else the command_status of the refusal, else "".
        submitted: when a PDU to them was last allowed to leave, unix seconds; 0 if none was, or where the
            ledger does not say. None of its octets left before.
        accepted: when the SMSC took the last of its segments, unix seconds; 0 if it did not.
        done: when the SMSC says the last of its segments ended, unix seconds; 0 where it does not.
        attempts: how often its segment that was sent most often was sent.
        possible_duplicate: a segment was sent again while the SMSC may have held it.
    """

    number: int
    operator: str
    segments: int
    state: Outcome
    message_ids: tuple[str, ...]
    error: str
    submitted: float
    accepted: float
    done: int
    attempts: int
    possible_duplicate: bool


def as_dict(row: OutcomeRow) -> dict[str, Any]:
    """A row by its columns; times as ISO 8601 in UTC, "" where there is none."""
    values = (
        str(row.number),
        row.operator,
        row.state.value,
        row.error,
        row.segments,
        row.attempts,
        row.possible_duplicate,
        _date(row.submitted),
        _date(row.accepted),
        _date(row.done),
        list(row.message_ids),
    )
    return dict(zip(COLUMNS, values, strict=True))


def outcomes(store: Store, campaign: int, *, live: bool = False) -> Iterator[OutcomeRow]:
    """Streams the outcomes of a campaign.

    Args:
        store: the ledger.
        campaign: its id.
        live: a writer lives. Without one, what was in flight is unknown.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for infos in stretches(store, campaign, CHUNKS):
        yield from _range(store, infos, live)


def outcomes_of(store: Store, number: int, *, live: bool = False) -> Iterator[tuple[Campaign, OutcomeRow]]:
    """What a number was sent, by every campaign, the oldest first; it reads little beside those chunks.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    campaigns = {campaign.id: campaign for campaign in store.campaigns()}
    for info in store.find_number(number):
        for row in _range(store, [info], live):
            if row.number == number:
                yield campaigns[info.key >> CHUNK_BITS], row


def outcome_at(store: Store, ref: int, *, live: bool = False) -> OutcomeRow | None:
    """What became of one message, by the ref of any of its segments; None where it went to another operator.

    Raises:
        LedgerError: the ledger cannot be read, or has no such chunk.
    """
    body = store.body(chunk_of(ref))
    info = ChunkInfo(body.key, body.operator, len(body.numbers), body.segments, body.texts is not None)
    offset = offset_of(ref)
    if offset >= info.count:
        raise LedgerError(f"chunk {info.key} has no recipient {offset}")
    number = body.numbers[offset]
    return next((row for row in _range(store, [info], live) if row.number == number), None)


def _range(store: Store, infos: Sequence[ChunkInfo], live: bool) -> Iterator[OutcomeRow]:
    boards = Boards("")
    for info in infos:
        boards.add_chunk(info)
    details = {info.key: _Details(len(boards.board(info.key).read())) for info in infos}
    intended: dict[int, int] = {}
    for fact in facts_within(store, infos):
        boards.apply(fact)
        _note(fact, boards, details, intended)
    for info in infos:
        yield from _rows(boards.board(info.key), details.pop(info.key), store.body(info.key), live)


class _Details:
    """What the facts tell of a chunk's segments beside their states, by cell."""

    def __init__(self, cells: int) -> None:
        self.message_ids = [""] * cells
        self.errors = [""] * cells
        self.submitted = array("d", bytes(8 * cells))
        self.accepted = array("d", bytes(8 * cells))
        self.done = array("q", bytes(8 * cells))
        self.attempts = array("h", bytes(2 * cells))  # beside the first
        self.final = bytearray(cells)

    def receive(self, at: int, state: int, error: str, done: int) -> None:
        """The first end holds, and a delivery goes over any other: as the board has it."""
        if state in _FINAL and (not self.final[at] or state == MessageState.DELIVERED):
            self.final[at], self.errors[at], self.done[at] = 1, error, done


def _note(fact: Fact, boards: Boards, details: dict[int, _Details], intended: dict[int, int]) -> None:
    match fact:
        case Intent(chunk=key, below=below):
            stride = boards.board(key).stride
            cells = slice(intended.get(key, 0) * stride, below * stride)
            count = len(details[key].submitted[cells])
            details[key].submitted[cells] = array("d", (fact.at,)) * count
            intended[key] = below
        case Accepted(at=when):
            for (detail, at), message_id in zip(
                _cells(fact.refs, boards, details), fact.message_ids, strict=True
            ):
                detail.message_ids[at], detail.accepted[at] = message_id, when
        case Rejected():
            for (detail, at), status in zip(_cells(fact.refs, boards, details), fact.statuses, strict=True):
                detail.errors[at] = f"0x{status:08X}"
        case Attempted() | Unsent():
            for detail, at in _cells(fact.refs, boards, details):
                detail.attempts[at] += 1 if isinstance(fact, Attempted) else -1
                detail.submitted[at] = fact.at if isinstance(fact, Attempted) else detail.submitted[at]
        case Received():
            told = zip(fact.states, fact.errors, fact.done, strict=True)
            for (detail, at), receipt in zip(_cells(fact.refs, boards, details), told, strict=True):
                detail.receive(at, *receipt)
        case _:
            pass


def _cells(
    refs: Sequence[int], boards: Boards, details: dict[int, _Details]
) -> Iterator[tuple[_Details, int]]:
    for ref in refs:
        key = chunk_of(ref)
        stride = boards.board(key).stride
        yield details[key], (ref >> SEGMENT_BITS & OFFSET_MASK) * stride + (ref & SEGMENT_MASK)


def _rows(board: Board, details: _Details, body: Chunk, live: bool) -> Iterator[OutcomeRow]:
    states, cells, stride = board.outcomes(), board.read(), board.stride
    lengths = body.segments
    for offset, number in enumerate(body.numbers):
        if not states[offset]:
            continue  # moved to another operator's chunk
        segments = lengths if isinstance(lengths, int) else lengths[offset]
        span = slice(offset * stride, offset * stride + segments)
        state = outcome_of(states[offset])
        if state is Outcome.IN_FLIGHT and not live:
            state = Outcome.UNKNOWN
        accepted = details.accepted[span]
        sent = offset < board.below
        yield OutcomeRow(
            number=number,
            operator=body.operator,
            segments=segments,
            state=state,
            message_ids=tuple(details.message_ids[span]),
            error=next((error for error in reversed(details.errors[span]) if error), ""),
            submitted=max(details.submitted[span]) if sent else 0.0,
            accepted=max(accepted) if all(accepted) else 0.0,
            done=max(details.done[span]),
            attempts=max(details.attempts[span]) + sent,
            possible_duplicate=any(cell & DUPLICATE for cell in cells[span]),
        )


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
