"""The reference is made from docstrings: each public name has one, and the generator complains of none."""

from __future__ import annotations

import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import smppcast

SCRIPT = Path(__file__).parents[2] / "docs" / "reference.py"


class _Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update(value for name, value in attrs if name == "id" and value)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Warn" not in done.stderr + done.stdout, done.stderr
    return folder


def test_every_public_name_stands_in_it(pages: Path) -> None:
    ids = _Ids()
    ids.feed((pages / "smppcast.html").read_text("utf-8"))
    rooms = {name for name in smppcast.__all__ if inspect.ismodule(getattr(smppcast, name))}
    assert set(smppcast.__all__) - rooms - {"__version__"} <= ids.found
    for room in rooms:
        assert (pages / "smppcast" / f"{room}.html").is_file()


@pytest.mark.parametrize("name", [name for name in smppcast.__all__ if not name.startswith("__")])
def test_every_public_name_says_what_it_is(name: str) -> None:
    found = getattr(smppcast, name)
    if callable(found) or inspect.ismodule(found):
        own = found.__doc__ or ""
        assert len(own.split()) > 2, name
        # What dataclasses write by themselves says nothing.
        assert not own.startswith(f"{name}("), name
