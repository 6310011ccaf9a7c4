"""The SMSC's timers of one link (SMPP 5.0 section 2.7)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, Protocol

from smppcast.net.clock import Clock
from smppcast.smpp.states import State
from smppcast.smsc.scenario import Timers
from smppcast.smsc.wheel import Wheel

__all__ = ["LinkTimers", "Timed"]

# The server runs what is due a little early, by a tick of its loop's timer.
TICK_S: Final = 0.001
_UNBOUND = (State.OPEN, State.OUTBOUND)
_BOUND = (State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX)


class Timed(Protocol):
    """A link, as its timers see it."""

    @property
    def state(self) -> State: ...

    def enquire(self) -> None:
        """Sends an enquire_link."""
        ...

    def unbind(self) -> None:
        """Sends an unbind."""
        ...

    def cut(self) -> None:
        """Drops the link."""
        ...


class LinkTimers:
    """Counts the time since a link was heard of; asks, unbinds or drops it by the scenario's timers."""

    __slots__ = ("_active", "_asked", "_began", "_clock", "_due", "_heard", "_link", "_timers", "_wheel")

    def __init__(self, timers: Timers, wheel: Wheel, clock: Clock, link: Timed) -> None:
        self._timers, self._wheel, self._clock, self._link = timers, wheel, clock, link
        self._began = self._heard = self._active = clock()
        self._asked: float | None = None
        self._due = inf
        self.arm()

    def heard(self, *, active: bool) -> None:
        """Something came; `active` where it was more than an enquire_link or its response."""
        self._heard = self._clock()
        self._asked = None
        if active:
            self._active = self._heard

    def arm(self) -> None:
        """Waits for what is due first, which differs once the link is bound."""
        due = min((due for due, _ in self._deadlines()), default=inf)
        if due < self._due:
            self._due = due
            self._wheel.push(due, self._alarm)

    def _alarm(self) -> None:
        self._due, now = inf, self._clock()
        passed = [deadline for deadline in self._deadlines() if deadline[0] <= now + TICK_S]
        if passed:
            min(passed, key=lambda deadline: deadline[0])[1]()
        self.arm()

    def _deadlines(self) -> list[tuple[float, Callable[[], object]]]:
        timers, link = self._timers, self._link
        if link.state in _UNBOUND:
            return [(self._began + (timers.session_init_s or inf), link.cut)]
        if link.state not in _BOUND:
            return []
        quiet = (
            (self._heard + (timers.enquire_link_s or inf), self._enquire)
            if self._asked is None
            else (self._asked + timers.response_s, link.cut)
        )
        return [quiet, (self._active + (timers.inactivity_s or inf), self._unbind)]

    def _enquire(self) -> None:
        self._asked = self._clock()
        self._link.enquire()

    def _unbind(self) -> None:
        self._active = inf  # once: a link that does not answer is dropped by `unbind` itself
        self._link.unbind()
