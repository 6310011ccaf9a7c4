"""`smppcast files`: printed, or written where they belong."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from smppcast.cli.app import app

DASHBOARD, RULES = "grafana-dashboard.json", "prometheus-alerts.yml"
WRITTEN = {
    "systemd": {"smppcast.service"},
    "container": {"Containerfile"},
    "config": {"smppcast.yaml"},
    "grafana": {DASHBOARD, RULES},
    "alerts": {RULES},
}


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["files", *args])


def test_the_dashboard_and_the_rules_are_printed() -> None:
    assert json.loads(run("grafana").stdout)["title"] == "smppcast"
    assert yaml.safe_load(run("alerts").stdout)["groups"]


@pytest.mark.parametrize("kind", WRITTEN)
def test_each_is_written_under_its_own_name(tmp_path: Path, kind: str) -> None:
    shown = run(kind, "--to", str(tmp_path))

    assert (shown.exit_code, shown.stdout) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN[kind]
    for path in tmp_path.iterdir():
        assert f"written: {path}\n" in shown.stderr
        assert path.read_text("utf-8") == files("smppcast.deploy").joinpath(path.name).read_text("utf-8")


def test_what_is_there_stays_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    mine = tmp_path / RULES
    mine.write_text("mine")

    shown = run("grafana", "--to", str(tmp_path))

    assert shown.exit_code == 2
    assert shown.stderr == f"smppcast: {mine}: there already; --force overwrites\n"
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / RULES).write_text("mine")

    assert run("grafana", "--to", str(tmp_path), "--force").exit_code == 0
    assert "SmppcastDown" in (tmp_path / RULES).read_text("utf-8")


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / RULES).symlink_to(tmp_path / "gone")

    assert run("alerts", "--to", str(tmp_path)).exit_code == 2
    assert not (tmp_path / "gone").exists()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    shown = run("alerts", "--to", str(tmp_path / "none"))

    assert (shown.exit_code, shown.stderr) == (2, f"smppcast: {tmp_path / 'none'}: there is no such folder\n")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / RULES).mkdir()

    shown = run("alerts", "--to", str(tmp_path), "--force")

    assert shown.exit_code == 2
    assert f"{tmp_path / RULES}: cannot be written: Is a directory" in shown.stderr


def test_force_alone_is_bad_usage() -> None:
    shown = run("alerts", "--force")

    assert (shown.exit_code, shown.stdout, shown.stderr) == (2, "", "smppcast: --force needs --to\n")
