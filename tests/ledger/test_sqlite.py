"""The ledger's file: who may open it, and what survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from smppcast.errors import LedgerBusy, LedgerError, LedgerVersion
from smppcast.ledger.facts import Accepted
from smppcast.ledger.sqlite import SCHEMA_VERSION, SqliteStore
from tests.ledger.casting import accepted, campaign_with, refs


def test_what_is_committed_is_there_after_reopening(file: Path) -> None:
    first = SqliteStore(file)
    campaign = campaign_with(first, (4, 1)).id
    first.commit([accepted(refs(campaign, 0, 2))])
    first.close()
    again = SqliteStore(file)
    assert [fact.refs[0] for fact in again.facts(campaign) if isinstance(fact, Accepted)] == refs(
        campaign, 0, 2
    )
    again.close()


def test_the_file_is_its_owners_alone(file: Path) -> None:
    SqliteStore(file).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_writer_is_refused_and_told_of_the_first(file: Path) -> None:
    first = SqliteStore(file)
    with pytest.raises(LedgerBusy, match=f"process {os.getpid()} on "):
        SqliteStore(file)
    first.close()
    SqliteStore(file).close()


def test_a_writer_under_another_name_of_the_file_is_refused_too(file: Path, tmp_path: Path) -> None:
    first = SqliteStore(file)
    link = tmp_path / "link.db"
    link.symlink_to(file)
    with pytest.raises(LedgerBusy):
        SqliteStore(link)
    first.close()


def test_a_reader_reads_beside_the_writer_and_sees_it(file: Path) -> None:
    writer = SqliteStore(file)
    reader = SqliteStore(file, read_only=True)
    campaign = campaign_with(writer, (4, 1))
    assert reader.campaign("alert") == campaign
    assert reader.writer_alive() == os.getpid()
    writer.close()
    assert reader.writer_alive() is None
    with pytest.raises(LedgerError):
        reader.create_campaign("other", 1.0, "", "")
    reader.close()


def test_a_reader_needs_no_writer(file: Path) -> None:
    writer = SqliteStore(file)
    campaign = campaign_with(writer, (4, 1))
    writer.close()
    reader = SqliteStore(file, read_only=True)
    assert reader.campaigns() == [campaign]
    assert reader.writer_alive() is None
    reader.close()


def test_a_reader_makes_no_file(file: Path) -> None:
    with pytest.raises(LedgerError, match="no such ledger"):
        SqliteStore(file, read_only=True)
    assert not file.exists()


def test_a_newer_schema_is_refused(file: Path) -> None:
    SqliteStore(file).close()
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    for read_only in (True, False):
        with pytest.raises(LedgerVersion, match=f"schema {SCHEMA_VERSION + 1}"):
            SqliteStore(file, read_only=read_only)


@pytest.mark.parametrize("read_only", [True, False])
def test_something_else_is_refused(file: Path, read_only: bool) -> None:
    file.write_bytes(b"msisdn;name\n" * 1000)
    with pytest.raises(LedgerError, match=r"ledger\.db"):
        SqliteStore(file, read_only=read_only)
    assert file.read_bytes().startswith(b"msisdn")


def test_another_programs_database_is_refused(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(LedgerError, match="not a ledger"):
        SqliteStore(file)


def test_a_folder_that_is_not_there_is_an_error_of_the_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        SqliteStore(tmp_path / "nowhere" / "ledger.db")


def test_a_refused_open_leaves_no_lock(file: Path) -> None:
    file.write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError):
        SqliteStore(file)
    file.unlink()
    SqliteStore(file).close()


def test_a_damaged_file_is_an_error_of_the_ledger(file: Path) -> None:
    store = SqliteStore(file)
    campaign = campaign_with(store, *[(50, 1)] * 200).id
    for no in range(200):
        store.commit([accepted(refs(campaign, no, *range(50)))])
    store.close()
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(1) * (len(content) - 4096)
    file.write_bytes(content)

    def read() -> None:
        store = SqliteStore(file)
        try:
            list(store.facts(campaign))
            list(store.chunks(campaign))
        finally:
            store.close()

    with pytest.raises(LedgerError, match=r"ledger\.db"):
        read()


def test_a_damaged_fact_is_an_error_of_the_ledger(file: Path) -> None:
    store = SqliteStore(file)
    campaign = campaign_with(store, (4, 1)).id
    store.commit([accepted(refs(campaign, 0, 1, 2))])
    store.close()
    for damage in (
        "refs = x'0102'",
        "refs = x'0102030405060708'",
        "kind = 99",
        "data = x'ff00ff'",
        "data = x'61'",
    ):
        with sqlite3.connect(file) as db:
            db.execute(f"UPDATE fact SET {damage}")
        db.close()
        store = SqliteStore(file)
        with pytest.raises(LedgerError, match=r"ledger\.db"):
            list(store.facts(campaign))
        store.close()


def test_a_disk_that_is_full_fails_a_commit_and_nothing_before_it(file: Path) -> None:
    store = SqliteStore(file)
    campaign = campaign_with(store, (10_000, 1)).id
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages + 3}")
    store.commit([accepted(refs(campaign, 0, 1))])
    with pytest.raises(LedgerError, match="full"):
        store.commit([accepted(refs(campaign, 0, *range(5_000))), *[accepted(refs(campaign, 0, 3))] * 3])
    assert len(list(store.facts(campaign))) == 1
    store.close()


CHILD = """
import sys
from smppcast.ledger.facts import Accepted, make_ref, chunk_key
from smppcast.ledger.sqlite import SqliteStore
from tests.ledger.casting import campaign_with

store = SqliteStore(sys.argv[1])
campaign = campaign_with(store, (10_000, 1)).id
for offset in range(10_000):
    ref = make_ref(chunk_key(campaign, 0), offset)
    store.commit([Accepted("orange", 1.0, [ref], [str(offset)], ())])
    print(offset, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 333])
def test_every_acknowledged_commit_survives_kill_9(file: Path, acknowledged: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(acknowledged)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout]
    child.wait()
    child.stdout.close()
    reader = SqliteStore(file, read_only=True)  # reads the log that nobody closed
    assert (reader.writer_alive(), [campaign.name for campaign in reader.campaigns()]) == (None, ["alert"])
    reader.close()
    store = SqliteStore(file)  # its lock died with it
    campaign = store.campaign("alert")
    assert campaign is not None
    found = [fact.message_ids[0] for fact in store.facts(campaign.id) if isinstance(fact, Accepted)]
    store.close()
    assert told == list(range(len(told)))
    # one more may have been committed and not told yet
    assert found[: len(told)] == [str(offset) for offset in told]
    assert len(found) - len(told) in (0, 1)


def test_a_ledger_of_the_first_version_is_brought_forward_and_read_as_it_is(tmp_path: Path) -> None:
    """Version 1 had no index of inbound messages by their age."""
    path = tmp_path / "ledger.db"
    fresh = SqliteStore(path)
    tables = fresh._db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    fresh.create_campaign("alert", 1.0, "print", "{}")
    fresh.close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP INDEX inbound_at; PRAGMA user_version = 1;")
    reading = SqliteStore(path, read_only=True)
    assert [each.name for each in reading.campaigns()] == ["alert"]
    reading.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    brought = SqliteStore(path)
    assert brought._db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert brought._db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == tables
    assert [each.name for each in brought.campaigns()] == ["alert"]
    brought.close()
