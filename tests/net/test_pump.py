"""The pump over a link that the test plays, with a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from struct import pack

import anyio
import pytest
from anyio.lowlevel import checkpoint

from smppcast.errors import FramingError, LinkLost, ResponseTimeout
from smppcast.net import pump as pump_module
from smppcast.net.busy_poll import BusyPoll
from smppcast.net.link import Link
from smppcast.net.pump import OWED_MAX, PUT_OFF_S, Pump
from smppcast.smpp import BindTransceiver, EnquireLink, SubmitSm, Unbind, encode
from smppcast.smpp.session import Answer, Answers, Deliveries, Ended, Event, Expired, Session, Timers
from smppcast.smpp.states import State
from smppcast.smpp.vocabulary import CommandId

pytestmark = pytest.mark.anyio

BODY = encode(SubmitSm(destination_addr="33612345678"))[16:]


def pdu(command_id: int, number: int, body: bytes = b"") -> bytes:
    return pack(">IIII", 16 + len(body), command_id, 0, number) + body


class Wire:
    """A transport in memory; what is written lies in `written`, unless the peer reads nothing: then it
    waits, and the link is told."""

    def __init__(self) -> None:
        self.written = self.waiting = b""
        self.reads = True
        self.closed = False
        self.link = Link()
        self._paused = False
        self._held: list[bytes] = []
        self.link.connection_made(self)  # type: ignore[arg-type]  # it has what a link calls

    def bring(self, octets: bytes) -> None:
        self._held.append(octets)
        self._pass_on()

    def end(self, error: Exception | None = None) -> None:
        self.closed = True
        self.link.connection_lost(error)

    def read_again(self) -> None:
        self.reads = True
        self.written, self.waiting = self.written + self.waiting, b""
        self.link.resume_writing()

    def _pass_on(self) -> None:
        while self._held and not self._paused:
            self.link.data_received(self._held.pop(0))

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        assert (high, low) == (1, 0)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._pass_on()

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes) -> None:
        if self.reads:
            self.written += data
        else:
            self.waiting += data
            self.link.pause_writing()

    def abort(self) -> None:
        if not self.closed:
            self.end()


@dataclass
class Owner:
    """Submits what it is given, and keeps what it is told."""

    todo: int = 0
    plain: bool = False
    wait_s: float = PUT_OFF_S
    hurries: bool = False
    events: list[Event] = field(default_factory=list)
    calls: int = 0
    writes: list[float] = field(default_factory=list)

    def fill(self, session: Session, now: float) -> None:
        count = min(self.todo, session.window.room) if session.can_submit else 0
        if count:
            self.todo -= count
            session.submit([BODY] * count, range(self.todo, self.todo + count), now)

    def written(self, now: float) -> None:
        self.writes.append(now)

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:
        waits = all(isinstance(event, Deliveries | Answers) for event in events)
        refused = any(isinstance(event, Answers) and event.statuses for event in events)
        return self.wait_s if self.plain and waits and not refused else None

    def handle(self, events: Sequence[Event], now: float) -> None:
        self.events += events
        self.calls += 1


@dataclass
class Play:
    """All parts of one run."""

    wire: Wire
    session: Session
    owner: Owner
    pump: Pump
    now: list[float]


def play(
    window: int = 10, todo: int = 0, stall_s: float = 60.0, *, bound: bool = True, **timers: float
) -> Play:
    now = [0.0]
    wire, owner = Wire(), Owner(todo)
    session = Session(window, Timers(**timers), 0)
    if bound:
        session.request(BindTransceiver(), "bind", 0)
        session.receive(pdu(CommandId.BIND_TRANSCEIVER_RESP, 1), 0)
        session.take()
    return Play(wire, session, owner, Pump(wire.link, session, owner, lambda: now[0], stall_s), now)


async def until(holds: Callable[[], object]) -> None:
    with anyio.fail_after(10):
        while not holds():
            await checkpoint()


async def test_it_binds_submits_and_passes_on_the_answers() -> None:
    it = play(window=2, todo=3, bound=False)
    it.session.request(BindTransceiver(), "bind", 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: len(it.wire.written) > 16)
        it.wire.written = b""
        it.wire.bring(pdu(CommandId.BIND_TRANSCEIVER_RESP, 1, b"smsc\0"))
        await until(lambda: len(it.wire.written) == 2 * (16 + len(BODY)))
        it.wire.bring(pdu(CommandId.SUBMIT_SM_RESP, 2, b"A\0") + pdu(CommandId.SUBMIT_SM_RESP, 3, b"B\0"))
        await until(lambda: len(it.wire.written) == 3 * (16 + len(BODY)))
        tasks.cancel_scope.cancel()
    assert [type(event) for event in it.owner.events] == [Answer, Answers]
    assert it.wire.closed
    assert it.session.close() == [0]


@pytest.mark.parametrize(
    ("octets", "error"), [(None, LinkLost), (b"\0\0\0\1....", FramingError), (pdu(6, 9), type(None))]
)
async def test_it_tells_how_the_session_ended(octets: bytes | None, error: type) -> None:
    it = play()
    if octets is None:
        it.wire.end()
    else:
        it.wire.bring(octets)
    with anyio.fail_after(10):
        ended = await it.pump.run()
    assert isinstance(ended, error)
    assert it.wire.closed
    if octets == pdu(6, 9):
        assert it.wire.written == pdu(0x80000006, 9)  # the unbind was answered first


async def test_stop_ends_it_for_the_reason_given() -> None:
    it = play()
    reason = LinkLost("because")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(checkpoint)
        it.pump.stop(reason)
        assert await it.pump.run() is reason


async def test_our_unbind_ends_it_in_order() -> None:
    it = play()
    it.session.request(Unbind(), None, 0)
    it.wire.bring(pdu(CommandId.UNBIND_RESP, 2))
    with anyio.fail_after(10):
        assert await it.pump.run() is None
    assert it.session.state is State.UNBOUND
    assert it.owner.events == [Ended(None)]


async def test_a_peer_that_reads_nothing_is_still_read_and_then_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump_module, "TICK_S", 0.001)
    it = play(window=5, todo=5, stall_s=10)
    it.wire.reads = False
    async with anyio.create_task_group() as tasks:

        async def run() -> None:
            assert isinstance(await it.pump.run(), ResponseTimeout)

        tasks.start_soon(run)
        await until(lambda: it.owner.todo == 0)
        it.wire.bring(pdu(CommandId.SUBMIT_SM_RESP, 2, b"A\0"))
        await until(lambda: it.owner.events)  # read while the write waits
        it.now[0] = 11
    assert it.wire.closed


async def test_nothing_new_is_queued_behind_a_write_that_waits() -> None:
    """Else it would be written long after the rate let it through, and together with what comes then."""
    it = play(window=5, todo=20)
    it.wire.reads = False
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 15)
        it.wire.bring(b"".join(pdu(CommandId.SUBMIT_SM_RESP, number, b"A\0") for number in range(2, 7)))
        await until(lambda: it.owner.events)
        for _ in range(50):
            await checkpoint()
        assert (it.owner.todo, it.session.window.room) == (15, 5)
        it.wire.read_again()
        await until(lambda: it.owner.todo == 10)
        tasks.cancel_scope.cancel()


def accepted(*numbers: int) -> bytes:
    return b"".join(pdu(CommandId.SUBMIT_SM_RESP, number, b"A\0") for number in numbers)


async def test_the_room_of_a_small_window_is_used_before_its_answers_are_handled() -> None:
    """So that no link's submits wait for the writing down of another's answers; then all together."""
    it = play(window=2, todo=8)
    it.owner.plain = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 6)
        it.wire.bring(accepted(2, 3) + pdu(CommandId.DELIVER_SM, 1, bytes(17)))
        assert (it.owner.todo, it.owner.events) == (4, [])
        assert list(it.pump.put_off) == [
            Answers([6, 7], [], ["A", "A"]),
            Deliveries([pdu(CommandId.DELIVER_SM, 1, bytes(17))]),
        ]
        it.wire.bring(accepted(4))
        it.wire.bring(pdu(CommandId.DELIVER_SM, 2, bytes(17)))  # makes no room, and keeps its place
        assert (it.owner.todo, it.owner.events) == (3, [])
        await until(lambda: it.owner.calls == 2)
        assert it.owner.events == [
            Answers([6, 7, 4], [], ["A"] * 3),
            Deliveries([pdu(CommandId.DELIVER_SM, number, bytes(17)) for number in (1, 2)]),
        ]
        tasks.cancel_scope.cancel()


async def test_answers_that_make_no_use_of_their_room_are_handled_at_once() -> None:
    """Whoever waits for a single text's answer has it without delay."""
    it = play(window=2, todo=1)
    it.owner.plain = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 0)
        it.wire.bring(accepted(2))
        assert it.owner.events == [Answers([0], [], ["A"])]
        tasks.cancel_scope.cancel()


async def test_what_was_put_off_is_handled_at_once_when_nothing_more_is_under_way() -> None:
    """Else the link would stand still until the time is over."""
    it = play(window=2, todo=3)
    it.owner.plain, it.owner.wait_s = True, 1000.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 1)
        it.wire.bring(accepted(2))
        it.wire.bring(accepted(3))
        assert (it.owner.todo, it.owner.calls) == (0, 0)
        it.wire.bring(accepted(4))
        assert it.owner.events == [Answers([1, 2, 0], [], ["A"] * 3)]
        tasks.cancel_scope.cancel()


async def test_what_may_wait_no_longer_than_the_write_is_handled_right_behind_it() -> None:
    it = play(window=2, todo=8)
    it.owner.plain, it.owner.wait_s = True, 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 6)
        handled: list[int] = []
        it.owner.written = lambda _: handled.append(it.owner.calls)  # type: ignore[assignment, method-assign]
        it.wire.bring(accepted(2, 3) + pdu(CommandId.DELIVER_SM, 1, bytes(17)))
        assert handled == [0]
        assert (it.owner.todo, it.owner.calls) == (4, 1)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("away_s", "hurries", "expected"), [(0.0001, True, 2), (0.001, True, 0), (0.0001, False, 0)]
)
async def test_an_answer_that_is_near_is_polled_for(
    monkeypatch: pytest.MonkeyPatch, away_s: float, hurries: bool, expected: int
) -> None:
    polls: list[None] = []
    monkeypatch.setattr(BusyPoll, "expect", lambda _: polls.append(None))
    it = play(window=1, todo=4)
    it.owner.hurries = hurries
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 3)
        for number in (2, 3):
            it.now[0] += away_s
            it.wire.bring(accepted(number))
        assert len(polls) == expected
        tasks.cancel_scope.cancel()


async def test_the_room_of_refusals_waits_until_they_are_handled() -> None:
    """Behind acceptances that were put off too: the owner must hear of a throttle before it sends more."""
    it = play(window=2, todo=8)
    it.owner.plain, it.owner.wait_s = True, 1000.0
    fills: list[int] = []
    fill = it.owner.fill

    def noting(session: Session, now: float) -> None:
        fills.append(it.owner.calls)
        fill(session, now)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 6)
        it.wire.bring(accepted(2, 3))
        it.owner.fill = noting  # type: ignore[method-assign]
        it.wire.bring(pack(">IIII", 16, CommandId.SUBMIT_SM_RESP, 0x58, 4))
        assert min(fills) == 2  # both reads were handled before
        tasks.cancel_scope.cancel()


async def test_a_write_that_fails_loses_no_answer() -> None:
    it = play(window=2, todo=4)
    it.owner.plain = True

    def broken(_: Session, __: float) -> None:
        raise ZeroDivisionError

    async with anyio.create_task_group() as tasks:

        async def run() -> None:
            with pytest.raises(ZeroDivisionError):
                await it.pump.run()

        tasks.start_soon(run)
        await until(lambda: it.owner.todo == 2)
        it.owner.fill = broken  # type: ignore[assignment, method-assign]
        it.wire.bring(accepted(2))
    assert it.owner.events == [Answers([2], [], ["A"])]
    assert it.session.close() == [3]


@pytest.mark.parametrize("how", ["refusal", "time", "end", "cancel"])
async def test_what_was_put_off_is_handled_before_all_that_follows(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(pump_module, "TICK_S", 0.001 if how == "time" else 1000)
    it = play(window=2, todo=4)
    it.owner.plain, it.owner.wait_s = True, 1000.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 2)
        it.wire.bring(accepted(2, 3))
        if how == "refusal":
            it.wire.bring(pack(">IIII", 16, CommandId.SUBMIT_SM_RESP, 8, 4))
        elif how == "end":
            it.wire.end()
        if how in ("refusal", "time"):
            await until(lambda: it.owner.events)
        if how != "end":
            tasks.cancel_scope.cancel()
    assert it.owner.events[0] == Answers([2, 3], [], ["A", "A"])
    assert it.owner.events[1:] == ([Answers([0], [8], [""])] if how == "refusal" else [])
    assert it.session.close() == ([1] if how == "refusal" else [0, 1])


async def test_reading_stops_while_too_much_is_owed() -> None:
    it = play()
    it.wire.reads = False
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        for number in range(1, 3 * OWED_MAX):
            it.wire.bring(encode(EnquireLink(sequence_number=number)))
        await until(lambda: it.session.owed > OWED_MAX)
        for _ in range(50):
            await checkpoint()
        assert it.session.owed == OWED_MAX + 1
        it.wire.read_again()
        await until(lambda: len(it.wire.written) == 16 * (3 * OWED_MAX - 1))
        tasks.cancel_scope.cancel()


async def test_what_expires_makes_room_that_is_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "TICK_S", 0.001)
    it = play(window=2, todo=4, response_s=10, enquire_link_s=1000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        await until(lambda: it.owner.todo == 2)
        it.now[0] = 11
        await until(lambda: it.owner.todo == 0)
        assert it.owner.events == [Expired([2, 3])]
        tasks.cancel_scope.cancel()


async def test_the_links_own_words_are_told() -> None:
    it = play()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(checkpoint)
        it.wire.end(ConnectionResetError(104, "Connection reset by peer"))
        ended = await it.pump.run()
    assert isinstance(ended, LinkLost)
    assert "Connection reset by peer" in str(ended)


async def test_what_an_owner_raises_ends_it_and_is_raised() -> None:
    it = play()

    def broken(_: Sequence[Event], __: float) -> None:
        raise ZeroDivisionError

    it.owner.handle = broken  # type: ignore[assignment, method-assign]
    it.wire.bring(pdu(CommandId.DELIVER_SM, 1, bytes(17)))
    with pytest.raises(ZeroDivisionError):
        await it.pump.run()
    assert it.wire.closed


async def test_other_links_have_their_turn_between_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner that gives a batch of its window at a time does not keep the event loop."""
    monkeypatch.setattr(pump_module, "BATCHES_MAX", 2)
    it = play(window=10, todo=10)
    fill = it.owner.fill

    def one_by_one(session: Session, now: float) -> None:
        left, it.owner.todo = it.owner.todo, min(1, it.owner.todo)
        fill(session, now)
        it.owner.todo = left - 1 if left else 0

    it.owner.fill = one_by_one  # type: ignore[method-assign]
    sizes: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.pump.run)
        while not sizes or sizes[-1] < 10 * (16 + len(BODY)):
            await checkpoint()
            sizes.append(len(it.wire.written))
        tasks.cancel_scope.cancel()
    assert {b - a for a, b in pairwise(sizes)} <= {
        0,
        16 + len(BODY),
        2 * (16 + len(BODY)),
    }
