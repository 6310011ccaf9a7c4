"""How fast something goes just now, from counts as they come."""

from __future__ import annotations

from collections import deque

__all__ = ["Meter"]

SLOT_S, SLOTS = 0.1, 10


class Meter:
    """A rate over the last second, in whole tenths: the one under way does not count yet."""

    def __init__(self) -> None:
        self._slots: deque[tuple[int, int]] = deque(maxlen=SLOTS + 1)

    def add(self, count: int, now: float) -> None:
        """So many more."""
        slot, slots = int(now / SLOT_S), self._slots
        if slots and slots[-1][0] == slot:
            slots[-1] = (slot, slots[-1][1] + count)
        else:
            slots.append((slot, count))

    def per_s(self, now: float) -> float:
        """As many a second, over the ten slots before this one."""
        slot = int(now / SLOT_S)
        return sum(count for at, count in self._slots if slot - SLOTS <= at < slot) / (SLOTS * SLOT_S)
