"""Columns from rows that come as mappings: NDJSON, and iterables of mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smppcast.feed.batch import Batch
from smppcast.feed.reasons import Reason

__all__ = ["Cells"]


class Cells:
    """Gathers rows into the columns of a batch.

    Args:
        columns: the columns that the text asked for. A row that lacks one, or holds a list or an
            object there, is bad: a text with a hole must not reach its reader.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self._rows: list[str] = []
        self._lines: list[int] = []
        self._msisdns: list[str] = []
        self._operators: list[str] = []
        self._columns: dict[str, list[str]] = {name: [] for name in columns}
        self._bad: dict[int, Reason] = {}

    def add(self, row: str, line: int, cells: Mapping[str, Any]) -> None:
        """A row that could be read; `row` as it stood in the feed."""
        texts = [_text(cells.get(name)) for name in self._columns]
        if None in texts:
            self.add_bad(row, line, Reason.MISSING_COLUMN)
            return
        self._place(row, line, _shown(cells.get("msisdn")), _shown(cells.get("operator")), texts)

    def add_bad(self, row: str, line: int, reason: Reason) -> None:
        """A row that gets no message, whatever its number."""
        self._bad[len(self._rows)] = reason
        self._place(row, line, "", "", [""] * len(self._columns))

    def _place(self, row: str, line: int, msisdn: str, operator: str, texts: Sequence[str | None]) -> None:
        self._rows.append(row)
        self._lines.append(line)
        self._msisdns.append(msisdn)
        self._operators.append(operator)
        for cells, text in zip(self._columns.values(), texts, strict=True):
            cells.append(text or "")

    def batch(self) -> Batch:
        return Batch(self._rows, self._lines, self._msisdns, self._operators, self._columns, self._bad)


def _text(value: object) -> str | None:
    """A plain value as text; None for what has no one spelling."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case None | list() | dict():
            return None
        case _:
            return str(value)


def _shown(value: object) -> str:
    """A number's or an operator's cell: what is no plain value must still be seen to be wrong."""
    return "" if value is None else _text(value) or str(value)
