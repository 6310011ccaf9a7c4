"""How far whoever follows a stream has come: durable, and moved only once what was read is settled."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from smppcast.errors import LedgerError
from smppcast.ledger.tail import Position

__all__ = ["Cursors"]

BUSY_MS = 5_000


class Cursors:
    """Table `hook` of daemon.db, by a connection of its own; for threads, since a commit waits for the disk.

    Args:
        durable: sync each move. Without it, a power cut (not a crash of the program) may take the last
            ones back, so that what was told is told again.

    Raises:
        LedgerError: the file cannot be read or written; so may every method.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self._guard = threading.Lock()
        with self._faults():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def __repr__(self) -> str:
        return f"<Cursors {self.path}>"

    def close(self) -> None:
        self._db.close()

    def of(self, target: str) -> dict[str, Position]:
        """By stream."""
        with self._faults():
            sql = "SELECT stream, position, part, at FROM hook WHERE target = ?"
            return {stream: Position(*found) for stream, *found in self._db.execute(sql, (target,))}

    def move(self, target: str, positions: Mapping[str, Position]) -> None:
        """All of them, or none."""
        rows = [(target, stream, *position) for stream, position in positions.items()]
        with self._faults():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("REPLACE INTO hook VALUES (?, ?, ?, ?, ?)", rows)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def forget_others(self, targets: Mapping[str, Collection[str]]) -> None:
        """Forgets what is not followed any more; the daemon's own followers stay."""
        with self._faults():
            found = self._db.execute("SELECT target, stream FROM hook WHERE target <> ''").fetchall()
            gone = [(target, stream) for target, stream in found if stream not in targets.get(target, ())]
            self._db.executemany("DELETE FROM hook WHERE target = ? AND stream = ?", gone)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            with self._guard:
                yield
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: {error}") from error
