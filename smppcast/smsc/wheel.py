"""Work for later: a heap with one entry a batch, never one a message."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

__all__ = ["Wheel"]


class Wheel:
    """Callbacks by the time they are due, in seconds of the caller's clock."""

    __slots__ = ("_heap", "_order")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, due: float, work: Callable[[], object]) -> None:
        """Work due at the same time is done in the order of its pushing."""
        heappush(self._heap, (due, next(self._order), work))

    @property
    def next_due(self) -> float | None:
        """When the earliest work is due; None without any."""
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Does what is due; what that pushes for `now` waits for the next run."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap)[2])
        for work in due:
            work()
