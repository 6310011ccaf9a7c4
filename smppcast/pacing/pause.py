"""How long a lane rests while its SMSC or its account is out of order."""

from __future__ import annotations

__all__ = ["Pause"]


class Pause:
    """Pauses while an SMSC or an account is out of order, doubling until something is accepted again."""

    def __init__(self, first_s: float = 0.1, most_s: float = 5.0) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._next_s = first_s
        self._until = float("-inf")

    def trouble(self, now: float) -> float:
        """Returns until when the lane shall write nothing; answers that come meanwhile change nothing."""
        if now >= self._until:
            self._until = now + self._next_s
            self._next_s = min(self._next_s * 2, self._most_s)
        return self._until

    def over(self) -> None:
        """Something was accepted."""
        self._next_s = self._first_s
