"""What a plan comes to, before anything is sent: when each operator's waves begin and end.

A simulation, not a formula: each operator's part runs against a clock that jumps from one event to the
next, at the rate that its account, its windows and its plan allow, paused where the plan pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from smppcast.campaign.plan import Plan
from smppcast.operators.settings import AutoRate, AutoWindow, OperatorSettings

__all__ = ["Part", "Span", "Timetable", "timetable"]

LATENCY_S = 0.05  # of a submit_sm, where nobody has measured it: that of an SMSC in another town
# What a lane without a rate does, a segment a second: far above what SMSCs allow, so the plan is shown bound
# by something else or as "at once".
UNBOUND_PER_S = 50_000.0


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which one wave is being sent, from one pause to the next (unix seconds).

    Args:
        per_s: submit_sm a second.
    """

    wave: int
    began: float
    ended: float
    recipients: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Part:
    """One operator's part of a campaign.

    Args:
        left: recipients whom the plan's end leaves without a message.
    """

    operator: str
    recipients: int
    segments: int
    spans: tuple[Span, ...]
    left: int = 0

    @property
    def starts(self) -> float | None:
        return self.spans[0].began if self.spans else None

    @property
    def ends(self) -> float | None:
        return self.spans[-1].ended if self.spans else None

    @property
    def peak_per_s(self) -> float:
        return max((span.per_s for span in self.spans), default=0.0)

    @property
    def waves(self) -> list[Span]:
        """Each wave from its first submit to its last, pauses within included."""
        found: dict[int, Span] = {}
        for span in self.spans:
            before = found.get(span.wave)
            found[span.wave] = (
                span
                if before is None
                else Span(
                    span.wave,
                    before.began,
                    span.ended,
                    before.recipients + span.recipients,
                    max(before.per_s, span.per_s),
                )
            )
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Timetable:
    """All parts; operators without a recipient have none."""

    parts: tuple[Part, ...]

    @property
    def starts(self) -> float | None:
        return min((part.starts for part in self.parts if part.starts is not None), default=None)

    @property
    def ends(self) -> float | None:
        return max((part.ends for part in self.parts if part.ends is not None), default=None)

    @property
    def left(self) -> int:
        return sum(part.left for part in self.parts)


def rate_of(settings: OperatorSettings, latency_s: float = LATENCY_S) -> float:
    """submit_sm a second that an operator's account bears: its rate, or its windows at a latency."""
    window = settings.window.ceiling if isinstance(settings.window, AutoWindow) else settings.window
    senders = settings.binds.transceiver + settings.binds.transmitter
    by_window = senders * window / latency_s if latency_s else UNBOUND_PER_S
    rate = settings.rate.ceiling if isinstance(settings.rate, AutoRate) else settings.rate
    return min(by_window, rate or UNBOUND_PER_S, UNBOUND_PER_S)


def timetable(
    plan: Plan,
    operators: Mapping[str, OperatorSettings],
    recipients: Mapping[str, int],
    segments: Mapping[str, int],
    now: float,
    *,
    latency_s: float = LATENCY_S,
    done: Mapping[str, int] = MappingProxyType({}),
    measured: Mapping[str, float] = MappingProxyType({}),
) -> Timetable:
    """Simulates a plan, from its start or from where a campaign stands.

    Args:
        recipients: by operator.
        segments: of a message, by operator.
        now: when it would be started (unix seconds).
        latency_s: from a submit_sm to its answer.
        done: recipients, by operator, who were sent their message before `now`; parts have the others.
        measured: submit_sm a second that an operator bears, where somebody has looked.
    """
    parts = []
    for operator, count in recipients.items():
        if not count:
            continue
        own = plan.of(operator)
        per_s = measured.get(operator) or rate_of(operators[operator], latency_s)
        per_s = min(per_s, own.rate or UNBOUND_PER_S)
        each = max(1, segments[operator])
        gap_s = latency_s + (own.waves.gap if own.waves is not None else 0.0)
        bounds = [] if own.waves is None else [bound for bound in own.waves.bounds(count) if bound < count]
        before = min(done.get(operator, 0), count)
        spans = tuple(_spans(plan, [*bounds, count], gap_s, per_s / each, now, before=before))
        spans = tuple(replace(span, per_s=span.per_s * each) for span in spans)
        sent = sum(span.recipients for span in spans)
        parts.append(Part(operator, count - before, each, spans, count - before - sent))
    return Timetable(tuple(parts))


def _spans(
    plan: Plan, bounds: Sequence[int], gap_s: float, per_s: float, now: float, *, before: int
) -> Iterator[Span]:
    """By recipients a second; the gap behind a wave begins when its last answer is in."""
    at = now
    for wave, bound in enumerate(bounds, start=1):
        if bound <= before:
            continue
        left = bound - before
        while left > 0:
            opens = plan.opens(at)
            if opens is None:
                return
            closes = plan.closes(opens)
            takes = left / per_s
            if closes is None or opens + takes <= closes:
                yield Span(wave, opens, opens + takes, left, per_s)
                at, left = opens + takes, 0
            else:
                fits = min(left, round((closes - opens) * per_s))
                if fits:
                    yield Span(wave, opens, closes, fits, per_s)
                at, left = closes, left - fits
        before, at = bound, at + gap_s
