"""The highest rate that an SMSC holds: doubled while it does, then halved between held and not held.

A rate is held when all of it was sent and answered in time: see `Bounds`. A near miss may be a hiccup,
which is no limit: then the best of three tells. What is found is tried again at the end, since one pass
may be luck. Before each try comes a lead that is not judged (`Load.lead`): what an SMSC lets through in
a burst it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10, sqrt

from smppcast.load.generator import STOPPED, Load
from smppcast.load.result import Result

__all__ = ["Bounds", "Limit", "Ramp", "Step", "find_limit"]

# What may be left unsent at a step's end, or one message: what has just fallen due waits for room for a
# moment. More would be a queue that grows, and less than the precision of a search.
UNSENT_MOST = 0.02

# A near miss: so many times the latency and the unsent messages, and so many more errors. What a hiccup of
# a tenth of a second throttles of a step of some seconds is less.
NEAR_TIMES, NEAR_ERRORS = 2, 0.02

_LEAST_PER_S = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rate has to stay within to be held.

    Args:
        latency_s: 99 of 100 responses come within that time of when their message was due.
        errors: the share of messages sent, from 0 to 1, that are not accepted.
        unsent: the share of messages due that may be left unsent.
    """

    latency_s: float
    errors: float
    unsent: float = UNSENT_MOST

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
        if not result.stopped and result.unsent > max(1, due * self.unsent):
            whys.append(f"{result.unsent:,} of {due:,} not sent, since the windows were full")
        return "; ".join(whys)

    def decided(self, tries: Sequence[Step]) -> bool | None:
        """Whether a rate is held, by the tries of it so far; None where another one has to tell."""
        if not tries:
            return None
        if not tries[0].broken:
            return True
        if len(tries) == 1:
            return None if self._near(tries[0].result) else False
        held = sum(not step.broken for step in tries)
        return held > 1 if max(held, len(tries) - held) > 1 else None

    def _near(self, result: Result) -> bool:
        wider = Bounds(self.latency_s * NEAR_TIMES, self.errors + NEAR_ERRORS, self.unsent * NEAR_TIMES)
        return not wider.broken(result)


@dataclass(frozen=True, slots=True)
class Step:
    """A rate that was tried; `broken` says why it was not held, "" where it was."""

    per_s: float
    result: Result
    broken: str


@dataclass(slots=True)
class Limit:
    """What a search found so far.

    Attributes:
        stopped: why it was not finished; "" where it was.
        held: the last try of the highest rate that was held, by most of its tries; None where none was.
        failed: of the lowest above it that was not; None where all were.
    """

    steps: list[Step]
    stopped: str = ""

    @property
    def held(self) -> Step | None:
        tries: dict[float, int] = {}
        for step in self.steps:
            tries[step.per_s] = tries.get(step.per_s, 0) + (-1 if step.broken else 1)
        held = (step for step in reversed(self.steps) if not step.broken and tries[step.per_s] > 0)
        return max(held, key=_rate, default=None)

    @property
    def failed(self) -> Step | None:
        held = self.held.per_s if self.held else 0.0
        above = (step for step in self.steps if step.broken and step.per_s > held)
        return min(above, key=_rate, default=None)


class Ramp:
    """Which rate to try next; the one that is found comes twice.

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
        self._held: list[float] = []  # rising
        self._failed: float | None = None
        self._confirmed = False

    def tell(self, held: bool) -> None:
        """Says whether `per_s` was held."""
        assert self.per_s is not None  # noqa: S101 - the search is over
        if not held:
            self._failed = self.per_s
            self._held = [each for each in self._held if each < self.per_s]
        elif self.per_s in self._held:
            self._confirmed = True
        else:
            self._held.append(self.per_s)
        self.per_s = self._next()

    def _next(self) -> float | None:
        failed = self._failed
        if not self._held:
            return failed / 2 if failed is not None and failed / 2 >= _LEAST_PER_S else None
        held = self._held[-1]
        if failed is None:
            return held * 2
        if failed <= held * (1 + self._precision):
            return None if self._confirmed else held
        between = sqrt(held * failed)
        return round(between, 2 - floor(log10(between)))  # three digits are as many as it is worth


async def find_limit(
    load: Load,
    limit: Limit,
    ramp: Ramp,
    bounds: Bounds,
    *,
    step_s: float,
    wait_s: float,
    lead_s: float,
    told: Callable[[Step], object] = lambda _: None,
) -> None:
    """Tries the rates of a ramp, until it is over or the load is stopped.

    Cancelling is safe: `limit` then has what was found until then, as stopped.

    Args:
        step_s: how long each rate is sent; `wait_s` as in `Load.run`.
        lead_s: how long the lead before it takes; a second, since an SMSC that counts by the second
            remembers the last one.
        told: called after each.
    """
    limit.stopped = STOPPED
    while ramp.per_s is not None:
        tries: list[Step] = []
        while (held := bounds.decided(tries)) is None:
            await load.lead(ramp.per_s, lead_s, bounds.latency_s, wait_s)
            if load.stopping:
                return
            result = await load.run(ramp.per_s, step_s, wait_s)
            if result.stopped == STOPPED:
                return  # half a step says nothing
            tries.append(Step(ramp.per_s, result, bounds.broken(result)))
            limit.steps.append(tries[-1])
            told(tries[-1])
            if result.stopped and not result.measured.acknowledged:
                limit.stopped = result.stopped
                return
        ramp.tell(held)
    limit.stopped = ""


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
