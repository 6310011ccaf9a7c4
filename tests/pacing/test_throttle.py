"""The rate after throttles, and pauses in trouble."""

from __future__ import annotations

import pytest

from smppcast.pacing.budget import Budget
from smppcast.pacing.throttle import Pause, Throttle


def test_one_window_full_of_throttles_is_one_fall() -> None:
    throttle = Throttle(1_000)
    until = throttle.throttled(10, 1.0)
    lowered = throttle.per_s
    assert throttle.throttled(40, 1.05) == until > 1.05
    assert throttle.per_s == lowered
    assert throttle.count == 50


def test_a_rate_falls_to_just_under_what_was_accepted() -> None:
    throttle = Throttle(1_000)
    for step in range(200):
        throttle.accepted(8, step / 100)
    throttle.throttled(1, 2.0)
    assert throttle.per_s is not None
    assert 700 < throttle.per_s < 800


def test_it_climbs_back_to_its_ceiling_and_no_further() -> None:
    throttle = Throttle(1_000)
    throttle.throttled(1, 0.0)
    assert throttle.per_s is not None
    assert throttle.per_s < 1_000
    for second in range(1, 60):
        throttle.climb(float(second))
    assert throttle.per_s == 1_000


def test_a_rate_never_falls_below_one_a_second() -> None:
    throttle = Throttle(2.0)
    for second in range(20):
        throttle.throttled(1, float(second))
    assert throttle.per_s == 1.0


@pytest.mark.parametrize("ceiling", [2_600, None])
@pytest.mark.parametrize("limit", [300, 2_400])
def test_a_lane_above_the_limit_settles_near_it(limit: int, ceiling: float | None) -> None:
    """A simulated second hand: an SMSC with a token bucket, a lane with its budget, a window of 100."""
    throttle, budget = Throttle(ceiling), Budget(ceiling)
    tokens, taken, refused, step_s = float(limit) / 10, 0, 0, 0.005
    for step in range(int(60 / step_s)):
        now = step * step_s
        tokens = min(tokens + limit * step_s, limit / 10)
        throttle.climb(now)
        budget.change(throttle.per_s, now)
        available = budget.available(now)
        sent = 100 if available is None else min(100, available)
        budget.spend(sent, now)
        accepted = min(sent, int(tokens))
        tokens -= accepted
        throttle.accepted(accepted, now)
        if sent > accepted:
            refused += sent - accepted
            budget.pause(throttle.throttled(sent - accepted, now))
        taken += accepted if now > 10 else 0
    assert taken / 50 > 0.85 * limit
    assert refused < 0.05 * 60 * limit + 2_000


def test_pauses_double_up_to_their_most_until_something_is_accepted() -> None:
    pause = Pause(first_s=0.1, most_s=0.4)
    now, lengths = 0.0, []
    for _ in range(4):
        until = pause.trouble(now)
        assert pause.trouble(now) == until
        lengths.append(round(until - now, 6))
        now = until
    assert lengths == [0.1, 0.2, 0.4, 0.4]
    pause.over()
    assert round(pause.trouble(now) - now, 6) == 0.1
