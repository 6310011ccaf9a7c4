"""The highest rate that an SMSC holds: doubled while it does, then halved between held and not held.

A rate is held when all of it was sent and answered in time: see `Bounds`. One that is not is tried
once more, since a hiccup is no limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10, sqrt

import anyio

from smppcast.load.generator import Load
from smppcast.load.result import Result

__all__ = ["Bounds", "Limit", "Ramp", "Step", "find_limit"]

# What may be left unsent at a step's end: what has just fallen due waits for room for a moment.
UNSENT_MOST = 0.05

_LEAST_PER_S = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rate has to stay within to be held.

    Args:
        latency_s: 99 of 100 responses come within that time of when their message was due.
        errors: the share of messages sent, from 0 to 1, that are not accepted.
    """

    latency_s: float
    errors: float

    def broken(self, result: Result) -> str:
        """Why the rate of a result was not held; "" where it was."""
        whys = []
        if result.stopped:
            whys.append(result.stopped)
        if result.errors > self.errors:
            whys.append(f"{_share(result.errors)} errors{_named(result)}, above {_share(self.errors)}")
        p99 = result.measured.latency.percentile(99)
        if p99 > self.latency_s:
            whys.append(f"p99 of responses {p99 * 1e3:,.1f} ms, above {self.latency_s * 1e3:,.1f} ms")
        due = result.measured.sent + result.unsent
        if not result.stopped and result.unsent > due * UNSENT_MOST:
            whys.append(f"{result.unsent:,} of {due:,} not sent, since the windows were full")
        return "; ".join(whys)


@dataclass(frozen=True, slots=True)
class Step:
    """A rate that was tried; `broken` says why it was not held, "" where it was."""

    per_s: float
    result: Result
    broken: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What a search found.

    Attributes:
        held: the highest rate that was held; None where none was.
        failed: the lowest that was not; None where all were.
    """

    steps: list[Step]

    @property
    def held(self) -> Step | None:
        return max((step for step in self.steps if not step.broken), key=_rate, default=None)

    @property
    def failed(self) -> Step | None:
        held = self.held.per_s if self.held else 0.0
        above = (step for step in self.steps if step.broken and step.per_s > held)
        return min(above, key=_rate, default=None)


class Ramp:
    """Which rate to try next.

    Args:
        first_per_s: the first one.
        precision: the search ends when held and not held are no further apart than by that share, 0.02
            at least.

    Attributes:
        per_s: the rate to try; None when the search is over.
    """

    def __init__(self, first_per_s: float, precision: float) -> None:
        self.per_s: float | None = first_per_s
        self._precision = max(precision, 0.02)
        self._held: float | None = None
        self._failed: float | None = None

    def tell(self, held: bool) -> None:
        """Says whether `per_s` was held."""
        if held:
            self._held = self.per_s
        else:
            self._failed = self.per_s
        self.per_s = self._next()

    def _next(self) -> float | None:
        held, failed = self._held, self._failed
        if held is None:
            return failed / 2 if failed is not None and failed / 2 >= _LEAST_PER_S else None
        if failed is None:
            return held * 2
        if failed <= held * (1 + self._precision):
            return None
        between = sqrt(held * failed)
        return round(between, 2 - floor(log10(between)))  # three digits are as many as it is worth


async def find_limit(
    load: Load,
    ramp: Ramp,
    bounds: Bounds,
    *,
    step_s: float,
    wait_s: float,
    pause_s: float,
    told: Callable[[Step], object] = lambda _: None,
) -> Limit:
    """Tries the rates of a ramp, until it is over or the load is stopped.

    Args:
        step_s: how long each rate is sent; `wait_s` as in `Load.run`.
        pause_s: between two of them, since an SMSC that counts by the second remembers the last one.
        told: called after each.
    """
    limit = Limit([])
    again = False
    while ramp.per_s is not None:
        per_s = ramp.per_s
        result = await load.run(per_s, step_s, wait_s)
        if load.stopping:
            break  # half a step says nothing
        step = Step(per_s, result, bounds.broken(result))
        limit.steps.append(step)
        told(step)
        again = bool(step.broken) and not again
        if not again:
            ramp.tell(not step.broken)
        if result.stopped:
            break
        await anyio.sleep(pause_s)
    return limit


def _rate(step: Step) -> float:
    return step.per_s


def _share(share: float) -> str:
    return f"{share * 100:.3g}%"


def _named(result: Result) -> str:
    """The errors by name, most first."""
    sent = result.measured.sent
    parts = [(name, count) for name, count in result.statuses.items() if name != "ESME_ROK"]
    if result.unknown:
        parts.append(("unanswered", result.unknown))
    named = (f"{name} {_share(count / sent)}" for name, count in parts)
    return f" ({', '.join(named)})" if parts else ""
