"""The rows that get no message, with line and reason, for whoever made the feed."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from smppcast.errors import UsageError
from smppcast.feed.batch import Batch
from smppcast.feed.reasons import Reason

if TYPE_CHECKING:
    from _csv import Writer

__all__ = ["Rejects"]


class Rejects:
    """Writes `line,reason,row` to a CSV file, made when the first row is refused.

    The file is written from its start each time: the same feed gives the same file, so a resumed
    campaign, which reads its feed again, needs no memory of what it wrote. It holds numbers, and is
    readable by its owner alone.

    Args:
        path: usually `NAME.rejects.csv`.

    Attributes:
        counts: refused rows by reason.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[Reason] = Counter()
        self._file: TextIO | None = None
        self._rows: Writer | None = None

    def write(self, batch: Batch, bad: Mapping[int, Reason]) -> None:
        """Write the rows of `batch` that `bad` names by position.

        Raises:
            UsageError: the file cannot be written.
        """
        if not bad:
            return
        try:
            if self._rows is None:
                self._rows = self._open()
            self._rows.writerows((batch.lines[at], bad[at].value, batch.rows[at]) for at in sorted(bad))
        except OSError as error:
            raise UsageError(f"{self.path}: rejects cannot be written: {error.strerror}") from error
        self.counts.update(bad.values())

    def _open(self) -> Writer:
        owner_only = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(owner_only, "w", encoding="utf-8", errors="backslashreplace", newline="")
        rows = csv.writer(self._file, lineterminator="\n")
        rows.writerow(("line", "reason", "row"))
        return rows

    def close(self) -> None:
        """Close the file, if there is one; rows of it are on their way to the disk by then."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
