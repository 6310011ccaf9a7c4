"""Daily quotas of whole campaigns: through restarts, crashes and midnights, and beside other operators."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.operators.lane import Lane
from smppcast.operators.statistics import LaneState
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import TEXT, TWO_SEGMENTS, closed, numbers, opened, operator, rows, until

pytestmark = pytest.mark.anyio

NOON, DAY = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp(), 86_400


async def used_up(lane: Lane) -> None:
    await until(lambda: lane.sending and not lane.statistics().quota_left and not lane.in_flight)


async def test_a_campaign_takes_as_many_days_as_its_quota_asks_for(tmp_path: Path, store: Store) -> None:
    wall = [NOON]
    async with serve() as smsc:
        lanes = {"orange": operator(smsc, quota=90)}
        for _ in range(3):  # run again and again on one day
            async with opened(tmp_path, store, lanes, wall=lambda: wall[0]) as engine:
                campaign = await engine.cast(TWO_SEGMENTS, numbers(100), name="alert")
                lane = engine.lanes["orange"]
                await used_up(lane)
                assert (smsc.account.submitted, lane.state) == (90, LaneState.PAUSED)
        wall[0] += DAY
        async with opened(tmp_path, store, lanes, wall=lambda: wall[0]) as engine:
            campaign = await engine.cast(TWO_SEGMENTS, numbers(100), name="alert")
            await until(lambda: smsc.account.submitted == 180)
            wall[0] += DAY  # and now over midnight
            engine.lanes["orange"].wake()
            account = closed(await campaign.wait())
    assert (account.delivered, account.segments.submitted, account.unknown) == (100, 200, 0)
    assert set(smsc.account.destinations().values()) == {2}
    assert not any(row.possible_duplicate for row in rows(store))


async def test_another_operator_goes_on(tmp_path: Path, memory: MemoryStore) -> None:
    wall = [NOON]
    feed = numbers(50) + numbers(50, 33_700_000_000)
    async with serve() as one, serve() as other:
        lanes = {"one": operator(one, prefixes=["336"], quota=20), "other": operator(other, prefixes=["337"])}
        async with opened(tmp_path, memory, lanes, wall=lambda: wall[0]) as engine:
            campaign = await engine.cast(TEXT, feed, name="alert")
            await until(lambda: campaign.by_operator()["other"].delivered == 50)
            await until(lambda: campaign.by_operator()["one"].delivered == 20)
            assert not campaign.ended
            assert campaign.by_operator()["one"].not_sent + campaign.by_operator()["one"].in_flight == 30
            assert engine.lanes["one"].state is LaneState.PAUSED
    account = closed(engine.campaigns["alert"].account())
    assert (account.delivered, account.not_sent) == (70, 30)


async def test_after_a_crash_what_may_have_been_sent_counts(tmp_path: Path) -> None:
    wall, store = [NOON], MemoryStore()
    async with serve(load_scenario("ideal").changed(response_latency=10**7)) as smsc:
        lanes = {"orange": operator(smsc, quota=150, window=20)}
        async with opened(tmp_path, store, lanes, wall=lambda: wall[0]) as engine:
            await engine.cast(TEXT, numbers(500), name="alert")
            await until(lambda: smsc.account.submitted == 20)
            engine.lanes["orange"].stopped = True
            # As a crash leaves it: every intent, and not one answer.
            left = await engine._writer.call(copy.deepcopy, store)
            await smsc.cut()
        smsc.change(response_latency=0)
        for _ in range(2):
            async with opened(tmp_path, left, lanes, wall=lambda: wall[0]) as engine:
                lane = engine.lanes["orange"]
                assert lane.quota is not None
                assert lane.quota.used >= smsc.account.submitted
                campaign = await engine.cast(TEXT, numbers(500), name="alert")
                await used_up(lane)
                assert not campaign.ended
        assert 100 < smsc.account.submitted <= 150
