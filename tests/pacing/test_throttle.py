"""Pauses after throttles."""

from __future__ import annotations

from smppcast.pacing.throttle import Throttle


def test_one_window_full_of_throttles_is_one_pause() -> None:
    throttle = Throttle(first_s=0.1)
    assert throttle.throttled(10, 1.0) == 1.1
    assert throttle.throttled(40, 1.05) == 1.1
    assert throttle.count == 50


def test_throttles_in_a_row_double_the_pause_up_to_its_most() -> None:
    throttle = Throttle(first_s=0.1, most_s=0.4)
    now, pauses = 0.0, []
    for _ in range(5):
        until = throttle.throttled(1, now)
        pauses.append(round(until - now, 6))
        now = until + 0.01
    assert pauses == [0.1, 0.2, 0.4, 0.4, 0.4]


def test_after_quiet_the_first_pause_is_short_again() -> None:
    throttle = Throttle(first_s=0.1, settled_s=2.0)
    throttle.throttled(1, 0.0)
    throttle.throttled(1, 0.2)
    assert throttle.throttled(1, 10.0) == 10.1
