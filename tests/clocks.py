"""A clock by which tests measure what takes time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from smppcast.net.clock import Clock, monotonic

TURN_S, TURN_MOST_S = 0.001, 0.005


@contextmanager
def clock_of_turns() -> Iterator[Clock]:
    """Goes on as the event loop turns, by no more than 5 ms at once: time for which the process was not
    scheduled is none. It is never ahead of a real clock, which timers go by."""
    loop, now, before = asyncio.get_running_loop(), 1_000.0, monotonic()
    handle: asyncio.TimerHandle

    def turn() -> None:
        nonlocal now, before, handle
        real = monotonic()
        now += min(real - before, TURN_MOST_S)
        before, handle = real, loop.call_later(TURN_S, turn)

    handle = loop.call_later(TURN_S, turn)
    try:
        yield lambda: now
    finally:
        handle.cancel()
