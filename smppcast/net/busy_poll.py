"""Waiting for an answer that is microseconds away, without going to sleep.

An idle core has to be woken when the answer comes: on a virtual machine that takes 20 to 50 µs on either
side, which is most of the round trip of a small window over loopback or to the next machine in the rack,
and as much CPU as the waiting. Linux polls for the same reason in its guests (haltpoll, 200 µs at most).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

__all__ = ["BusyPoll"]

# A turn in which nothing comes takes 1 to 2 µs.
TURNS_MAX = 400


def _other_cores() -> bool:
    """Whether the peer can work meanwhile: on the only core it would be kept from it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1


class BusyPoll:
    """Keeps an event loop from sleeping for a while. Everything else in it goes on as ever.

    Args:
        useful: asked once; by default, whether this process may run on more than one core.
    """

    __slots__ = ("_left", "_loop", "_running", "_useful")

    def __init__(self, loop: asyncio.AbstractEventLoop, useful: Callable[[], bool] = _other_cores) -> None:
        self._loop, self._useful = loop, useful()
        self._left, self._running = 0, False

    def expect(self) -> None:
        """An answer is due at once: the loop does not sleep for `TURNS_MAX` turns from here on."""
        self._left = TURNS_MAX
        if self._useful and not self._running:
            self._running = True
            self._loop.call_soon(self._turn)

    def stop(self) -> None:
        """Nothing is due any more."""
        self._left = 0

    def _turn(self) -> None:
        self._left -= 1
        self._running = self._left > 0
        if self._running:
            self._loop.call_soon(self._turn)
