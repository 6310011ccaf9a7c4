"""What people do to a lane while it works: hold, drain, change, reconfigure, ask."""

from __future__ import annotations

import anyio
import pytest
from pydantic import ValidationError

from smppcast.errors import LinkLost
from smppcast.net.clock import monotonic
from smppcast.operators.statistics import LaneState
from smppcast.smpp import CancelSm
from smppcast.smsc import load_scenario, serve
from tests.operators.shelves import running, settings, until

pytestmark = pytest.mark.anyio


async def test_held_it_submits_nothing_and_takes_answers() -> None:
    scenario = load_scenario("ideal").changed(response_latency=50)
    async with serve(scenario) as smsc, running(settings(smsc), 500) as (lane, shelf):
        await until(lambda: smsc.account.submitted)
        lane.hold()
        sent = lane.statistics().sent
        await until(lambda: len(shelf.taken) == sent)
        await anyio.sleep(0.1)
        assert (smsc.account.submitted, lane.state, lane.statistics().bound) == (sent, LaneState.HELD, 1)
        lane.release()
        await until(lambda: len(shelf.taken) > sent)
        assert lane.state is LaneState.UP


async def test_drained_its_binds_are_down_until_it_is_released() -> None:
    scenario = load_scenario("ideal").changed(response_latency=20)
    async with serve(scenario) as smsc, running(settings(smsc, binds=2), 2_000) as (lane, shelf):
        await until(lambda: lane.statistics().bound == 2 and smsc.account.submitted)
        await lane.drain()
        await until(lambda: lane.statistics().bound == 0)
        assert len(shelf.taken) == smsc.account.submitted < 2_000
        await anyio.sleep(0.3)  # longer than a link's first backoff
        assert lane.statistics().bound == 0
        lane.release()
        await until(lambda: lane.statistics().bound == 2)
        await until(lambda: len(shelf.taken) == 2_000)
        assert not shelf.unknown


async def test_rate_and_window_change_at_once() -> None:
    scenario = load_scenario("ideal").changed(response_latency=5)
    async with serve(scenario) as smsc, running(settings(smsc, window=2), 100_000) as (lane, _):
        await until(lambda: smsc.account.window == 2)
        lane.change(window=30)
        await until(lambda: smsc.account.window == 30)
        lane.change(rate=100)
        assert lane.statistics().rate == 100
        await anyio.sleep(1.0)  # the second before still counts
        before, began = smsc.account.submitted, monotonic()
        await anyio.sleep(0.5)
        assert smsc.account.submitted - before <= 100 * (monotonic() - began) + 10
        assert lane.statistics().reconnects == 0
        with pytest.raises(ValidationError):
            lane.change(window=0)


async def test_reconfigured_binds_come_go_and_are_replaced_while_others_send() -> None:
    async with serve() as smsc, running(settings(smsc, rate=500), 1_500) as (lane, shelf):
        await until(lambda: len(shelf.taken) > 50)
        await lane.reconfigure(settings(smsc, rate=500, binds=3))
        await until(lambda: lane.statistics().bound == 3)
        await lane.reconfigure(settings(smsc, rate=500, binds={"transmitter": 1, "receiver": 1}))
        kinds = sorted(bind.kind for bind in lane.statistics().by_bind)
        assert kinds == ["receiver", "transmitter"]
        await lane.reconfigure(settings(smsc, binds={"transmitter": 1, "receiver": 1}, system_type="new"))
        await until(lambda: len(shelf.taken) == 1_500)
        assert not shelf.unknown
        assert lane.statistics().bound == 2


async def test_another_request_is_answered_to_who_asked() -> None:
    async with serve() as smsc, running(settings(smsc)) as (lane, _):
        with pytest.raises(LinkLost, match="no bind that may submit"):
            await lane.request(CancelSm(message_id="1"))
        await lane.bound()
        answer = await lane.request(CancelSm(message_id="nothing of the kind"))
        assert answer.command_status != 0
        assert smsc.account.other_requests["cancel_sm"] == 1
