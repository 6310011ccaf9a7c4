"""What the daemon keeps beside the ledger, in a SQLite file of its own: see `schema.sql`.

`smppcast token` writes to it while the daemon runs; each call is one short transaction, made durable.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from smppcast.daemon.tokens import Person, Role, TokenRow
from smppcast.errors import LedgerError, LedgerVersion

__all__ = ["Answer", "AuditRow", "DaemonStore", "Draft", "EventRow"]

VERSION = 2
# What brings the file to each version from the one before.
STEPS = {1: "schema.sql", 2: "to_2.sql"}
BUSY_MS = 5_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign as people made it.

    Args:
        body: the request that made it.
        state: draft, approved, started or cancelled.
        facts: what came to be known of it: count, test, approval, account at the end.
    """

    name: str
    created: float
    author: str
    body: dict[str, Any]
    state: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when, to what."""

    no: int
    at: float
    token: str
    who: str
    action: str
    about: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that became of a campaign; the account where that was its end."""

    no: int
    at: float
    campaign: str
    event: str
    reason: str
    by: str | None
    account: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request with a key was answered; status 0 while it is worked on, or where it never ended."""

    print: bytes
    status: int
    body: bytes


class DaemonStore:
    """The file. Its methods are quick, and may be called from several threads.

    Attributes:
        edition: of the drafts: another number once one of them has changed.

    Raises:
        LedgerError: the file cannot be read or written; LedgerVersion: a later program wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "daemon.db"
        self._guard = threading.Lock()
        self.edition = 0
        with self._faults():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare()

    def __repr__(self) -> str:
        return f"<DaemonStore {self.path}>"

    def close(self) -> None:
        self._db.close()

    def _prepare(self) -> None:
        with self._writing() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise LedgerVersion(f"{self.path}: schema {version}, this program knows up to {VERSION}")
            for step in range(version + 1, VERSION + 1):
                text = files("smppcast.daemon").joinpath(STEPS[step]).read_text("utf-8")
                for statement in _statements(text):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {step}")

    # --- tokens ---

    def add_token(self, row: TokenRow) -> None:
        values = (row.id, row.name, row.role.value, row.hashed, row.created)
        with self._writing() as db:
            db.execute("INSERT INTO token (id, name, role, hashed, created) VALUES (?, ?, ?, ?, ?)", values)

    def token(self, public: str) -> TokenRow | None:
        with self._reading() as db:
            row = db.execute("SELECT * FROM token WHERE id = ?", (public,)).fetchone()
        return None if row is None else _token(row)

    def tokens(self) -> list[TokenRow]:
        with self._reading() as db:
            return [_token(row) for row in db.execute("SELECT * FROM token ORDER BY created")]

    def revoke(self, public: str, now: float) -> bool:
        """Whether there was such a token, still good."""
        with self._writing() as db:
            sql = "UPDATE token SET revoked = ? WHERE id = ? AND revoked = 0"
            return db.execute(sql, (now, public)).rowcount > 0

    # --- sessions ---

    def add_session(self, hashed: bytes, token: str, now: float) -> None:
        with self._writing() as db:
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (hashed, token, now, now))

    def session(self, hashed: bytes) -> tuple[str, float, float] | None:
        """The token's id, when it began, and when it was last seen."""
        with self._reading() as db:
            sql = "SELECT token, began, seen FROM session WHERE hashed = ?"
            row: tuple[str, float, float] | None = db.execute(sql, (hashed,)).fetchone()
        return row

    def see_session(self, hashed: bytes, now: float) -> None:
        with self._writing() as db:
            db.execute("UPDATE session SET seen = ? WHERE hashed = ?", (now, hashed))

    def end_session(self, hashed: bytes) -> None:
        with self._writing() as db:
            db.execute("DELETE FROM session WHERE hashed = ?", (hashed,))

    def end_sessions(self, began: float, seen: float) -> int:
        """Forgets those that began, or were seen last, before a moment."""
        with self._writing() as db:
            return db.execute("DELETE FROM session WHERE began < ? OR seen < ?", (began, seen)).rowcount

    # --- drafts ---

    def add_draft(self, draft: Draft) -> bool:
        """False where the name is taken."""
        values = (draft.name, draft.created, draft.author, _json(draft.body), draft.state, _json(draft.facts))
        self.edition += 1
        with self._writing() as db:
            return db.execute("INSERT OR IGNORE INTO draft VALUES (?, ?, ?, ?, ?, ?)", values).rowcount > 0

    def draft(self, name: str) -> Draft | None:
        with self._reading() as db:
            row = db.execute("SELECT * FROM draft WHERE name = ?", (name,)).fetchone()
        return None if row is None else _draft(row)

    def drafts(self) -> list[Draft]:
        """The newest first."""
        with self._reading() as db:
            return [_draft(row) for row in db.execute("SELECT * FROM draft ORDER BY created DESC")]

    def set_draft(
        self, name: str, *, state: str | None = None, body: Mapping[str, Any] | None = None
    ) -> None:
        self.edition += 1
        with self._writing() as db:
            if state is not None:
                db.execute("UPDATE draft SET state = ? WHERE name = ?", (state, name))
            if body is not None:
                db.execute("UPDATE draft SET body = ? WHERE name = ?", (_json(body), name))

    def note(self, name: str, **facts: Any) -> None:
        """Adds to what is known of a campaign."""
        self.edition += 1
        with self._writing() as db:
            db.execute("UPDATE draft SET facts = json_patch(facts, ?) WHERE name = ?", (_json(facts), name))

    # --- events ---

    def tell(
        self,
        campaign: str,
        event: str,
        *,
        reason: str = "",
        by: str | None = None,
        account: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds to what became of a campaign; webhooks tell it further."""
        values = (time.time(), campaign, event, reason, by, None if account is None else _json(account))
        with self._writing() as db:
            sql = "INSERT INTO event (at, campaign, event, reason, by, account) VALUES (?, ?, ?, ?, ?, ?)"
            db.execute(sql, values)

    def events(self, after: int, limit: int) -> list[EventRow]:
        """In their order, from behind a number on."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM event WHERE no > ? ORDER BY no LIMIT ?", (after, limit)
            ).fetchall()
        return [_event(row) for row in rows]

    def events_waiting(self, after: int) -> tuple[int, int, float]:
        """The number of the last event, how many are behind a number, and when the first of those was."""
        with self._reading() as db:
            (last,) = db.execute("SELECT coalesce(max(no), 0) FROM event").fetchone()
            sql = "SELECT count(*), coalesce(min(at), 0) FROM event WHERE no > ?"
            count, oldest = db.execute(sql, (after,)).fetchone()
        return last, count, oldest

    def last_events(self) -> dict[str, str]:
        """The last event of each campaign; a recall is none of its states."""
        sql = "SELECT campaign, event, max(no) FROM event WHERE event <> 'recalled' GROUP BY campaign"
        with self._reading() as db:
            return {campaign: event for campaign, event, _ in db.execute(sql)}

    # --- what outlives the process ---

    def standing(self, key: str) -> Any:
        """What was kept under a key, None for nothing."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM standing WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def keep(self, key: str, value: Any) -> None:
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO standing VALUES (?, ?)", (key, _json(value)))

    # --- audit ---

    def audit(self, person: Person, action: str, about: str, detail: Mapping[str, Any]) -> None:
        values = (time.time(), person.token, person.name, action, about, _json(detail))
        with self._writing() as db:
            sql = "INSERT INTO audit (at, token, who, action, about, detail) VALUES (?, ?, ?, ?, ?, ?)"
            db.execute(sql, values)

    def audited(self, after: int, limit: int) -> list[AuditRow]:
        """In their order, from behind a number on."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM audit WHERE no > ? ORDER BY no LIMIT ?", (after, limit)
            ).fetchall()
        return [_audit(row) for row in rows]

    # --- answers given once ---

    def begin_answer(self, token: str, key: str, request: bytes, now: float) -> Answer | None:
        """Takes the key for a request; or the answer to whoever had it before."""
        with self._writing() as db:
            sql = "INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?, 0, x'')"
            if db.execute(sql, (token, key, request, now)).rowcount:
                return None
            sql = "SELECT print, status, body FROM answer WHERE token = ? AND key = ?"
            return Answer(*db.execute(sql, (token, key)).fetchone())

    def end_answer(self, token: str, key: str, status: int, body: bytes) -> None:
        with self._writing() as db:
            sql = "UPDATE answer SET status = ?, body = ? WHERE token = ? AND key = ?"
            db.execute(sql, (status, body, token, key))

    def drop_answer(self, token: str, key: str) -> None:
        """The request changed nothing: its key may be used again."""
        with self._writing() as db:
            db.execute("DELETE FROM answer WHERE token = ? AND key = ?", (token, key))

    def forget_answers(self, before: float) -> int:
        with self._writing() as db:
            return db.execute("DELETE FROM answer WHERE at < ?", (before,)).rowcount

    # --- the connection ---

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._faults(), self._guard:
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._faults(), self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self.path}: {error}") from error


def _statements(text: str) -> Iterator[str]:
    """The statements of a script, each whole: a trigger has semicolons within."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _token(row: tuple[Any, ...]) -> TokenRow:
    public, name, role, hashed, created, revoked = row
    return TokenRow(public, name, Role(role), hashed, created, revoked)


def _draft(row: tuple[Any, ...]) -> Draft:
    name, created, author, body, state, facts = row
    return Draft(name, created, author, json.loads(body), state, json.loads(facts))


def _audit(row: tuple[Any, ...]) -> AuditRow:
    no, at, token, who, action, about, detail = row
    return AuditRow(no, at, token, who, action, about, json.loads(detail))


def _event(row: tuple[Any, ...]) -> EventRow:
    no, at, campaign, event, reason, by, account = row
    return EventRow(no, at, campaign, event, reason, by, None if account is None else json.loads(account))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
