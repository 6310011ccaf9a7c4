"""The rate that is found, against simulated SMSCs in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

import pytest

from smppcast.pacing.adaptive import START_PER_S, AdaptiveRate
from smppcast.pacing.budget import Budget

TICK_S = 0.001


@dataclass
class World:
    """A lane at an SMSC, a millisecond at a time.

    Args:
        serve: takes (now, submits) and returns how many were accepted, after how long all are
            answered, and congestion_state or -1.
        window: submits that may be unanswered.
    """

    rate: AdaptiveRate
    serve: Callable[[float, int], tuple[int, float, int]]
    window: int = 1_000
    now: float = 0.0
    accepted: int = 0
    throttled: int = 0
    answered: list[int] = field(default_factory=list)  # acceptances a second
    states: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        rate, budget = self.rate, Budget(self.rate.per_s)
        flying: list[tuple[float, float, int, int, int]] = []
        in_flight = 0
        for _ in range(round(seconds / TICK_S)):
            now = self.now = self.now + TICK_S
            while flying and flying[0][0] <= now:
                _, began, taken, refused, state = heappop(flying)
                in_flight -= taken + refused
                rate.accepted(taken, now)
                rate.latency(now - began, now)
                self._note(now, taken, refused, state, now - began)
                if state >= 0:
                    rate.congestion(state, now)
                if refused:
                    budget.pause(rate.throttled(refused, now))
            rate.step(now)
            if rate.per_s != budget.per_s:
                budget.change(rate.per_s, now)
            available = budget.available(now)
            count = min(self.window - in_flight, 512 if available is None else available, 512)
            if count > 0:
                budget.spend(count, now)
                rate.sent(count)
                taken, latency_s, state = self.serve(now, count)
                in_flight += count
                heappush(flying, (now + latency_s, now, taken, count - taken, state))

    def _note(self, now: float, taken: int, refused: int, state: int, latency_s: float) -> None:
        self.accepted += taken
        self.throttled += refused
        while len(self.answered) <= int(now):
            self.answered.append(0)
        self.answered[int(now)] += taken
        self.states.append(state)
        self.latencies.append(latency_s)

    def means(self, start: int, end: int) -> list[float]:
        """Acceptances a second over each five seconds in a row."""
        return [sum(self.answered[at : at + 5]) / 5 for at in range(start, end - 4)]


class Bucket:
    """Throttles what is above its limit, which may change: (from when, limit)."""

    def __init__(self, *limits: tuple[float, float], latency_s: float = 0.002) -> None:
        self.limits, self.latency_s = limits, latency_s
        self.tokens, self.at = limits[0][1] / 10, 0.0

    def __call__(self, now: float, count: int) -> tuple[int, float, int]:
        limit = [limit for since, limit in self.limits if since <= now][-1]
        self.tokens = min(self.tokens + (now - self.at) * limit, limit / 10)
        self.at = now
        taken = min(count, int(self.tokens))
        self.tokens -= taken
        return taken, self.latency_s, -1


def within(means: Iterable[float], limit: float, share: float = 0.05) -> bool:
    return all(abs(mean - limit) <= share * limit for mean in means)


@pytest.mark.parametrize("latency_s", [0.002, 0.05])
@pytest.mark.parametrize("limit", [300, 3_000, 30_000])
def test_a_hidden_limit_is_found_and_kept(limit: int, latency_s: float) -> None:
    world = World(
        AdaptiveRate(None, grows=True), Bucket((0, limit), latency_s=latency_s), window=max(100, limit // 5)
    )
    world.run(60)
    assert within(world.means(10, 60), limit), world.means(10, 60)
    assert world.throttled < 0.01 * (world.accepted + world.throttled)


@pytest.mark.parametrize("limits", [(3_000, 1_500, 3_000), (400, 200, 400), (8_000, 4_000, 8_000)])
def test_it_follows_a_limit_that_halves_and_doubles(limits: Sequence[int]) -> None:
    first, second, third = limits
    world = World(AdaptiveRate(None, grows=True), Bucket((0, first), (25, second), (45, third)))
    world.run(70)
    for limit, start, end in ((first, 10, 25), (second, 28, 45), (third, 52, 70)):
        assert within(world.means(start, end), limit), (limit, world.means(start, end))
    assert world.throttled < 0.01 * (world.accepted + world.throttled)


def test_congestion_state_is_steered_for_its_optimum_without_a_throttle() -> None:
    """What the state says follows the load with a second's delay."""
    load = before = 0.0

    def serve(now: float, count: int) -> tuple[int, float, int]:
        nonlocal load, before
        load += count - load * (1 - 0.368 ** (now - before))
        before = now
        return count, 0.005, min(100, round(100 * load / 2_000))

    world = World(AdaptiveRate(None, grows=True), serve)
    world.run(60)
    late = [state for state, _ in zip(world.states[::-1], range(len(world.states) // 2), strict=False)]
    assert min(late) >= 75
    assert max(late) <= 92
    assert world.throttled == 0


def test_a_queue_at_the_smsc_shows_in_its_latency() -> None:
    """It never throttles: it takes 1,000 a second, and lets the others wait."""
    free_at = 0.0

    def serve(now: float, count: int) -> tuple[int, float, int]:
        nonlocal free_at
        free_at = max(now, free_at) + count / 1_000
        return count, free_at - now + 0.005, -1

    world = World(AdaptiveRate(None, grows=True), serve, window=2_000)
    world.run(60)
    means = world.means(15, 60)
    assert min(means) > 850
    late = sorted(world.latencies[len(world.latencies) // 2 :])
    assert late[len(late) // 2] < 0.25  # a window of 2,000 would wait two seconds


def test_answers_that_take_their_time_at_any_rate_do_not_hold_it_down() -> None:
    random = Random(1)
    world = World(
        AdaptiveRate(2_000, grows=True), lambda _, count: (count, random.expovariate(20), -1), window=5_000
    )
    world.run(60)
    assert within(world.means(30, 60), 2_000), world.means(30, 60)


def test_a_rate_grows_only_as_it_is_used() -> None:
    rate = AdaptiveRate(None, grows=True)
    for step in range(400):
        rate.sent(5)  # 20 a second
        rate.step(step / 4)
    assert rate.per_s == START_PER_S


def test_its_bounds_hold() -> None:
    low = AdaptiveRate(1_000, floor=200, grows=True)
    assert low.per_s == 200
    for step in range(100):
        low.throttled(10, step / 2)
    assert low.per_s == 200
    world = World(AdaptiveRate(500, grows=True), lambda _, count: (count, 0.001, -1))
    world.run(10)
    assert world.rate.per_s == 500
    assert max(world.answered) <= 500


def test_one_without_a_limit_has_none_before_it_is_throttled() -> None:
    world = World(AdaptiveRate(None), Bucket((0, 2_000)), window=100)
    assert AdaptiveRate(None).per_s is None
    world.run(30)
    assert within(world.means(10, 30), 2_000), world.means(10, 30)


@pytest.mark.parametrize("ceiling", [2_600, 3_000])
def test_a_fixed_rate_above_the_limit_comes_down_to_it(ceiling: int) -> None:
    world = World(AdaptiveRate(ceiling), Bucket((0, 2_400)), window=100)
    world.run(60)
    assert within(world.means(10, 60), 2_400), world.means(10, 60)
    assert world.throttled < 0.01 * (world.accepted + world.throttled)


def test_a_fixed_rate_is_what_it_starts_with_and_climbs_back_to() -> None:
    world = World(AdaptiveRate(1_000), Bucket((0, 500), (10, 5_000)))
    assert world.rate.per_s == 1_000
    world.run(40)
    assert within(world.means(20, 40), 1_000), world.means(20, 40)


def test_throttles_of_one_window_are_one_sign() -> None:
    rate = AdaptiveRate(1_000)
    rate.latency(0.1, 0.0)
    until = rate.throttled(10, 1.0)
    lowered = rate.per_s
    assert rate.throttled(40, 1.05) == until
    assert (rate.per_s, rate.throttles) == (lowered, 50)


@pytest.mark.parametrize("stalls_s", [0.3, 0.6, 1.0, 2.0])
def test_an_smsc_that_stands_still_for_a_moment_does_not_cost_the_rate(stalls_s: float) -> None:
    over = 10 + stalls_s
    world = World(
        AdaptiveRate(2_000, grows=True),
        lambda now, count: (count, 0.01 + (over - now if 10 <= now < over else 0.0), -1),
        window=100,
    )
    world.run(30)
    assert min(world.answered[12 + round(stalls_s) : 29]) >= 0.2 * 2_000, world.answered
    assert within(world.means(20, 30), 2_000), world.means(20, 30)


def test_a_trial_that_nothing_was_lowered_for_leaves_the_rate_alone() -> None:
    rate, now = AdaptiveRate(1_000, floor=1, grows=True), 0.0
    rate.congestion(85, now)
    for tick in range(1_000):
        now = tick / 100
        if now < 5.1:
            rate.congestion(85, now)  # steered by it, till it is told no more
        rate.latency(0.01 if now < 5 else 0.2, now)
    assert rate.per_s == START_PER_S
