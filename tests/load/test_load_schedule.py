"""When messages are due: arithmetic alone, whatever was sent when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.load.schedule import AHEAD_S, AT_ONCE, Schedule


@given(st.floats(0.5, 1e6), st.floats(0.1, 100), st.floats(0, 1))
def test_as_many_are_due_as_the_rate_says(per_s: float, duration_s: float, part: float) -> None:
    schedule = Schedule(per_s, 1000.0, duration_s)
    elapsed = duration_s * part

    due = schedule.due(1000.0 + elapsed)

    assert due == pytest.approx(min((elapsed + AHEAD_S) * per_s, per_s * duration_s), abs=1.01)
    assert schedule.due(1000.0 + duration_s) == schedule.total == max(1, int(per_s * duration_s + 1e-6))
    assert schedule.due(1e9) == schedule.total


def test_latencies_count_from_when_messages_were_due() -> None:
    schedule = Schedule(100.0, 10.0, 5.0)

    assert schedule.times(0, 3, 10.0) == [10.0] * 3  # ahead of time: from now
    assert schedule.times(1, 5, 10.035) == pytest.approx([10.01, 10.02, 10.03, 10.035, 10.035])
    assert schedule.times(1, 2, 11.0) == pytest.approx([10.01, 10.02])
    assert Schedule(None, 10.0, 5.0).times(7, 2, 12.5) == [12.5, 12.5]


@given(st.floats(1, 1e5), st.integers(0, 1000), st.integers(1, 100), st.floats(0, 12))
def test_no_latency_counts_from_the_future_or_from_before_it_was_due(
    per_s: float, first: int, count: int, elapsed: float
) -> None:
    schedule, now = Schedule(per_s, 0.0, 10.0), elapsed

    times = schedule.times(first, count, now)

    assert len(times) == count
    for index, time in enumerate(times, first):
        assert time == pytest.approx(min(schedule.time(index), now), abs=1e-9)


def test_without_a_rate_all_is_due_until_the_end() -> None:
    schedule = Schedule(None, 0.0, 5.0)

    assert schedule.due(0.0) == schedule.due(9.0) == AT_ONCE
    assert schedule.wait(10**9, 1.0) == pytest.approx(4.0, abs=0.01)


def test_the_pause_ends_when_the_next_one_is_due() -> None:
    schedule = Schedule(10.0, 0.0, 5.0)

    assert schedule.wait(3, 0.25) == pytest.approx(0.05 - AHEAD_S)
    assert schedule.wait(3, 0.4) == AHEAD_S  # late already
    assert schedule.wait(50, 4.95) == pytest.approx(0.05 - AHEAD_S)  # none left: the end
