"""A rate of the last second."""

from __future__ import annotations

import pytest

from smppcast.pacing.meter import Meter


def test_a_steady_flow_is_told_and_forgotten_a_second_after_it_ended() -> None:
    meter = Meter()
    assert meter.per_s(5.0) == 0
    for step in range(1_000):
        meter.add(3, 5.005 + step / 100)
    assert meter.per_s(15.0) == pytest.approx(300)
    assert meter.per_s(15.55) == pytest.approx(150)
    assert meter.per_s(16.2) == 0


def test_what_is_under_way_does_not_count_yet() -> None:
    meter = Meter()
    meter.add(50, 5.05)
    assert meter.per_s(5.09) == 0
    assert meter.per_s(5.11) == 50
