"""The budget: never above its rate in any second, and close to it."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.pacing.budget import Budget


def run(budget: Budget, times: list[float], wish: int = 10_000) -> list[tuple[float, int]]:
    grants = []
    for now in times:
        available = budget.available(now)
        count = wish if available is None else min(wish, available)
        budget.spend(count, now)
        grants.append((now, count))
    return grants


def most_in_a_second(grants: list[tuple[float, int]]) -> int:
    most = begin = total = 0
    for now, count in grants:
        total += count
        while grants[begin][0] <= now - 1.0:
            total -= grants[begin][1]
            begin += 1
        most = max(most, total)
    return most


@given(
    st.sampled_from([0.5, 1, 3, 10, 99.5, 500, 5_000, 20_000]),
    st.lists(st.floats(0.0001, 3.0), min_size=1, max_size=200),
)
def test_no_second_holds_more_than_the_rate_whatever_the_stalls(rate: float, gaps: list[float]) -> None:
    times, now = [], 0.0
    for gap in gaps:
        now += gap
        times.append(now)
    assert most_in_a_second(run(Budget(rate), times)) <= ceil(rate)


@pytest.mark.parametrize("rate", [1, 10, 500, 5_000, 20_000])
def test_a_steady_taker_gets_the_rate(rate: int) -> None:
    budget, now, got = Budget(rate), 100.0, 0
    seconds = 60
    while now < 100.0 + seconds:
        got += run(budget, [now])[0][1]
        now += max(budget.wait(now), 0.001)
    assert rate * seconds * 0.99 - 1 <= got <= rate * seconds + rate


def test_a_stall_is_not_caught_up() -> None:
    budget = Budget(1_000)
    times = [step / 100 for step in range(200)] + [5.0 + step / 100 for step in range(100)]
    grants = run(budget, times)
    after = [count for now, count in grants if now >= 5.0]
    assert max(after) <= 50  # a hiccup's worth, and not the 2,990 of the stall
    assert sum(after[:10]) <= 50 + 90
    assert most_in_a_second(grants) <= 1_000


def test_a_hiccup_is_caught_up() -> None:
    """One turn in fifty is 40 ms late, which would cost a sixteenth: hardly any is lost, and no second has
    more than the rate."""
    budget, now, times = Budget(1_000), 0.0, []
    for turn in range(2_000):
        times.append(now)
        now += 0.05 if turn % 50 == 49 else 0.01
    grants = run(budget, times)
    assert sum(count for _, count in grants) >= 0.99 * 1_000 * times[-1]
    assert most_in_a_second(grants) <= 1_000


def test_a_pause_grants_nothing_and_tells_how_long() -> None:
    budget = Budget(100)
    budget.pause(2.0)
    assert budget.available(1.0) == 0
    assert budget.wait(1.0) == 1.0
    assert budget.available(2.0)


def test_no_rate_is_no_limit_but_pauses_hold() -> None:
    budget = Budget(None)
    assert budget.available(0.0) is None
    assert budget.wait(0.0) == 0.0
    budget.pause(1.0)
    assert budget.available(0.5) == 0


def test_a_lowered_rate_holds_at_once() -> None:
    budget = Budget(1_000)
    run(budget, [step / 100 for step in range(100)])
    budget.change(10, 1.0)
    assert budget.available(1.0) == 0
    assert sum(count for _, count in run(budget, [2.0 + step / 100 for step in range(100)])) <= 10
