"""A quota a day: never exceeded, over all binds, until midnight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smppcast.operators.statistics import LaneState, Paused, PauseReason
from smppcast.smsc import load_scenario, serve
from tests.operators.shelves import running, settings, until

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()
MIDNIGHT = NOON + 10 * 3_600  # in Paris, in summer


async def test_a_quota_holds_over_all_binds_until_midnight_in_its_zone() -> None:
    wall = [NOON]
    scenario = load_scenario("ideal").changed(response_latency=2)
    async with serve(scenario) as smsc:
        account = settings(smsc, binds=3, window=7, quota={"per_day": 50, "zone": "Europe/Paris"})
        async with running(account, wall=lambda: wall[0]) as (lane, shelf):
            await until(lambda: lane.statistics().bound == 3)
            assert lane.statistics().quota_left == 50
            shelf.offer(10**6)
            await until(lambda: len(shelf.taken) == 50)
            for wall[0] in (NOON + 60, NOON - 86_400, MIDNIGHT - 0.001):
                lane.wake()
                shelf.offer(1)
                assert (shelf.next, smsc.account.submitted) == (50, 50)
            found = lane.statistics()
            assert found.state is LaneState.PAUSED
            assert found.pause == Paused(PauseReason.QUOTA, MIDNIGHT)
            assert (found.quota, found.quota_left) == (50, 0)
            assert "[paused: quota, until 2026-06-15 22:00:00Z | 3/3 bound" in repr(lane)
            assert "0 of 50 left today" in repr(lane)
            wall[0] = MIDNIGHT
            assert lane.state is LaneState.UP
            lane.wake()
            await until(lambda: len(shelf.taken) == 100)
            assert (shelf.next, smsc.account.submitted) == (100, 100)


async def test_refused_and_unanswered_submits_count_as_well() -> None:
    refusals = [{"status": "ESME_RTHROTTLED", "share": 0.5}]
    scenario = load_scenario("ideal").changed(refusals=refusals, faults={"withhold": 0.2})
    async with (
        serve(scenario) as smsc,
        running(settings(smsc, quota=30, window=30), 10**6) as (lane, shelf),
    ):
        await until(lambda: len(shelf.taken) + len(shelf.statuses) + smsc.account.withheld == 30)
        lane.wake()
        assert (shelf.next, smsc.account.submitted, lane.state) == (30, 30, LaneState.PAUSED)


async def test_what_earlier_runs_used_is_not_there_any_more() -> None:
    async with serve() as smsc, running(settings(smsc, quota=30)) as (lane, shelf):
        assert lane.quota is not None
        lane.quota.spend(25)
        shelf.offer(10**6)
        await until(lambda: len(shelf.taken) == 5)
        lane.wake()
        assert (shelf.next, smsc.account.submitted) == (5, 5)
