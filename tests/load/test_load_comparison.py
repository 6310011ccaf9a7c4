"""Two results side by side."""

from __future__ import annotations

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"rate_asked_per_s": 200.0}, {"rate_asked_per_s": None}, "rate_asked_per_s: 200.0 before, max now"),
        ({"receipts_asked": False}, {"receipts_asked": True}, "receipts_asked: no before, yes now"),
        ({"text": "Bonjour"}, {"text": "Salut"}, "text: Bonjour before, Salut now"),
        ({"smpp": "3.4"}, {"smpp": "5.0"}, "smpp: 3.4 before, 5.0 now"),
        ({"duration_asked_s": 10.0}, {"duration_asked_s": 5.0}, "duration_asked_s: 10.0 before, 5.0 now"),
    ],
)
def test_settings_are_told_in_words(before: dict[str, Any], now: dict[str, Any], said: str) -> None:
    assert compared({**OLD, **before}, {**OLD, **now})[1] == [said]


def test_a_truth_is_no_figure() -> None:
    assert compared({**OLD, "sent": True}, {**OLD, "sent": 2})[0] == compared(OLD, OLD)[0]


def test_what_one_of_them_lacks_is_left_out() -> None:
    assert compared({}, OLD) == ([], [])
