"""Waiting for an answer that is microseconds away, without going to sleep.

An idle core has to be woken when the answer comes: on a virtual machine that takes 20 to 50 µs on either
side, which is most of the round trip of a small window over loopback or to the next machine in the rack,
and as much CPU as the waiting. Linux polls for the same reason in its guests (haltpoll, 200 µs at most).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from smppcast.net.clock import Clock, monotonic

__all__ = ["BusyPoll"]

# A turn in which nothing came takes some µs. In a longer one something else was done, or somebody else had
# the processor, whose time is not ours.
IDLE_TURN_MOST_S = 0.00002

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def _other_cores() -> bool:
    """Whether the peer can work meanwhile: on the only core, or out of one core's quota, it would be kept
    from it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text("ascii").split()
        return cores > 1 and (quota == "max" or int(quota) >= 2 * int(period))
    except (OSError, ValueError):  # no Linux, or one that tells it elsewhere
        return cores > 1


class BusyPoll:
    """Keeps an event loop from sleeping for a while. Everything else in it goes on as ever.

    Args:
        most_s: how long after the last `expect`.
        clock: a real one: it is the processor's time that is spent.
        useful: asked once; by default, whether this process has more than one core.

    Attributes:
        idle_s: time in which nothing came, between `expect` and `stop` and without a word of `worked`.
    """

    __slots__ = (
        "_clock",
        "_loop",
        "_most_s",
        "_running",
        "_since",
        "_until",
        "_useful",
        "_worked",
        "idle_s",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        most_s: float,
        clock: Clock = monotonic,
        useful: Callable[[], bool] = _other_cores,
    ) -> None:
        self._loop, self._most_s, self._clock, self._useful = loop, most_s, clock, useful()
        self._until, self._running = 0.0, False
        self._since, self._worked = 0.0, True
        self.idle_s = 0.0

    def expect(self) -> None:
        """An answer is due at once: the loop does not sleep for `most_s` from here on."""
        if self._useful:
            self._until, self._worked = self._clock() + self._most_s, True
            if not self._running:
                self._running = True
                self._loop.call_soon(self._turn)

    def stop(self) -> None:
        """It came, or nothing is due any more."""
        self._until, self._worked = 0.0, True

    def worked(self) -> None:
        """This turn of the loop is no waiting."""
        self._worked = True

    def _turn(self) -> None:
        now = self._clock()
        turn_s = now - self._since
        if not self._worked and turn_s < IDLE_TURN_MOST_S:
            self.idle_s += turn_s
        self._since, self._worked = now, False
        self._running = now < self._until
        if self._running:
            self._loop.call_soon(self._turn)
