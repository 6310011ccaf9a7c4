"""Rows of NDJSON: one object a line, with the keys that a CSV has as columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from smppcast.feed.batch import Batch
from smppcast.feed.cells import Cells
from smppcast.feed.lines import Bite
from smppcast.feed.reasons import Reason
from smppcast.feed.texts import faulty, legible

__all__ = ["JsonRows"]

# Numbers stay as they are spelled: 0612 and 1.50 mean something to the reader of a text.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class JsonRows:
    """Turns bites of lines into batches; no row spans lines."""

    def __init__(self, text_columns: Iterable[str] = (), line: int = 1) -> None:
        self._columns = sorted(text_columns)
        self._line = line

    def parse(self, bite: Bite) -> Batch:
        """The rows of `bite`."""
        cells = Cells(self._columns)
        lines = bite.text.split("\n")
        lines.pop()
        for line, row in enumerate(lines, self._line):
            if not row.strip():
                continue
            shown = row if bite.clean else legible(row)
            found = faulty(row, clean=bite.clean) or _decode(row)
            if isinstance(found, Reason):
                cells.add_bad(shown, line, found)
            else:
                cells.add(shown, line, found)
        self._line += len(lines)
        return cells.batch()

    def end(self) -> Batch:
        """Nothing: no row is ever held back."""
        return Batch([], (), [])


def _decode(row: str) -> dict[str, Any] | Reason:
    try:
        found = _DECODER.decode(row)
    except (ValueError, RecursionError):
        return Reason.BROKEN_ROW
    return found if isinstance(found, dict) else Reason.BROKEN_ROW
