"""What people do to an engine while it works: stop everything, recall, reload."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from smppcast.errors import CampaignError
from smppcast.ledger.contract import Store
from smppcast.model import CampaignState
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import TEXT, cast, closed, numbers, opened, operator, rows, until, until_submitted

pytestmark = pytest.mark.anyio


async def test_stopped_nothing_leaves_and_released_it_goes_on(tmp_path: Path, store: Store) -> None:
    async with serve() as one, serve() as two:
        lanes = {"one": operator(one, prefixes=["336"]), "two": operator(two, prefixes=["337"])}
        async with opened(tmp_path, store, lanes) as engine:
            feed = numbers(3_000) + numbers(3_000, 33_700_000_000)
            campaign = await engine.cast(TEXT, feed, name="alert")
            await until_submitted(one, 100)
            await until_submitted(two, 100)
            engine.halt()
            await until(lambda: not any(lane.in_flight for lane in engine.lanes.values()))
            sent = one.account.submitted, two.account.submitted
            await anyio.sleep(0.1)
            assert (one.account.submitted, two.account.submitted) == sent
            engine.release()
            assert closed(await campaign.wait()).delivered == 6_000


async def test_recall_asks_for_what_is_accepted_and_not_delivered(tmp_path: Path, store: Store) -> None:
    scenario = load_scenario("ideal").changed(receipt_latency=60_000)
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=50)) as engine:
        campaign = await engine.cast(TEXT, numbers(200), name="alert")
        await until(lambda: campaign.state is CampaignState.SETTLING)
        found = await engine.recall("alert")
        assert (found.asked, found.cancelled, found.unanswered) == (200, 200, 0)
        assert smsc.account.other_requests["cancel_sm"] == 200
        again = await engine.recall("alert")
        assert again.cancelled == 0  # the SMSC has them no more
        assert sum(again.refused.values()) == again.asked
        with pytest.raises(CampaignError, match="there is no campaign"):
            await engine.recall("other")


async def test_a_campaign_that_sends_is_not_recalled(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc, rate=100)) as engine:
        campaign = await engine.cast(TEXT, numbers(2_000), name="alert")
        await until_submitted(smsc, 10)
        with pytest.raises(CampaignError, match="pause or cancel it"):
            await engine.recall("alert")
        campaign.cancel()
        await campaign.over()


async def test_reloaded_lanes_come_change_and_go(tmp_path: Path, store: Store) -> None:
    async with serve() as one, serve() as two:
        first = operator(one, rate=500)
        async with opened(tmp_path, store, first) as engine:
            campaign = await engine.cast(TEXT, numbers(800), name="alert")
            await until_submitted(one, 50)
            both = {"orange": operator(one, rate=50_000, window=100, binds=2), "bleu": operator(two)}
            both["bleu"] = operator(two, prefixes=["337"])
            both["orange"] = operator(one, prefixes=["336"], window=100, binds=2)
            assert await engine.reload(replace(engine.settings, operators=both)) == []
            assert closed(await campaign.wait()).delivered == 800
            await until(lambda: engine.lanes["orange"].statistics().bound == 2)
            feed = numbers(20, 33_690_000_000) + numbers(20, 33_700_000_000)
            await cast(engine, feed, name="second")
            assert two.account.submitted == 20
            left = replace(engine.settings, operators={"bleu": both["bleu"]})
            assert await engine.reload(left) == []
            assert list(engine.lanes) == ["bleu"]
            await cast(engine, numbers(5, 33_700_001_000), name="third")
        assert one.account.other_requests["unbind"] >= 2
    assert len(rows(store, "third")) == 5


async def test_a_lane_that_a_campaign_may_need_stays_and_says_so(tmp_path: Path, store: Store) -> None:
    async with serve() as one, serve() as two:
        lanes = {"one": operator(one, prefixes=["336"], rate=100), "two": operator(two, prefixes=["337"])}
        async with opened(tmp_path, store, lanes) as engine:
            await engine.cast(TEXT, numbers(500), name="alert")
            await until_submitted(one, 5)
            (problem,) = await engine.reload(replace(engine.settings, operators={"two": lanes["two"]}))
            assert problem.startswith("one: a campaign in work may need it")
            assert set(engine.lanes) == {"one", "two"}
