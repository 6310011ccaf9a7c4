"""Follows what is appended to a ledger, beside its writer: receipts and messages of users, in order.

Each call is one short read that leaves no transaction open, so that the writer's log is checkpointed as if
nobody read. A position is the row that was told last. Rows are numbered on; but purging, which needs the
ledger for itself, may delete the last of them, and then their numbers are given anew. So a position has the
time of its row with it, by which `TailReader.settled` knows it again.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from smppcast.errors import LedgerError
from smppcast.ledger.facts import OFFSET_MASK, SEGMENT_BITS, Received, chunk_of
from smppcast.ledger.rows import RECEIVED, fact_of
from smppcast.ledger.statements import Statements

__all__ = ["COUNTED", "Position", "ReceivedRow", "TailReader"]

Table = Literal["fact", "inbound"]
InboundRow = tuple[int, str, float, str, str, bytes]

# Facts that one read looks at, receipts or not: some ms of reading, of rows without their overflow pages.
SPAN = 4_096
# What waits is counted up to here: beyond, nobody needs to know how much.
COUNTED = 10_000
# Numbers of chunks kept between reads: 80 KB each, and receipts of the last minutes name a few of them.
BODIES = 32


class Position(NamedTuple):
    """How far a stream is told.

    Args:
        row: the last that is told.
        part: so many of its entries are; 0 for all.
        at: when `row` was written, unix seconds; for row 0, when following began.
    """

    row: int = 0
    part: int = 0
    at: float = 0.0


class ReceivedRow(NamedTuple):
    """Receipts of one commit, of one campaign."""

    seq: int
    campaign: int
    fact: Received


class TailReader:
    """A connection of its own, for one thread at a time.

    Raises:
        LedgerError: the ledger cannot be read; so may every method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._open: ReceivedRow | None = None  # the last row that was given, where more may be wanted of it
        with self._faults():
            self._db = sqlite3.connect(
                f"{self.path.as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=10.0,
            )
        self._run = Statements(self._db)

    def __repr__(self) -> str:
        return f"<TailReader {self.path}>"

    def close(self) -> None:
        self._db.close()

    def campaigns(self) -> dict[int, str]:
        """Their names, by id."""
        with self._faults():
            return {row[0]: row[1] for row in self._run.run("campaigns")}

    def end(self, table: Table) -> Position:
        """Where nothing is left to tell."""
        with self._faults():
            row, at = self._run.one(f"last_{table}") or (0, 0.0)
            return Position(row, 0, at)

    def settled(self, table: Table, kept: Position) -> Position:
        """A position of an earlier run, as it stands in the ledger now: purging may have come between.

        Where its row is gone, it is moved back to where nothing later than the row can be missed; what was
        told at the same moment may be told again.
        """
        if not kept.row:
            return kept
        with self._faults():
            found = self._run.one(f"{table}_at", kept.row)
            if found is not None and found[0] == kept.at:
                return kept
            later = self._run.one(f"{table}_since", kept.at, RECEIVED) or (None,)
            last = self._last(table)
        return Position(min(kept.row, last, last if later[0] is None else later[0] - 1), 0, kept.at)

    def received(self, after: Position, most: int) -> tuple[list[ReceivedRow], int]:
        """The next receipts, some rows of them; and the last row that was looked at.

        Args:
            most: receipts, beyond which no further row is read.
        """
        found: list[ReceivedRow] = []
        left, begin = most + after.part, _whole(after)
        if after.part and self._open is not None and self._open.seq == after.row:
            # At full rate a row has more receipts than a request: it is not read again for each.
            found, begin = [self._open], after.row
            left -= len(self._open.fact.refs)
        if left > 0:
            with self._faults():
                last = min(after.row + SPAN, self._last("fact"))
                with closing(self._run.run("received_after", begin, last, RECEIVED)) as rows:
                    for seq, campaign, *row in rows:
                        fact = fact_of(row)
                        if isinstance(fact, Received):
                            found.append(ReceivedRow(seq, campaign, fact))
                            left -= len(fact.refs)
                        if left <= 0:
                            break
                    else:
                        self._open = None
                        return found, max(last, after.row)
        self._open = found[-1]
        return found, self._open.seq

    def inbound(self, after: int, limit: int) -> list[InboundRow]:
        """The next messages of users, a segment each."""
        with self._faults():
            return self._run.run("inbound", after, limit).fetchall()

    def waiting(self, table: Table, after: Position) -> tuple[int, float]:
        """How many receipts or segments wait in the next `COUNTED` rows; and since when the first does."""
        with self._faults():
            found = self._run.one(f"{table}_waiting", _whole(after), RECEIVED, COUNTED)
            count, oldest = found or (0, None)
            return max(0, count - after.part), oldest or 0.0

    def numbers(self, refs: Sequence[int]) -> list[int | None]:
        """The destination of each segment; None where it is purged."""
        found: list[int | None] = []
        for ref in refs:
            body = self._body(chunk_of(ref))
            at = 8 * (ref >> SEGMENT_BITS & OFFSET_MASK)
            found.append(int.from_bytes(body[at : at + 8], "little") if body else None)
        return found

    def _last(self, table: Table) -> int:
        (row,) = self._run.one(f"newest_{table}") or (0,)
        return int(row)

    def _body(self, key: int) -> bytes:
        body = self._bodies.get(key)
        if body is not None:
            return body
        with self._faults():
            row = self._run.one("numbers", key)
        body = self._bodies[key] = b"" if row is None else row[0]
        if len(self._bodies) > BODIES:
            self._bodies.popitem(last=False)
        return body

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, OSError) as error:
            raise LedgerError(f"{self.path}: {error}") from error


def _whole(position: Position) -> int:
    """The last row that is told whole."""
    return position.row - 1 if position.part else position.row
