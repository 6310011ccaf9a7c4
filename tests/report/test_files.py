"""Outcomes as CSV, NDJSON and Parquet: the same rows in each, whole or not at all."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from smppcast.errors import UsageError
from smppcast.ledger.outcomes import OutcomeRow
from smppcast.model import Outcome
from smppcast.report import files as outcome_files
from smppcast.report.files import COLUMNS, write_outcomes

ROW = OutcomeRow(
    number=33_612_345_678,
    operator="orange",
    segments=2,
    state=Outcome.DELIVERED,
    message_ids=("a1", ""),
    error="000",
    submitted=1_584_259_200.25,
    accepted=1_584_259_201.5,
    done=1_584_259_260,
    attempts=1,
    possible_duplicate=True,
)
BLANK = replace(
    ROW,
    number=33_612_345_679,
    state=Outcome.NOT_SENT,
    message_ids=("", ""),
    submitted=0.0,
    accepted=0.0,
    done=0,
)


def test_the_same_rows_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_files, "GROUP", 2)
    rows = [ROW, BLANK, ROW]
    for ending in ("csv", "ndjson", "parquet"):
        write_outcomes(tmp_path / f"out.{ending}", iter(rows))
    with (tmp_path / "out.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(cells) == len(lines) == len(table) == 3
    assert tuple(cells[0]) == tuple(lines[0]) == tuple(table[0]) == COLUMNS
    for cell, line, typed in zip(cells, lines, table, strict=True):
        assert cell["msisdn"] == line["msisdn"] == typed["msisdn"]
        assert cell["outcome"] == line["outcome"] == typed["outcome"]
        assert int(cell["segments"]) == line["segments"] == typed["segments"] == 2
        assert cell["message_ids"] == " ".join(line["message_ids"]).strip()
        assert line["message_ids"] == typed["message_ids"]
        assert (
            (cell["possible_duplicate"] == "1") is line["possible_duplicate"] is typed["possible_duplicate"]
        )
        assert cell["done_at"] == line["done_at"]
        assert bool(cell["done_at"]) is (typed["done_at"] is not None)
    assert lines[0]["submitted_at"] == "2020-03-15T08:00:00+00:00"
    assert table[0]["submitted_at"].isoformat() == "2020-03-15T08:00:00.250000+00:00"
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_a_file_is_whole_or_as_it_was(ending: str, tmp_path: Path) -> None:
    def broken() -> Iterator[OutcomeRow]:
        yield ROW
        raise ZeroDivisionError

    path = tmp_path / f"out.{ending}"
    path.write_text("older")
    with pytest.raises(ZeroDivisionError):
        write_outcomes(path, broken())
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.ndjson, \.jsonl, \.parquet"):
        write_outcomes(tmp_path / "out.xlsx", iter([ROW]))
    with pytest.raises(UsageError, match="No such file"):
        write_outcomes(tmp_path / "missing" / "out.csv", iter([ROW]))


def test_csv_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write_outcomes(Path("-"), iter([ROW]))
    assert capsys.readouterr().out.splitlines()[0] == ",".join(COLUMNS)
