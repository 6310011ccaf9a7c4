"""States derived from facts: live and at replay by the same code.

Each chunk has a board (`cells.py`) that facts change by tables (`rules.py`). The account is
summed from counts of the boards that changed since it was last asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from operator import lt
from typing import Any, NamedTuple, TypeVar

from smppcast.errors import LedgerError
from smppcast.ledger.cells import Board
from smppcast.ledger.contract import Campaign, ChunkInfo, Cursor, Store
from smppcast.ledger.facts import (
    CHUNK_SHIFT,
    OFFSET_MASK,
    SEGMENT_BITS,
    SEGMENT_MASK,
    Accepted,
    Attempted,
    Chunk,
    Deferred,
    Fact,
    Intent,
    Lost,
    Moved,
    Opened,
    ReceiptsParked,
    Received,
    Rejected,
    TakenIn,
    Unparked,
    Unsent,
)
from smppcast.ledger.rules import (
    ACCEPT,
    ATTEMPT,
    DEFER,
    DUPLICATE,
    ENDED,
    LATE,
    LOSABLE,
    LOSE,
    OPENED,
    REATTEMPT,
    RECEIVE,
    REJECT,
    RESENT,
    RESENT_UNANSWERED,
    UNANSWERED,
    UNKNOWN,
    UNSEND,
    Cell,
    outcome_of,
)
from smppcast.model import Account, ReceiptTally, SegmentTally

__all__ = ["Boards", "Unfinished", "replay"]

# Boards kept inflated: 1 MB at one segment a message; a lane works on a few chunks at a time.
INFLATED = 128
THROTTLES = (0x58, 0x14)  # ESME_RTHROTTLED, ESME_RMSGQFUL


class Unfinished(NamedTuple):
    """What of a chunk is still to be sent, or was being sent when its writer ended."""

    chunk: ChunkInfo
    below: int  # its intent: from this offset on nothing was sent
    not_sent: array[int]  # refs below the intent that were deferred, or attempted and unsent
    in_flight: array[int]  # refs that may have been sent and have no answer


@dataclass(slots=True)
class _Lane:
    """An operator's part of a campaign.

    `counts` are sums of `Board.counts`.
    """

    counts: list[int] = field(default_factory=lambda: [0] * 10)
    boards: list[Board] = field(default_factory=list)
    segments: SegmentTally = field(default_factory=SegmentTally)
    receipts: ReceiptTally = field(default_factory=ReceiptTally)
    rerouted: int = 0
    failed_over: int = 0

    def settle_unknown(self, count: int) -> None:
        """So many unknown PDUs got an answer after all; a peer may claim more than there are."""
        self.segments.unknown -= min(count, self.segments.unknown)


class Boards:
    """All that a campaign's facts add up to.

    Args:
        campaign: its name, for the account.
        inflated: chunks of which the segments are kept ready.
    """

    def __init__(self, campaign: str, *, inflated: int = INFLATED) -> None:
        self.campaign = campaign
        self._boards: dict[int, Board] = {}
        self._lanes: dict[str, _Lane] = {}
        self._inflated: dict[int, Board] = {}
        self._inflated_most = inflated
        self._changed: list[Board] = []
        self._cursor = Cursor()
        self._apply: dict[type, Callable[[Any], None]] = {
            TakenIn: self._take_in,
            Intent: self._intend,
            Accepted: self._accept,
            Rejected: self._reject,
            Deferred: self._defer,
            Lost: self._lose,
            Attempted: self._attempt,
            Unsent: self._unsend,
            Opened: self._open,
            Moved: self._move,
            Received: self._receive,
            ReceiptsParked: self._park,
            Unparked: self._unpark,
        }

    def __repr__(self) -> str:
        return f"<Boards {self.campaign} [{len(self._boards)} chunks | {len(self._inflated)} inflated]>"

    # --- what happens ---

    def take_in(self, cursor: Cursor) -> None:
        """How far the feed is; its chunks are added by `add_chunk`."""
        self._cursor = cursor

    def add_chunk(self, info: ChunkInfo) -> None:
        """A chunk of which nothing is sent yet; one that is known already is left as it is."""
        if info.key in self._boards:
            return
        board = self._boards[info.key] = Board(info)
        lane = self._lane(info.operator)
        lane.boards.append(board)
        lane.counts[Cell.NOT_SENT] += info.count

    def apply(self, fact: Fact) -> None:
        """Takes a fact in; one that says nothing of recipients changes nothing.

        Parked receipts are of no campaign yet: whose account shows them is for the caller to
        choose, here and, since `replay` does not meet them, after it.

        Raises:
            LedgerError: it names a chunk that is not there.
        """
        rule = self._apply.get(type(fact))
        if rule is not None:
            rule(fact)

    def board(self, key: int) -> Board:
        """The board of a chunk, to be read.

        Raises:
            LedgerError: there is none.
        """
        board = self._boards.get(key)
        if board is None:
            raise LedgerError(f"campaign {self.campaign}: a fact names chunk {key}, which is not there")
        return board

    def state(self, ref: int) -> Cell:
        """A segment's state."""
        board = self.board(ref >> CHUNK_SHIFT)
        return Cell(board.read()[board.place(ref)] & 0x0F)

    def message(self, ref: int) -> dict[int, Cell]:
        """The states of all segments of a ref's message, by ref."""
        board = self.board(ref >> CHUNK_SHIFT)
        cells = (board.cells or board.read())[board.message(ref >> SEGMENT_BITS & OFFSET_MASK)]
        first = ref & ~SEGMENT_MASK
        return {first + at: Cell(cell & 0x0F) for at, cell in enumerate(cells) if cell}

    def flags(self, ref: int) -> int:
        """Whether a PDU of a ref's message left before, and whether the SMSC may hold it: see `rules`."""
        board = self.board(ref >> CHUNK_SHIFT)
        flags = 0
        for cell in (board.cells or board.read())[board.message(ref >> SEGMENT_BITS & OFFSET_MASK)]:
            flags |= cell & (RESENT | DUPLICATE)
        return flags

    # --- what it adds up to ---

    def account(self, *, live: bool = True) -> Account:
        """The account of the whole campaign.

        Args:
            live: a writer lives. Without one, nothing is in flight any more: what was is unknown.
        """
        cursor = self._cursor
        account = Account(self.campaign, invalid_reasons=dict(cursor.invalid))
        for part in self.by_operator(live=live).values():
            _add(account, part)
        account.fed = cursor.fed
        account.invalid = sum(cursor.invalid.values())
        account.duplicate, account.suppressed = cursor.duplicate, cursor.suppressed
        return account

    def by_operator(self, *, live: bool = True) -> dict[str, Account]:
        """The account of each operator; what never reached one (invalid, duplicate) is in none."""
        self._recount()
        return {name: self._part(lane, live) for name, lane in self._lanes.items()}

    def begun(self, operator: str) -> int:
        """Recipients of an operator who are in an intent."""
        return sum(board.below for board in self._lane(operator).boards)

    def delivered(self, operator: str, first: int, last: int) -> int:
        """Whose message is delivered, among an operator's recipients from the `first` to before the `last`,
        counted from 0 in the order of the feed."""
        found = before = 0
        for board in self._lane(operator).boards:
            cut = slice(max(0, first - before), max(0, last - before))
            if cut.stop > cut.start and cut.start < board.info.count:
                found += board.outcomes()[cut].count(Cell.DELIVERED)
            before += board.info.count
        return found

    def unfinished(self, operator: str) -> Iterator[Unfinished]:
        """The chunks of an operator that have something to send, in the order of the feed."""
        self._recount()
        for board in self._lane(operator).boards:
            if board.counts[Cell.NOT_SENT] or board.counts[Cell.IN_FLIGHT]:
                not_sent = board.refs_in(Cell.NOT_SENT, board.below)
                in_flight = board.refs_in(Cell.IN_FLIGHT, board.info.count)
                yield Unfinished(board.info, board.below, not_sent, in_flight)

    def unknown(self, operator: str) -> Iterator[array[int]]:
        """The refs of an operator's unknown segments, a chunk at a time."""
        self._recount()
        for board in self._lane(operator).boards:
            # A message with an unknown segment has this outcome, or one that goes before it.
            if any(board.counts[Cell.UNKNOWN : Cell.IN_FLIGHT + 1]):
                refs = board.refs_in(Cell.UNKNOWN, board.info.count)
                if refs:
                    yield refs

    def _part(self, lane: _Lane, live: bool) -> Account:
        account = Account(self.campaign)
        for state in Cell:
            if state is not Cell.ABSENT:
                setattr(account, outcome_of(state), lane.counts[state])
        account.accepted = sum(lane.counts[Cell.DELIVERED : Cell.AWAITING + 1])
        account.fed = sum(lane.counts[Cell.DELIVERED : Cell.IN_FLIGHT + 1])
        account.rerouted, account.failed_over = lane.rerouted, lane.failed_over
        segments, receipts = account.segments, account.receipts
        _add(segments, lane.segments)
        _add(receipts, lane.receipts)
        unanswered = lane.counts[-1]
        answered = segments.accepted + segments.rejected + segments.throttled + segments.unknown
        segments.submitted = answered + unanswered
        receipts.received = receipts.matched + receipts.unmatched + receipts.repeated
        if not live:
            segments.unknown += unanswered
            account.unknown += account.in_flight
            account.in_flight = 0
        return account

    def _recount(self) -> None:
        for board in self._changed:
            counts = self._lane(board.info.operator).counts
            before, board.counts = board.counts, board.count()
            board.changed = False
            counts[:] = [
                total + new - old for total, new, old in zip(counts, board.counts, before, strict=True)
            ]
        self._changed.clear()

    # --- the rules ---

    def _take_in(self, fact: TakenIn) -> None:
        for chunk in fact.chunks:
            self._add(chunk)
        counts = (fact.fed, fact.invalid, fact.duplicate, fact.suppressed, fact.complete)
        self.take_in(Cursor(fact.rows, fact.digest, *counts, len(self._boards)))

    def _add(self, chunk: Chunk) -> None:
        count, personalised = len(chunk.numbers), chunk.texts is not None
        self.add_chunk(ChunkInfo(chunk.key, chunk.operator, count, chunk.segments, personalised))

    def _open(self, fact: Opened) -> None:
        self._add(fact.chunk)

    def _move(self, fact: Moved) -> None:
        """What became of PDUs to them stays counted where it happened."""
        lane = self._lane(fact.operator)
        if fact.ported:
            lane.rerouted += len(fact.refs)
        else:
            lane.failed_over += len(fact.refs)
        ported = fact.ported
        for ref in fact.refs:
            if ref >> CHUNK_SHIFT in self._boards:  # `outcomes` looks at some chunks at a time
                left = self._touch(ref >> CHUNK_SHIFT)
                left.take(ref >> SEGMENT_BITS & OFFSET_MASK)
                ported = ported or left.ported
        if fact.to in self._boards:
            board = self._touch(fact.to)
            board.ported = ported
            for offset, flags in enumerate(fact.flags):
                if flags:
                    board.mark(offset, flags)

    def _intend(self, fact: Intent) -> None:
        self._touch(fact.chunk).intend(fact.below)

    def _accept(self, fact: Accepted) -> None:
        lane, before = self._lane(fact.operator), self._change(fact.refs, LATE if fact.late else ACCEPT)
        lane.segments.accepted += len(before)
        # The PDU that is answered late was counted when it was lost.
        lane.settle_unknown(len(before) if fact.late else _count(before, UNKNOWN))

    def _reject(self, fact: Rejected) -> None:
        lane, before = self._lane(fact.operator), self._change(fact.refs, REJECT)
        lane.segments.rejected += len(before)
        lane.settle_unknown(_count(before, UNKNOWN))

    def _defer(self, fact: Deferred) -> None:
        lane, before = self._lane(fact.operator), self._change(fact.refs, DEFER)
        throttled = sum(fact.statuses.count(status) for status in THROTTLES)
        lane.segments.throttled += throttled
        lane.segments.rejected += len(before) - throttled
        lane.settle_unknown(_count(before, UNKNOWN))

    def _lose(self, fact: Lost) -> None:
        lane, before = self._lane(fact.operator), self._change(fact.refs, LOSE)
        # Of a segment that is settled already, this PDU of it is unknown all the same.
        lane.segments.unknown += _count(before, LOSABLE) + _count(before, OPENED)

    def _attempt(self, fact: Attempted) -> None:
        table = REATTEMPT if fact.duplicate else ATTEMPT
        lane, before = self._lane(fact.operator), self._change(fact.refs, table)
        lane.segments.resubmitted += len(before)
        if fact.duplicate:  # after a crash: nobody was there to call the PDU before it lost
            lane.segments.unknown += _count(before, UNANSWERED)

    def _unsend(self, fact: Unsent) -> None:
        lane, before = self._lane(fact.operator), self._change(fact.refs, UNSEND)
        lane.segments.resubmitted -= _count(before, RESENT_UNANSWERED)

    def _receive(self, fact: Received) -> None:
        lane = self._lane(fact.operator)
        receipts = lane.receipts
        before = self._change_each(fact.refs, fact.states)
        repeated = _count(before, ENDED)
        receipts.repeated += repeated
        receipts.matched += len(before) - repeated
        unknown = _count(before, UNKNOWN)
        lane.settle_unknown(unknown)
        lane.segments.accepted += unknown

    def _park(self, fact: ReceiptsParked) -> None:
        self._lane(fact.operator).receipts.unmatched += len(fact.ids)

    def _unpark(self, fact: Unparked) -> None:
        self._lane(fact.operator).receipts.unmatched -= len(fact.ids)

    # --- the hot path: 0.2 to 0.3 us a ref, 0.04 where they are neighbours in order, as is the rule ---

    def _change(self, refs: Sequence[int], table: bytes) -> bytearray:
        """Moves each ref's cell by the table; returns the cells as they were."""
        run = self._run(refs)
        if run is None:
            return self._change_one_by_one(refs, table)
        cells, span = run
        before = cells[span]
        cells[span] = before.translate(table)
        return before

    def _run(self, refs: Sequence[int]) -> tuple[bytearray, slice] | None:
        """The cells of refs that are all segments between the first and the last one, in order."""
        if not refs or refs[0] >> CHUNK_SHIFT != refs[-1] >> CHUNK_SHIFT:
            return None
        if not all(map(lt, refs, islice(refs, 1, None))):
            return None
        board = self._touch(refs[0] >> CHUNK_SHIFT)
        first, last = board.place(refs[0]), board.place(refs[-1])
        # As many rising places as there are between the ends: none is left out.
        if last - first + 1 != len(refs) or last >= len(board.cells):
            return None
        return board.cells, slice(first, last + 1)

    def _change_one_by_one(self, refs: Sequence[int], table: bytes) -> bytearray:
        """As `_change`, of refs in any order: its plain twin."""
        before = bytearray()
        key, cells, stride = -1, before, 1
        for ref in refs:
            if ref >> CHUNK_SHIFT != key:
                key = ref >> CHUNK_SHIFT
                board = self._touch(key)
                cells, stride = board.cells, board.stride
            at = (ref >> SEGMENT_BITS & OFFSET_MASK) * stride + (ref & SEGMENT_MASK)
            cell = cells[at]
            cells[at] = table[cell]
            before.append(cell)
        return before

    def _change_each(self, refs: Sequence[int], states: bytes) -> bytearray:
        """As `_change`, by the table of each receipt's message_state."""
        if states and states.count(states[0]) == len(states) == len(refs):
            return self._change(refs, RECEIVE[states[0]])
        before, tables = bytearray(), RECEIVE
        key, cells, stride = -1, before, 1
        for ref, state in zip(refs, states, strict=True):
            if ref >> CHUNK_SHIFT != key:
                key = ref >> CHUNK_SHIFT
                board = self._touch(key)
                cells, stride = board.cells, board.stride
            at = (ref >> SEGMENT_BITS & OFFSET_MASK) * stride + (ref & SEGMENT_MASK)
            cell = cells[at]
            cells[at] = tables[state][cell]
            before.append(cell)
        return before

    def _touch(self, key: int) -> Board:
        """The board of a chunk, inflated, and to be counted again."""
        board = self.board(key)
        if not board.changed:
            board.changed = True
            self._changed.append(board)
        if key not in self._inflated:
            board.inflate()
            self._inflated[key] = board
            if len(self._inflated) > self._inflated_most:
                self._deflate_oldest()
        return board

    def _deflate_oldest(self) -> None:
        key, board = next(iter(self._inflated.items()))
        del self._inflated[key]
        board.deflate()

    def _lane(self, operator: str) -> _Lane:
        return self._lanes.setdefault(operator, _Lane())


def replay(store: Store, campaign: Campaign) -> Boards:
    """The boards of a campaign as its facts leave them.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    boards = Boards(campaign.name)
    for info in store.chunks(campaign.id):
        boards.add_chunk(info)
    boards.take_in(store.cursor(campaign.id))
    for fact in store.facts(campaign.id):
        boards.apply(fact)
    return boards


def _count(cells: bytearray, table: bytes) -> int:
    """How many of the cells the table marks with 1."""
    return cells.translate(table).count(1)


_T = TypeVar("_T", Account, SegmentTally, ReceiptTally)


def _add(total: _T, part: _T) -> None:
    """Adds all counts of a part."""
    for each in fields(part):
        value = getattr(part, each.name)
        if isinstance(value, int):
            setattr(total, each.name, getattr(total, each.name) + value)
        elif isinstance(value, SegmentTally | ReceiptTally):
            _add(getattr(total, each.name), value)
