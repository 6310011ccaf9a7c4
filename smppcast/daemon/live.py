"""Tells every open dashboard what changes, as server-sent events: looked at once for all that watch.

A reader that is slow misses looks, and nothing waits for it: each of them is sent the sections that have
changed since the last ones it took, as they are by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

from smppcast.daemon.models import iso
from smppcast.net.clock import Clock, wall
from smppcast.operators.statistics import LaneStatistics

__all__ = ["History", "Live"]

LOOK_S = 0.75
# What was seen so long ago at most is told to another as well.
SHARED_S = 0.25
# So many looks between two in which a stream asks whether it may go on.
ASKED_EACH = 10
# Charts show an hour.
STEP_S, POINTS = 10.0, 360


class Live:
    """The looks, and who watches.

    Args:
        look: the sections as JSON, by name.
    """

    def __init__(self, look: Callable[[], dict[str, bytes]]) -> None:
        self._look = look
        self._sections: dict[str, bytes] = {}
        self._since: dict[str, int] = {}  # the look that changed each of them
        self._looks, self._looked_at = 0, float("-inf")
        self._closed = anyio.Event()

    def look(self) -> None:
        """Looks, unless that was just done for somebody else."""
        now = anyio.current_time()
        if now - self._looked_at < SHARED_S:
            return
        self._looks, self._looked_at = self._looks + 1, now
        for name, octets in self._look().items():
            if self._sections.get(name) != octets:
                self._sections[name], self._since[name] = octets, self._looks

    def close(self) -> None:
        """Ends every stream: the daemon is going."""
        self._closed.set()

    async def stream(self, still: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Events for one dashboard: all sections, then what changes of them.

        Each keeps its own beat, from when it began: told at once, all would be read and drawn at once.

        Args:
            still: whether it may go on watching; asked now and then.
        """
        taken, turns = 0, 0
        yield b"retry: 1000\n\n"
        while not self._closed.is_set():
            self.look()
            changed = [name for name, since in self._since.items() if since > taken]
            taken, turns = self._looks, turns + 1
            if turns % ASKED_EACH == 0 and not still():
                return
            if changed:
                yield b"".join(
                    b"event: %s\ndata: %s\n\n" % (name.encode(), self._sections[name]) for name in changed
                )
            with anyio.move_on_after(LOOK_S):
                await self._closed.wait()


class History:
    """An hour of every lane, a point each ten seconds, measured from counters: no burst falls between."""

    def __init__(self, lanes: Callable[[], list[LaneStatistics]], clock: Clock = wall) -> None:
        self._lanes, self._clock = lanes, clock
        self._before: dict[str, LaneStatistics] = {}
        self._at = 0.0
        self._points: deque[dict[str, Any]] = deque(maxlen=POINTS)

    def points(self, after: int = 0) -> list[dict[str, Any]]:
        """Those behind a number, the oldest first."""
        return [point for point in self._points if point["no"] > after]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.note()
            await anyio.sleep(STEP_S)

    def note(self) -> None:
        """Adds a point: what became of each lane since the last one."""
        now = self._clock()
        lanes = {lane.name: lane for lane in self._lanes()}
        took = now - self._at
        if self._before and took > 0:
            told = {
                name: _point(lane, self._before[name], took)
                for name, lane in lanes.items()
                if name in self._before
            }
            number = self._points[-1]["no"] + 1 if self._points else 1
            self._points.append({"no": number, "at": iso(now), "operators": told})
        self._before, self._at = lanes, now


def _point(lane: LaneStatistics, before: LaneStatistics, took: float) -> dict[str, float | None]:
    def per_s(name: str) -> float:
        count: int = getattr(lane, name) - getattr(before, name)
        return round(max(0, count) / took, 2)

    latencies, receipts = lane.latencies, lane.receipt_latencies
    return {
        "sent": per_s("sent"),
        "allowed": lane.rate,
        "receipts": per_s("receipts"),
        "throttled": per_s("throttled"),
        "latency": None if latencies is None else round(latencies.p50, 4),
        "latency_p99": None if latencies is None else round(latencies.p99, 4),
        "receipt_latency": None if receipts is None else round(receipts.p50, 3),
    }
