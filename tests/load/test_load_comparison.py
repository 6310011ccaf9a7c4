"""Two results side by side."""

from __future__ import annotations

from typing import Any

from smppcast.load import Compared, compared

OLD: dict[str, Any] = {
    "rate_per_s": 1000.0,
    "throttled": 0,
    "latency_ms": {"p50": 10.0, "p99": 40.0},
    "receipt_latency_ms": None,
    "window": 10,
    "binds": 1,
}


def test_figures_become_ratios() -> None:
    new = {**OLD, "rate_per_s": 1500.0, "throttled": 3, "latency_ms": {"p50": 5.0, "p99": 60.0, "max": 70.0}}

    figures, differing = compared(OLD, new)

    assert figures == [
        Compared("rate_per_s", 1000.0, 1500.0),
        Compared("throttled", 0.0, 3.0),
        Compared("latency_ms p50", 10.0, 5.0),
        Compared("latency_ms p99", 40.0, 60.0),
    ]
    assert [figure.ratio for figure in figures] == [1.5, None, 0.5, 1.5]
    assert differing == []


def test_what_was_set_differently_is_told() -> None:
    assert compared(OLD, {**OLD, "window": 100})[1] == ["window: 10 before, 100 now"]


def test_what_one_of_them_lacks_is_left_out() -> None:
    assert compared({}, OLD) == ([], [])
