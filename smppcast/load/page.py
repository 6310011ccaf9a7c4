"""A result as one HTML file with plots, which needs no network: what draws them lies in it (5 MB)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from smppcast.errors import UsageError
from smppcast.load.histogram import Histogram
from smppcast.load.limit import Limit
from smppcast.load.result import Result

__all__ = ["need_plots", "page"]

# Told apart by whoever sees no red or no green (Okabe and Ito).
_BLUE, _ORANGE, _GREEN, _RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
_LAYOUT = {
    "font": {"family": "system-ui, sans-serif"},
    "margin": {"l": 70, "r": 20, "t": 50, "b": 50},
    "height": 380,
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    "hovermode": "x unified",
}
# The bar of buttons has one that would send the plot to a service.
_CONFIG = {"displayModeBar": False, "responsive": True}
_GRID = {"gridcolor": "#e5e5e5", "zerolinecolor": "#cccccc"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: white; max-width: 960px;
       margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .2rem 1rem .2rem 0; text-align: right; font-variant-numeric: tabular-nums; }
td:first-child, th:first-child { text-align: left; }
.note { color: #555; }
"""


def need_plots() -> None:
    """Does nothing where plots can be drawn.

    Raises:
        UsageError: the library is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise UsageError("plots need a library that is not installed: pip install 'smppcast[report]'")


def page(title: str, result: Result, tables: Sequence[Sequence[Sequence[str]]], limit: Limit | None) -> str:
    """The page.

    Args:
        tables: shown above the plots: rows of cells, the first one its head.
        limit: of the search that the result is the best of.

    Raises:
        UsageError: as `need_plots`.
    """
    need_plots()
    plots = [_over_time(result), _percentiles(result), _statuses(result)]
    if limit is not None:
        plots.insert(0, _steps(limit))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *map(_table, tables),
            *(_drawn(plot, first=at == 0) for at, plot in enumerate(plots)),
            "</body></html>",
        ]
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = ["<table><thead><tr>", *(f"<th>{escape(cell)}</th>" for cell in head), "</tr></thead><tbody>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "".join([*lines, "</tbody></table>"])


def _drawn(plot: Mapping[str, Any], *, first: bool) -> str:
    from plotly.io import to_html  # noqa: PLC0415 - an extra, and slow to import

    # The first one brings the library that draws the others as well.
    html: str = to_html(plot, _CONFIG, include_plotlyjs=first, full_html=False, validate=False)
    return html


def _plot(
    title: str, x: Mapping[str, Any], y: Mapping[str, Any], data: list[dict[str, Any]]
) -> dict[str, Any]:
    axes = {"xaxis": {**_GRID, **x}, "yaxis": {**_GRID, "rangemode": "tozero", **y}}
    return {"data": data, "layout": {**_LAYOUT, **axes, "title": {"text": title, "x": 0, "xanchor": "left"}}}


# --- the plots ----------------------------------------------------------------------------


def _over_time(result: Result) -> dict[str, Any]:
    points = result.measured.points
    steps = [(before, after) for before, after in pairwise(points) if after.at_s > before.at_s]
    lines = {"sent": _ORANGE, "acknowledged": _BLUE}
    if result.measured.receipts:
        lines["receipts"] = _GREEN
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
    return _plot("Rate over time", {"title": {"text": "seconds"}}, {"title": {"text": "per second"}}, data)


def _percentiles(result: Result) -> dict[str, Any]:
    measured = result.measured
    since = "its write (service time)" if result.service_time else "when it was due"
    data = [_curve("response", measured.latency, _BLUE)]
    if not result.service_time:
        data.append(_curve("write", measured.late, _ORANGE))
    if measured.receipt_latency.count:
        data.append(_curve("receipt", measured.receipt_latency, _GREEN))
    # 1 / (1 - p) on a logarithmic axis: each further nine takes as much room as the one before.
    nines = [(1, "0%"), (2, "50%"), *((10**n, f"{100 - 100 / 10**n:.10g}%") for n in range(1, 9))]
    x = {
        "type": "log",
        "title": {"text": "percentile"},
        "tickvals": [value for value, _ in nines],
        "ticktext": [text for _, text in nines],
    }
    return _plot(f"Latency of a message since {since}", x, {"title": {"text": "ms"}}, data)


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


def _statuses(result: Result) -> dict[str, Any]:
    counts = dict(result.statuses)
    if result.unknown:
        counts["no answer"] = result.unknown
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": list(counts.values()),
        "y": list(counts),
        "text": [f"{count:,}" for count in counts.values()],
        "marker": {"color": [_BLUE if name == "ESME_ROK" else _RED for name in counts]},
    }
    x, y = {"title": {"text": "answers"}}, {"automargin": True, "autorange": "reversed"}
    plot = _plot("Statuses", x, y, [bars])
    plot["layout"]["height"] = 120 + 40 * len(counts)
    return plot


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
            ("held", _BLUE, "circle", [step for step in limit.steps if not step.broken]),
            ("not held", _RED, "x", [step for step in limit.steps if step.broken]),
        )
    ]
    x, y = {"title": {"text": "asked per second"}}, {"title": {"text": "p99 of responses, ms"}}
    return _plot("Rates tried", x, y, data)
