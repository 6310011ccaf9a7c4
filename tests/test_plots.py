"""Pages with plots: what stands in them is text, never markup of somebody else's."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from smppcast import plots
from smppcast.errors import UsageError


def test_names_and_notes_are_text() -> None:
    figure = plots.bars("<b>Errors</b>", "segments", {"<a href='x'>DND</a>": 3}, [plots.RED])
    assert figure["data"][0]["y"] == ["&lt;a href=&#x27;x&#x27;&gt;DND&lt;/a&gt;"]
    html = plots.page("A & B", [[["", "<i>"], ["x", "1"]]], [figure], notes=["<script>"])
    assert "<h1>A &amp; B</h1>" in html
    assert "<h2>&lt;b&gt;Errors&lt;/b&gt;</h2>" in html
    assert "<th>&lt;i&gt;</th>" in html
    assert '<p class="note">&lt;script&gt;</p>' in html


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec

    def missing(name: str, *more: Any) -> Any:
        return None if name == "plotly" else find_spec(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(UsageError, match=r"smppcast\[report\]"):
        plots.page("title", [], [])
