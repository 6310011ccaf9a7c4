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

__all__ = ["Answer", "AuditRow", "DaemonStore", "Draft"]

VERSION = 1
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
class Answer:
    """What a request with a key was answered; status 0 while it is worked on, or where it never ended."""

    print: bytes
    status: int
    body: bytes


class DaemonStore:
    """The file. Its methods are quick, and may be called from several threads.

    Raises:
        LedgerError: the file cannot be read or written; LedgerVersion: a later program wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "daemon.db"
        self._guard = threading.Lock()
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
            if version == 0:
                for statement in _statements(
                    files("smppcast.daemon").joinpath("schema.sql").read_text("utf-8")
                ):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")

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

    # --- drafts ---

    def add_draft(self, draft: Draft) -> bool:
        """False where the name is taken."""
        values = (draft.name, draft.created, draft.author, _json(draft.body), draft.state, _json(draft.facts))
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
        with self._writing() as db:
            if state is not None:
                db.execute("UPDATE draft SET state = ? WHERE name = ?", (state, name))
            if body is not None:
                db.execute("UPDATE draft SET body = ? WHERE name = ?", (_json(body), name))

    def note(self, name: str, **facts: Any) -> None:
        """Adds to what is known of a campaign."""
        with self._writing() as db:
            db.execute("UPDATE draft SET facts = json_patch(facts, ?) WHERE name = ?", (_json(facts), name))

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


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
