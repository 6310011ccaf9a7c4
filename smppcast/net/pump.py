"""The pump around a session: receive, feed, send what there is to send.

All of it happens where the link's octets arrive, in one turn: no task and no wake-up stands between
what was read and what is written for it. While the peer does not read, its answers are read still, and
nothing new is queued behind what waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import anyio

from smppcast.errors import LinkLost, ResponseTimeout, SmppcastError
from smppcast.net.busy_poll import BusyPoll
from smppcast.net.clock import Clock
from smppcast.net.link import Link
from smppcast.smpp.session import Answers, Deliveries, Ended, Event, Session, merged
from smppcast.smpp.states import State

__all__ = ["POLL_S", "PUT_OFF_S", "SMALL_WINDOW", "Owner", "Pump"]

# How many queued pieces (a batch of responses or receipts' acknowledgements each) may wait for a
# peer that does not read; then reading stops, so its own sending stops in turn.
OWED_MAX = 256

# How often timers are looked at; they are seconds long.
TICK_S = 0.25

# Batches written in one turn, before other links have theirs.
BATCHES_MAX = 4

# Up to this window the time to the next submit decides the rate. Above it submits would run ahead of the
# receipts of those before: at full rate the process grew by 5 octets a segment instead of one.
SMALL_WINDOW = 100

# How long answers may wait to be handled once their room is used: others come to theirs meanwhile, and many
# cost little more than few.
PUT_OFF_S = 0.001

# A round trip so short is polled for (see `BusyPoll`), for so long at most.
NEAR_S, POLL_S = 0.0005, 0.0003

_OVER = (State.UNBOUND, State.CLOSED)


class Owner(Protocol):
    """Who uses the session. All methods are synchronous and quick."""

    def fill(self, session: Session, now: float) -> None:
        """Queues submits as window and pace allow; called whenever something can be written."""

    def written(self, now: float) -> None:
        """What `fill` queued has been written."""

    def handle(self, events: Sequence[Event], now: float) -> None:
        """Takes what the link brought, or what time did."""

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:
        """How long events may wait to be handled, when the room that they made is used first: `PUT_OFF_S`, or
        0 for no longer than that. None where they change what may be sent, and must be handled before. Only
        `Answers` and `Deliveries` may wait, and longer than the write only acceptances and `Deliveries`: of
        several reads they are merged. What follows them is not handled before them."""

    @property
    def hurries(self) -> bool:
        """Whether it has more to send than the window takes, so that answers are worth to be polled for."""


class Pump:
    """Runs one session over one link, until either ends.

    Args:
        stall_s: how long a write may wait for the peer to read before the link is given up.
    """

    def __init__(
        self, link: Link, session: Session, owner: Owner, clock: Clock, stall_s: float = 60.0
    ) -> None:
        self.session = session
        self._link, self._owner, self._clock, self._stall_s = link, owner, clock, stall_s
        self._loop = asyncio.get_running_loop()
        self._woken = True  # the first turn is that of `run`
        self._reading = True
        self._blocked_since: float | None = None
        self._error: SmppcastError | None = None
        self._failure: BaseException | None = None
        self._put_off: list[tuple[Sequence[Event], float]] = []
        self._busy_poll, self._near = BusyPoll(self._loop, POLL_S), False
        self._over = anyio.Event()

    def wake(self) -> None:
        """Something changed: there may be something to write."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon(self._guarded, self._turn)

    def stop(self, error: SmppcastError | None = None) -> None:
        """Ends `run` at once; what is queued is not written."""
        self._error = self._error or error
        self._over.set()

    async def run(self) -> SmppcastError | None:
        """Pumps until the session or the link ends; returns why (None: an orderly end).

        The link is closed on return. Cancelling is safe: the owner then closes the session and
        learns what was unanswered.
        """
        try:
            self._link.begin(self)
            self._guarded(self._turn)
            while not self._over.is_set():
                with anyio.move_on_after(TICK_S):
                    await self._over.wait()
                if not self._over.is_set():
                    self._guarded(self._tick)
        finally:
            self._over.set()
            self._busy_poll.stop()
            self._last()
            await self._link.aclose()
        if self._failure is not None:
            raise self._failure
        return self._error

    @property
    def put_off(self) -> Iterator[Event]:
        """What the session brought and its owner has not been told yet."""
        return (event for events, _ in self._put_off for event in events)

    # --- the link's taker ------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        self._guarded(self._receive, data)

    def writable(self) -> None:
        self._blocked_since = None
        self._guarded(self._turn)

    def lost(self, error: Exception | None) -> None:
        if not self._over.is_set():
            self.stop(None if self.session.state in _OVER else _lost(error))

    # --- turns -----------------------------------------------------------------------------

    def _guarded(self, step: Callable[..., None], *arguments: bytes) -> None:
        """What goes wrong in a turn is raised by `run`, not told to the event loop."""
        if self._over.is_set():
            return
        try:
            step(*arguments)
        except BaseException as error:  # noqa: BLE001 - see above
            self._failure = error
            self._over.set()

    def _receive(self, data: bytes) -> None:
        now = self._clock()
        self._busy_poll.stop()
        events = self.session.receive(data, now)
        wait_s = self._owner.may_wait(self.session, events)
        if wait_s is not None:
            self._put_off.append((events, now))  # before the write: should that fail, they are not lost
            self._refill(wait_s)
        else:
            # No turn between the two: room that refusals made must not be used before they are handled.
            if self._put_off:
                self._woken = True
                self._handle(*self._merged())
            self._take(events, now)

    def _refill(self, wait_s: float) -> None:
        """Uses the room that was just made; what made it waits to be handled if there was a use for it, or if
        others wait already and more will come."""
        if not wait_s:
            self._write()
            self._handle(*self._merged())  # whoever has something to send for it wakes us
            return
        window, first = self.session.window, len(self._put_off) == 1
        room = window.room
        self._write()
        if window.room == room and (first or not len(window)):
            self._catch_up()
        elif first:
            self._loop.call_later(wait_s, self._guarded, self._catch_up)

    def _catch_up(self) -> None:
        """Handles what was put off, all together."""
        if self._put_off:
            self._take(*self._merged())

    def _merged(self) -> tuple[Sequence[Event], float]:
        """What was put off, and when the last of it came."""
        put_off, self._put_off = self._put_off, []
        events, now = put_off[-1]
        if len(put_off) > 1:
            events = merged([event for events, _ in put_off for event in events])
        return events, now

    def _take(self, events: Sequence[Event], now: float) -> None:
        self._woken = True  # whoever wakes us meanwhile is served by this turn
        # Between two turns of the event loop another thread may take the interpreter's lock: so a small
        # window is filled again before the deliveries behind its answers are handled.
        small, behind = self.session.window.size <= SMALL_WINDOW, _behind(events)
        if behind and not small:
            behind = len(events)
        if behind or not events:
            self._handle(events[:behind], now)
            self._turn()
        if behind < len(events):
            self._woken = True
            self._handle(events[behind:], now)
            # Tasks that this wakes answer them first: then one write has all of their answers.
            self._woken = False
            self.wake()
            self._mind_reading()

    def _last(self) -> None:
        """Nothing that was answered may end as unanswered."""
        try:
            if self._put_off:
                self._handle(*self._merged())
        except BaseException as error:  # noqa: BLE001 - `run` raises it
            self._failure = self._failure or error

    def _turn(self) -> None:
        """Writes what there is. The owner fills only when it may leave at once: what is queued while the
        peer does not read would leave all together when it does, whatever the rate."""
        self._woken = False
        link, session = self._link, self.session
        self._write()
        if session.state in _OVER and not link.blocked:
            self._over.set()
        self._mind_reading()

    def _write(self) -> None:
        link, session, owner, clock = self._link, self.session, self._owner, self._clock
        for _ in range(BATCHES_MAX):
            if link.blocked:
                break
            owner.fill(session, clock())
            if not session.owed:
                break
            link.write(session.take())
            owner.written(clock())
            if not session.window.room:
                if self._near and owner.hurries:
                    self._busy_poll.expect()
                break
        else:
            self.wake()
        if link.blocked and self._blocked_since is None:
            self._blocked_since = clock()

    def _mind_reading(self) -> None:
        reading = self.session.owed <= OWED_MAX
        if reading is not self._reading:
            self._reading = reading
            (self._link.resume_reading if reading else self._link.pause_reading)()

    def _tick(self) -> None:
        self._catch_up()
        now = self._clock()
        if self._blocked_since is not None and now - self._blocked_since > self._stall_s:
            self.stop(ResponseTimeout(f"the peer read nothing for {self._stall_s:g} s"))
            return
        self._handle(self.session.tick(now), now)
        # What expired made room in the window, and nothing else may come to tell.
        self._turn()

    def _handle(self, events: Sequence[Event], now: float) -> None:
        if not events:
            return
        self._owner.handle(events, now)
        for event in events:
            match event:
                case Answers(latency_s=float(latency_s)):
                    self._near = latency_s < NEAR_S
                case Ended():
                    self._error = self._error or event.error


def _behind(events: Sequence[Event]) -> int:
    """Where the deliveries begin that nothing else follows."""
    for at in range(len(events), 0, -1):
        if not isinstance(events[at - 1], Deliveries):
            return at
    return 0


def _lost(error: Exception | None) -> LinkLost:
    why = "the peer closed it" if error is None else str(error) or type(error).__name__
    return LinkLost(f"the link ended: {why}")
