"""Windows sized in simulated time: an SMSC that answers after a latency, a budget, some binds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from smppcast.pacing.budget import Budget
from smppcast.pacing.sizing import FIRST, WindowSizer


def run(
    sizer: WindowSizer,
    rate: float | None,
    latency_s: Callable[[], float],
    *,
    binds: int = 1,
    seconds: float = 20.0,
    serves: float = float("inf"),
) -> tuple[float, int]:
    """Returns submits a second over the last half, and the size at the end."""
    budget = Budget(rate)
    flying: list[deque[tuple[float, float, int]]] = [deque() for _ in range(binds)]
    late, free_at, now = 0, 0.0, 0.0
    for _ in range(round(seconds * 1000)):
        now += 0.001
        for queue in flying:
            while queue and queue[0][0] <= now:
                _, began, count = queue.popleft()
                sizer.latency(now - began)
                sizer.accepted(count)
                late += count if now > seconds / 2 else 0
            room = sizer.size - sum(count for *_, count in queue)
            allowed = budget.available(now)
            count = max(0, min(room, 10**6 if allowed is None else allowed))
            if count or room <= 0:
                sizer.asked(held_back=allowed is None or room < allowed)
            if count:
                budget.spend(count, now)
                free_at = max(free_at, now) + count / serves
                queue.append((max(free_at, now + latency_s()), now, count))
        sizer.step(rate, binds, now)
    return late / (seconds / 2), sizer.size


@pytest.mark.parametrize("binds", [1, 2, 10])
def test_a_rate_is_reached_with_little_more_than_littles_window(binds: int) -> None:
    reached, size = run(WindowSizer(1_000), 1_000, lambda: 0.05, binds=binds)
    assert reached == pytest.approx(1_000, rel=0.01)
    assert size * binds <= 1.5 * 1_000 * 0.05 + binds


def test_a_slow_rate_needs_no_window_to_speak_of() -> None:
    reached, size = run(WindowSizer(1_000), 20, lambda: 0.01)
    assert reached == pytest.approx(20, rel=0.02)
    assert size <= 2


def test_latencies_that_vary_get_the_room_that_they_need() -> None:
    random = Random(1)
    reached, size = run(WindowSizer(1_000), 1_000, lambda: random.uniform(0, 0.2))
    assert reached == pytest.approx(1_000, rel=0.02)
    assert size <= 300


def test_its_ceiling_holds() -> None:
    reached, size = run(WindowSizer(20), 1_000, lambda: 0.05)
    assert size == 20
    assert reached == pytest.approx(400, rel=0.06)


def test_without_a_rate_it_grows_as_long_as_that_brings_something() -> None:
    reached, size = run(WindowSizer(5_000), None, lambda: 0.05, serves=2_000)
    assert reached == pytest.approx(2_000, rel=0.05)
    assert 100 <= size < 1_000


def test_it_begins_with_what_the_specification_suggests() -> None:
    assert WindowSizer(1_000).size == FIRST
    assert WindowSizer(3).size == 3
    assert not WindowSizer(3).step(None, 1, 1.0)


@pytest.mark.parametrize("serves", [200, 2_000])
def test_without_a_rate_it_stays_where_more_brings_nothing(serves: int) -> None:
    reached, size = run(WindowSizer(5_000), None, lambda: 0.05, serves=serves, seconds=120)
    assert reached == pytest.approx(serves, rel=0.05)
    assert size <= 6 * serves * 0.05


def test_without_a_rate_it_follows_a_latency_that_rises() -> None:
    batches = count()
    reached, _ = run(
        WindowSizer(5_000), None, lambda: 0.05 if next(batches) < 150 else 0.2, serves=2_000, seconds=60
    )
    assert reached == pytest.approx(2_000, rel=0.05)
