"""The tutorial, run as a newcomer would: one shell, every command, in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
LIMIT_S = 240
NOT_RUN = "<!-- not run"
MARK = "=== block"
_BLOCK = re.compile(r"(?P<note><!--[^\n]*-->\n)?```(?P<kind>sh|text)\n(?P<body>.*?)```\n", re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each block of commands that is run, and the words that its output has."""
    found: list[tuple[str, list[str]]] = []
    for each in _BLOCK.finditer(page):
        if each["kind"] == "text":
            found[-1][1].extend(each["body"].split("\n"))
        elif not (each["note"] or "").startswith(NOT_RUN):
            found.append((each["body"], []))
    return iter(found)


def test_every_command_does_what_the_page_says(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    for port in ("2775", "8080"):
        assert port in page
        page = page.replace(port, str(free_port()))
    run = list(blocks(page))
    assert len(run) > 8
    script = "".join(f"echo '{MARK} {at}'\n{commands}" for at, (commands, _) in enumerate(run))
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    # What it leaves behind after a failure ends with its group.
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(timeout=LIMIT_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == 0, told
    cast = (tmp_path / "cast.log").read_text("utf-8")
    assert "segments:" not in cast  # it was killed before its end
    outputs = told.split(MARK)[1:]
    for (commands, wanted), output in zip(run, outputs, strict=True):
        for words in wanted:
            assert words in output, f"{commands}\n{output}"
    assert (tmp_path / "alerte-1.html").stat().st_size > 1_000_000
    assert len((tmp_path / "outcomes.csv").read_text("utf-8").splitlines()) == 2_001
