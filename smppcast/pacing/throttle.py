"""What a throttle does to a lane: it waits, a little longer each time in a row, and closes nothing."""

from __future__ import annotations

__all__ = ["Throttle"]


class Throttle:
    """Pauses after ESME_RTHROTTLED or ESME_RMSGQFUL, doubling while they go on.

    Args:
        first_s, most_s: the shortest and the longest pause.
        settled_s: time without a throttle after which the next one counts as the first.
    """

    def __init__(self, first_s: float = 0.05, most_s: float = 5.0, settled_s: float = 2.0) -> None:
        self.count = 0
        self._first_s, self._most_s, self._settled_s = first_s, most_s, settled_s
        self._pause_s = first_s
        self._until = float("-inf")

    def throttled(self, count: int, now: float) -> float:
        """Counts `count` throttled PDUs; returns until when the lane shall write nothing.

        All that were in the window when the first came belong to one pause.
        """
        self.count += count
        if now < self._until:
            return self._until
        if now - self._until > self._settled_s:
            self._pause_s = self._first_s
        self._until = now + self._pause_s
        self._pause_s = min(self._pause_s * 2, self._most_s)
        return self._until
