"""The ledger in one SQLite file.

The sqlite3 module gives the GIL away in every step of a statement, and beside a busy event loop
getting it back takes up to 5 ms (sys.getswitchinterval). So what matters is how few steps a
commit has: many rows go in by one statement, a group of facts alone is one step altogether, and
reads on the live path come back as one JSON row.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from smppcast.errors import LedgerError, LedgerVersion
from smppcast.ledger.batch import Batch
from smppcast.ledger.contract import Campaign, ChunkInfo, Cursor
from smppcast.ledger.facts import (
    CAMPAIGN_SHIFT,
    CHUNK_BITS,
    CHUNK_SHIFT,
    OFFSET_MASK,
    SEGMENT_BITS,
    Accepted,
    Chunk,
    Fact,
    ParkedReceipt,
    chunk_key,
)
from smppcast.ledger.lock import WriterLock
from smppcast.ledger.message_ids import MessageIds
from smppcast.ledger.queries import migration, schema
from smppcast.ledger.rows import ACCEPTED, ANSWERED, StateFact, fact_of, pack, unpack, unpack_texts
from smppcast.ledger.statements import ROWS, Statements
from smppcast.model import CampaignState

__all__ = ["SCHEMA_VERSION", "SqliteStore"]

SCHEMA_VERSION = 2

# Facts read at once in a replay: some megabytes, and no read transaction that would keep the WAL
# from being checkpointed.
FACTS_PAGE = 128


class SqliteStore:
    """`contract.Store` in a file, in WAL mode.

    Args:
        path: the file; made, for its owner only (it holds numbers), unless `read_only`.
        read_only: reads beside a writer that lives, and leaves everything as it is.
        durability: "full" syncs every commit; "relaxed" may lose the last ones at a power cut
            (not at a crash of the program), for benchmarks and tests.

    Raises:
        LedgerBusy: another writer has it.
        LedgerVersion: a newer program made it.
        LedgerError: it cannot be opened, or is something else.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        read_only: bool = False,
        durability: Literal["full", "relaxed"] = "full",
    ) -> None:
        self.path = Path(path).resolve()
        self._lock = WriterLock(self.path)
        if read_only:
            if not self.path.exists():
                raise LedgerError(f"{self.path}: there is no such ledger")
        else:
            self._lock.acquire()
        try:
            with self._faults():
                self._db = self._open(read_only, durability)
        except BaseException:
            self._lock.release()
            raise
        found = self.path.stat()
        self._file = found.st_dev, found.st_ino
        self._run = Statements(self._db)
        self._ids = MessageIds(self._run)

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path}>"

    # --- opening and closing ---

    def _open(self, read_only: bool, durability: str) -> sqlite3.Connection:
        if not read_only:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        mode = ("ro" if self._shared() else "ro&immutable=1") if read_only else "rw"
        # One thread at a time is the caller's word: a writer's thread takes a store over.
        db = sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10.0,
            cached_statements=512,
        )
        try:
            self._prepare(db, read_only, durability)
        except BaseException:
            db.close()
            raise
        return db

    def _shared(self) -> bool:
        """Whether a reader can make the side files that it shares with a writer.

        Raises:
            LedgerError: it cannot, as on a read-only disk, and a part of the ledger is in its log.
        """
        if os.access(self.path.parent, os.W_OK):
            return True
        log = self.path.with_name(f"{self.path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise LedgerError(
                f"{self.path}: its folder is read-only, and {log.name} must be read with it: copy both"
            )
        return False

    def _prepare(self, db: sqlite3.Connection, read_only: bool, durability: str) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise LedgerVersion(f"{self.path}: schema {version}, this program knows up to {SCHEMA_VERSION}")
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version == 0 and (tables or read_only):
            raise LedgerError(f"{self.path}: is not a ledger")
        if read_only:
            return
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
        # 20,000 pages (80 MB of WAL) instead of 1,000: pages that change often, as those of the index of
        # message_ids, reach the file once a round; half as many commits a second again. Twice as many
        # save nothing more, and the commit that has them written to the file takes twice as long.
        db.execute("PRAGMA wal_autocheckpoint = 20000")
        db.execute("PRAGMA cache_size = -8192")
        if version == 0:
            db.executescript(f"BEGIN;\n{schema()}\nPRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;")
        # An older one is brought forward step by step, each whole or not at all; read, it serves as it is.
        for step in range(version + 1, SCHEMA_VERSION + 1) if version else ():
            db.executescript(f"BEGIN;\n{migration(step)}\nPRAGMA user_version = {step};\nCOMMIT;")

    def close(self) -> None:
        """Ends the connection and lets another writer in."""
        try:
            with self._faults():
                self._db.close()
        finally:
            self._lock.release()

    def writer_alive(self) -> int | None:
        """The pid of the writer that has this ledger now, if any; 0 when it is not told."""
        return self._lock.holder()

    # --- campaigns ---

    def create_campaign(self, name: str, created: float, fingerprint: str, settings: str) -> Campaign:
        """See `contract.Store`."""
        state = CampaignState.RUNNING
        with self._faults():
            values = (name, created, fingerprint, settings, state.value)
            number = self._run.run("add_campaign", *values).lastrowid or 0
        return Campaign(number, name, created, fingerprint, settings, state)

    def amend_campaign(self, campaign: Campaign, fingerprint: str, settings: str) -> Campaign:
        """See `contract.Store`."""
        with self._faults():
            self._run.run("amend_campaign", fingerprint, settings, campaign.id)
        return replace(campaign, fingerprint=fingerprint, settings=settings)

    def campaign(self, name: str) -> Campaign | None:
        """See `contract.Store`."""
        with self._faults():
            row = self._run.one("campaign", name)
            return None if row is None else _campaign(row)

    def campaigns(self) -> list[Campaign]:
        """See `contract.Store`."""
        with self._faults():
            return [_campaign(row) for row in self._run.run("campaigns")]

    def cursor(self, campaign: int) -> Cursor:
        """See `contract.Store`."""
        with self._faults():
            span = chunk_key(campaign, 0), chunk_key(campaign + 1, 0) - 1
            (chunks,) = self._run.run("count_chunks", *span).fetchone()
            row = self._run.one("cursor", campaign)
            if row is None:
                return Cursor()
            rows, digest, fed, invalid, duplicate, suppressed, complete = row
            reasons = json.loads(invalid)
            return Cursor(rows, digest, fed, reasons, duplicate, suppressed, bool(complete), chunks)

    # --- facts ---

    def commit(self, facts: Sequence[Fact]) -> None:
        """See `contract.Store`."""
        with self._faults():
            self._require_file()
            batch = Batch(facts)
            inserts = list(batch.inserts())
            if len(inserts) == 1 and len(inserts[0][1]) <= ROWS and not batch.changes:
                self._run.insert(*inserts[0])  # its own transaction: one step for all
                return
            with self._run.transaction():
                for name, rows in inserts:
                    self._run.insert(name, rows)
                for name, values in batch.changes:
                    self._run.run(name, *values)

    def _require_file(self) -> None:
        """SQLite would go on in a file that was deleted, and nobody could ever read it.

        Raises:
            LedgerError: it is gone, or another one has its name.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise LedgerError(f"{self.path}: the ledger was deleted while it was in use") from None
        if (found.st_dev, found.st_ino) != self._file:
            raise LedgerError(f"{self.path}: another file has taken the ledger's place while it was in use")

    def facts(self, campaign: int) -> Iterator[StateFact]:
        """See `contract.Store`."""
        return self.facts_of_chunks(chunk_key(campaign, 0), chunk_key(campaign + 1, 0) - 1)

    def facts_of_chunks(self, first: int, last: int) -> Iterator[StateFact]:
        """See `contract.Store`."""
        with self._faults():
            seqs = self._run.json("facts_of_chunks", first >> CHUNK_BITS, first, last)
        return self._facts(seqs)

    def answered(self, operator: str, since: float) -> int:
        """See `contract.Store`."""
        with self._faults():
            (count,) = self._run.run("answered", operator, since, *ANSWERED).fetchone()
            return int(count)

    def unindexed(self, operator: str) -> Iterator[Accepted]:
        """See `contract.Store`."""
        with self._faults():
            seqs = self._run.json("unindexed", operator, *ACCEPTED)
        for fact in self._facts(seqs):
            if isinstance(fact, Accepted):
                numbers = self._numbers(fact.refs)
                yield Accepted(fact.operator, fact.at, fact.refs, fact.message_ids, numbers)

    def _facts(self, seqs: Sequence[int]) -> Iterator[StateFact]:
        for start in range(0, len(seqs), FACTS_PAGE):
            with self._faults():
                wanted = json.dumps(seqs[start : start + FACTS_PAGE])
                page = [fact_of(row) for row in self._run.run("facts", wanted)]
            yield from page

    def _numbers(self, refs: Sequence[int]) -> list[int]:
        bodies: dict[int, Sequence[int]] = {}
        with self._faults():
            for key in {ref >> CHUNK_SHIFT for ref in refs}:
                row = self._run.one("numbers", key)
                if row is None:
                    raise LedgerError(f"{self.path}: chunk {key} has no body")
                bodies[key] = unpack(row[0])
        return [bodies[ref >> CHUNK_SHIFT][ref >> SEGMENT_BITS & OFFSET_MASK] for ref in refs]

    # --- chunks ---

    def chunks(self, campaign: int) -> Iterator[ChunkInfo]:
        """See `contract.Store`."""
        seen, last = chunk_key(campaign, 0) - 1, chunk_key(campaign + 1, 0) - 1
        while True:
            with self._faults():
                page = self._run.run("chunks", seen, last).fetchall()
            for key, operator, count, segments, personalised in page:
                yield ChunkInfo(key, operator, count, segments, bool(personalised))
                seen = key
            if not page:
                return

    def find_number(self, number: int) -> Iterator[ChunkInfo]:
        """See `contract.Store`."""
        with self._faults():
            found = self._run.run("chunks_with", pack([number])).fetchall()
        for key, operator, count, segments, personalised, numbers in found:
            if number in unpack(numbers):  # the octets may stand across two numbers
                yield ChunkInfo(key, operator, count, segments, bool(personalised))

    def body(self, key: int) -> Chunk:
        """See `contract.Store`."""
        with self._faults():
            row = self._run.one("body", key)
            if row is None:
                raise LedgerError(f"{self.path}: chunk {key} has no body")
            operator, segments, numbers, texts = row
            return Chunk(key, operator, unpack(numbers), segments, unpack_texts(texts))

    # --- message_ids and parked receipts ---

    def find_ids(
        self, operator: str, keys: Sequence[str], *, likely: bool = False
    ) -> list[tuple[str, int, int]]:
        """See `contract.Store`."""
        find = self._ids.find_likely if likely else self._ids.find
        with self._faults():
            return [(key, ref, number) for key, ref, number in find(operator, keys)]

    def index_ids(self, operator: str, entries: Sequence[tuple[str, int, int]]) -> None:
        """See `contract.Store`."""
        with self._faults():
            self._ids.add(operator, entries)

    def tidy_ids(self) -> bool:
        """See `contract.Store`."""
        with self._faults():
            return self._ids.tidy()

    def parked(self, operator: str) -> Iterator[tuple[int, ParkedReceipt]]:
        """See `contract.Store`."""
        seen = -1
        while True:
            with self._faults():
                page = self._run.run("parked", operator, seen).fetchall()
            for seen, *fields in page:
                yield seen, ParkedReceipt(*fields)
            if not page:
                return

    def last_told(self, campaign: int) -> float:
        """When the newest fact of a campaign was told, unix seconds; 0 where there is none."""
        with self._faults():
            (at,) = self._run.run("last_told", campaign).fetchone()
            return float(at or 0.0)

    def forget(self, campaign: int, settings: str) -> None:
        """Removes all that a campaign's recipients are in, in one transaction, and marks it as purged.

        What is removed is overwritten where it lay; the file shrinks by `reclaim`.
        """
        span = chunk_key(campaign, 0), chunk_key(campaign + 1, 0) - 1
        refs = campaign << CAMPAIGN_SHIFT, (campaign + 1 << CAMPAIGN_SHIFT) - 1
        with self._faults():
            self._db.execute("PRAGMA secure_delete = ON")
            with self._run.transaction():
                self._run.run("forget_bodies", *span)
                self._run.run("forget_chunks", *span)
                self._run.run("forget_facts", campaign)
                self._run.run("forget_ids", *refs)
                self._run.run("forget_digest", campaign)
                self._run.run("lower_indexed")
                self._run.run("set_purged", CampaignState.PURGED.value, settings, campaign)

    def forget_strangers(self, before: float) -> int:
        """Removes receipts without a message and messages of users that came before; returns how many."""
        with self._faults():
            self._db.execute("PRAGMA secure_delete = ON")
            with self._run.transaction():
                parked = self._run.run("forget_parked", before).rowcount
                return parked + self._run.run("forget_inbound", before).rowcount

    def reclaim(self) -> None:
        """Writes the file anew without free pages, and empties the write-ahead log.

        It takes as much room beside the file as is left of it, and seconds a GB.
        """
        with self._faults():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def inbound(self, after: int, limit: int) -> list[tuple[int, str, float, str, str, bytes]]:
        """Messages of users, a segment each, from behind an id on: id, operator, when (unix seconds), source,
        destination, the PDU."""
        with self._faults():
            return self._run.run("inbound", after, limit).fetchall()

    def unmatched(self) -> Iterator[tuple[str, ParkedReceipt]]:
        """The receipts of no message, each with the operator that sent it, the oldest first."""
        with self._faults():
            for operator, *fields in self._run.run("unmatched"):
                yield operator, ParkedReceipt(*fields)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """SQLite's errors, and bytes that no writer of ours wrote, as errors of the ledger."""
        try:
            yield
        except (sqlite3.Error, ValueError, OSError, zlib.error) as error:
            raise LedgerError(f"{self.path}: {error}") from error


def _campaign(row: Sequence[Any]) -> Campaign:
    number, name, created, fingerprint, settings, state = row
    return Campaign(number, name, created, fingerprint, settings, CampaignState(state))
