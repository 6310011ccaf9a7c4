"""A campaign's share of one lane: chunk after chunk, each intent before its bytes.

The sender is a source of its lane (`operators.sources`). It decides what becomes of a refused or
lost segment; all it decides is a fact in the ledger before it is an octet on a socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Protocol

import anyio

from smppcast.campaign.gate import Gate
from smppcast.campaign.handover import Elsewhere, Given
from smppcast.campaign.held import Held
from smppcast.campaign.leftovers import Leftover
from smppcast.campaign.loaded import LoadedChunk
from smppcast.campaign.options import Hold, UnknownPolicy
from smppcast.campaign.strays import Sorted, Strays
from smppcast.campaign.wording import Wording
from smppcast.errors import SmppcastError
from smppcast.ledger.board import Boards
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import (
    CHUNK_SIZE,
    SEGMENT_BITS,
    Accepted,
    Attempted,
    Chunk,
    Deferred,
    Fact,
    Intent,
    Lost,
    ParkedReceipt,
    Rejected,
    Unsent,
    chunk_of,
    make_ref,
    offset_of,
)
from smppcast.ledger.rules import Cell
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock
from smppcast.net.timers import Timers
from smppcast.operators.settings import Retry
from smppcast.operators.sources import Batch, Taken
from smppcast.smpp.vocabulary import StatusClass, classify

__all__ = ["Sender", "SenderLane"]

# How many recipients intents run ahead of what is written. After a crash every segment of an intent
# without an answer is unknown, so it begins small, and at no more than twice the lane's windows; each
# time the lane ran dry waiting for one, it doubles.
AHEAD_FIRST, AHEAD_MOST = 200, 4_096

# Recipients held ready in memory: at 50 octets each little, and some tenths of a second of work.
LOADED_MIN = 10_000

# Recipients whose number moved go to the other operator's lane so many at a time, or after so long.
STRAYS_MOST, STRAYS_S = 1_000, 0.5

# Chunks handed over by the feed that are kept whole while they wait; others are read back.
KEPT_WHOLE = 4


class _Fate(Enum):
    """What becomes of a refused segment."""

    AGAIN = auto()  # at once, as the lane allows
    LATER = auto()  # after a pause of its own
    STRAY = auto()  # to another operator, with the rest of its message
    FINAL = auto()


class SenderLane(Protocol):
    """What a sender needs of its lane."""

    name: str

    @property
    def window(self) -> int:
        """Submits that may be unanswered at once."""

    def wake(self) -> None:
        """There may be something to send."""

    def reconsider(self) -> None:
        """Segments have become unknown that a receipt may settle which came before."""


class Sender:
    """Sends the chunks of one campaign and one operator.

    Args:
        text: the campaign's text where it is the same for all, else None.
        began: when the campaign did, in unix seconds.
        response_s: how long a response may take.
        gate: what the campaign's plan lets it do.
        clock: for the gate's budget.
        reroute: the statuses that mean another network, and where its recipients go.
        changed: called when the sender may have become idle, or, once stopped, has nothing in flight.
    """

    def __init__(
        self,
        campaign: int,
        lane: SenderLane,
        *,
        wording: Wording,
        text: str | None,
        boards: Boards,
        writer: Writer,
        store: Store,
        retry: Retry,
        unknowns: UnknownPolicy,
        priority: int,
        weight: float,
        began: float,
        response_s: float,
        gate: Gate,
        clock: Clock,
        wall: Clock,
        changed: Callable[[], None],
        reroute: tuple[Sequence[int], Elsewhere] | None = None,
    ) -> None:
        self.campaign, self.priority, self.weight = campaign, priority, weight
        self.stopped = False
        self.in_flight = 0
        self._lane, self._wording = lane, wording
        self._parts = wording.parts(text) if text is not None else []
        self._boards, self._writer, self._store = boards, writer, store
        self._retry, self._unknowns = retry, unknowns
        self._gate, self._clock, self._wall, self._changed = gate, clock, wall, changed
        self._begun_in_all = boards.begun(lane.name)
        self._queue: deque[Chunk | int] = deque()
        self._resume: dict[int, Leftover] = {}
        self._chunks: dict[int, LoadedChunk] = {}
        self._order: deque[LoadedChunk] = deque()
        self._ready: list[int] = []
        self._attempts: dict[int, int] = {}
        self._troubled: dict[int, int] = {}
        self._expiries: dict[int, int] = {}
        self._taken = 0
        self._timers = Timers()
        self._began, self._response_s = began, response_s
        self._held = Held(wording.source_addr, references=wording.references)
        self._late: set[int] = set()  # accepted after all, while they are about to be sent again
        statuses: Sequence[int] = reroute[0] if reroute else ()
        self._elsewhere = reroute[1] if reroute else None
        self._strays = Strays(statuses, boards, self._fits)
        self._away: list[int] = []  # first segments of recipients who are about to go elsewhere
        self._ahead = min(AHEAD_FIRST, 2 * lane.window)
        self._begun = self._starved = self._intending = False
        self._more = anyio.Event()
        self._failure: SmppcastError | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return (
            f"<Sender {self._lane.name} campaign {self.campaign} "
            f"[{len(self._queue)} chunks wait | {len(self._chunks)} in work | {len(self._ready)} to resend]>"
        )

    # --- chunks in -------------------------------------------------------------------------

    def offer(self, chunk: Chunk) -> None:
        """A chunk just taken in; it is written to the ledger already, if not yet durable."""
        whole = sum(isinstance(waiting, Chunk) for waiting in self._queue) < KEPT_WHOLE
        self._queue.append(chunk if whole else chunk.key)
        self._more.set()

    def resume(self, chunk: Leftover) -> None:
        """A chunk of an earlier run, with what its facts left open."""
        self._resume[chunk.key] = chunk
        self._queue.append(chunk.key)
        self._more.set()

    @property
    def waiting(self) -> int:
        """Chunks that wait to be loaded."""
        return len(self._queue)

    @property
    def hungry(self) -> bool:
        """Little is left to send, and no chunk waits to be loaded."""
        return not self._queue and self._unsent_loaded() < LOADED_MIN // 2

    @property
    def idle(self) -> bool:
        """Nothing left to send, to be answered, or to be held."""
        return not (self._queue or self._chunks)

    async def run(self) -> None:
        """Loads chunks ahead of need, until cancelled.

        Raises:
            SmppcastError: a chunk cannot be read, or not be written as its campaign began.
        """
        while True:
            if self._failure is not None:
                raise self._failure
            while self._queue and not self.stopped and self._unsent_loaded() < LOADED_MIN:
                waiting = self._queue[0]
                body = (
                    waiting
                    if isinstance(waiting, Chunk)
                    else await self._writer.call(self._store.body, waiting)
                )
                self._load(body)
                self._queue.popleft()
                self._intend()
                self._changed()
            await self._more.wait()
            self._more = anyio.Event()

    def _unsent_loaded(self) -> int:
        return sum(len(loaded) - loaded.next for loaded in self._order)

    def _load(self, chunk: Chunk) -> None:
        loaded = LoadedChunk(chunk, self._parts, self._wording)
        resumed = self._resume.pop(chunk.key, None)
        unknown: list[int] = []
        if resumed is not None:
            loaded.next = loaded.intent = loaded.allowed = resumed.below
            loaded.end = resumed.end
            # Late answers to the run before, on links that stayed up, may have come since it was listed.
            still = set(self._boards.board(chunk.key).refs_in(Cell.UNKNOWN, resumed.below))
            unknown = [ref for ref in resumed.unknown if ref in still]
            open_refs = len(resumed.not_sent) + len(resumed.in_flight) + len(unknown)
            loaded.left = open_refs + loaded.open_from(resumed.below)
        if not loaded.left:
            return
        self._chunks[chunk.key] = loaded
        self._order.append(loaded)
        if resumed is not None:
            if resumed.in_flight:
                # Written, perhaps, when the earlier run ended without a word.
                self._tell(Lost(self._lane.name, self._wall(), resumed.in_flight))
            self._attempt(resumed.not_sent, duplicate=False)
            self._unknown(self._not_late([*unknown, *resumed.in_flight]), self._began)

    # --- intents ---------------------------------------------------------------------------

    def _intend(self) -> None:
        """Raises watermarks so that `_ahead` recipients may be sent before the next commit."""
        ahead = sum(loaded.intent - loaded.next for loaded in self._order)
        if self.stopped or not self._gate.open or ahead > self._ahead // 2:
            return
        for loaded in self._order:
            step = min(self._ahead - ahead, len(loaded) - loaded.intent, self._room_in_wave())
            if step > 0:
                loaded.intent += step
                ahead += step
                self._begun_in_all += step
                self._tell(
                    Intent(loaded.chunk.key, loaded.intent, self._wall()),
                    partial(self._granted, loaded, loaded.intent, loaded.taken_back),
                )
            if ahead >= self._ahead:
                return
        if self._queue:
            self._more.set()

    def _intend_soon(self) -> None:
        """Once what was pulled is with the kernel: where the window is small, its write comes first."""
        if not self._intending:
            self._intending = True
            asyncio.get_running_loop().call_soon(self._intend_now)

    def _intend_now(self) -> None:
        self._intending = False
        self._intend()

    def _room_in_wave(self) -> int:
        most = self._gate.most
        return CHUNK_SIZE if most is None else max(0, most - self._begun_in_all)

    def _granted(self, loaded: LoadedChunk, below: int, taken_back: int) -> None:
        if taken_back != loaded.taken_back:
            return  # it was lowered while its commit was under way
        loaded.allowed = max(loaded.allowed, min(below, loaded.end))
        self._begun = True
        if self._starved:
            self._starved = False
            self._ahead = min(self._ahead * 2, AHEAD_MOST)
        if not self.stopped:
            self._lane.wake()

    def _tell(self, fact: Fact, then: Callable[[], object] | None = None) -> None:
        """Every fact goes both ways: to the account now, to the disk as soon as may be."""
        self._boards.apply(fact)
        self._writer.add(fact, then)

    # --- the lane pulls --------------------------------------------------------------------

    def pull(self, room: int) -> Batch | None:
        if self.stopped or not self._gate.open:
            return None
        budget = self._gate.budget
        allowed = budget.available(now := self._clock())
        if allowed is not None and allowed < room:
            room = allowed
            if not room:
                self._wait(budget.wait(now))
                return None
        try:
            batch = self._pull(room)
        except SmppcastError as error:
            # A lane serves other campaigns as well: this one fails, in `run`.
            self.stop()
            self._failure = error
            self._more.set()
            return None
        if batch is not None:
            self.in_flight += len(batch[1])
            budget.spend(len(batch[1]), now)
        return batch

    def _wait(self, delay_s: float) -> None:
        """Looks again when the campaign's own rate lets something through."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(delay_s, self._over_waiting)

    def _over_waiting(self) -> None:
        self._waiting = None
        self._lane.wake()

    def _pull(self, room: int) -> Batch | None:
        if self._ready:
            return self._pull_ready(room)
        order = self._order
        while order and order[0].next >= len(order[0]):
            order.popleft()
        if not order:
            self._more.set()
            return None
        batch = order[0].fresh(room)
        if batch is None:
            # Either nothing is granted, or a message has more segments than there is room: then its
            # first ones go now, and the others as room comes.
            refs = order[0].one()
            if refs is None:
                # Before the first grant everybody waits; nor has the disk to do with the end of a wave.
                self._starved = self._begun and order[0].intent > order[0].allowed
                self._intend()
                return None
            for ref in refs:
                heappush(self._ready, ref)
            batch = self._pull_ready(room)
        if order[0].next < order[0].allowed:
            self._intend_soon()
        else:
            self._intend()
        return batch

    def _pull_ready(self, room: int) -> Batch:
        refs = [heappop(self._ready) for _ in range(min(room, len(self._ready)))]
        chunks = self._chunks
        try:
            return [chunks[chunk_of(ref)].body(ref) for ref in refs], refs
        except SmppcastError:
            for ref in refs:
                heappush(self._ready, ref)
            raise

    # --- the lane reports ------------------------------------------------------------------

    def accepted(self, refs: Sequence[int], message_ids: Sequence[str]) -> Sequence[int]:
        self._landed(len(refs))
        numbers = self._numbers(refs)
        self._tell(Accepted(self._lane.name, self._wall(), refs, message_ids, numbers))
        self._taken += len(refs)
        self._settled(refs)
        return numbers

    def _landed(self, count: int) -> None:
        self.in_flight -= count
        if self.stopped and not self.in_flight:
            self._changed()

    def refused(self, refs: Sequence[int], statuses: Sequence[int]) -> None:
        self._landed(len(refs))
        self._refused(refs, statuses)

    def _refused(self, refs: Sequence[int], statuses: Sequence[int]) -> None:
        fates: dict[_Fate, list[tuple[int, int]]] = {}
        for ref, status in zip(refs, statuses, strict=True):
            fates.setdefault(self._fate(ref, status), []).append((ref, status))
        for fate, pairs in fates.items():
            if fate is _Fate.FINAL:
                self._reject(pairs)
            elif fate is _Fate.STRAY:
                self._part(self._strays.sort(pairs))
            else:
                self._tell(Deferred(self._lane.name, self._wall(), *_columns(pairs)))
                again = [ref for ref, _ in pairs]
                if fate is _Fate.AGAIN:
                    self._attempt(again, duplicate=False)
                else:
                    self._retry_later(again)

    def _fate(self, ref: int, status: int) -> _Fate:
        if ref in self._late:
            return _Fate.FINAL  # an earlier submit of it was accepted: this is over
        if self._elsewhere is not None and self._strays.takes(ref, status):
            return _Fate.STRAY
        match classify(status):
            case StatusClass.THROTTLE:
                # The lane slows down; the segment did nothing wrong, so this is no attempt of its own.
                return _Fate.AGAIN
            case StatusClass.QUEUE_FULL | StatusClass.LANE if not self._alone(ref):
                return _Fate.AGAIN
            case StatusClass.QUEUE_FULL | StatusClass.LANE | StatusClass.RETRIABLE if self._may_retry(ref):
                return _Fate.LATER
            case _:
                return _Fate.FINAL

    def _reject(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._tell(Rejected(self._lane.name, self._wall(), *_columns(pairs)))
        self._settled([ref for ref, _ in pairs])

    def lost(self, refs: Sequence[int], *, expired: bool = False) -> None:
        self._landed(len(refs))
        self._tell(Lost(self._lane.name, self._wall(), refs))
        if self._strays:
            self._part(self._strays.look(refs))
        refs = self._not_late(refs)
        if expired and not isinstance(self._unknowns, Hold):
            refs = self._within_attempts(refs)
        self._unknown(refs, self._wall() - self._response_s)

    def _within_attempts(self, refs: Sequence[int]) -> list[int]:
        """Those that may be sent again. An SMSC that answers too late would else give each subscriber a
        copy every response timeout, for ever; the others stay unknown."""
        left = []
        for ref in refs:
            tried = self._expiries[ref] = self._expiries.get(ref, 0) + 1
            if tried < self._retry.attempts:
                left.append(ref)
            else:
                self._settled((ref,))
        return left

    def late(
        self, refs: Sequence[int], statuses: Sequence[int], message_ids: Sequence[str], taken: Taken
    ) -> None:
        rows = zip(refs, statuses, message_ids, strict=True)
        accepted = [(ref, message_id) for ref, status, message_id in rows if not status]
        refused = dict(zip(refs, statuses, strict=True))
        # What is being sent again, or was given up, has no use for an old refusal; what is held has.
        held = self._held.release([ref for ref, status in refused.items() if status])
        self._refused(held, [refused[ref] for ref in held])
        by_chunk: dict[int, list[tuple[int, str]]] = {}
        for ref, message_id in accepted:
            by_chunk.setdefault(chunk_of(ref), []).append((ref, message_id))
        for key, pairs in by_chunk.items():
            loaded = self._chunks.get(key)
            if loaded is not None:
                self._accepted_late(pairs, loaded.numbers([ref for ref, _ in pairs]), taken)
            else:
                body = self._writer.submit(self._store.body, key)
                body.add_done_callback(partial(self._body_read, pairs, taken))

    def _body_read(self, pairs: Sequence[tuple[int, str]], taken: Taken, body: asyncio.Future[Chunk]) -> None:
        """For a chunk that had been let go: its segments were given up as unknown, or sent again."""
        if not body.cancelled() and body.exception() is None:
            numbers = body.result().numbers
            self._accepted_late(pairs, [numbers[offset_of(ref)] for ref, _ in pairs], taken)

    def _accepted_late(self, pairs: Sequence[tuple[int, str]], numbers: Sequence[int], taken: Taken) -> None:
        refs, ids = [ref for ref, _ in pairs], [message_id for _, message_id in pairs]
        open_again = [ref for ref in refs if self._boards.state(ref) in (Cell.NOT_SENT, Cell.IN_FLIGHT)]
        self._tell(Accepted(self._lane.name, self._wall(), refs, ids, numbers, late=True))
        held = self._held.release(refs)
        if held:
            self._settled(held)
        self._late.update(open_again)
        if open_again and self._ready:
            # Not written again yet: it need not be.
            ready, self._ready = self._ready, []
            self._make_ready(ready)
        taken(ids, refs, numbers)

    def _not_late(self, refs: Sequence[int]) -> Sequence[int]:
        """Those that are still to be sent; what was accepted late is done with."""
        late = self._late.intersection(refs) if self._late else None
        if not late:
            return refs
        self._settled(sorted(late))
        return [ref for ref in refs if ref not in late]

    def destinations(self, refs: Sequence[int]) -> Sequence[int]:
        return self._numbers(refs)

    def settled_by(self, receipt: ParkedReceipt) -> Sequence[int]:
        return self._held.settled_by(receipt)

    def settle(self, ref: int) -> int:
        (number,) = self._numbers((ref,))
        self._held.release((ref,))
        self._settled((ref,))
        return number

    def _numbers(self, refs: Sequence[int]) -> list[int]:
        first = chunk_of(min(refs))
        if first == chunk_of(max(refs)):
            return self._chunks[first].numbers(refs)
        return [self._chunks[chunk_of(ref)].numbers((ref,))[0] for ref in refs]

    def _settled(self, refs: Sequence[int]) -> None:
        """These have their final answer; a chunk without open segments is let go."""
        for counts in (self._attempts, self._troubled, self._expiries):
            if counts:
                for ref in refs:
                    counts.pop(ref, None)
        if self._late:
            self._late.difference_update(refs)
        if self._strays:
            self._part(self._strays.look(refs))
        first = chunk_of(min(refs))
        if first == chunk_of(max(refs)):
            self._count_down(first, len(refs))
        else:
            for ref in refs:
                self._count_down(chunk_of(ref), 1)

    def _count_down(self, key: int, count: int) -> None:
        loaded = self._chunks[key]
        loaded.left -= count
        if loaded.left == 0:
            del self._chunks[key]
            self._changed()

    # --- again -----------------------------------------------------------------------------

    def _alone(self, ref: int) -> bool:
        """Whether others were accepted since this one was last refused for a full queue or the like:
        then the fault is its destination's (a full mailbox), and not the lane's."""
        before = self._troubled.get(ref)
        self._troubled[ref] = self._taken
        return before is not None and self._taken > before

    def _may_retry(self, ref: int) -> bool:
        tried = self._attempts.get(ref, 0) + 1
        self._attempts[ref] = tried
        return tried < self._retry.attempts

    def _retry_later(self, refs: list[int]) -> None:
        tried = max(self._attempts[ref] for ref in refs)
        delay_s = self._retry.backoff * 2.0 ** (tried - 1)
        if self.stopped:
            return  # the next run sends them again
        self._timers.after(delay_s, lambda: self._attempt(refs, duplicate=False))

    def _attempt(self, refs: Sequence[int], *, duplicate: bool) -> None:
        """Sends these once more, ahead of all others and in feed order, as soon as that is durable."""
        if self.stopped:
            return
        refs = self._not_late(refs)
        if refs:
            fact = Attempted(self._lane.name, self._wall(), refs, duplicate)
            self._tell(fact, partial(self._make_ready, refs))

    def _make_ready(self, refs: Sequence[int]) -> None:
        late = self._late.intersection(refs) if self._late else ()
        if late:
            self._tell(Unsent(self._lane.name, self._wall(), sorted(late)))
            refs = self._not_late(refs)
        if self._ready:
            for ref in refs:
                heappush(self._ready, ref)
        else:
            self._ready = list(refs)
            heapify(self._ready)
        self._lane.wake()

    def _unknown(self, refs: Sequence[int], since: float) -> None:
        """These may have been written from `since` on."""
        if not refs:
            return
        if not isinstance(self._unknowns, Hold):
            self._attempt(refs, duplicate=True)
            return
        self._held.add(refs, self._numbers(refs), since, self._wall())
        if not self.stopped:
            self._timers.after(self._unknowns.seconds, lambda: self._hold_over(refs))
        self._lane.reconsider()

    def _hold_over(self, refs: Sequence[int]) -> None:
        """No receipt settled them in time: they stay unknown, and are not waited for."""
        self._lane.reconsider()  # what was in their way before may not be any more
        left = self._held.release(refs)
        if left:
            self._settled(left)
        self._changed()

    # --- to other lanes --------------------------------------------------------------------

    def _fits(self, ref: int) -> bool:
        text = self._chunks[chunk_of(ref)].text(ref)
        return self._elsewhere is not None and (text is None or self._elsewhere.fits(text))

    def _part(self, strays: Sorted) -> None:
        """With messages that were refused as another network's."""
        if strays.refused:
            self._reject(strays.refused)
        if not strays.away:
            return
        # Should we crash now, it is sent, refused and rerouted once more.
        self._tell(Deferred(self._lane.name, self._wall(), *_columns(strays.away)))
        if not self._away:
            self._timers.after(STRAYS_S, self._send_away)
        self._away += sorted({ref >> SEGMENT_BITS << SEGMENT_BITS for ref, _ in strays.away})
        if len(self._away) >= STRAYS_MOST:
            self._send_away()

    def _send_away(self) -> None:
        if not self._away or self._elsewhere is None or self.stopped:
            return
        refs, self._away = self._away, []
        self._elsewhere.give(self._given(refs))
        self._settled(self._segments(refs))

    def surrender(self) -> Given | None:
        """Recipients whom another lane may take over: this one, which is down, forgets them.

        They are those of whom every segment waits to be sent; whom the SMSC may have accepted in part
        stay, and so do those whose outcome is awaited.
        """
        if self.stopped:
            return None
        refs = self._surrender_ready() or self._surrender_fresh()
        if not refs:
            return None
        given = self._given(refs)
        self._settled(self._segments(refs))
        return given

    def _surrender_ready(self) -> list[int]:
        waiting = set(self._ready)
        firsts = sorted({ref >> SEGMENT_BITS << SEGMENT_BITS for ref in waiting})
        whole = [first for first in firsts if waiting.issuperset(self._segments((first,)))][:CHUNK_SIZE]
        if whole:
            leaving = self._segments(whole)
            self._tell(Unsent(self._lane.name, self._wall(), leaving))
            self._ready = sorted(waiting.difference(leaving))
        return whole

    def _surrender_fresh(self) -> list[int]:
        """The rest of a chunk, to its end: so one number tells what is left of it."""
        order = self._order
        while order:
            loaded = order.popleft()
            first, end = loaded.next, loaded.end
            if first < end:
                if loaded.intent > first:
                    self._tell(Intent(loaded.chunk.key, first))
                self._begun_in_all -= loaded.intent - first
                loaded.intent = loaded.allowed = loaded.end = first
                self._more.set()
                return [make_ref(loaded.chunk.key, offset) for offset in range(first, end)]
        return []

    def _segments(self, firsts: Sequence[int]) -> list[int]:
        """All segments of messages, by their first ones."""
        chunks = self._chunks
        return [
            first + segment
            for first in firsts
            for segment in range(chunks[chunk_of(first)].segments(offset_of(first)))
        ]

    def _given(self, refs: Sequence[int]) -> Given:
        texts = [self._chunks[chunk_of(ref)].text(ref) for ref in refs]
        own = [text for text in texts if text is not None]
        return Given(refs, self._numbers(refs), own or None, bytes(map(self._boards.flags, refs)))

    # --- the end ---------------------------------------------------------------------------

    def begin(self) -> None:
        """The gate has opened, or its bound has moved."""
        self._intend()
        self._lane.wake()

    def rest(self) -> None:
        """The gate is shut for long: takes back intents whose bytes never left, so that a crash while
        nothing is sent leaves nothing unknown."""
        for loaded in self._chunks.values():
            if loaded.intent > loaded.next:
                self._begun_in_all -= loaded.intent - loaded.next
                loaded.intent = loaded.allowed = loaded.next
                loaded.taken_back += 1
                self._tell(Intent(loaded.chunk.key, loaded.next))

    def stop(self) -> None:
        """Sends nothing new from here on; answers to what is in flight are still taken."""
        self.stopped = True
        self._timers.cancel()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def retract(self) -> None:
        """After a drain: takes back intents and attempts whose bytes never left, so that they are not
        taken for unknown by the next run."""
        refused = self._strays.drop()
        if refused:
            self._tell(Deferred(self._lane.name, self._wall(), *_columns(refused)))
        self.rest()
        if self._ready:
            refs, self._ready = self._ready, []
            self._tell(Unsent(self._lane.name, self._wall(), sorted(refs)))


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [ref for ref, _ in pairs], [status for _, status in pairs]
