"""A run of rows of a feed, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smppcast.feed.reasons import Reason

__all__ = ["Batch"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in feed order; every column is as long as `rows`, broken rows included.

    A row that is broken at this level is in `bad` by its position, and its cells are empty. So a
    position means the same row in every column, in what is made of them, and in the rejects.

    Args:
        rows: each row as it stood in the feed: what the digest covers and the rejects show.
        lines: the line in the feed at which each row begins, counted from 1; a range where no row
            spans lines. Of an iterable, the item's number.
        msisdns: the numbers as they were written.
        operators: the names in the operator column, "" where a row names none; None without one.
        columns: the columns that the text asked for.
        bad: why the row at a position is broken.
    """

    rows: list[str]
    lines: Sequence[int]
    msisdns: list[str]
    operators: list[str] | None = None
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    bad: Mapping[int, Reason] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def first_line(self) -> int:
        """The line of the first row; 0 of an empty batch."""
        return self.lines[0] if self.rows else 0

    def split(self, count: int) -> tuple[Batch, Batch]:
        """The first `count` rows, and the others: either may be empty."""
        return self._part(0, count), self._part(count, len(self.rows))

    def _part(self, start: int, stop: int) -> Batch:
        cut = slice(start, stop)
        return Batch(
            rows=self.rows[cut],
            lines=self.lines[cut],
            msisdns=self.msisdns[cut],
            operators=None if self.operators is None else self.operators[cut],
            columns={name: cells[cut] for name, cells in self.columns.items()},
            bad={at - start: reason for at, reason in self.bad.items() if start <= at < stop},
        )
