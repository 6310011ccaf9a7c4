"""Whether a ledger file is whole: its pages, its rows, and what they say of one another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from smppcast.errors import LedgerError
from smppcast.ledger.board import replay
from smppcast.ledger.queries import queries
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState

__all__ = ["check"]

# Faults of one kind that are told apart; more of them say nothing new.
TOLD = 10


def check(path: Path) -> Iterator[str]:
    """Looks at all of a ledger, beside a writer that lives or without; yields what is wrong, a sentence each.

    Args:
        path: the file; it is only read.

    Raises:
        LedgerError: there is no such file, or it is no ledger of a version that this program knows.
    """
    try:
        SqliteStore(path, read_only=True).close()
    except LedgerError as error:
        if not isinstance(error.__cause__, sqlite3.Error):
            raise
        yield str(error.__cause__)
        return
    damaged = False
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        for problem in _pages(db):
            damaged = True
            yield problem
        if not damaged:
            yield from _rows(db)
    if not damaged:
        yield from _accounts(path)


def _pages(db: sqlite3.Connection) -> Iterator[str]:
    try:
        for (told,) in db.execute(f"PRAGMA integrity_check({TOLD})"):
            if told != "ok":
                yield told
    except sqlite3.Error as error:
        yield str(error)


def _rows(db: sqlite3.Connection) -> Iterator[str]:
    for name in ("chunks_without_body", "bodies_of_another_size", "chunks_of_no_campaign"):
        keys = [key for (key,) in db.execute(queries()[name], (TOLD,))]
        if keys:
            yield f"{name.replace('_', ' ')}: {', '.join(map(str, keys))}"


def _accounts(path: Path) -> Iterator[str]:
    with closing(SqliteStore(path, read_only=True)) as store:
        for campaign in store.campaigns():
            if campaign.state is CampaignState.PURGED:
                continue  # its counts are kept apart from what they count
            try:
                account = replay(store, campaign).account(live=False)
            except LedgerError as error:
                yield f"campaign {campaign.name}: {error}"
                continue
            if not account.closes:
                yield f"campaign {campaign.name}: its account does not close"
