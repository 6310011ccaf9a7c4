"""Rates and durations as the progress shows them."""

from __future__ import annotations

import pytest

from smppcast.cli.progress import Meter, duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (3540, "59 min"),
        (3600, "1 h 0 min"),
        (20400, "5 h 40 min"),
    ],
)
def test_durations_are_read_at_a_glance(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_rate_is_that_of_the_last_seconds() -> None:
    meter = Meter()

    assert meter.add(0.0, 100) == 0
    assert meter.add(1.0, 300) == 200
    assert meter.add(4.0, 300) == 50
    assert [meter.add(float(second), 300) for second in range(5, 10)][-1] == 0
    assert meter.add(100.0, 1300) == pytest.approx(1000 / 91)
