"""Disks that fill up, become read-only, or lose the ledger: nothing leaves that could not be written down."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smppcast.errors import LedgerError
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState
from smppcast.smsc import Smsc, serve
from tests.campaign.casts import TEXT, cast, numbers, opened, operator

pytestmark = pytest.mark.anyio

SIZE_MB = 16
COUNT = 20_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        assert os.environ.get("CI") != "true" or os.geteuid(), mounted.stderr
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fills a disk but for some octets."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(max(0, free - leave)))
    return filler


async def failed(folder: Path, store: SqliteStore, smsc: Smsc) -> LedgerError:
    """Why a cast ends."""
    caught: list[BaseException] = []
    try:
        async with opened(folder, store, operator(smsc, window=100)) as engine:
            campaign = await engine.cast(TEXT, numbers(COUNT), name="alert")
            try:
                await campaign.wait()
            except LedgerError as error:
                caught.append(error)
    except LedgerError as error:
        caught.append(error)
    assert caught, "nobody was told"
    assert isinstance(caught[0], LedgerError)
    return caught[0]


async def test_a_full_disk_stops_sending_and_the_same_cast_goes_on_later(disk: Path, tmp_path: Path) -> None:
    async with serve() as smsc:
        with closing(SqliteStore(disk / "ledger.db")) as store:
            filler = fill(disk, 1_500_000)
            error = await failed(tmp_path, store, smsc)
            assert "full" in str(error)
            assert str(disk / "ledger.db") in str(error)
        sent = smsc.account.submitted
        assert sent < COUNT
        filler.unlink()
        with closing(SqliteStore(disk / "ledger.db")) as store:
            async with opened(tmp_path, store, operator(smsc, window=100)) as engine:
                account = await cast(engine, numbers(COUNT))
            assert account.delivered == COUNT
            counts = smsc.account.destinations()
            assert len(counts) == COUNT
            # What was in flight when nothing could be written down was sent again, flagged.
            assert account.segments.resubmitted >= sum(count > 1 for count in counts.values())


async def test_a_ledger_that_is_deleted_under_us_stops_sending(tmp_path: Path) -> None:
    async with serve("slow-operator") as smsc:
        store = SqliteStore(tmp_path / "ledger.db")
        with closing(store):
            async with opened(tmp_path, store, operator(smsc, window=10)) as engine:
                campaign = await engine.cast(TEXT, numbers(COUNT), name="alert")
                (tmp_path / "ledger.db").rename(tmp_path / "moved.db")
                with pytest.raises(LedgerError, match="deleted while it was in use"):
                    await campaign.wait()
            assert campaign.state is not CampaignState.FINISHED
        assert smsc.account.submitted < COUNT


def test_a_read_only_disk_is_told(disk: Path) -> None:
    with closing(SqliteStore(disk / "ledger.db")) as store:
        store.create_campaign("alert", 1.0, "print", "{}")
        log = (disk / "ledger.db-wal").read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(LedgerError, match="Read-only file system"):
        SqliteStore(disk / "ledger.db")
    with closing(SqliteStore(disk / "ledger.db", read_only=True)) as store:
        assert [campaign.name for campaign in store.campaigns()] == ["alert"]
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    (disk / "ledger.db-wal").write_bytes(log)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(LedgerError, match=r"ledger\.db-wal must be read with it"):
        SqliteStore(disk / "ledger.db", read_only=True)
