"""The budget under random stalls, demand and changes: no second above the rate, measured at the writes."""

from __future__ import annotations

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from smppcast.pacing.budget import Budget

RATES = st.one_of(st.floats(0.2, 50), st.floats(50, 30_000))
# Turns of a loop at work, hiccups, and stalls.
GAPS = st.one_of(st.floats(0.0, 0.002), st.floats(0.002, 0.05), st.floats(0.05, 5.0))
DEMAND = st.one_of(st.integers(0, 20), st.just(10**6))


def most_in_a_second(writes: list[tuple[float, int]]) -> int:
    """The most PDUs in any window of one second, whenever it begins."""
    most = begin = total = 0
    for now, count in writes:
        total += count
        while writes[begin][0] <= now - 1.0:
            total -= writes[begin][1]
            begin += 1
        most = max(most, total)
    return most


def written(budget: Budget, now: float, wish: int, binds: int = 1) -> int:
    """What several binds write in turn at one moment."""
    total = 0
    for _ in range(binds):
        available = budget.available(now)
        assert available is not None
        count = min(wish, available)
        budget.spend(count, now)
        total += count
    return total


@given(RATES, st.integers(1, 5), st.lists(st.tuples(GAPS, DEMAND), min_size=1, max_size=400))
def test_no_second_has_more_than_the_rate(rate: float, binds: int, steps: list[tuple[float, int]]) -> None:
    budget, now, writes = Budget(rate), 1_000.0, []
    for gap, wish in steps:
        now += gap
        writes.append((now, written(budget, now, wish, binds)))
    assert most_in_a_second(writes) <= ceil(rate)


@given(
    RATES,
    st.lists(st.tuples(GAPS, DEMAND, st.sampled_from([0, 0.0005, 0.02, 0.3])), min_size=1, max_size=400),
)
def test_no_second_has_more_however_long_after_its_grant_a_write_comes(
    rate: float, steps: list[tuple[float, int, float]]
) -> None:
    budget, now, writes = Budget(rate), 1_000.0, []
    for gap, wish, delay in steps:
        now += gap
        count = written(budget, now, wish, binds=2)  # both grants in one write
        now += delay
        budget.written(now)
        writes.append((now, count))
    assert most_in_a_second(writes) <= ceil(rate)


@given(st.lists(st.tuples(GAPS, DEMAND, st.one_of(st.none(), RATES)), min_size=1, max_size=300))
def test_no_second_has_more_than_the_highest_rate_that_it_saw(
    steps: list[tuple[float, int, float | None]],
) -> None:
    budget, now, rate = Budget(100.0), 1_000.0, 100.0
    writes: list[tuple[float, int]] = []
    rates: list[tuple[float, float]] = [(now, rate)]  # from when on
    for gap, wish, change in steps:
        now += gap
        if change is not None:
            budget.change(change, now)
            rates.append((now, change))
            rate = change
        count = written(budget, now, wish)
        writes.append((now, count))
        before = [each for at, each in rates if at <= now - 1.0][-1:]
        allowed = max(before + [each for at, each in rates if at > now - 1.0])
        assert sum(each for at, each in writes if at > now - 1.0) <= ceil(allowed)
        # And what is granted at a lowered rate keeps to that at once.
        assert not count or sum(each for at, each in writes if at > now - 1.0) <= ceil(rate)


@given(st.floats(20, 30_000), st.lists(st.floats(0.0, 0.007), min_size=50, max_size=50))
def test_the_rate_is_reached_within_a_percent_by_a_loop_that_wakes_late(
    rate: float, lateness: list[float]
) -> None:
    """By less than a slice: no second may be above the rate, so where the turns of the loop are coarser, what
    the last turn of a second has not room for is lost."""
    budget, now, got, began = Budget(rate), 1_000.0, 0, 1_000.0
    turn = 0
    while now < began + 10.0:
        got += written(budget, now, 10**6)
        now += 0.0005
        budget.written(now)
        now += budget.wait(now) + lateness[turn % len(lateness)]
        turn += 1
    assert got >= 0.99 * rate * (now - began) - 2


@given(RATES, GAPS)
def test_a_wait_is_neither_in_vain_nor_too_long(rate: float, gap: float) -> None:
    budget, now = Budget(rate), 1_000.0
    for _ in range(20):
        written(budget, now, 10**6)
        wait = budget.wait(now)
        assert 0 < wait <= max(1.0, 1.0 / rate) + 1e-6
        now += wait + gap
