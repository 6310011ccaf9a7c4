"""A result of `smppcast bench` as one HTML file with plots."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

from smppcast import plots
from smppcast.load.histogram import Histogram
from smppcast.load.limit import Limit
from smppcast.load.result import Result
from smppcast.plots import BLUE, GREEN, ORANGE, RED, Plot, bars, plot

__all__ = ["page"]


def page(title: str, result: Result, tables: Sequence[Sequence[Sequence[str]]], limit: Limit | None) -> str:
    """The page.

    Args:
        tables: shown above the plots: rows of cells, the first one its head.
        limit: of the search that the result is the best of.

    Raises:
        UsageError: the library that draws is not installed.
    """
    figures = [_over_time(result), _percentiles(result), _statuses(result)]
    if limit is not None:
        figures.insert(0, _steps(limit))
    return plots.page(title, tables, figures)


# --- the plots ----------------------------------------------------------------------------


def _over_time(result: Result) -> Plot:
    points = result.measured.points
    steps = [(before, after) for before, after in pairwise(points) if after.at_s > before.at_s]
    lines = {"sent": ORANGE, "acknowledged": BLUE}
    if result.measured.receipts:
        lines["receipts"] = GREEN
    data = [
        {
            "type": "scatter",
            "name": name,
            "line": {"color": colour},
            "x": [round(after.at_s, 3) for _, after in steps],
            "y": [
                round((getattr(after, name) - getattr(before, name)) / (after.at_s - before.at_s), 1)
                for before, after in steps
            ],
        }
        for name, colour in lines.items()
    ]
    return plot("Rate over time", {"title": {"text": "seconds"}}, {"title": {"text": "per second"}}, data)


def _percentiles(result: Result) -> dict[str, Any]:
    measured = result.measured
    since = "its write (service time)" if result.service_time else "when it was due"
    data = [_curve("response", measured.latency, BLUE)]
    if not result.service_time:
        data.append(_curve("write", measured.late, ORANGE))
    if measured.receipt_latency.count:
        data.append(_curve("receipt", measured.receipt_latency, GREEN))
    # 1 / (1 - p) on a logarithmic axis: each further nine takes as much room as the one before.
    nines = [(1, "0%"), (2, "50%"), *((10**n, f"{100 - 100 / 10**n:.10g}%") for n in range(1, 9))]
    x = {
        "type": "log",
        "title": {"text": "percentile"},
        "tickvals": [value for value, _ in nines],
        "ticktext": [text for _, text in nines],
    }
    return plot(f"Latency of a message since {since}", x, {"title": {"text": "ms"}}, data)


def _curve(name: str, histogram: Histogram, colour: str) -> dict[str, Any]:
    # 100% lies at infinity: the highest is drawn where one more latency would be beyond it.
    most = max(2.0, 2.0 * histogram.count)
    points = [(min(most, 100 / max(100 - percent, 1e-9)), seconds) for percent, seconds in histogram.curve()]
    return {
        "type": "scatter",
        "name": name,
        "line": {"color": colour},
        "x": [x for x, _ in points],
        "y": [round(seconds * 1e3, 3) for _, seconds in points],
    }


def _statuses(result: Result) -> Plot:
    counts = dict(result.statuses)
    if result.unknown:
        counts["no answer"] = result.unknown
    return bars("Statuses", "answers", counts, [BLUE if name == "ESME_ROK" else RED for name in counts])


def _steps(limit: Limit) -> dict[str, Any]:
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "marker": {"color": colour, "size": 10, "symbol": symbol},
            "x": [step.per_s for step in steps],
            "y": [round(step.result.measured.latency.percentile(99) * 1e3, 3) for step in steps],
            "text": [escape(step.broken) for step in steps],
        }
        for name, colour, symbol, steps in (
            ("held", BLUE, "circle", [step for step in limit.steps if not step.broken]),
            ("not held", RED, "x", [step for step in limit.steps if step.broken]),
        )
    ]
    x, y = {"title": {"text": "asked per second"}}, {"title": {"text": "p99 of responses, ms"}}
    return plot("Rates tried", x, y, data)
