"""How many submit_sm PDUs an account may still write today."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

__all__ = ["Quota"]


class Quota:
    """Counts PDUs against what an account allows between one midnight and the next.

    A clock that is set back gives nothing back: a day once begun is not begun again.

    Args:
        per_day: PDUs over all binds of the account.
        zone: whose midnight it is.
        now: unix seconds, as everywhere here.

    Attributes:
        since: when the day began.
        until: when it ends, and everything is allowed again.
        used: PDUs of this day so far.
    """

    def __init__(self, per_day: int, zone: tzinfo, now: float) -> None:
        self.per_day, self.used = per_day, 0
        self._zone = zone
        self.since, self.until = _day(now, zone)

    def left(self, now: float) -> int:
        """How many PDUs may be written before midnight."""
        if now >= self.until:
            self.since, self.until = _day(now, self._zone)
            self.used = 0
        return max(0, self.per_day - self.used)

    def spend(self, count: int) -> None:
        """PDUs are being written, or may have been by an earlier run since the day began."""
        self.used += count


def _day(now: float, zone: tzinfo) -> tuple[float, float]:
    """The midnights around a moment: 23 to 25 hours apart where the clocks change."""
    today = datetime.fromtimestamp(now, zone).date()
    begins, ends = (datetime.combine(day, time(), zone) for day in (today, today + timedelta(days=1)))
    return begins.timestamp(), ends.timestamp()
