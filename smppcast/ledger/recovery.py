"""Saves what can be read of a damaged ledger into a new one.

What is lost is never taken for unsent: where facts are missing, their chunks count as sent, so that their
recipients come out as unknown and go by the campaign's policy, flagged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smppcast.errors import LedgerError
from smppcast.ledger.board import replay
from smppcast.ledger.facts import CAMPAIGN_SHIFT, CHUNK_BITS, Intent, Moved, TakenIn, chunk_of, offset_of
from smppcast.ledger.restricted import restricted
from smppcast.ledger.rows import fact_of, row_of
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState

__all__ = ["Recovered", "recover"]

# Tables with the integer that orders them; the index of message_ids is made anew from the facts.
_TABLES = {
    "campaign": "id",
    "cursor": "campaign",
    "chunk": "key",
    "body": "key",
    "fact": "seq",
    "inbound": "id",
}
_PARKED = "parked"
_LAST = 1 << 62
_ADD_FACT = (
    "INSERT INTO fact (seq, kind, campaign, operator, at, count, chunk_lo, chunk_hi, refs, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FACTS = (
    "SELECT seq, kind, campaign, operator, at, count, chunk_lo, chunk_hi, refs, data FROM fact "
    "WHERE seq > ? ORDER BY seq LIMIT ?"
)
# Of a fact that the index does not know either: it was deleted, and is of no chunk.
_PURGED = (1, 0)
LOST = "lost"
"""Why a recipient gets no message, in the account of a ledger that was recovered."""
# Rows worked through at a time; a fact may hold some ten KB.
_BATCH = 500


@dataclass(slots=True)
class Recovered:
    """What was saved, by table, and what was not.

    Args:
        gaps: stretches of a table that could not be read.
        dropped: rows that were read and mean nothing without what is lost.
        lost: recipients of whom nothing is left, by campaign.
        suspected: chunks that count as sent, since facts of theirs are missing.
    """

    saved: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    suspected: int = 0


def recover(path: Path, to: Path) -> Recovered:
    """Reads around the damage; `path` is left as it is.

    Args:
        to: the new ledger, which must not be there yet.

    Raises:
        LedgerError: `to` is there, or nothing can be read of `path`.
    """
    if to.exists():
        raise LedgerError(f"{to}: is there already")
    if not path.exists():
        raise LedgerError(f"{path}: there is no such ledger")
    found = Recovered()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.text_factory = _text
            source.execute("PRAGMA writable_schema = ON")  # else SQLite opens no file that was cut short
            source.execute("SELECT count(*) FROM sqlite_master")  # without its first page nothing can be told
            with closing(SqliteStore(to)):
                pass  # an empty ledger
            with closing(sqlite3.connect(to, isolation_level=None)) as target:
                for table, key in _TABLES.items():
                    _copy(source, target, table, key, found)
                _copy_parked(source, target, found)
                _drop_broken_chunks(target, found)
                _suspect(target, _suspects(source, target, found), found)
            _close_accounts(to, found)
    except (sqlite3.Error, LedgerError) as error:
        for made in to.parent.glob(f"{to.name}*"):
            made.unlink()
        raise LedgerError(f"{path}: {error}") from error
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# --- reading around the damage ---------------------------------------------------------------


def _copy(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, key: str, found: Recovered
) -> None:
    columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names
    rows: list[Sequence[Any]] = []
    found.saved[table] = 0
    for row in _readable(source, table, key, columns, found):
        rows.append(row)
        if len(rows) == _BATCH:
            _insert(target, insert, rows)
            found.saved[table] += len(rows)
            rows.clear()
    _insert(target, insert, rows)
    found.saved[table] += len(rows)


def _insert(target: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    target.execute("BEGIN")
    target.executemany(statement, rows)
    target.execute("COMMIT")


def _readable(
    source: sqlite3.Connection, table: str, key: str, columns: Sequence[str], found: Recovered
) -> Iterator[Sequence[Any]]:
    """All rows that can be read, in order."""
    select = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} >= ? ORDER BY {key}"  # noqa: S608 - our names
    at, position = -_LAST, columns.index(key)
    while True:
        try:
            for row in source.execute(select, (at,)):
                if not _follows(row[position], at):
                    raise sqlite3.DatabaseError("rows out of their order")
                at = row[position] + 1
                yield row
        except sqlite3.DatabaseError:
            pass
        else:
            return
        # The module reads a row ahead: the one before the damage is there still, if one asks for it alone.
        alone = _read_alone(source, f"{select} LIMIT 1", position, at)
        if alone is not None:
            at = alone[position] + 1
            yield alone
            continue
        found.gaps[table] = found.gaps.get(table, 0) + 1
        after = _behind(source, f"{select} LIMIT 1", position, at)
        if after is None:
            return
        at = after


def _read_alone(source: sqlite3.Connection, select: str, position: int, at: int) -> tuple[Any, ...] | None:
    """The first row from `at` on; None where that cannot be read."""
    try:
        row: tuple[Any, ...] | None = source.execute(select, (at,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return row if row is not None and _follows(row[position], at) else None


def _behind(source: sqlite3.Connection, select: str, position: int, at: int) -> int | None:
    """The first key behind a damage from which one can read on; None where there is none."""
    step, base = 1, max(at, 0)
    while not _reads(source, select, position, base + step):
        step *= 2
        if base + step > _LAST:
            return None
    low, high = base + step // 2, base + step
    while high - low > 1:
        middle = (low + high) // 2
        if _reads(source, select, position, middle):
            high = middle
        else:
            low = middle
    return high


def _reads(source: sqlite3.Connection, select: str, position: int, at: int) -> bool:
    try:
        row = source.execute(select, (at,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is None or _follows(row[position], at)


def _follows(key: object, at: int) -> bool:
    """A damaged tree may lead back to where one was, or anywhere."""
    return isinstance(key, int) and key >= at


def _copy_parked(source: sqlite3.Connection, target: sqlite3.Connection, found: Recovered) -> None:
    """Without an integer to skip by: as far as it can be read from its start, and from its end."""
    columns = [row[1] for row in target.execute(f"PRAGMA table_info({_PARKED})")]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    for order in ("ASC", "DESC"):
        rows: list[Sequence[Any]] = []
        try:
            # What came before an error stays in the list.
            rows.extend(
                source.execute(
                    f"SELECT {names} FROM {_PARKED} ORDER BY operator {order}, id {order}"  # noqa: S608 - ours
                )
            )
        except sqlite3.DatabaseError:
            found.gaps[_PARKED] = found.gaps.get(_PARKED, 0) + 1
        _insert(target, f"INSERT OR IGNORE INTO {_PARKED} ({names}) VALUES ({marks})", rows)  # noqa: S608 - ours
    (found.saved[_PARKED],) = target.execute(f"SELECT count(*) FROM {_PARKED}").fetchone()  # noqa: S608 - ours


# --- what the loss means ---------------------------------------------------------------------


def _drop_broken_chunks(target: sqlite3.Connection, found: Recovered) -> None:
    """Without its numbers nobody can be told anything of a chunk's recipients."""
    broken = [
        key
        for (key,) in target.execute(
            "SELECT key FROM chunk LEFT JOIN body USING (key) WHERE body.key IS NULL "
            "OR length(numbers) <> 8 * count OR key >> ? NOT IN (SELECT id FROM campaign)",
            (CHUNK_BITS,),
        )
    ]
    for table in ("chunk", "body"):
        target.executemany(f"DELETE FROM {table} WHERE key = ?", [(key,) for key in broken])  # noqa: S608 - ours
    target.execute("DELETE FROM body WHERE key NOT IN (SELECT key FROM chunk)")
    if broken:
        found.dropped["chunk"] = len(broken)


def _suspects(source: sqlite3.Connection, target: sqlite3.Connection, found: Recovered) -> set[int]:
    """Chunks of which a fact is lost: by the index, where that can be read, else all that may be."""
    counts = dict(target.execute("SELECT key, count FROM chunk"))
    lost = _missing_facts(target) | _mend_facts(target, counts, found)
    suspects: set[int] = set()
    for seq in lost:
        span = _span(source, seq)
        if span is None:
            return set(counts)
        suspects.update(key for key in counts if span[0] <= key <= span[1])
    if "fact" in found.gaps and not _ends_known(source, target):
        return set(counts)
    return suspects


def _suspect(target: sqlite3.Connection, suspects: set[int], found: Recovered) -> None:
    """Nothing that may have been sent shall look unsent."""
    counts = dict(target.execute("SELECT key, count FROM chunk"))
    intents = [row_of(Intent(key, counts[key])) for key in sorted(suspects)]
    target.executemany(_ADD_FACT, [(None, *row) for row in intents])
    found.suspected = len(intents)


def _mend_facts(target: sqlite3.Connection, counts: dict[int, int], found: Recovered) -> set[int]:
    """Takes what cannot be true out of the facts: refs of recipients that are not there, and facts that
    cannot be read. Returns which facts were not true as a whole."""

    def there(ref: int) -> bool:
        return offset_of(ref) < counts.get(chunk_of(ref), 0)

    mended: set[int] = set()
    at = 0
    while rows := target.execute(_FACTS, (at, _BATCH)).fetchall():
        at = rows[-1][0]
        for seq, *row in rows:
            kept = _mended(row, counts, there)
            if kept == row:
                continue
            mended.add(seq)
            target.execute("DELETE FROM fact WHERE seq = ?", (seq,))
            if kept is None:
                found.dropped["fact"] = found.dropped.get("fact", 0) + 1
                found.saved["fact"] -= 1
            else:
                target.execute(_ADD_FACT, (seq, *kept))
    return mended


def _mended(row: list[Any], counts: dict[int, int], there: Callable[[int], bool]) -> list[Any] | None:
    """The row as far as it can be true; None where nothing of it is."""
    kind, campaign, operator, at, count, low, _, refs, data = row
    try:
        fact = fact_of((kind, operator, at, count, low, refs, data))
    except (ValueError, TypeError):
        return None
    if isinstance(fact, Intent):
        return row if fact.below <= counts.get(fact.chunk, 0) else None
    if isinstance(fact, Moved):
        return row if fact.to in counts and all(map(there, fact.refs)) else None
    part = restricted(fact, there)
    if part is fact and (campaign, low) == (
        min(refs_of := fact.refs) >> CAMPAIGN_SHIFT,
        chunk_of(min(refs_of)),
    ):
        return row
    return (
        list(row_of(part)) if part.refs and len({ref >> CAMPAIGN_SHIFT for ref in part.refs}) == 1 else None
    )


def _missing_facts(target: sqlite3.Connection) -> set[int]:
    """Numbers are given without gaps: what is not there was lost."""
    seqs = [seq for (seq,) in target.execute("SELECT seq FROM fact ORDER BY seq")]
    return set(range(1, (seqs[-1] if seqs else 0) + 1)) - set(seqs)


def _span(source: sqlite3.Connection, seq: int) -> tuple[int, int] | None:
    """Which chunks a lost fact was of, as the index of facts has it."""
    try:
        row = source.execute(
            "SELECT chunk_lo, chunk_hi FROM fact INDEXED BY fact_of_chunks "
            "WHERE campaign >= 0 AND chunk_hi >= 0 AND seq = ?",
            (seq,),
        ).fetchone()
    except sqlite3.DatabaseError:
        return None
    return _PURGED if row is None else (row[0], row[1])


def _ends_known(source: sqlite3.Connection, target: sqlite3.Connection) -> bool:
    """Whether the last fact that was ever written is there."""
    try:
        (last,) = source.execute(
            "SELECT max(seq) FROM fact INDEXED BY fact_of_chunks WHERE campaign >= 0"
        ).fetchone()
    except sqlite3.DatabaseError:
        return False
    (saved,) = target.execute("SELECT max(seq) FROM fact").fetchone()
    return bool(last == saved)


def _close_accounts(to: Path, found: Recovered) -> None:
    """Recipients of whom nothing is left are named as such among the invalid ones."""
    with closing(SqliteStore(to)) as store:
        for campaign in store.campaigns():
            if campaign.state is CampaignState.PURGED:
                continue
            account, cursor = replay(store, campaign).account(live=False), store.cursor(campaign.id)
            there = account.accepted + account.rejected + account.unknown + account.not_sent
            refused = account.invalid + account.duplicate + account.suppressed
            lost = cursor.fed - refused - there
            if not lost:
                continue
            found.lost[campaign.name] = max(0, lost)
            invalid = (
                {**cursor.invalid, LOST: cursor.invalid.get(LOST, 0) + lost} if lost > 0 else cursor.invalid
            )
            store.commit(
                [
                    TakenIn(
                        campaign.id,
                        campaign.created,
                        cursor.rows,
                        cursor.digest,
                        max(cursor.fed, refused + there),
                        invalid,
                        cursor.duplicate,
                        cursor.suppressed,
                        cursor.complete,
                        (),
                    )
                ]
            )
