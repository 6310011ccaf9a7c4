"""Rows of a CSV (RFC 4180, with `,`, `;` or tab), by Python's csv module and batch by batch.

A bite of lines without quotes, each of the right width, is cut into columns by one split (0.15 µs a
row, and no list a row for the garbage collector to count). One with quotes, but none across lines,
takes one call of the csv module (0.4 µs). Any other goes record by record: a fault costs the line
it stands on and no other, so a stray quote does not swallow the feed behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from smppcast.feed.batch import Batch
from smppcast.feed.layout import Layout
from smppcast.feed.lines import MAX_ROW, Bite
from smppcast.feed.reasons import Reason
from smppcast.feed.texts import faulty, legible

__all__ = ["CsvRows"]

MAX_LINES = 100
"""Lines of one quoted record: an address has five; more means a quote that was never closed."""


class CsvRows:
    """Turns bites of lines into batches; holds back a record whose quotes are still open.

    Args:
        layout: of the header.
        line: the line of the feed at which the first row begins.
    """

    def __init__(self, layout: Layout, line: int) -> None:
        self._layout = layout
        self._line = line
        self._open = Bite("")
        self._blank = [""] * layout.width

    def parse(self, bite: Bite) -> Batch:
        """The rows that `bite` completes."""
        return self._parse(bite, last=False)

    def end(self) -> Batch:
        """What is left when the feed ends: an unclosed record, as broken rows."""
        return self._parse(Bite(""), last=True)

    def _parse(self, bite: Bite, *, last: bool) -> Batch:
        text = self._open.text + bite.text
        clean = self._open.clean and bite.clean
        self._open = Bite("")
        lines = text.split("\n")
        lines.pop()
        columns = self._at_once(text, lines) if clean else None
        if columns is None:
            return self._one_by_one(lines, clean=clean, last=last)
        start = self._line
        self._line += len(lines)
        return self._batch(lines, range(start, self._line), columns, {})

    def _at_once(self, text: str, lines: list[str]) -> Sequence[Sequence[str]] | None:
        """All columns, if each record is one line and none is odd."""
        width, delimiter = self._layout.width, self._layout.delimiter
        if '"' not in text and "\r" not in text and "\n\n" not in text and text[:1] != "\n":
            # Each line end becomes a cell of its own: if those stand at every place where one is
            # due, every row has the right width.
            cells = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
            if cells[width :: width + 1] != ["\n"] * len(lines):
                return None
            return [cells[at : -1 : width + 1] for at in range(width)]
        reader = csv.reader([line + "\n" for line in lines], delimiter=delimiter, strict=True)
        try:
            records = list(reader)
        except csv.Error:
            return None
        even = len(records) == len(lines) and set(map(len, records)) <= {width}
        return list(zip(*records, strict=True)) if even else None

    def _one_by_one(self, lines: list[str], *, clean: bool, last: bool) -> Batch:
        rows: list[str] = []
        numbers: list[int] = []
        records: list[list[str]] = []
        bad: dict[int, Reason] = {}
        at = 0
        for span, cells, reason in self._records(lines, clean=clean, last=last):
            row = "\n".join(lines[at : at + span])
            if cells:
                if reason is not None:
                    bad[len(rows)] = reason
                rows.append(row if clean else legible(row))
                numbers.append(self._line + at)
                records.append(cells)
            at += span
        self._line += at
        if at < len(lines):
            self._open = Bite("\n".join(lines[at:]) + "\n", clean)
        return self._batch(rows, numbers, list(zip(*records, strict=True)), bad)

    def _records(
        self, lines: list[str], *, clean: bool, last: bool
    ) -> Iterator[tuple[int, list[str], Reason | None]]:
        """Each record's span in lines, its cells (none: a blank line), and why it is bad."""
        at = 0
        while at < len(lines):
            supply = _Supply(lines, at)
            reader = csv.reader(supply, delimiter=self._layout.delimiter, strict=True)
            try:
                for cells in reader:
                    span = supply.at - at
                    reason = self._fault(lines[at : at + span], cells, clean=clean)
                    if reason is not None and span > 1:
                        break  # no record, but a stray quote that met another one
                    yield span, self._blank if reason else cells, reason
                    at += span
                else:
                    return
            except csv.Error:
                if supply.dry and not last and _may_close(lines[at:]):
                    return
            reason = faulty(lines[at], clean=clean) or Reason.BROKEN_ROW
            yield 1, self._blank, reason
            at += 1

    def _fault(self, lines: list[str], cells: list[str], *, clean: bool) -> Reason | None:
        reason = faulty("\n".join(lines), clean=clean)
        if reason is None and cells and len(cells) != self._layout.width:
            return Reason.WRONG_COLUMN_COUNT
        return reason

    def _batch(
        self,
        rows: list[str],
        lines: Sequence[int],
        columns: Sequence[Sequence[str]],
        bad: dict[int, Reason],
    ) -> Batch:
        layout = self._layout
        columns = columns or [()] * layout.width  # of no rows at all
        return Batch(
            rows=rows,
            lines=lines,
            msisdns=list(columns[layout.msisdn]),
            operators=None if layout.operator is None else list(columns[layout.operator]),
            columns={name: list(columns[at]) for name, at in layout.texts.items()},
            bad=bad,
        )


class _Supply:
    """Hands lines to a csv.reader and tells how many it took, and whether it wanted more."""

    def __init__(self, lines: list[str], at: int) -> None:
        self._lines, self.at, self.dry = lines, at, False

    def __iter__(self) -> _Supply:
        return self

    def __next__(self) -> str:
        if self.at == len(self._lines):
            self.dry = True
            raise StopIteration
        self.at += 1
        return self._lines[self.at - 1] + "\n"


def _may_close(lines: list[str]) -> bool:
    """Whether an open record is still short enough to wait for its end."""
    return len(lines) <= MAX_LINES and sum(map(len, lines)) <= MAX_ROW
