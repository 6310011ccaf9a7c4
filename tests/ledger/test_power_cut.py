"""A write-ahead log cut anywhere: the ledger is as some commit left it, no later one in part."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from smppcast.ledger.checkup import check
from smppcast.ledger.facts import Intent, chunk_key
from smppcast.ledger.sqlite import SqliteStore
from tests.ledger.casting import accepted, campaign_with, received, refs

COUNT, COMMITS = 400, 12
WAL_HEADER, FRAME = 32, 24 + 4096  # https://www.sqlite.org/fileformat2.html section 4


def states(file: Path) -> tuple[int, int]:
    """Facts, and chunks."""
    with closing(SqliteStore(file)) as store:
        campaign = store.campaign("alert")
        if campaign is None:
            return 0, 0
        return len(list(store.facts(campaign.id))), len(list(store.chunks(campaign.id)))


def test_each_cut_leaves_what_some_commit_left(file: Path, tmp_path: Path) -> None:
    wal = file.with_name("ledger.db-wal")
    seen: list[tuple[int, int]] = [(0, 0)]  # facts and chunks after each commit
    ends = [0]  # how long the log was then
    with closing(SqliteStore(file)) as store:
        campaign = campaign_with(store, (COUNT, 1))
        seen.append((0, 1))
        ends.append(wal.stat().st_size)
        for at in range(COMMITS):
            named = refs(campaign.id, 0, *range(at * 30, at * 30 + 30))
            store.commit([Intent(chunk_key(campaign.id, 0), at * 30 + 30), accepted(named), received(named)])
            seen.append((3 * (at + 1), 1))
            ends.append(wal.stat().st_size)
        base, log = file.read_bytes(), wal.read_bytes()
    assert len(log) == ends[-1]
    cuts = range(WAL_HEADER, len(log) + 1, FRAME)
    last = left = (0, 0)
    for number, cut in enumerate(cuts):
        for octets in (log[:cut], log[: cut + FRAME // 2], log[:cut] + bytes(FRAME)):
            folder = tmp_path / "cut"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "ledger.db").write_bytes(base)
            (folder / "ledger.db-wal").write_bytes(octets)
            left = states(folder / "ledger.db")
            durable = max(commit for commit, end in zip(seen, ends, strict=True) if end <= cut)
            assert left in seen, f"half a commit, cut behind frame {number}"
            assert left >= durable, f"a commit is lost, cut behind frame {number}"
            assert list(check(folder / "ledger.db")) == []
        assert left >= last
        last = left
    assert last == seen[-1]
