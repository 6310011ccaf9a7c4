"""Pages with plots: one HTML file each that needs no network, since what draws them lies in it (5 MB)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from smppcast.errors import UsageError

__all__ = ["BLUE", "COLOURS", "GREEN", "ORANGE", "RED", "Plot", "bars", "need_plots", "page", "plot"]

Plot = dict[str, Any]
"""A figure as plotly has it, `data` and `layout`, with a `title` that stands above it."""

# Told apart by whoever sees no red or no green (Okabe and Ito).
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
COLOURS: Final = (BLUE, ORANGE, GREEN, "#CC79A7", RED, "#56B4E9", "#999999")
_LAYOUT: Final = {
    "font": {"family": "system-ui, sans-serif"},
    "margin": {"l": 70, "r": 20, "t": 40, "b": 50},
    "height": 340,
    # The page's own background shows, light or dark; its style gives the texts their colour.
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    "hovermode": "x unified",
    "showlegend": True,  # one line alone has a name as well
}
# The bar of buttons has one that would send the plot to a service.
_CONFIG: Final = {"displayModeBar": False, "responsive": True}
_GRID: Final = {"gridcolor": "rgba(128,128,128,.25)", "zerolinecolor": "rgba(128,128,128,.5)"}
_STYLE: Final = """
:root { color-scheme: light dark; --ground: #fff; --text: #222; --quiet: #555; --line: #ddd; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181c; --text: #e8e8e8; --quiet: #aaa; --line: #3a3d44; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground);
       max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .2rem 1rem .2rem 0; text-align: right; font-variant-numeric: tabular-nums;
         border-bottom: 1px solid var(--line); }
td:first-child, th:first-child { text-align: left; white-space: pre; }
.note { color: var(--quiet); }
.js-plotly-plot text { fill: var(--text) !important; }
.js-plotly-plot .hoverlayer text { fill: #222 !important; }
"""


def need_plots() -> None:
    """Does nothing where plots can be drawn.

    Raises:
        UsageError: the library is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise UsageError("plots need a library that is not installed: pip install 'smppcast[report]'")


def page(
    title: str,
    tables: Sequence[Sequence[Sequence[str]]],
    plots: Sequence[Plot],
    *,
    notes: Sequence[str] = (),
) -> str:
    """The page.

    Args:
        tables: shown above the plots: rows of cells, the first one its head.
        notes: sentences between tables and plots.

    Raises:
        UsageError: as `need_plots`.
    """
    need_plots()
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *map(_table, tables),
            *(f'<p class="note">{escape(note)}</p>' for note in notes),
            *(_drawn(plot, first=at == 0) for at, plot in enumerate(plots)),
            "</body></html>",
        ]
    )


def plot(title: str, x: Mapping[str, Any], y: Mapping[str, Any], data: list[dict[str, Any]]) -> Plot:
    """A figure with axes."""
    axes = {"xaxis": {**_GRID, **x}, "yaxis": {**_GRID, "rangemode": "tozero", **y}}
    return {"title": title, "data": data, "layout": {**_LAYOUT, **axes}}


def bars(title: str, unit: str, counts: Mapping[str, int], colours: Sequence[str]) -> Plot:
    """A horizontal bar for each count, in their order."""
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": list(counts.values()),
        "y": list(map(escape, counts)),  # plotly reads tags in labels
        "text": [f"{count:,}" for count in counts.values()],
        "marker": {"color": list(colours)},
    }
    found = plot(title, {"title": {"text": unit}}, {"automargin": True, "autorange": "reversed"}, [bar])
    found["layout"] |= {"height": 140 + 40 * len(counts), "hovermode": "closest", "showlegend": False}
    return found


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = ['<div class="wide"><table><thead><tr>', *(f"<th>{escape(cell)}</th>" for cell in head)]
    lines += ["</tr></thead><tbody>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "".join([*lines, "</tbody></table></div>"])


def _drawn(figure: Plot, *, first: bool) -> str:
    from plotly.io import to_html  # noqa: PLC0415 - an extra, and slow to import

    drawing = {name: figure[name] for name in ("data", "layout")}
    # The first one brings the library that draws the others as well.
    html: str = to_html(drawing, _CONFIG, include_plotlyjs=first, full_html=False, validate=False)
    return f"<h2>{escape(figure['title'])}</h2>{html}"
