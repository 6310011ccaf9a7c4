"""A lane's binds against simulated SMSCs: refused, late, lost, replaced, closed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

import anyio
import pytest

from smppcast.errors import BindRefused, ConnectFailed
from smppcast.ledger.facts import ParkedReceipt
from smppcast.smpp.session import Answers
from smppcast.smsc import load_scenario, serve
from tests.clocks import clock_of_turns
from tests.operators.shelves import Shelf, running, settings, until

pytestmark = pytest.mark.anyio


async def test_all_binds_come_up_and_share_the_work() -> None:
    scenario = load_scenario("ideal").changed(response_latency=5)
    async with (
        serve(scenario) as smsc,
        running(settings(smsc, binds={"transmitter": 2, "receiver": 1, "transceiver": 1})) as (lane, shelf),
    ):
        await until(lambda: lane.statistics().bound == 4)
        now = lane.statistics()
        assert (now.binds, now.window, now.in_flight, now.error) == (4, 60, 0, None)
        assert lane.smsc == "smppcast"
        shelf.offer(300)
        await until(lambda: len(shelf.taken) == 300)
        assert smsc.account.window <= 20
        now = lane.statistics()
        assert (now.sent, now.accepted, now.refused, now.lost) == (300, 300, 0, 0)
        assert now.latency_s is not None
        assert repr(lane).startswith("<Lane orange [up | 4/4 bound | window 0/60 | ")
        assert repr(lane).endswith(" | 300 sent]>")
    assert smsc.account.other_requests["unbind"] == 4


async def test_a_wrong_password_is_told_to_whoever_waits() -> None:
    scenario = load_scenario("ideal").changed(accounts=[{"system_id": "esme", "password": "secret"}])
    async with serve(scenario) as smsc:
        url = f"smpp://esme:wrong@127.0.0.1:{smsc.port}"
        async with running(settings(url, binds=2)) as (lane, shelf):
            shelf.offer(5)
            with pytest.raises(BindRefused) as caught:
                await lane.bound()
            assert caught.value.command_status == 0x0E
            assert lane.refused is caught.value
            assert smsc.account.binds_refused == {0x0E: 2}  # and it is not tried again soon
            assert "ESME_RINVPASWD" in (lane.statistics().error or "")
            assert "wrong" not in str(caught.value)
        assert smsc.account.submitted == 0


async def test_another_refusal_passes_and_is_tried_again() -> None:
    """The SMSC may hold the bind of a process that died: normal for a while."""
    async with serve(load_scenario("ideal").changed(binds={"refuse_first": 2})) as smsc:
        async with running(settings(smsc), 10) as (lane, shelf):
            await lane.bound()
            await until(lambda: len(shelf.taken) == 10)
            assert lane.refused is None
            assert lane.statistics().reconnects == 2
        assert smsc.account.binds_refused == {0x0D: 2}


async def test_an_smsc_that_comes_up_later_is_found(reserved_port: int) -> None:
    async with running(settings(f"smpp://esme@127.0.0.1:{reserved_port}"), 10) as (lane, shelf):
        await until(lambda: lane.errors)
        assert isinstance(lane.errors[0], ConnectFailed)
        assert lane.refused is None
        async with serve(port=reserved_port) as smsc:
            await lane.bound()
            await until(lambda: len(shelf.taken) == 10)
            assert smsc.account.submitted == 10


async def test_a_lost_link_gives_back_what_was_unanswered_and_comes_again() -> None:
    scenario = load_scenario("ideal").changed(response_latency=10_000)
    async with serve(scenario) as smsc, running(settings(smsc), 50) as (lane, shelf):
        await until(lambda: smsc.account.submitted == 20)
        assert lane.in_flight == 20
        await smsc.cut()
        await until(lambda: len(shelf.unknown) == 20)
        assert sorted(ref & 0xFFFFFF for ref in shelf.unknown) == list(range(20))
        assert lane.statistics().lost == 20
        smsc.change(response_latency=0)
        await until(lambda: len(shelf.taken) == 30)
        assert (smsc.account.binds, lane.statistics().reconnects) == (2, 1)


async def test_one_of_two_binds_goes_and_the_other_goes_on() -> None:
    async with (
        serve(load_scenario("ideal").changed(response_latency=2)) as smsc,
        running(settings(smsc, binds=2)) as (lane, shelf),
    ):
        await until(lambda: lane.statistics().bound == 2)
        shelf.offer(200)
        await until(lambda: smsc.account.submitted >= 50)
        next(iter(smsc.links)).cut()
        await until(lambda: len(shelf.taken) + len(shelf.unknown) == 200)
        assert len(shelf.unknown) <= 20


async def test_statuses_reach_the_source_and_throttles_pause_the_lane() -> None:
    refusals = [{"status": "ESME_RTHROTTLED", "share": 0.3}, {"status": "ESME_RINVDSTADR", "share": 0.3}]
    async with (
        serve(load_scenario("ideal").changed(refusals=refusals)) as smsc,
        running(settings(smsc), 40) as (lane, shelf),
    ):
        await until(lambda: len(shelf.taken) + len(shelf.statuses) == 40)
        now = lane.statistics()
        assert set(shelf.statuses.values()) == {0x58, 0x0B}
        assert now.throttled == list(shelf.statuses.values()).count(0x58) == smsc.account.refused[0x58]
        assert (now.refused, now.accepted) == (len(shelf.statuses), len(shelf.taken))


async def test_a_rate_is_kept_over_all_binds() -> None:
    async with (
        serve() as smsc,
        running(settings(smsc, binds=3, rate=50), 1000) as (lane, shelf),
    ):
        await until(lambda: len(shelf.taken) >= 5)
        assert lane.statistics().rate == 50
        assert max(smsc.account.rates.values()) <= 51


async def test_a_stopped_lane_takes_its_answers_and_sends_nothing_more() -> None:
    async with (
        serve(load_scenario("ideal").changed(response_latency=20)) as smsc,
        running(settings(smsc), 1000) as (lane, shelf),
    ):
        await until(lambda: smsc.account.submitted >= 20)
        lane.stopped = True
        await until(lambda: not lane.in_flight)
        assert len(shelf.taken) == shelf.next == smsc.account.submitted
        lane.wake()
        assert smsc.account.submitted == shelf.next


async def test_a_close_does_not_wait_for_ever_for_what_never_answers() -> None:
    async with serve(load_scenario("ideal").changed(faults={"withhold": 1.0})) as smsc:
        async with running(settings(smsc), 20) as (lane, shelf):
            await until(lambda: smsc.account.submitted == 20)
            assert lane.in_flight == 20
        assert len(shelf.unknown) == 20


async def test_an_account_that_only_receives_submits_nothing() -> None:
    async with (
        serve(load_scenario("ideal").changed(binds={"kinds": ["receiver"]})) as smsc,
        running(settings(smsc, binds={"receiver": 1, "transmitter": 1}), 5) as (lane, shelf),
    ):
        await until(lambda: lane.statistics().bound == 1 and smsc.account.binds_refused)
        lane.wake()
        assert (shelf.next, lane.statistics().window) == (0, 0)


async def test_an_automatic_rate_finds_the_limit() -> None:
    scenario = load_scenario("ideal").changed(rate={"per_s": 1_500, "burst": 150})
    with clock_of_turns() as clock:
        async with (
            serve(scenario, clock=clock) as smsc,
            running(settings(smsc, window=200, rate="auto"), 10**6, clock=clock) as (lane, shelf),
        ):
            await until(lambda: len(shelf.taken) >= 6_000)
            now = lane.statistics()
            assert now.rate is not None
            assert 1_000 < now.rate < 2_200
            assert 0 < now.throttled < 0.05 * now.sent


async def test_congestion_state_reaches_the_rate() -> None:
    async with serve() as smsc, running(settings(smsc, rate="auto")) as (lane, _):
        lane.answered(Answers([], [], [], 100))
        assert lane._rate._state == 100
        assert smsc.account.submitted == 0


async def test_an_automatic_window_is_as_large_as_rate_and_latency_ask_for() -> None:
    scenario = load_scenario("ideal").changed(response_latency=40)
    automatic = {"window": {"ceiling": 500}, "rate": 500, "binds": 2}
    with clock_of_turns() as clock:
        async with (
            serve(scenario, clock=clock) as smsc,
            running(settings(smsc, **automatic), 10**6, clock=clock) as (lane, shelf),
        ):
            await until(lambda: len(shelf.taken) >= 1_000)
            assert 500 * 0.04 <= lane.statistics().window <= 3 * 500 * 0.04


async def test_latencies_are_told_by_percentiles() -> None:
    scenario = load_scenario("ideal").changed(response_latency=20)
    async with serve(scenario) as smsc, running(settings(smsc), 200) as (lane, shelf):
        assert lane.statistics().latencies is None
        await until(lambda: len(shelf.taken) == 200)
        found = lane.statistics().latencies
        assert found is not None
        assert 0.01 < found.p50 <= found.p90 <= found.p99 <= found.most


async def test_a_standby_takes_over_and_gives_back(reserved_port: int) -> None:
    async with serve() as standby:
        account = settings(f"smpp://esme@127.0.0.1:{reserved_port}", hosts=[f"127.0.0.1:{standby.port}"])
        async with running(account, 10) as (lane, shelf):
            await until(lambda: len(shelf.taken) == 10)
            assert standby.account.submitted == 10
            async with serve(port=reserved_port) as first:
                await standby.cut()
                await until(lambda: lane.statistics().bound == 1 and first.account.binds == 1)
                shelf.offer(5)
                await until(lambda: len(shelf.taken) == 15)
                assert first.account.submitted == 5


async def test_binds_are_spread_over_the_hosts_and_meet_on_the_one_that_is_left() -> None:
    async with serve() as one, AsyncExitStack() as stack:
        other = await stack.enter_async_context(serve())
        account = settings(one, hosts=[f"127.0.0.1:{other.port}"], spread=True, binds=4)
        async with running(account) as (lane, _):
            await until(lambda: lane.statistics().bound == 4)
            assert (one.account.binds, other.account.binds) == (2, 2)
            await stack.aclose()
            await until(lambda: one.account.binds == 4 and lane.statistics().bound == 4)


async def test_a_reload_replaces_the_binds_and_the_lane_goes_on() -> None:
    scenario = load_scenario("ideal").changed(response_latency=5)
    async with serve(scenario) as smsc, running(settings(smsc, binds=3), 10**6) as (lane, shelf):
        await until(lambda: lane.statistics().bound == 3)
        before = len(shelf.taken)
        await lane.reload()
        assert lane.statistics().bound == 3
        assert smsc.account.binds == 6
        assert smsc.account.other_requests["unbind"] == 3
        assert len(shelf.taken) > before
        assert not shelf.unknown


async def test_a_reload_stops_at_a_bind_that_is_refused() -> None:
    async with serve() as smsc, running(settings(smsc, binds=2)) as (lane, _):
        await until(lambda: lane.statistics().bound == 2)
        smsc.change(accounts=[{"system_id": "nobody", "password": "x"}])
        with pytest.raises(BindRefused):
            await lane.reload()
        assert lane.statistics().bound == 1


async def test_a_reload_outlives_a_link_that_is_cut_while_it_drains() -> None:
    scenario = load_scenario("ideal").changed(response_latency=10**7)
    async with serve(scenario) as smsc, running(settings(smsc), 1) as (lane, _):
        await until(lambda: lane.in_flight == 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.reload)
            await anyio.wait_all_tasks_blocked()
            await smsc.cut()
        assert lane.statistics().bound == 1


async def test_a_reload_ends_with_its_lane() -> None:
    scenario = load_scenario("ideal").changed(response_latency=10**7)
    async with serve(scenario) as smsc, running(settings(smsc), 1) as (lane, _):
        await until(lambda: lane.in_flight == 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.reload)
            await anyio.wait_all_tasks_blocked()
            await lane.close(0.0)


async def test_a_receipt_that_may_be_of_either_of_two_lost_messages_settles_neither() -> None:
    class Holding(Shelf):
        def lost(self, refs: Sequence[int], *, expired: bool = False) -> None:
            self.held += refs
            self.lane.reconsider()

    parked = ParkedReceipt("Z9", "33600000000", "GOUV", 2, "", 1, 1.0, submitted=1)
    scenario = load_scenario("ideal").changed(response_latency=10**7)
    async with serve(scenario) as smsc, running(settings(smsc)) as (lane, _):
        one, other = Holding(lane, 1, campaign=2), Holding(lane, 1, campaign=3)
        for source in (one, other):
            lane.sources.add(source)
        lane.inbox.restore([(1, parked)])
        lane.wake()
        await until(lambda: lane.in_flight == 2)
        await smsc.cut()
        await until(lambda: lane.statistics().lost == 2)
        assert (len(one.held), len(other.held), lane.inbox.unmatched) == (1, 1, 1)


async def test_a_window_that_its_sources_do_not_fill_does_not_grow() -> None:
    now = [0.0]
    async with serve() as smsc, running(settings(smsc, window="auto"), clock=lambda: now[0]) as (lane, shelf):
        for count in (1, 3, 1, 5, 1, 7, 1, 9):
            for _ in range(3):
                now[0] += 0.3
                shelf.offer(count)
                await until(lambda: len(shelf.taken) == shelf.count)
        assert lane.bind_window == 10
