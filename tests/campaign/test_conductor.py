"""Campaigns with a plan, against simulated SMSCs over TCP; then the conductor alone, by its own clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from smppcast.campaign import conductor
from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.plan import Plan
from smppcast.campaign.timetable import timetable
from smppcast.errors import CampaignError
from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import TEXT, closed, doubled, numbers, opened, operator, until, until_submitted

pytestmark = pytest.mark.anyio


NOON = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()
HOUR_S = 3_600


async def begun(engine: Engine, count: int, plan: Mapping[str, Any] | Plan, **more: Any) -> Campaign:
    options = CampaignOptions(plan=Plan.model_validate(plan))
    return await engine.cast(TEXT, numbers(count), name="alert", options=options, **more)


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


async def until_gap(campaign: Campaign, wave: int) -> None:
    def is_there() -> bool:
        progress = campaign.progress()["orange"]
        return (progress.stage, progress.wave) == (conductor.Stage.GAP, wave)

    await until(is_there)


async def test_three_waves_with_a_pause_as_of_a_night_keep_to_their_timetable(
    tmp_path: Path, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on once everybody has done what was due."""
    monkeypatch.setattr(conductor, "LOOK_S", 0.0)
    now, count = [NOON], 900
    plan = Plan.model_validate(
        {
            "rate": 250,
            "waves": {"sizes": [300, 300], "gap": "300ms"},
            "hours": {"from": "12:00:03.5", "to": "12:00:02"},
        }
    )
    async with (
        serve() as smsc,
        opened(
            tmp_path, memory, operator(smsc, window=100), clock=lambda: now[0], wall=lambda: now[0]
        ) as engine,
    ):
        lane = engine.lanes["orange"]
        await lane.bound()
        wanted = timetable(
            plan, {"orange": lane.settings}, {"orange": count}, {"orange": 1}, NOON, latency_s=0.0
        )
        campaign = await begun(engine, count, plan)
        await until(lambda: campaign.account().fed == count)
        while not (campaign.state is CampaignState.SETTLING or campaign.ended):
            now[0] += 0.01
            await anyio.sleep(2 * conductor.SOON_S)
            lane.wake()
            await until(lambda: not lane.in_flight and not engine._writer.backlog)
        took = now[0] - NOON
        closed(await campaign.wait())
        assert wanted.ends is not None
        assert took == pytest.approx(wanted.ends - NOON, rel=0.02)
        assert smsc.account.destinations() == dict.fromkeys(numbers(count), 1)


async def test_a_wave_that_falls_short_pauses_the_campaign_until_people_let_it_pass(
    tmp_path: Path, store: Store
) -> None:
    scenario = load_scenario("ideal").changed(numbers=[{"suffix": "3", "state": "UNDELIVERABLE"}])
    plan = {"waves": {"sizes": [100, 100], "gap": "1h", "delivered": 0.95}}
    now = [NOON]
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, store, operator(smsc), wall=lambda: now[0]) as engine,
    ):
        campaign = await begun(engine, 300, plan)
        for wave in (1, 2):
            await until_gap(campaign, wave)
            await until(lambda wave=wave: campaign.account().undelivered == 10 * wave)  # type: ignore[misc]
            await until(lambda wave=wave: campaign.account().delivered == 90 * wave)  # type: ignore[misc]
            now[0] += HOUR_S
            await until(lambda: campaign.state is CampaignState.PAUSED)
            missed = f"wave {wave} of orange: 90.0% delivered after its gap, 95.0% wanted"
            assert (campaign.pause_reason, smsc.account.submitted) == (missed, 100 * wave)
            campaign.resume()
        account = closed(await campaign.wait())
    assert (account.delivered, account.undelivered) == (270, 30)


async def test_what_fell_short_while_people_paused_is_told_when_they_resume(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(numbers=[{"suffix": "", "state": "UNDELIVERABLE"}])
    plan = {"waves": {"sizes": [10], "gap": "1h", "delivered": 0.5}}
    now = [NOON]
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, memory, operator(smsc), wall=lambda: now[0]) as engine,
    ):
        campaign = await begun(engine, 20, plan)
        await until_gap(campaign, 1)
        campaign.pause()
        now[0] += HOUR_S
        await anyio.sleep(3 * conductor.LOOK_S)
        assert campaign.pause_reason == "paused by a person"
        campaign.resume()
        await until(lambda: campaign.state is CampaignState.PAUSED)
        assert "0.0% delivered" in campaign.pause_reason
        assert smsc.account.submitted == 10


async def test_shares_are_of_all_that_the_feed_has(tmp_path: Path, memory: MemoryStore) -> None:
    plan = {"waves": {"shares": [0.1, 0.2], "gap": "1h"}}
    now = [NOON]
    async with (
        serve() as smsc,
        opened(tmp_path, memory, operator(smsc, window=50), wall=lambda: now[0]) as engine,
    ):
        campaign = await begun(engine, 1_000, plan)
        for wave, bound in ((1, 100), (2, 300)):
            await until_gap(campaign, wave)
            assert campaign.progress()["orange"].bound == smsc.account.submitted == bound
            now[0] += HOUR_S
        closed(await campaign.wait())
        assert smsc.account.submitted == 1_000


async def test_paused_nothing_is_sent_and_nothing_left_that_a_crash_would_make_unknown(
    tmp_path: Path, store: Store
) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc, rate=500)) as engine:
        campaign = await begun(engine, 5_000, {})
        await until_submitted(smsc, 50)
        campaign.pause()
        await until(lambda: not engine.lanes["orange"].in_flight)
        sent = smsc.account.submitted
        assert campaign.account().in_flight == 0
        assert campaign.boards.begun("orange") == sent
        await anyio.sleep(0.2)
        assert smsc.account.submitted == sent < 5_000
        with pytest.raises(CampaignError, match="only a running one can be paused"):
            campaign.pause()
        await until(lambda: (kept := store.campaign("alert")) and kept.state is CampaignState.PAUSED)
        campaign.resume()
        await until_submitted(smsc, sent + 50)
        with pytest.raises(CampaignError, match="only a paused one can be resumed"):
            campaign.resume()


async def test_a_campaign_may_begin_paused(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        campaign = await begun(engine, 20, {}, paused=True)
        await until(lambda: campaign.account().fed == 20)
        await anyio.sleep(0.15)
        assert smsc.account.submitted == 0
        campaign.resume()
        assert closed(await campaign.wait()).delivered == 20


async def test_a_cancelled_campaign_awaits_its_answers_and_is_never_resumed(
    tmp_path: Path, store: Store
) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc, rate=500)) as engine:
        campaign = await begun(engine, 5_000, {})
        await until_submitted(smsc, 50)
        campaign.cancel()
        account = closed(await campaign.wait())
        assert campaign.state is CampaignState.CANCELLED
        assert account.accepted == smsc.account.submitted == 5_000 - account.not_sent
        assert account.unknown == account.in_flight == 0
        with pytest.raises(CampaignError, match="was cancelled"):
            await begun(engine, 5_000, {})
        with pytest.raises(CampaignError, match="only a running or paused one"):
            campaign.cancel()


async def test_whoever_the_plans_end_leaves_out_gets_nothing_and_is_counted(
    tmp_path: Path, memory: MemoryStore
) -> None:
    now = [NOON]
    async with (
        serve() as smsc,
        opened(tmp_path, memory, operator(smsc, rate=200), wall=lambda: now[0]) as engine,
    ):
        campaign = await begun(engine, 1_000, {"not_after": iso(NOON + HOUR_S)})
        await until_submitted(smsc, 50)
        now[0] += HOUR_S
        account = closed(await campaign.wait())
        assert campaign.state is CampaignState.FINISHED
        assert account.fed == 1_000
        assert 0 < account.not_sent < 1_000
        assert account.delivered == smsc.account.submitted == 1_000 - account.not_sent
        options = CampaignOptions(plan=Plan.model_validate({"not_after": iso(NOON)}))
        with pytest.raises(CampaignError, match="has passed"):
            await engine.cast(TEXT, numbers(1), name="late", options=options)


async def test_nothing_leaves_before_the_plan_begins(tmp_path: Path, memory: MemoryStore) -> None:
    now, begins = [NOON], NOON + HOUR_S
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc), wall=lambda: now[0]) as engine:
        await engine.lanes["orange"].bound()
        campaign = await begun(engine, 20, {"not_before": iso(begins)})
        await until(lambda: campaign.progress()["orange"].until)
        assert campaign.progress()["orange"].stage is conductor.Stage.WAITING
        assert campaign.progress()["orange"].until == begins
        now[0] = begins - 0.001
        await anyio.sleep(3 * conductor.LOOK_S)
        assert smsc.account.submitted == 0
        now[0] = begins
        closed(await campaign.wait())
        assert smsc.account.submitted == 20


async def test_resumed_between_two_waves_it_goes_on_with_the_next(tmp_path: Path, store: Store) -> None:
    plan = {"waves": {"sizes": [100, 100], "gap": "1h"}}
    now = [NOON]
    async with serve() as smsc:
        async with opened(tmp_path, store, operator(smsc), wall=lambda: now[0]) as engine:
            campaign = await begun(engine, 250, plan)
            await until_gap(campaign, 1)
            now[0] += HOUR_S
            await until_gap(campaign, 2)
        assert smsc.account.submitted == 200
        async with opened(tmp_path, store, operator(smsc), wall=lambda: now[0]) as engine:
            campaign = await begun(engine, 250, plan)
            await until_gap(campaign, 2)
            assert campaign.progress()["orange"].bound == 200
            now[0] += HOUR_S
            assert closed(await campaign.wait()).delivered == 250
        assert not doubled(smsc)


async def test_a_campaign_has_a_rate_of_its_own_beside_the_accounts(
    tmp_path: Path, memory: MemoryStore
) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc, window=100)) as engine:
        await engine.lanes["orange"].bound()
        began = time.monotonic()
        campaign = await begun(engine, 300, {"rate": 300})
        closed(await campaign.wait())
        assert time.monotonic() - began >= 0.9
        assert max(smsc.account.as_dict()["rates"].values()) <= 303


async def test_a_plan_for_an_operator_that_there_is_not_is_refused(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        with pytest.raises(CampaignError, match="names vert, which is no operator"):
            await begun(engine, 1, {"operators": {"vert": {"rate": 5}}})
