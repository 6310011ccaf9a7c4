"""When each message is due: at N a second, from the first one on, whatever became of those before.

An open schedule, unlike `pacing.Budget`: that one never catches up after a stall, so as to spare an
SMSC. Here what fell due meanwhile is sent as soon as may be, and its latency counts from when it was
due. Whoever measures from the write instead leaves out just the messages that a stall held back
(coordinated omission).
"""

from __future__ import annotations

from itertools import repeat
from math import floor

__all__ = ["AT_ONCE", "Schedule"]

AT_ONCE = 1 << 62
"""How many messages are due where there is no rate: more than can be sent."""

# Event loops' timers have a grain of a ms and fire late by up to as much: what falls due within the
# next one is sent now, so that messages leave on time on average.
AHEAD_S = 0.001


class Schedule:
    """The times of one run's messages, counted from 0.

    Args:
        per_s: submit_sm PDUs a second; None for as many as go, due when they are sent.
        began: when message 0 is due.
        duration_s: messages due later than that are not in it.
    """

    def __init__(self, per_s: float | None, began: float, duration_s: float) -> None:
        self.per_s = per_s
        self.began = began
        self.ends = began + duration_s
        self.total = AT_ONCE if per_s is None else max(1, floor(per_s * duration_s + 1e-9))

    def due(self, now: float) -> int:
        """How many messages may have been sent by now."""
        if self.per_s is None or now >= self.ends:
            return self.total
        return min(self.total, self._begun(now + AHEAD_S, self.per_s))

    def wait(self, sent: int, now: float) -> float:
        """Seconds until a message after those `sent` is due, a grain of the timers at least."""
        at = self.ends if self.per_s is None or sent >= self.total else self.time(sent)
        return max(AHEAD_S, min(at, self.ends) - AHEAD_S - now)

    def time(self, index: int) -> float:
        """When a message is due."""
        return self.began + index / (self.per_s or 1)

    def times(self, first: int, count: int, now: float) -> list[float]:
        """From when the latency of messages counts that are sent now: from when they were due, or from
        now where they are sent ahead of it."""
        began, per_s = self.began, self.per_s
        if per_s is None or self.time(first) >= now:
            return [now] * count
        late = min(count, self._begun(now, per_s) - first)
        times = [began + index / per_s for index in range(first, first + late)]
        times.extend(repeat(now, count - late))
        return times

    def _begun(self, now: float, per_s: float) -> int:
        return floor((now - self.began) * per_s) + 1
