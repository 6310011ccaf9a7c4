"""How many submits may be unanswered: as few as sustain the rate at the latency that there is.

Little's law gives their number. More would only mean more unknown outcomes after a drop.
"""

from __future__ import annotations

__all__ = ["FIRST", "WindowSizer"]

# SMPP 3.4 suggests 10 until one knows better.
FIRST = 10
STEP_S = 0.25
# Above what the mean latency asks for: responses vary, and submits leave in slices of 10 ms.
MARGIN, SLICE_S = 1.2, 0.01
# A window that held the rate back grows by so much, one that did not shrinks slowly to what is needed.
GROWS, SHRINKS = 1.15, 0.97
# Without a rate to reach, it grows as long as that brings something, and goes back where it did not for
# two steps; after a rest it tries again, since an SMSC or a latency may have changed.
CLIMBS, GAIN_LEAST, DOUBTS, REST_S = 1.5, 1.15, 2, 10.0


class WindowSizer:
    """Sizes the window of each of an account's binds.

    Args:
        ceiling: the most that the SMSC allows on one bind.

    Attributes:
        size: of one bind, now.
    """

    def __init__(self, ceiling: int) -> None:
        self.size = min(FIRST, ceiling)
        self._ceiling = ceiling
        self._exact = float(self.size)
        self._latency_s = 0.0
        self._stepped = float("-inf")
        self._accepted = self._held_back = self._asked = 0
        self._proven, self._goodput = self._exact, 0.0  # the size that is worth it, and what it brought
        self._doubts, self._rest_until = 0, float("-inf")

    def latency(self, seconds: float) -> None:
        """A submit was answered after so long."""
        self._latency_s = seconds if not self._latency_s else self._latency_s * 0.9 + seconds * 0.1

    def accepted(self, count: int) -> None:
        """Submits were accepted, on any bind."""
        self._accepted += count

    def asked(self, *, held_back: bool) -> None:
        """A bind could send; `held_back`: no more than its window had room for."""
        self._asked += 1
        self._held_back += held_back

    def step(self, rate: float | None, binds: int, now: float) -> bool:
        """Lets the size follow; whether it changed.

        Args:
            rate: PDUs a second to be reached over all binds, None for as many as may be.
            binds: how many send.
        """
        elapsed = now - self._stepped
        # What a larger window brings is seen only when what it let out has been answered.
        least = STEP_S if rate is not None else max(STEP_S, 2 * self._latency_s)
        if elapsed < least or not self._latency_s or not binds:
            return False
        goodput = self._accepted / elapsed
        held_back = self._held_back > self._asked / 2
        self._stepped, self._accepted, self._asked, self._held_back = now, 0, 0, 0
        wanted = (rate or goodput) / binds * (self._latency_s * MARGIN + SLICE_S)
        if rate is None:
            self._exact = self._climb(goodput, now, held_back=held_back)
        elif held_back and goodput < 0.99 * rate:
            self._exact = max(wanted, self._exact * GROWS)
        else:
            self._exact = max(wanted, self._exact * SHRINKS)
        self._exact = max(1.0, min(self._exact, float(self._ceiling)))
        before, self.size = self.size, max(1, round(self._exact))
        return self.size != before

    def _climb(self, goodput: float, now: float, *, held_back: bool) -> float:
        if not held_back or now < self._rest_until:
            return self._exact
        if self._exact > self._proven and goodput <= self._goodput * GAIN_LEAST:
            self._doubts += 1
            if self._doubts < DOUBTS:
                return self._exact
            self._doubts, self._rest_until = 0, now + REST_S
            return self._proven
        self._doubts, self._proven, self._goodput = 0, self._exact, goodput
        return self._exact * CLIMBS
