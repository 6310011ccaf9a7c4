"""When a campaign may send, how fast, and in which waves: what it is told, and what follows for a moment.

One plan serves a campaign's file, the HTTP API and the library; `conductor.py` keeps to it and
`timetable.py` tells beforehand what it comes to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from smppcast.operators.scalars import Rate, Seconds, SettingsModel, Share, Zone, time_zone

__all__ = ["Hours", "OperatorPlan", "Plan", "Waves"]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("expected a zone behind the time, as in 2026-03-17T10:00+01:00")
    return moment


Moment = Annotated[datetime, AfterValidator(_with_zone)]
"""A date and time with its zone or offset."""


class Hours(SettingsModel):
    """The hours of a day in which messages may be sent; paused outside, and resumed by themselves."""

    start: time = Field(alias="from")
    """First moment of the day, such as 08:00."""
    end: time = Field(alias="to")
    """First moment after them, such as 20:00; one before `from` is of the next day."""
    zone: Zone = "UTC"
    """Whose clock: a zone such as Europe/Paris, or an offset such as +02:00."""
    days: tuple[Day, ...] = WEEK
    """On which days they begin."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.start == self.end:
            raise ValueError("expected from and to to differ")
        if not self.days:
            raise ValueError("expected at least one day")
        return self

    def open_at(self, moment: float) -> bool:
        """Whether one may send at a moment (unix seconds)."""
        return any(first <= moment < last for first, last in self._spans(moment))

    def opens(self, moment: float) -> float:
        """The first moment from this one on at which one may send."""
        spans = self._spans(moment)
        return max(moment, min(first for first, last in spans if last > moment))

    def closes(self, moment: float) -> float:
        """The end of the hours that a moment lies in."""
        return next(last for first, last in self._spans(moment) if first <= moment < last)

    def _spans(self, moment: float) -> list[tuple[float, float]]:
        """The hours of the days around a moment, by the zone's own clock: a day may have 23 hours."""
        zone = time_zone(self.zone)
        today = datetime.fromtimestamp(moment, zone).date()
        spans = []
        for away in range(-1, 9):
            day = today + timedelta(days=away)
            if WEEK[day.weekday()] not in self.days:
                continue
            over = day if self.end > self.start else day + timedelta(days=1)
            first = datetime.combine(day, self.start, zone)
            spans.append((first.timestamp(), datetime.combine(over, self.end, zone).timestamp()))
        return spans


class Waves(SettingsModel):
    """An operator's recipients in parts, one after the other: a fault shows before all have it."""

    sizes: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Recipients of each wave; whoever is left makes a last one."""
    shares: tuple[Share, ...] = ()
    """Instead, the part of all recipients that each has; the feed is then read to its end first."""
    gap: Seconds = 0.0
    """From the last answer of a wave to the first submit of the next."""
    delivered: Share | None = None
    """The part of a wave that must be delivered when the gap is over; else the campaign is paused."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.sizes) == bool(self.shares):
            raise ValueError("expected either sizes or shares")
        if sum(self.shares) > 1 + 1e-9:
            raise ValueError("expected shares of no more than 1 together")
        if self.delivered is not None and not self.gap:
            raise ValueError("expected a gap beside delivered: receipts need time to come")
        return self

    def bounds(self, recipients: int | None) -> Sequence[int]:
        """The recipients up to the end of each wave but the last, which has whoever is left.

        Args:
            recipients: the operator's in all; None while they are not known, as shares must.
        """
        if self.sizes:
            return list(accumulate(self.sizes))
        if recipients is None:
            return [0]
        return [round(recipients * share) for share in accumulate(self.shares)]


class OperatorPlan(SettingsModel):
    """What one operator's part is told; its account's own rate and window hold beside it."""

    rate: Rate | None = None
    """submit_sm a second of this campaign; none: as the operator's account allows."""
    waves: Waves | None = None
    """none: all recipients in one go."""


class Plan(OperatorPlan):
    """When, how fast and in which waves."""

    not_before: Moment | None = None
    """Nothing is sent before; with its zone, as in 2026-03-17T10:00+01:00."""
    not_after: Moment | None = None
    """Nothing is sent from here on, and SMSCs are told not to deliver what they hold: whoever was not
    sent a message by then gets none."""
    hours: Hours | None = None
    """Hours of the day outside which it pauses."""
    operators: dict[str, OperatorPlan] = Field(default_factory=dict)
    """What holds for single operators; what is not said of one is as for all."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise ValueError("expected not_before to lie before not_after")
        return self

    def of(self, operator: str) -> OperatorPlan:
        """What holds for an operator: what is said of it, and for the rest what is said of all."""
        own = self.operators.get(operator)
        if own is None:
            return self
        said = own.model_fields_set
        return OperatorPlan(
            rate=own.rate if "rate" in said else self.rate,
            waves=own.waves if "waves" in said else self.waves,
        )

    def open_at(self, moment: float) -> bool:
        """Whether one may send at a moment (unix seconds), waves apart."""
        if self.not_before is not None and moment < self.not_before.timestamp():
            return False
        return not self.over_at(moment) and (self.hours is None or self.hours.open_at(moment))

    def over_at(self, moment: float) -> bool:
        """Whether nothing may be sent any more."""
        return self.not_after is not None and moment >= self.not_after.timestamp()

    def opens(self, moment: float) -> float | None:
        """The first moment from this one on at which one may send; None for never."""
        if self.not_before is not None:
            moment = max(moment, self.not_before.timestamp())
        if self.hours is not None:
            moment = self.hours.opens(moment)
        return None if self.over_at(moment) else moment

    def closes(self, moment: float) -> float | None:
        """The end of the time in which one may send that a moment lies in; None for never."""
        ends = [] if self.not_after is None else [self.not_after.timestamp()]
        if self.hours is not None:
            ends.append(self.hours.closes(moment))
        return min(ends, default=None)

    @property
    def until(self) -> float | None:
        """`not_after` in unix seconds."""
        return None if self.not_after is None else self.not_after.astimezone(UTC).timestamp()
