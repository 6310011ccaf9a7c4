"""Facts, commits, crashes and receipts in any order: boards and stores against a plain dictionary.

The model holds an object a segment and goes by sentences; the boards hold an octet and go by
tables. Whatever happens, both give one account, and it closes.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppcast.ledger.board import Boards, replay
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import (
    Accepted,
    Attempted,
    Chunk,
    Deferred,
    Fact,
    Intent,
    Lost,
    Moved,
    Opened,
    Received,
    Rejected,
    TakenIn,
    Unsent,
    chunk_key,
    make_ref,
)
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.rules import DUPLICATE, RESENT
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account, Outcome

OPERATORS = ("orange", "free")
COUNT = 3  # recipients a chunk
WORST = (
    Outcome.IN_FLIGHT,
    Outcome.NOT_SENT,
    Outcome.UNKNOWN,
    Outcome.REJECTED,
    Outcome.AWAITING_RECEIPT,
    Outcome.UNDELIVERED,
    Outcome.EXPIRED,
    Outcome.DELIVERED,
)
FINAL = {2: Outcome.DELIVERED, 3: Outcome.EXPIRED, 4: Outcome.UNDELIVERED, 5: Outcome.UNDELIVERED}
FINAL |= {7: Outcome.UNDELIVERED, 8: Outcome.UNDELIVERED, 9: Outcome.UNDELIVERED}
SETTLED = (Outcome.DELIVERED, Outcome.EXPIRED, Outcome.UNDELIVERED)
MOVING = (Outcome.NOT_SENT, Outcome.IN_FLIGHT, Outcome.UNKNOWN)


@dataclass
class Segment:
    operator: str
    state: Outcome = Outcome.NOT_SENT
    resent: bool = False
    duplicate: bool = False
    open: bool = False  # settled while a PDU of it is unanswered

    @property
    def unanswered(self) -> bool:
        return self.open or self.state is Outcome.IN_FLIGHT


@dataclass
class Model:
    segments: dict[int, Segment] = field(default_factory=dict)
    below: Counter[int] = field(default_factory=Counter)
    fed: int = 0
    invalid: int = 0
    tallies: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in OPERATORS})

    def count(self, segment: Segment, kind: str, by: int = 1) -> None:
        self.tallies[segment.operator][kind] += by

    def apply(self, fact: Fact) -> None:
        self.follow(fact)
        for tally in self.tallies.values():  # no more unknown PDUs are settled than there are
            tally["unknown"] -= min(tally["unknown"], tally.pop("to settle", 0))

    def follow(self, fact: Fact) -> None:
        match fact:
            case TakenIn():
                self.take_in(fact)
            case Intent(chunk=chunk, below=below):
                self.intend(chunk, below)
            case Opened(chunk=opened):
                self.open(opened)
            case Moved():
                self.move(fact)
            case Rejected(statuses=column) | Deferred(statuses=column) | Received(states=column):
                for ref, told in zip(fact.refs, column, strict=True):
                    self.turn(self.segments[ref], fact, told)
            case Accepted() | Lost() | Attempted() | Unsent():
                for ref in fact.refs:
                    self.turn(self.segments[ref], fact, 0)

    def turn(self, segment: Segment, fact: Fact, told: int) -> None:
        match fact:
            case Accepted(late=True):
                self.answer_late(segment)
            case Accepted():
                self.answer(segment, Outcome.AWAITING_RECEIPT, "accepted", (*MOVING, Outcome.REJECTED))
            case Rejected():
                self.answer(segment, Outcome.REJECTED, "rejected", MOVING)
            case Deferred():
                kind = "throttled" if told in (0x14, 0x58) else "rejected"
                self.answer(segment, Outcome.NOT_SENT, kind, MOVING)
            case Lost():
                self.lose(segment)
            case Attempted(duplicate=duplicate):
                self.attempt(segment, duplicate)
            case Unsent():
                self.unsend(segment)
            case Received():
                self.receive(segment, told)

    def take_in(self, fact: TakenIn) -> None:
        self.fed, self.invalid = fact.fed, sum(fact.invalid.values())
        for chunk in fact.chunks:
            self.open(chunk)

    def open(self, chunk: Chunk) -> None:
        for offset in range(len(chunk.numbers)):
            segments = chunk.segments if isinstance(chunk.segments, int) else chunk.segments[offset]
            for segment in range(segments):
                self.segments[make_ref(chunk.key, offset, segment)] = Segment(chunk.operator)

    def move(self, fact: Moved) -> None:
        self.count(self.segments[fact.refs[0]], "rerouted" if fact.ported else "failed_over", len(fact.refs))
        for offset, (first, flags) in enumerate(zip(fact.refs, fact.flags, strict=True)):
            for ref in [ref for ref in self.segments if ref >> 8 == first >> 8]:
                del self.segments[ref]
            for ref, segment in self.segments.items():
                if ref >> 8 == make_ref(fact.to, offset) >> 8:
                    segment.resent, segment.duplicate = bool(flags & RESENT), bool(flags & DUPLICATE)

    def intend(self, chunk: int, below: int) -> None:
        before, self.below[chunk] = self.below[chunk], below
        for ref, segment in self.segments.items():
            offset = ref >> 8 & 0x3FFF
            if ref >> 22 == chunk:
                if before <= offset < below and segment.state is Outcome.NOT_SENT:
                    segment.state = Outcome.IN_FLIGHT
                elif below < before and offset >= below and segment.state is Outcome.IN_FLIGHT:
                    segment.state = Outcome.NOT_SENT

    def answer(self, segment: Segment, state: Outcome, kind: str, over: tuple[Outcome, ...]) -> None:
        self.count(segment, kind)
        if segment.state is Outcome.UNKNOWN:
            self.count(segment, "to settle")
        if segment.open:
            segment.open = False
        elif segment.state in over:
            segment.state = state

    def answer_late(self, segment: Segment) -> None:
        """Of a PDU that was lost before, whatever has been sent since."""
        self.count(segment, "accepted")
        self.count(segment, "to settle")
        if segment.state is Outcome.IN_FLIGHT:
            segment.state, segment.open = Outcome.AWAITING_RECEIPT, True
        elif segment.state in (Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.REJECTED):
            segment.state = Outcome.AWAITING_RECEIPT

    def lose(self, segment: Segment) -> None:
        if segment.open:
            segment.open = False
            self.count(segment, "unknown")
        elif segment.state in (Outcome.NOT_SENT, Outcome.IN_FLIGHT):
            segment.state = Outcome.UNKNOWN
            self.count(segment, "unknown")

    def attempt(self, segment: Segment, duplicate: bool) -> None:
        self.count(segment, "resubmitted")
        if duplicate and segment.unanswered:
            self.count(segment, "unknown")
        if segment.state in (*MOVING, Outcome.REJECTED):
            segment.state = Outcome.IN_FLIGHT
        else:
            segment.open = True
        segment.resent = True
        segment.duplicate |= duplicate

    def unsend(self, segment: Segment) -> None:
        if segment.unanswered and segment.resent:
            self.count(segment, "resubmitted", -1)
        if segment.open:
            segment.open = False
        elif segment.state is Outcome.IN_FLIGHT:
            segment.state = Outcome.UNKNOWN if segment.duplicate else Outcome.NOT_SENT

    def receive(self, segment: Segment, state: int) -> None:
        final = FINAL.get(state)
        self.count(segment, "repeated" if segment.state in SETTLED else "matched")
        if segment.state is Outcome.UNKNOWN:
            self.count(segment, "to settle")
            self.count(segment, "accepted")
            segment.state = final or Outcome.AWAITING_RECEIPT
        elif segment.state in SETTLED:
            if final is Outcome.DELIVERED:
                segment.state = final
        elif final is not None:
            segment.open = segment.open or segment.state is Outcome.IN_FLIGHT
            segment.state = final

    def messages(self) -> Counter[str]:
        worst: dict[int, Outcome] = {}
        for ref, segment in self.segments.items():
            states = (worst.get(ref >> 8, segment.state), segment.state)
            worst[ref >> 8] = min(states, key=WORST.index)
        return Counter(worst.values())

    def check(self, account: Account) -> None:
        messages = self.messages()
        assert {state: getattr(account, state) for state in Outcome} == {s: messages[s] for s in Outcome}
        assert (account.fed, account.invalid) == (self.fed, self.invalid)
        segments, tally = account.segments, sum(self.tallies.values(), Counter())
        for name in ("accepted", "rejected", "throttled", "unknown", "resubmitted"):
            assert getattr(segments, name) == tally[name], name
        unanswered = sum(segment.unanswered for segment in self.segments.values())
        answered = segments.accepted + segments.rejected + segments.throttled + segments.unknown
        assert segments.submitted == answered + unanswered
        assert (account.rerouted, account.failed_over) == (tally["rerouted"], tally["failed_over"])
        receipts = account.receipts
        assert (receipts.matched, receipts.repeated) == (tally["matched"], tally["repeated"])
        assert receipts.received == receipts.matched + receipts.repeated


class Ledger(RuleBasedStateMachine):
    """Two operators, a store that crashes, and boards that follow it."""

    def make_store(self) -> Store:
        return MemoryStore()

    def reopen(self, store: Store) -> Store:
        return store

    @initialize()
    def start(self) -> None:
        self.store = self.make_store()
        self.campaign = self.store.create_campaign("alert", 1.0, "print", "{}")
        self.boards, self.model = Boards("alert"), Model()
        self.durable: list[Fact] = []
        self.gathered: list[Fact] = []
        self.chunks: list[Chunk] = []
        self.invalid = self.taken = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    def happen(self, fact: Fact) -> None:
        self.gathered.append(fact)
        self.boards.apply(fact)
        self.model.apply(fact)

    def draw_refs(self, data: st.DataObject) -> tuple[str, list[int]]:
        operators = {segment.operator for segment in self.model.segments.values()}
        operator = data.draw(st.sampled_from(sorted(operators)))
        mine = [ref for ref, segment in self.model.segments.items() if segment.operator == operator]
        return operator, data.draw(st.lists(st.sampled_from(sorted(mine)), min_size=1, max_size=6))

    @precondition(lambda self: len(self.chunks) < 5)
    @rule(
        operator=st.sampled_from(OPERATORS),
        segments=st.one_of(st.integers(1, 3), st.binary(min_size=COUNT, max_size=COUNT)),
    )
    def take_in(self, operator: str, segments: int | bytes) -> None:
        if isinstance(segments, bytes):
            segments = bytes(1 + octet % 3 for octet in segments)
        key = chunk_key(self.campaign.id, len(self.chunks))
        self.chunks.append(Chunk(key, operator, array("q", range(COUNT)), segments))
        self.invalid += 1
        self.taken += 1
        fed = COUNT * self.taken + self.invalid
        reasons = {"letters": self.invalid}
        new = tuple(self.chunks[-1:])
        self.happen(TakenIn(self.campaign.id, 1.0, fed, b"", fed, reasons, 0, 0, complete=False, chunks=new))

    @precondition(lambda self: self.chunks)
    @rule(at=st.integers(0, 4), below=st.integers(0, COUNT))
    def intend(self, at: int, below: int) -> None:
        self.happen(Intent(self.chunks[at % len(self.chunks)].key, below))

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), late=st.booleans())
    def accept(self, data: st.DataObject, late: bool) -> None:
        operator, refs = self.draw_refs(data)
        self.happen(Accepted(operator, 1.0, refs, [str(ref) for ref in refs], [0] * len(refs), late))

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), final=st.booleans(), status=st.sampled_from((0x14, 0x58, 0x0B)))
    def refuse(self, data: st.DataObject, final: bool, status: int) -> None:
        operator, refs = self.draw_refs(data)
        self.happen((Rejected if final else Deferred)(operator, 1.0, refs, [status] * len(refs)))

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), kind=st.sampled_from((Lost, Unsent)))
    def lose_or_unsend(self, data: st.DataObject, kind: type[Lost | Unsent]) -> None:
        operator, refs = self.draw_refs(data)
        self.happen(kind(operator, 1.0, refs))

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), duplicate=st.booleans())
    def attempt(self, data: st.DataObject, duplicate: bool) -> None:
        operator, refs = self.draw_refs(data)
        self.happen(Attempted(operator, 1.0, refs, duplicate))

    @precondition(lambda self: self.chunks)
    @rule(data=st.data(), state=st.integers(0, 10))
    def receive(self, data: st.DataObject, state: int) -> None:
        operator, refs = self.draw_refs(data)
        count = len(refs)
        self.happen(
            Received(operator, 1.0, refs, bytes([state, *[2] * (count - 1)]), [""] * count, [0] * count)
        )

    def movable(self) -> list[int]:
        """The first segments of messages of which nothing is in flight, accepted or refused for good."""
        still = (Outcome.NOT_SENT, Outcome.UNKNOWN)
        stay = {ref >> 8 for ref, each in self.model.segments.items() if each.open or each.state not in still}
        return [ref for ref in self.model.segments if not ref & 0xFF and ref >> 8 not in stay]

    @precondition(lambda self: self.chunks and len(self.chunks) < 8 and self.movable())
    @rule(data=st.data(), ported=st.booleans())
    def move(self, data: st.DataObject, ported: bool) -> None:
        first = data.draw(st.sampled_from(self.movable()))
        operator = self.model.segments[first].operator
        mine = [ref for ref in self.movable() if self.model.segments[ref].operator == operator]
        refs = data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=4, unique=True))
        to = chunk_key(self.campaign.id, len(self.chunks))
        other = next(name for name in OPERATORS if name != operator)
        self.chunks.append(Chunk(to, other, array("q", range(len(refs))), 2))
        self.happen(Opened(self.chunks[-1]))
        flags = bytes(map(self.boards.flags, refs))
        self.happen(Moved(operator, 1.0, refs, to, flags, ported))

    @rule()
    def commit(self) -> None:
        self.store.commit(self.gathered)
        self.durable += self.gathered
        self.gathered = []

    @rule()
    def crash(self) -> None:
        self.store = self.reopen(self.store)
        self.gathered = []
        self.boards, self.model = replay(self.store, self.campaign), Model()
        for fact in self.durable:
            self.model.apply(fact)
        cursor = self.store.cursor(self.campaign.id)
        self.chunks, self.invalid = self.chunks[: cursor.chunks], sum(cursor.invalid.values())
        self.taken = self.invalid

    @invariant()
    def the_account_closes(self) -> None:
        if not hasattr(self, "boards"):
            return
        account = self.boards.account()
        assert account.closes
        self.model.check(account)
        ended = self.boards.account(live=False)
        assert ended.closes
        assert (ended.in_flight, ended.unknown) == (0, account.unknown + account.in_flight)

    @invariant()
    def what_is_unfinished_is_told(self) -> None:
        if not hasattr(self, "boards"):
            return
        found: dict[Outcome, set[int]] = {Outcome.NOT_SENT: set(), Outcome.IN_FLIGHT: set()}
        unknown: set[int] = set()
        for operator in OPERATORS:
            for part in self.boards.unfinished(operator):
                assert part.below == self.model.below[part.chunk.key]
                found[Outcome.NOT_SENT].update(part.not_sent)
                found[Outcome.IN_FLIGHT].update(part.in_flight)
            unknown.update(*self.boards.unknown(operator))
        found[Outcome.UNKNOWN] = unknown
        wanted: dict[Outcome, set[int]] = {state: set() for state in found}
        for ref, segment in self.model.segments.items():
            above = (ref >> 8 & 0x3FFF) >= self.model.below[ref >> 22]
            if segment.state in wanted and not (segment.state is Outcome.NOT_SENT and above):
                wanted[segment.state].add(ref)
        assert found == wanted


class FileLedger(Ledger):
    """The same in a file that is really closed and opened again."""

    def make_store(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteStore(Path(self.folder.name, "ledger.db"), durability="relaxed")

    def reopen(self, store: Store) -> Store:
        store.close()
        return SqliteStore(Path(self.folder.name, "ledger.db"), durability="relaxed")

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


class DeflatedLedger(Ledger):
    """The same with one board inflated at a time."""

    @initialize()
    def start(self) -> None:
        super().start()
        self.boards = Boards("alert", inflated=1)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=40)
TestFileLedger = FileLedger.TestCase
TestFileLedger.settings = settings(max_examples=12, stateful_step_count=30)
TestDeflatedLedger = DeflatedLedger.TestCase
TestDeflatedLedger.settings = settings(max_examples=20, stateful_step_count=30)
