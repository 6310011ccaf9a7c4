"""The page: whole in itself, with what was measured in it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from typing import Any

import pytest

from smppcast.errors import UsageError
from smppcast.load import Limit, Measured, Result, Step, page
from smppcast.load.schedule import Schedule
from smppcast.plots import need_plots


def measured(per_s: float | None = 100.0) -> Result:
    found = Measured(Schedule(per_s, 0.0, 1.0))
    found.reach(0.0, 0)
    found.wrote([0.0] * 100, 0.01)
    found.answered([0.0] * 100, [0] * 90 + [0x58] * 8 + [0x400] * 2, 0.05)
    found.receipts = 90
    found.reported([0.0] * 90, 0.07)
    found.reach(0.5, 0)
    return Result(found, per_s, 1, 10, 1.0, 2, 0, 1.0, 0.1)


def plots(html: str) -> list[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Data and layout of each."""
    calls = re.findall(
        r"Plotly\.newPlot\(\s*\"[-0-9a-f]+\",\s*(\[.*?\]),\s*(\{.*?\}),\s*\{\"", html, re.DOTALL
    )
    return [(json.loads(data), json.loads(layout)) for data, layout in calls]


@pytest.fixture
def drawable() -> None:
    if importlib.util.find_spec("plotly") is None:
        assert os.environ.get("CI") != "true", "plotly belongs to what CI installs"
        pytest.skip("plotly is not installed: pip install 'smppcast[report]'")


def test_the_page_needs_no_network_and_shows_what_was_measured(drawable: None) -> None:
    html = page("<SMSC> & co", measured(), [[["", "count"], ["sent", "1<2"]]], None)

    assert "<h1>&lt;SMSC&gt; &amp; co</h1>" in html
    assert "<td>1&lt;2</td>" in html
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", html)
    over_time, percentiles, statuses = plots(html)
    assert [(line["name"], line["y"]) for line in over_time[0]] == [
        ("sent", [200.0]),
        ("acknowledged", [200.0]),
        ("receipts", [180.0]),
    ]
    assert [(line["name"], line["y"][-1]) for line in percentiles[0]] == [
        ("response", 50.0),
        ("write", 10.0),
        ("receipt", 70.0),
    ]
    assert "<h2>Latency of a message since when it was due</h2>" in html
    assert (statuses[0][0]["y"], statuses[0][0]["x"]) == (
        ["ESME_ROK", "ESME_RTHROTTLED", "0x00000400 vendor"],
        [90, 8, 2],
    )


def test_a_search_shows_the_rates_that_were_tried(drawable: None) -> None:
    steps = [Step(100.0, measured(), ""), Step(200.0, measured(200.0), "p99 <too> high")]

    tried, *_ = plots(page("limit", steps[0].result, [], Limit(steps)))

    assert [(line["name"], line["x"], line["y"]) for line in tried[0]] == [
        ("held", [100.0], [50.0]),
        ("not held", [200.0], [50.0]),
    ]
    assert tried[0][1]["text"] == ["p99 &lt;too&gt; high"]


def test_without_the_library_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match=r"smppcast\[report\]"):
        need_plots()
