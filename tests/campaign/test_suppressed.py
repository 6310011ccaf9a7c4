"""Campaigns that leave numbers out: opt-out lists, whom another campaign reached, and resumed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smppcast.campaign.options import CampaignOptions, Reached
from smppcast.errors import CampaignError, FeedError
from smppcast.ledger.memory import MemoryStore
from smppcast.model import Outcome
from smppcast.smsc import serve
from tests.campaign.casts import TEXT, cast, numbers, opened, operator, until_submitted

pytestmark = pytest.mark.anyio


def listed(folder: Path, *chosen: str) -> tuple[Path, ...]:
    path = folder / "optout.txt"
    path.write_text("\n".join(chosen))
    return (path,)


def rejected(folder: Path) -> list[str]:
    (path,) = folder.glob("*.rejects.csv")
    return path.read_text("utf-8").splitlines()[1:]


async def test_who_opted_out_gets_nothing_and_is_counted(tmp_path: Path) -> None:
    everybody = numbers(100)
    async with serve() as smsc, opened(tmp_path, MemoryStore(), operator(smsc)) as engine:
        feed = [*everybody, everybody[0], everybody[50], "nobody"]
        account = await cast(engine, feed, suppress=listed(tmp_path, *everybody[:10]))
        assert (account.fed, account.suppressed, account.duplicate, account.invalid) == (103, 11, 1, 1)
        assert account.delivered == 90
        assert set(smsc.account.destinations()) == set(everybody[10:])
        reasons = Counter(row.split(",")[1] for row in rejected(tmp_path))
        assert reasons == {"suppressed": 11, "not_a_number": 1}
        assert account.invalid_reasons == {"not_a_number": 1}


async def test_whom_another_campaign_reached(tmp_path: Path) -> None:
    everybody = numbers(100)
    rule = {"suffix": "7", "state": "expired"}
    async with serve() as smsc, opened(tmp_path, MemoryStore(), operator(smsc)) as engine:
        smsc.change(numbers=[rule])
        first = await cast(engine, everybody)
        assert (first.delivered, first.expired) == (90, 10)
        second = await cast(engine, everybody, name="again", suppress_reached=(Reached("alert"),))
        assert (second.suppressed, second.accepted) == (90, 10)
        either = Reached("alert", frozenset((Outcome.DELIVERED, Outcome.EXPIRED)))
        third = await cast(engine, everybody, name="third", suppress_reached=(either,))
        assert (third.suppressed, third.accepted) == (100, 0)
        unknown = CampaignOptions(suppress_reached=(Reached("nothing"),))
        with pytest.raises(CampaignError, match="no campaign nothing"):
            await engine.cast(TEXT, everybody, name="fourth", options=unknown)
        assert smsc.account.submitted == 110


async def test_a_list_that_cannot_be_read_begins_nothing(tmp_path: Path) -> None:
    async with serve() as smsc, opened(tmp_path, MemoryStore(), operator(smsc)) as engine:
        with pytest.raises(FeedError, match="missing"):
            await cast(engine, numbers(10), suppress=(tmp_path / "missing.txt",))
        assert (await cast(engine, numbers(10))).delivered == 10


async def test_a_list_that_grew_between_runs_holds_for_the_rest(tmp_path: Path) -> None:
    everybody, store = numbers(3_000), MemoryStore()

    async with serve() as smsc:

        async def cut_short() -> AsyncIterator[str]:
            for number in everybody[:2_000]:
                yield number
            await until_submitted(smsc, 1)
            raise ZeroDivisionError

        async with opened(tmp_path, store, operator(smsc)) as engine:
            campaign = await engine.cast(TEXT, cut_short(), name="alert")
            with pytest.raises(FeedError, match="ZeroDivisionError"):
                await campaign.wait()
        async with opened(tmp_path, store, operator(smsc)) as engine:
            grown = listed(tmp_path, everybody[0], everybody[-1])
            account = await cast(engine, everybody, suppress=grown)
        assert account.fed == 3_000
        assert account.suppressed in (1, 2)  # the first only if nothing of it was taken in before
        assert account.delivered == 3_000 - account.suppressed
