"""Latencies as counts, beside the exact values and beside HdrHistogram itself."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smppcast.load import PERCENTILES, Histogram

HOUR_S = 3600.0
MICROSECONDS = st.lists(st.tuples(st.integers(0, 3_600_000_000), st.integers(1, 50)), min_size=1, max_size=50)


def filled(latencies: list[tuple[int, int]]) -> Histogram:
    histogram = Histogram()
    for us, count in latencies:
        histogram.record(us / 1e6, count)
    return histogram


def test_an_empty_one() -> None:
    empty = Histogram()

    assert (empty.count, empty.max_s, empty.mean_s, empty.percentile(99)) == (0, 0, 0, 0)
    assert empty.curve() == []


@settings(max_examples=20)
@given(MICROSECONDS, st.sampled_from((0.0, *PERCENTILES, 100.0)))
@example([(2047, 1), (2048, 1), (2049, 1)], 50.0)
def test_a_percentile_is_within_a_thousandth(latencies: list[tuple[int, int]], percent: float) -> None:
    histogram = filled(latencies)
    values = sorted(us for us, count in latencies for _ in range(count))
    exact = values[min(max(1, int(percent / 100 * len(values) + 0.5)), len(values)) - 1]

    assert exact <= histogram.percentile(percent) * 1e6 + 1e-3
    assert histogram.percentile(percent) * 1e6 <= exact * 1.001 + 1e-3
    assert histogram.percentile(100) == histogram.max_s == values[-1] / 1e6
    assert histogram.count == len(values)
    assert histogram.mean_s * 1e6 == pytest.approx(sum(values) / len(values))


@settings(max_examples=20)
@given(MICROSECONDS)
def test_the_curve_rises_to_the_highest(latencies: list[tuple[int, int]]) -> None:
    histogram = filled(latencies)
    curve = histogram.curve()

    assert curve == sorted(curve)
    assert curve[0] == (0.0, histogram.percentile(0))
    assert curve[-1] == (100.0, histogram.max_s)
    for percent, seconds in curve:
        assert seconds == histogram.percentile(percent)


def test_what_is_out_of_range_counts_at_its_end() -> None:
    histogram = Histogram()
    histogram.record(-0.001)
    histogram.record(2 * HOUR_S)

    assert histogram.percentile(50) == 0
    assert histogram.percentile(99) == pytest.approx(HOUR_S, rel=0.001)
    assert histogram.max_s == 2 * HOUR_S


@pytest.fixture(scope="module")
def oracle() -> Any:
    try:
        return importlib.import_module("hdrh.histogram").HdrHistogram
    except ImportError:
        assert os.environ.get("CI") != "true", "hdrhistogram belongs to what CI installs"
        pytest.skip("hdrhistogram is not installed: it has no wheel for every machine")


@settings(max_examples=20)
@given(latencies=MICROSECONDS)
def test_percentiles_are_those_of_hdrhistogram(oracle: Any, latencies: list[tuple[int, int]]) -> None:
    hdr, histogram = oracle(1, 3_600_000_000, 3), filled(latencies)
    for us, count in latencies:
        hdr.record_value(us, count)

    for percent in PERCENTILES:
        highest = hdr.get_highest_equivalent_value(hdr.get_value_at_percentile(percent))
        assert histogram.percentile(percent) * 1e6 == pytest.approx(min(highest, histogram.max_s * 1e6))
