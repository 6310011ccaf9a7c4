"""The rate an account may use: a budget of submit_sm PDUs that knows no burst."""

from __future__ import annotations

from collections import deque
from math import ceil

__all__ = ["Budget"]

# What a hiccup of this process or its machine (a commit, a collection, a core that was lent elsewhere) may
# have cost is caught up; a stall is not. On a virtual machine of which a twentieth was stolen, 20 ms left
# 20,000/s at 19,700.
SAVED_S = 0.05
# Grants come in slices of this length: short enough to be smooth on the wire, long enough that a batch is
# worth its wake-up. Waiting for the next PDU alone took four fifths of a core at 2,000/s; this takes a third
# of that, and 5 ms hardly less.
WAIT_LEAST_S = 0.002


class Budget:
    """Grants PDUs so that no window of one second holds more than `per_s` of them.

    Two rules: what is granted grows with time but is never saved up beyond `SAVED_S`, so a stall is
    not caught up; and the last second's grants are counted exactly, so that what is caught up cannot
    add up to more than the rate.

    Args:
        per_s: submit_sm PDUs a second over all binds of the account; None for no limit.
    """

    def __init__(self, per_s: float | None) -> None:
        self._per_s = per_s
        self._tokens = 0.0
        self._at: float | None = None
        self._blocked_until = 0.0
        # One entry a write, so this holds a second of slices, times the binds.
        self._granted: deque[tuple[float, int]] = deque()
        self._last_second = 0
        self._unwritten = 0

    @property
    def per_s(self) -> float | None:
        return self._per_s

    def change(self, per_s: float | None, now: float) -> None:
        """Sets another rate from now on; what was granted in the last second still counts."""
        self._refill(now)
        self._per_s = per_s

    def restart(self) -> None:
        """Nothing is saved up from before, as after a pause that was meant."""
        self._at = None

    def pause(self, until: float) -> None:
        """Grants nothing before that time."""
        self._blocked_until = max(self._blocked_until, until)

    def available(self, now: float) -> int | None:
        """How many PDUs may be written now; None for as many as one likes."""
        if now < self._blocked_until:
            return 0
        if self._per_s is None:
            return None
        self._refill(now)
        return max(0, min(int(self._tokens + 1e-9), self._most - self._last_second))

    def spend(self, count: int, now: float) -> None:
        """Tells that `count` PDUs are being written."""
        if self._per_s is None or not count:
            return
        self._tokens -= count
        self._granted.append((now, count))
        self._last_second += count
        self._unwritten += 1

    def written(self, now: float) -> None:
        """Tells that what was spent since the last call has just been written.

        From then on its second counts: on a busy machine milliseconds lie between the two, and where they
        were more than those of a second later, the second at the writes would have a batch too many.
        """
        count = 0
        for _ in range(min(self._unwritten, len(self._granted))):
            count += self._granted.pop()[1]
        if count:
            self._granted.append((now, count))
        self._unwritten = 0

    def wait(self, now: float) -> float:
        """Seconds until asking again makes sense; 0 when something is available now."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if self._per_s is None or self.available(now):
            return 0.0
        missing = max(0.0, 1.0 - self._tokens) / self._per_s
        if self._granted and self._last_second >= self._most:
            missing = max(missing, self._granted[0][0] + 1.0 - now)
        return max(missing, WAIT_LEAST_S)

    @property
    def _most(self) -> int:
        """What one second may hold; a rate below one a second is spaced by its tokens alone."""
        return ceil(self._per_s or 1)

    def _refill(self, now: float) -> None:
        while self._granted and self._granted[0][0] <= now - 1.0:
            self._last_second -= self._granted.popleft()[1]
        if self._per_s is None:
            return
        if self._at is None:
            self._at, self._tokens = now, 1.0
        most = max(SAVED_S * self._per_s, 2.0)
        self._tokens = min(self._tokens + (now - self._at) * self._per_s, most)
        self._at = now
