"""The commands that need no SMSC, in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import smppcast
from smppcast.cli.app import COMMANDS, app


def run(*args: str) -> Result:
    return CliRunner().invoke(app, args)


def test_the_version() -> None:
    assert run("--version").output == f"smppcast {smppcast.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_shows_an_example(command: str) -> None:
    shown = run(command, "--help")

    assert shown.exit_code == 0
    assert f"Example: smppcast {command}" in shown.output
    assert command in run("--help").output


def test_segments_tells_encoding_and_cuts() -> None:
    shown = json.loads(run("segments", "é" * 161, "--json").output)

    assert (shown["encoding"], shown["data_coding"], shown["count"]) == ("gsm", 0, 2)
    assert (shown["units"], shown["left"]) == (161, 145)
    assert [part["characters"] for part in shown["segments"]] == [153, 8]
    assert shown["forced_by"] == []


def test_segments_tells_what_forces_ucs2_and_what_transliteration_saves() -> None:
    text = "l\u2019eau monte " * 7

    shown = json.loads(run("segments", text, "--json").output)

    assert (shown["encoding"], shown["count"]) == ("ucs2", 2)
    assert shown["forced_by"] == [
        {"character": "\u2019", "code": "U+2019", "name": "RIGHT SINGLE QUOTATION MARK"}
    ]
    assert shown["transliterated"] == {"encoding": "gsm", "count": 1}
    said = run("segments", text).output
    assert "UCS-2 because of '\u2019' U+2019 RIGHT SINGLE QUOTATION MARK" in said
    assert "with --transliterate: 1 segment, GSM" in said


def test_a_text_that_the_encoding_cannot_carry_is_bad_usage() -> None:
    shown = run("segments", "\u2603", "--encoding", "gsm")

    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr.startswith("smppcast: GSM 03.38 cannot carry the text")


def test_the_shipped_scenarios_are_listed() -> None:
    assert {"ideal", "flaky"} <= {line.split()[0] for line in run("smsc", "--list").output.splitlines()}


def test_a_scenario_that_is_none_is_bad_usage() -> None:
    shown = run("smsc", "--scenario", "no-such")

    assert shown.exit_code == 2
    assert "no-such" in shown.stderr


def test_the_schema_is_one() -> None:
    assert json.loads(run("config-schema").output)["properties"]["operators"]


def test_debug_brings_the_traceback_back(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.yaml")

    assert run("report", "-c", missing).exit_code == 2
    assert isinstance(run("report", "-c", missing, "--debug").exception, smppcast.errors.ConfigError)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--to", "1"], "Missing argument"),
        (["--to", "33612345678", "text", "--wait", "x"], "unexpected extra argument"),
        (["text"], "--to"),
    ],
)
def test_bad_usage_of_send(args: list[str], said: str) -> None:
    shown = run("send", *args)

    assert shown.exit_code == 2
    assert said in shown.stderr
