"""What a lane and its binds tell of themselves: values that add up, and lines that are read."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from smppcast.operators.latencies import Percentiles
from smppcast.operators.statistics import (
    BindStatistics,
    LaneState,
    LaneStatistics,
    Paused,
    PauseReason,
)
from smppcast.smsc import load_scenario, serve
from tests.clocks import clock_of_turns
from tests.operators.shelves import running, settings, until

pytestmark = pytest.mark.anyio

BIND = BindStatistics(
    number=2,
    kind="transceiver",
    state="bound",
    host="smsc.example:2775",
    smsc="smppcast",
    window=100,
    in_flight=37,
    rate_now=479.6,
    sent=12_345,
    accepted=12_000,
    refused=0,
    throttled=0,
    lost=0,
    latencies=None,
    reconnects=0,
    last_error=None,
)
LANE = LaneStatistics(
    name="orange",
    state=LaneState.UP,
    pause=None,
    binds=2,
    bound=1,
    window=100,
    in_flight=37,
    rate_now=479.6,
    rate=None,
    quota=None,
    quota_left=None,
    sent=12_345,
    accepted=12_000,
    refused=0,
    throttled=0,
    lost=0,
    receipts=0,
    matched=0,
    inbound=0,
    latency_s=None,
    latencies=None,
    receipt_latencies=None,
    reconnects=0,
    error=None,
    last_error=None,
    by_bind=(BIND,),
)


def test_a_bind_is_read_in_a_line() -> None:
    assert repr(BIND) == (
        "<Bind 2 [transceiver bound at smsc.example:2775 | window 37/100 | 480/s | 12,345 sent]>"
    )
    told = replace(
        BIND,
        kind="receiver",
        window=0,
        latencies=Percentiles(0.0049, 0.01, 1.25, 2.0),
        sent=0,
        lost=5,
        reconnects=1,
        last_error="the link ended: reset",
    )
    assert repr(told) == (
        "<Bind 2 [receiver bound at smsc.example:2775 | responses p50 4.9 ms p99 1.2 s | 0 sent | 5 lost | "
        "1 reconnects | last error: the link ended: reset]>"
    )


def test_a_lane_is_read_in_a_line() -> None:
    assert repr(LANE) == "<Lane orange [up | 1/2 bound | window 37/100 | 480/s | 12,345 sent]>"
    told = replace(
        LANE,
        state=LaneState.PAUSED,
        pause=Paused(PauseReason.QUOTA, 1_781_560_800.0),
        rate=500.0,
        quota=2_000_000,
        quota_left=0,
        latencies=Percentiles(0.005, 0.01, 0.012, 0.02),
        receipt_latencies=Percentiles(3.0, 10.0, 4_000.0, 9_000.0),
        refused=7,
        throttled=3,
    )
    assert repr(told) == (
        "<Lane orange [paused: quota, until 2026-06-15 22:00:00Z | 1/2 bound | window 37/100 | "
        "480/s of 500/s | 0 of 2,000,000 left today | responses p50 5 ms p99 12 ms | "
        "receipts p50 3.0 s p99 4,000.0 s | "
        "12,345 sent | 7 refused | 3 throttled]>"
    )


def test_a_pause_that_is_over_is_told_and_not_shown() -> None:
    told = replace(LANE, pause=Paused(PauseReason.TROUBLE, 0.0))
    assert repr(told) == repr(LANE)


def test_they_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        LANE.sent = 5  # type: ignore[misc]
    assert replace(LANE) == LANE


async def test_binds_add_up_to_their_lane() -> None:
    refusals = [{"status": "ESME_RTHROTTLED", "share": 0.1}, {"status": "ESME_RINVDSTADR", "share": 0.1}]
    scenario = load_scenario("ideal").changed(response_latency=5, refusals=refusals)
    kinds = {"binds": {"transmitter": 2, "receiver": 1, "transceiver": 1}}
    # After a throttle the rate is what was accepted a second before: next to nothing after a stall.
    with clock_of_turns() as clock:
        async with (
            serve(scenario, clock=clock) as smsc,
            running(settings(smsc, **kinds), clock=clock) as (lane, shelf),
        ):
            await until(lambda: lane.statistics().bound == 4)
            assert lane.state is LaneState.UP
            shelf.offer(300)
            await until(lambda: len(shelf.taken) + len(shelf.statuses) == 300)
            now = lane.statistics()
            assert [bind.number for bind in now.by_bind] == [1, 2, 3, 4]
            for name in ("sent", "accepted", "refused", "throttled", "lost", "in_flight", "reconnects"):
                assert sum(getattr(bind, name) for bind in now.by_bind) == getattr(now, name)
            assert (now.sent, now.refused) == (300, len(shelf.statuses))
            assert now.throttled == smsc.account.refused[0x58] > 0
            receiver, *senders = now.by_bind
            told = (receiver.kind, receiver.window, receiver.sent, receiver.latencies)
            assert told == ("receiver", 0, 0, None)
            for bind in senders:
                assert (bind.state, bind.smsc, bind.window) == ("bound", "smppcast", 20)
                assert bind.host == f"127.0.0.1:{smsc.port}"
                assert bind.sent > 0
                assert bind.latencies is not None
    assert lane.statistics().state is LaneState.STOPPED


async def test_a_lane_tells_when_it_is_down_and_what_was_last_wrong() -> None:
    scenario = load_scenario("ideal").changed(response_latency=10**7)
    async with serve(scenario) as smsc, running(settings(smsc), 20) as (lane, _):
        assert lane.state is LaneState.DOWN
        await until(lambda: lane.in_flight == 20)
        await smsc.cut()
        await until(lambda: lane.statistics().lost == 20)
        await until(lambda: lane.statistics().bound == 1)
        now = lane.statistics()
        assert (now.state, now.error, now.reconnects) == (LaneState.UP, None, 1)
        assert now.last_error is not None
        assert now.last_error.startswith("the link ended")
        assert (now.by_bind[0].lost, now.by_bind[0].last_error) == (20, now.last_error)


async def test_a_lane_that_is_not_let_in_says_so() -> None:
    scenario = load_scenario("ideal").changed(accounts=[{"system_id": "esme", "password": "secret"}])
    async with (
        serve(scenario) as smsc,
        running(settings(f"smpp://esme:no@127.0.0.1:{smsc.port}")) as (lane, _),
    ):
        await until(lambda: lane.refused is not None)
        assert lane.state is LaneState.REFUSED
        assert "ESME_RINVPASWD" in (lane.statistics().last_error or "")


async def test_the_rate_of_the_last_second_is_that_of_the_writes() -> None:
    now = [100.05]
    async with serve() as smsc, running(settings(smsc, binds=2), clock=lambda: now[0]) as (lane, shelf):
        await until(lambda: lane.statistics().bound == 2)
        for _ in range(10):
            shelf.offer(4)
            await until(lambda: len(shelf.taken) == shelf.count)
            now[0] += 0.1
        found = lane.statistics()
        assert found.rate_now == 40
        assert sum(bind.rate_now for bind in found.by_bind) == 40
        now[0] += 2
        assert lane.statistics().rate_now == 0
