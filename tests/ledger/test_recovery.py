"""Damaged ledgers: what `check` says of them, and what `recover` saves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from smppcast.errors import LedgerError
from smppcast.ledger.board import replay
from smppcast.ledger.checkup import check
from smppcast.ledger.facts import Intent, ParkedReceipt, ReceiptsParked, chunk_key
from smppcast.ledger.recovery import LOST, recover
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account
from tests.ledger.casting import accepted, campaign_with, received, refs

CHUNKS, COUNT, BATCH = 12, 2_000, 250
PAGE = 4096


def parked(number: int) -> ParkedReceipt:
    return ParkedReceipt(f"stray{number}", "33600000001", "GOUV", 2, "000", 0, 4.0)


def half_sent(file: Path) -> None:
    """A campaign of which the first half of the chunks was sent, and most of that delivered."""
    with closing(SqliteStore(file, durability="relaxed")) as store:
        campaign = campaign_with(store, *[(COUNT, 1)] * CHUNKS)
        for no in range(CHUNKS // 2):
            for start in range(0, COUNT, BATCH):
                named = refs(campaign.id, no, *range(start, start + BATCH))
                store.commit([Intent(chunk_key(campaign.id, no), start + BATCH), accepted(named)])
                store.commit([received(named[:-10])])
        store.commit([ReceiptsParked("orange", range(300), [parked(number) for number in range(300)])])


def account(file: Path) -> Account:
    with closing(SqliteStore(file, read_only=True)) as store:
        (campaign,) = store.campaigns()
        return replay(store, campaign).account(live=False)


def overwrite(file: Path, start: int, octets: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(octets)


def test_a_whole_ledger_has_nothing_wrong_and_is_saved_as_it_is(file: Path, tmp_path: Path) -> None:
    half_sent(file)
    assert list(check(file)) == []
    found = recover(file, tmp_path / "saved.db")
    assert (found.gaps, found.dropped, found.lost, found.suspected) == ({}, {}, {}, 0)
    assert account(tmp_path / "saved.db") == account(file)
    assert list(check(tmp_path / "saved.db")) == []


@pytest.mark.parametrize("seed", range(10))
def test_what_is_damaged_is_told_and_what_is_saved_is_whole(seed: int, file: Path, tmp_path: Path) -> None:
    """Nothing that was sent ever looks unsent, and the account closes."""
    half_sent(file)
    before, draw = account(file), Random(seed)
    pages = file.stat().st_size // PAGE
    for _ in range(3):
        junk = draw.choice((bytes(PAGE), draw.randbytes(PAGE)))
        overwrite(file, draw.randrange(2, pages) * PAGE, junk)
    problems = list(check(file))
    found = recover(file, tmp_path / "saved.db")
    assert list(check(tmp_path / "saved.db")) == []
    after = account(tmp_path / "saved.db")
    assert after.closes
    assert after.fed == before.fed
    assert after.not_sent <= before.not_sent
    assert after.delivered <= before.delivered
    assert after.invalid_reasons.get(LOST, 0) == sum(found.lost.values())
    if after != before:
        assert problems
    with closing(SqliteStore(tmp_path / "saved.db")) as store:  # it can be gone on with
        assert store.campaign("alert") is not None


def test_a_file_cut_short_is_saved_as_far_as_it_goes(file: Path, tmp_path: Path) -> None:
    half_sent(file)
    fed = account(file).fed
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size * 2 // 3)
    assert list(check(file))
    recover(file, tmp_path / "saved.db")
    after = account(tmp_path / "saved.db")
    assert (after.closes, after.fed) == (True, fed)
    assert list(check(tmp_path / "saved.db")) == []


def test_without_its_header_a_file_is_no_ledger(file: Path, tmp_path: Path) -> None:
    half_sent(file)
    overwrite(file, 0, bytes(PAGE))
    assert list(check(file)) == ["file is not a database"]
    with pytest.raises(LedgerError, match="not a database"):
        recover(file, tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()


def test_rows_that_do_not_fit_are_told(file: Path) -> None:
    half_sent(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("DELETE FROM body WHERE key = (SELECT min(key) FROM body)")
        db.execute("UPDATE body SET numbers = x'00' WHERE key = (SELECT max(key) FROM body)")
    first, second, *_ = check(file)
    assert "chunks without body" in first
    assert "bodies of another size" in second


def test_a_fact_that_cannot_be_read_leaves_its_recipients_unknown(file: Path, tmp_path: Path) -> None:
    half_sent(file)
    delivered = account(file).delivered
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE fact SET refs = x'0011' WHERE seq = (SELECT min(seq) FROM fact WHERE kind = 2)")
    (problem,) = check(file)
    assert "campaign alert" in problem
    found = recover(file, tmp_path / "saved.db")
    assert found.dropped == {"fact": 1}
    after = account(tmp_path / "saved.db")
    # The receipts of the others tell that they were accepted.
    assert (after.closes, after.unknown, after.delivered) == (True, 10, delivered)


def test_nothing_is_written_over(file: Path, tmp_path: Path) -> None:
    half_sent(file)
    (tmp_path / "there.db").touch()
    with pytest.raises(LedgerError, match="is there already"):
        recover(file, tmp_path / "there.db")
    with pytest.raises(LedgerError, match="no such ledger"):
        recover(tmp_path / "missing.db", tmp_path / "saved.db")
