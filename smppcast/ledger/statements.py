"""Runs the named statements on a connection, in few steps each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from smppcast.ledger.queries import many, queries

__all__ = ["ROWS", "Statements"]

# Rows of one statement: SQLite takes 32,766 variables; a longer VALUES is slower to prepare.
ROWS = 2_048


class Statements:
    """A connection in autocommit, and the statements of queries.sql by their names.

    Every method may raise sqlite3.Error.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._sql = queries()

    def run(self, name: str, *values: Any) -> sqlite3.Cursor:
        """Executes a statement."""
        return self.db.execute(self._sql[name], values)

    def one(self, name: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row, if any."""
        row: tuple[Any, ...] | None = self.run(name, *values).fetchone()
        return row

    def json(self, name: str, *values: Any) -> list[Any]:
        """The one JSON array that the statement gives."""
        (found,) = self.run(name, *values).fetchone()
        return list(json.loads(found))

    def insert(self, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Inserts rows, `ROWS` in a step."""
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            self.db.execute(many(name, len(part)), [value for row in part for value in row])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that runs inside, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:  # a full disk has rolled it back already
                self.db.execute("ROLLBACK")
            raise
