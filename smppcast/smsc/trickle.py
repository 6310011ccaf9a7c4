"""A link that is read slowly: its octets wait, and are taken in some at a time."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final

from smppcast.smsc.wheel import Wheel

__all__ = ["Trickle"]

# Often enough to look steady, seldom enough to cost nothing.
TICK_S: Final = 0.05


class Trickle:
    """Holds what was read until its time.

    Args:
        rate: octets a second; None takes all at once.
        take: what takes them in.
        done: called when nothing waits any more.
    """

    __slots__ = ("_clock", "_credit", "_done", "_rate", "_take", "_waiting", "_wheel")

    def __init__(
        self,
        wheel: Wheel,
        clock: Callable[[], float],
        rate: Callable[[], float | None],
        take: Callable[[bytes], None],
        done: Callable[[], None],
    ) -> None:
        self._wheel, self._clock, self._rate, self._take, self._done = wheel, clock, rate, take, done
        self._waiting = bytearray()
        self._credit = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, data: bytes) -> None:
        """Adds what was read."""
        if not self._waiting:
            self._wheel.push(self._clock() + self._interval(), self._turn)
        self._waiting += data

    def clear(self) -> None:
        """Forgets it all: the link is gone."""
        self._waiting.clear()
        self._credit = 0.0

    def _interval(self) -> float:
        rate = self._rate()
        return 0.0 if rate is None else max(TICK_S, 1 / rate)

    def _turn(self) -> None:
        rate = self._rate()
        if not self._waiting:
            return
        self._credit = inf if rate is None else self._credit + rate * self._interval()
        size = int(min(self._credit + 1e-6, len(self._waiting)))
        data = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._credit = self._credit - size if self._waiting else 0.0
        if self._waiting:
            self._wheel.push(self._clock() + self._interval(), self._turn)
        self._take(data)
        if not self._waiting:
            self._done()
