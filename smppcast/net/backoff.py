"""How long to wait before the next dial."""

from __future__ import annotations

from random import Random

__all__ = ["Backoff"]


class Backoff:
    """Exponential delays with jitter, so that binds of one SMSC do not return in step.

    Args:
        first_s, most_s: the shortest and the longest delay before jitter.
        random: the source of jitter, seeded by tests.
    """

    def __init__(self, first_s: float = 0.25, most_s: float = 30.0, random: Random | None = None) -> None:
        self._first_s, self._most_s = first_s, most_s
        self._random = random or Random()  # noqa: S311 - jitter, no secret
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure: between half and all of the doubled delay."""
        delay = min(self._most_s, self._first_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        return delay * (0.5 + self._random.random() / 2)

    def reset(self) -> None:
        """It worked: the next failure starts from the shortest delay."""
        self._failures = 0
