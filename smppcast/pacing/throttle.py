"""What throttles do to a lane: its rate comes down to what the SMSC bears, and climbs back slowly."""

from __future__ import annotations

__all__ = ["Pause", "Throttle"]

# One pause a throttle: what was in the window when the first came belongs to it.
PAUSE_S = 0.1
# Within these bounds a throttle sets the rate to just under what was accepted.
FALL_LEAST, FALL_MOST, UNDER = 0.95, 0.5, 0.97
# How fast the rate climbs back: slowly, since each time it finds the limit it costs some throttles;
# but twice as fast with each quiet second, since then it is far below.
CLIMB_PER_S, CLIMB_MOST_PER_S = 0.02, 1.0
CLIMB_EACH_S = 0.05
# Over how long acceptances are counted for one measurement, and the shortest that says anything.
MEASURE_S, MEASURE_LEAST_S = 0.5, 0.05


class Throttle:
    """The rate that an SMSC bears, as its throttles (ESME_RTHROTTLED, ESME_RMSGQFUL) tell.

    Args:
        ceiling_per_s: the rate that the account allows; None where it names none.

    Attributes:
        per_s: the rate to keep now; None for no limit.
        count: throttled PDUs so far.
    """

    def __init__(self, ceiling_per_s: float | None) -> None:
        self.per_s = ceiling_per_s
        self.count = 0
        self._ceiling = ceiling_per_s
        self._until = self._climbed = float("-inf")
        self._since: float | None = None
        self._taken = 0
        self._measured: float | None = None

    def accepted(self, count: int, now: float) -> None:
        """Counts acceptances, by which a throttle is measured."""
        if self._since is None:
            self._since = now
        elapsed = now - self._since
        if elapsed >= MEASURE_S:
            self._measured = self._taken / elapsed
            self._since, self._taken = now, 0
        self._taken += count

    def throttled(self, count: int, now: float) -> float:
        """Counts throttles and lowers the rate; returns until when the lane shall write nothing."""
        self.count += count
        if now < self._until:
            return self._until
        borne = self._borne(now)
        if self.per_s is None:
            self.per_s = max(1.0, borne * UNDER)
        else:
            lowered = max(self.per_s * FALL_MOST, borne * UNDER)
            self.per_s = max(1.0, min(self.per_s * FALL_LEAST, lowered))
        self._climbed = self._until = now + PAUSE_S
        return self._until

    def climb(self, now: float) -> bool:
        """Lets the rate rise with the time that has passed without a throttle; whether it did."""
        if self.per_s is None or self.per_s == self._ceiling or now - self._climbed < CLIMB_EACH_S:
            return False
        speed = min(CLIMB_MOST_PER_S, CLIMB_PER_S * 2.0 ** min(now - self._until, 16.0))
        risen = self.per_s * (1 + speed * min(now - self._climbed, 1.0))
        self.per_s = risen if self._ceiling is None else min(risen, self._ceiling)
        self._climbed = now
        return True

    def _borne(self, now: float) -> float:
        if self._measured is not None:
            return self._measured
        elapsed = MEASURE_LEAST_S if self._since is None else max(MEASURE_LEAST_S, now - self._since)
        return self._taken / elapsed


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
