"""Outcomes as files: CSV, NDJSON or Parquet, written as they are read, and there only when they are whole."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import IO, Any

from smppcast.errors import UsageError
from smppcast.ledger.outcomes import COLUMNS, OutcomeRow, as_dict

__all__ = ["COLUMNS", "as_dict", "csv_lines", "ndjson_lines", "whole", "write_outcomes"]

# Rows of a Parquet row group: some 5 MB of memory.
GROUP = 50_000


def write_outcomes(path: Path, rows: Iterator[OutcomeRow]) -> None:
    """Writes them in the form that the file's ending names; `-` is CSV on standard output.

    Raises:
        UsageError: the ending names none, the form's library is not there, or the file cannot be written.
    """
    if str(path) == "-":
        _csv(sys.stdout, rows)
        return
    write = _FORMS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path}: expected a name that ends in {', '.join(_FORMS)}")
    try:
        with whole(path) as unfinished:
            write(unfinished, rows)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside it, for its owner alone since it holds numbers, that takes its place in the end."""
    unfinished = path.with_name(f"{path.name}.part")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def csv_lines(rows: Iterable[OutcomeRow], *, head: bool = False) -> str:
    """Lines of CSV."""
    file = StringIO()
    _csv(file, rows, head=head)
    return file.getvalue()


def ndjson_lines(rows: Iterable[OutcomeRow]) -> str:
    """A JSON object a line."""
    return "".join(json.dumps(as_dict(row), ensure_ascii=False) + "\n" for row in rows)


def _csv(file: IO[str], rows: Iterable[OutcomeRow], *, head: bool = True) -> None:
    writer = csv.writer(file, lineterminator="\n")
    if head:
        writer.writerow(COLUMNS)
    for row in rows:
        cells = as_dict(row)
        cells["possible_duplicate"] = int(row.possible_duplicate)
        cells["message_ids"] = " ".join(row.message_ids).strip()
        writer.writerow(cells.values())


def _to_csv(path: Path, rows: Iterator[OutcomeRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        _csv(file, rows)


def _to_ndjson(path: Path, rows: Iterator[OutcomeRow]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(ndjson_lines((row,)) for row in rows)


def _to_parquet(path: Path, rows: Iterator[OutcomeRow]) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and 40 MB
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'smppcast[formats]'") from None
    moment = pa.timestamp("ms", tz="UTC")
    kinds = {
        "segments": pa.int16(),
        "attempts": pa.int32(),
        "possible_duplicate": pa.bool_(),
        "submitted_at": moment,
        "accepted_at": moment,
        "done_at": moment,
        "message_ids": pa.list_(pa.string()),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := [_typed(row) for row in islice(rows, GROUP)]:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _typed(row: OutcomeRow) -> dict[str, Any]:
    times = {"submitted_at": row.submitted, "accepted_at": row.accepted, "done_at": row.done}
    return as_dict(row) | {name: int(at * 1000) if at else None for name, at in times.items()}


_FORMS: Mapping[str, Callable[[Path, Iterator[OutcomeRow]], None]] = {
    ".csv": _to_csv,
    ".ndjson": _to_ndjson,
    ".jsonl": _to_ndjson,
    ".parquet": _to_parquet,
}
