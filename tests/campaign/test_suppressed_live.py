"""Who asks for no more while a campaign takes its feed in is left out, and a resumed run agrees."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.ledger.sqlite import SqliteStore
from smppcast.smsc import serve
from tests.campaign.casts import TEXT, cast, numbers, opened, operator, until

pytestmark = pytest.mark.anyio

EVERYBODY = numbers(100)
# The first half, then one of it again, and the rest: who opts out in between was sent a message, or was not.
FEED = [*EVERYBODY[:50], EVERYBODY[3], *EVERYBODY[50:]]
OUT = [EVERYBODY[3], EVERYBODY[7], EVERYBODY[60], EVERYBODY[99]]


class Halves:
    """A feed whose rest waits until it is let on."""

    def __init__(self) -> None:
        self.on = anyio.Event()

    async def rows(self) -> AsyncIterator[str]:
        for row in FEED[:50]:
            yield row
        await self.on.wait()
        for row in FEED[50:]:
            yield row


async def begun(engine: Engine, feed: Halves) -> None:
    campaign = await engine.cast(TEXT, feed.rows(), name="alert")
    await until(lambda: campaign.boards.account().delivered == 50)
    campaign.suppress(array("q", map(int, OUT)))


async def test_a_row_that_comes_later_is_left_out(tmp_path: Path) -> None:
    feed, store = Halves(), SqliteStore(tmp_path / "ledger.db", durability="relaxed")
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        await begun(engine, feed)
        feed.on.set()
        account = await engine.campaigns["alert"].wait()
        # The one of the first half that comes again has both reasons: it is counted under the first.
        assert (account.fed, account.suppressed, account.duplicate, account.delivered) == (101, 3, 0, 98)
        assert account.closes
        assert not {EVERYBODY[60], EVERYBODY[99]} & set(smsc.account.destinations())
    store.close()


@pytest.mark.parametrize("listed", [True, False])
async def test_a_resumed_run_closes_its_account_whether_the_list_still_has_them(
    tmp_path: Path, listed: bool
) -> None:
    async with serve() as smsc:
        feed, store = Halves(), SqliteStore(tmp_path / "ledger.db", durability="relaxed")
        async with opened(tmp_path, store, operator(smsc)) as engine:
            await begun(engine, feed)
        store.close()
        path = tmp_path / "opt-out.txt"
        path.write_text("\n".join(OUT))
        store = SqliteStore(tmp_path / "ledger.db", durability="relaxed")
        async with opened(tmp_path, store, operator(smsc)) as engine:
            account = await cast(engine, FEED, suppress=(path,) if listed else ())
            counted = (account.fed, account.suppressed, account.duplicate, account.delivered)
            assert counted == ((101, 3, 0, 98) if listed else (101, 0, 1, 100))
        store.close()
        assert max(smsc.account.destinations().values()) == 1


async def test_one_found_finished_has_nothing_to_leave_out(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ledger.db", durability="relaxed")
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        await cast(engine, FEED)
        again = await engine.cast(TEXT, FEED, name="alert", options=CampaignOptions())
        again.suppress(array("q", [1]))
        assert again.account().delivered == 100
    store.close()
