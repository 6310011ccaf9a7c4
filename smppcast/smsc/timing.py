"""schedule_delivery_time and validity_period as seconds from now."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from smppcast.smpp.times import AbsoluteTime, RelativeTime, parse_time

__all__ = ["Timing", "timing"]

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Timing:
    """When a message may go out, and until when; None for at once, and for ever."""

    schedule: AbsoluteTime | RelativeTime | None
    validity: AbsoluteTime | RelativeTime | None

    def span(self, at: float) -> tuple[float, float]:
        """Seconds from `at`, a unix time, to the first attempt and to the end of validity."""
        start = 0.0 if self.schedule is None else _seconds(self.schedule, at)
        end = inf if self.validity is None else _seconds(self.validity, at)
        return max(0.0, start), max(0.0, end)


def timing(schedule_delivery_time: str, validity_period: str) -> Timing | None:
    """The times of a submit; None for one that has neither.

    Raises:
        ProtocolError: one of them is no time.
    """
    if not schedule_delivery_time and not validity_period:
        return None
    return Timing(parse_time(schedule_delivery_time), parse_time(validity_period))


def _seconds(time: AbsoluteTime | RelativeTime, at: float) -> float:
    if isinstance(time, AbsoluteTime):
        return time.moment.timestamp() - at
    # The specification leaves months and years to the SMSC (SMPP 5.0 section 4.7.23).
    days = time.days + 30 * time.months + 365 * time.years
    return days * _DAY_S + time.hours * 3600.0 + time.minutes * 60 + time.seconds
