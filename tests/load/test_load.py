"""A load against the simulated SMSC, over real TCP: what it measures is what the SMSC did.

No speed is asserted: latencies are those that the SMSC makes, by a clock that a busy machine does not hurry.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from smppcast.client.addresses import login_of
from smppcast.client.wording import Composer, Dialect
from smppcast.errors import BindRefused, ConnectFailed
from smppcast.load import (
    Bounds,
    Limit,
    Load,
    Messages,
    Ramp,
    Target,
    find_limit,
    generator,
    numbers_of,
    open_load,
)
from smppcast.load.generator import STOPPED
from smppcast.smpp import DataSm, DeliverSm
from smppcast.smpp.tlv import Tlvs
from smppcast.smpp.vocabulary import CommandStatus
from smppcast.smsc import Scenario, Smsc, serve
from tests.clocks import clock_of_turns

pytestmark = pytest.mark.anyio

NUMBERS = numbers_of("33639980000-33639980099")
WAIT_S = 30.0


def load_for(
    smsc: Smsc, *, text: str = "Bonjour", window: int = 100, version: int = 0x34, **settings: Any
) -> Load:
    login = login_of(smsc.url, None, None)
    wording = Composer(Dialect("GOUV", interface_version=version), seed=0).wording(
        "", text, None, settings.get("receipts", False)
    )
    target = Target(login.address, login.system_id, login.password, interface_version=version, window=window)
    return Load(target, Messages(wording.parts, NUMBERS), **settings)


@asynccontextmanager
async def loaded(scenario: dict[str, Any], **settings: Any) -> AsyncIterator[tuple[Smsc, Load]]:
    with clock_of_turns() as clock:
        async with (
            serve(Scenario.model_validate(scenario), clock=clock) as smsc,
            open_load(load_for(smsc, clock=clock, **settings)) as load,
        ):
            yield smsc, load


# --- latency ------------------------------------------------------------------------------


async def test_latencies_are_those_of_the_smsc() -> None:
    scenario = {"response_latency": 100, "receipt_latency": 100}
    async with loaded(scenario, receipts=True) as (smsc, load):
        result = await load.run(per_s=200, duration_s=0.5, wait_s=WAIT_S)

        latency, receipt_latency = result.measured.latency, result.measured.receipt_latency
        assert 0.098 <= latency.percentile(1) <= latency.percentile(50) <= 0.15
        assert 0.198 <= receipt_latency.percentile(1) <= receipt_latency.percentile(50) <= 0.3
        assert result.measured.sent == result.measured.acknowledged == 100  # the rate times the duration
        assert result.measured.receipts == result.measured.matched == 100
        assert (result.unknown, result.unsent, result.statuses) == (0, 0, {"ESME_ROK": 100})
        assert smsc.account.accepted == smsc.account.receipts_acknowledged == 100
        assert set(smsc.account.destinations().values()) == {1}  # each number in turn
        # Little's law: 20 messages are under way at 200/s and 100 ms.
        assert 12 <= result.window_mean <= 40
        assert result.window_highest >= 15


async def test_a_stall_shows_in_all_that_it_held_up() -> None:
    stalling = {"faults": {"stall_after": 40, "stall_s": 0.4}}
    async with loaded(stalling, window=5) as (_, load):
        scheduled = await load.run(per_s=200, duration_s=0.8, wait_s=WAIT_S)
    async with loaded(stalling, window=5) as (_, load):
        served = await load.run(per_s=None, duration_s=0.8, wait_s=WAIT_S)

    # Half of the messages fell due while the SMSC stalled, and waited 200 ms on average.
    assert scheduled.measured.latency.percentile(85) >= 0.15
    assert scheduled.measured.late.percentile(85) >= 0.1
    # Without a schedule five messages were under way, and nothing tells of those that might have been.
    assert served.measured.latency.percentile(85) < 0.15 < served.measured.latency.max_s
    assert (scheduled.service_time, served.service_time) == (False, True)


async def test_what_is_never_sent_counts_with_its_wait() -> None:
    async with loaded({"faults": {"stall_after": 20, "stall_s": 0.8}}, window=5) as (_, load):
        result = await load.run(per_s=200, duration_s=0.4, wait_s=0.05)

    assert result.unsent > 20
    assert result.measured.sent + result.unsent == 80
    assert result.unknown == 5
    assert result.measured.latency.count == result.measured.acknowledged + result.unsent
    assert result.measured.late.count == 80
    assert min(result.measured.latency.max_s, result.measured.late.max_s) >= 0.2
    assert result.stopped == ""  # the SMSC's slowness, not a link's


async def test_as_many_as_go() -> None:
    async with loaded({}, window=7, binds=2, receipts=True) as (smsc, load):
        result = await load.run(per_s=None, duration_s=0.2, wait_s=WAIT_S)

        assert result.measured.sent == result.accepted == result.measured.matched == smsc.account.accepted > 0
        assert (smsc.account.binds, smsc.account.window) == (2, 7)
        assert result.window_highest == 7
        assert 0 < result.window_mean <= 7
        assert result.cpu_s > 0


async def test_binds_share_what_falls_due() -> None:
    async with loaded({"response_latency": 20}, binds=4) as (smsc, load):
        await load.run(per_s=400, duration_s=0.3, wait_s=WAIT_S)

        shares = sorted(link.submitted for link in smsc.links)
        assert sum(shares) == 120
        assert shares[0] >= 20


# --- what goes wrong ----------------------------------------------------------------------


async def test_throttles_are_counted_by_name() -> None:
    async with loaded({"rate": {"per_s": 50, "burst": 10}}) as (smsc, load):
        result = await load.run(per_s=400, duration_s=0.4, wait_s=WAIT_S)

        throttled = smsc.account.refused[CommandStatus.ESME_RTHROTTLED]
        assert result.throttled == result.statuses["ESME_RTHROTTLED"] == throttled > 0
        assert result.accepted == result.statuses["ESME_ROK"] == smsc.account.accepted
        assert result.errors == pytest.approx(throttled / 160)


async def test_what_is_never_answered_is_unknown_and_told_apart_from_the_next_run() -> None:
    async with loaded({"faults": {"withhold": 0.2}}, window=1000) as (smsc, load):
        first = await load.run(per_s=500, duration_s=0.2, wait_s=0.05)
        withheld = smsc.account.withheld
        smsc.change(faults={"withhold": 0.0})
        second = await load.run(per_s=500, duration_s=0.1, wait_s=0.05)

    assert (first.unknown, first.measured.sent) == (withheld, 100)
    assert withheld > 0
    assert (second.unknown, second.measured.sent, second.accepted) == (0, 50, 50)


async def test_an_answer_to_an_earlier_run_is_none_of_the_next() -> None:
    async with loaded({"response_latency": 300}, receipts=True) as (smsc, load):
        first = await load.run(per_s=200, duration_s=0.1, wait_s=0.0)
        smsc.change(response_latency=0)
        second = await load.run(per_s=200, duration_s=0.4, wait_s=WAIT_S)

    assert (first.measured.sent, first.unknown) == (20, 20)
    assert second.measured.acknowledged == second.measured.sent == second.measured.matched == 80
    assert second.measured.receipts == 100
    assert second.measured.latency.percentile(90) < 0.2


async def test_lost_links_are_dialled_again() -> None:
    async with loaded({"faults": {"cut_after": 60}}, binds=2) as (smsc, load):
        result = await load.run(per_s=400, duration_s=0.55, wait_s=WAIT_S)

        assert result.measured.links_lost >= 2
        assert result.measured.link_error
        assert result.unknown > 0
        assert smsc.account.binds > 2
        assert result.measured.acknowledged > 0
        assert result.stopped == ""


@pytest.mark.parametrize(
    ("per_s", "why"),
    [
        (200, "messages that were due were never sent, since a link was down: "),
        (None, "no bind was up at the end"),
    ],
)
async def test_an_smsc_that_goes_leaves_a_run_unfinished(per_s: float | None, why: str) -> None:
    async with loaded({}) as (smsc, load), anyio.create_task_group() as tasks:

        async def go() -> None:
            while load.measured.acknowledged < 3:
                await checkpoint()
            smsc.change(binds={"refuse_first": 10_000})
            await smsc.cut()

        tasks.start_soon(go)
        result = await load.run(per_s, duration_s=0.2, wait_s=WAIT_S)

    assert why in result.stopped
    assert not result.stopped.endswith(": ")
    assert result.measured.late.count == (result.measured.sent + result.unsent if per_s else 0)


async def test_an_smsc_that_unbinds_is_bound_again() -> None:
    async with loaded({"faults": {"unbind_after": 20}}) as (_, load):
        result = await load.run(per_s=200, duration_s=0.5, wait_s=WAIT_S)

        assert result.measured.links_lost >= 1
        assert result.measured.acknowledged > 20


async def test_without_any_bind_a_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "GIVE_UP_S", 0.2)
    async with loaded({"binds": {"refuse_first": 0}}) as (smsc, load):
        smsc.change(binds={"refuse_first": 10_000})
        await smsc.cut()

        result = await load.run(per_s=100, duration_s=60, wait_s=WAIT_S)

    assert result.stopped.startswith("no bind for 0.2 s: ")
    assert result.measured.acknowledged == 0


async def test_a_bind_that_is_refused_is_told() -> None:
    async with serve(Scenario.model_validate({"binds": {"max_per_account": 2}})) as smsc:
        with pytest.raises(BindRefused) as refused:
            async with open_load(load_for(smsc, binds=3)):
                pytest.fail("it was let in")
    assert refused.value.command_status == CommandStatus.ESME_RALYBND
    assert str(refused.value).endswith("; 2 of 3 binds were let in")
    with pytest.raises(ConnectFailed):
        async with open_load(load_for(smsc)):
            pytest.fail("nobody listens there any more")


# --- receipts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scenario",
    [
        {"receipts": {"early": 0.5, "repeated": 0.2, "orphan": 0.1}, "response_latency": 30},
        {"message_ids": {"start": 70_000, "response": "hex", "text": "decimal", "tlv": "decimal"}},
        {"receipts": {"other_bind": True, "form": "tlv"}, "receipt_latency": 50},
    ],
    ids=["early", "hexadecimal", "other bind"],
)
async def test_each_receipt_is_matched(scenario: dict[str, Any]) -> None:
    async with loaded(scenario, receipts=True, binds=2) as (_, load):
        result = await load.run(per_s=400, duration_s=0.2, wait_s=WAIT_S)
        assert result.measured.matched == result.measured.receipt_latency.count == 80
        assert result.measured.receipts >= 80


async def test_under_smpp_3_3_a_receiver_takes_the_receipts() -> None:
    settings: dict[str, Any] = {"version": 0x33, "kind": "transmitter", "receipts": True, "binds": 2}
    async with loaded({}, **settings) as (smsc, load):
        result = await load.run(per_s=200, duration_s=0.2, wait_s=WAIT_S)

        assert result.measured.matched == 40
        assert (result.binds, smsc.account.binds) == (2, 3)


async def test_the_congestion_of_the_smsc_is_told() -> None:
    async with loaded({"capacity": {"per_s": 200}}, version=0x50) as (_, load):
        result = await load.run(per_s=400, duration_s=0.2, wait_s=WAIT_S)

    told = result.as_dict()["congestion_state"]
    assert 0 < told["last"] <= told["highest"] <= 100


async def test_messages_of_subscribers_are_put_off() -> None:
    async with loaded({}) as (smsc, load):
        assert smsc.deliver(DeliverSm(source_addr="33639980000", short_message=b"STOP"))
        assert smsc.deliver(DataSm(source_addr="33639980000", tlvs=Tlvs(message_payload=b"STOP")))
        result = await load.run(per_s=100, duration_s=0.2, wait_s=WAIT_S)

        assert (result.measured.inbound, result.measured.receipts) == (2, 0)


# --- segments, search ---------------------------------------------------------------------


async def test_each_segment_is_a_submit() -> None:
    async with loaded({}, text="Bonjour à tous. " * 15, receipts=True) as (smsc, load):
        result = await load.run(per_s=200, duration_s=0.2, wait_s=WAIT_S)

        assert result.measured.sent == result.measured.matched == 40
        assert set(smsc.account.destinations().values()) == {2}


async def test_the_limit_of_a_throttling_smsc_is_found() -> None:
    """The burst is a second's worth: 0.2 s at 340 a second take 8 of its 300."""
    async with loaded({"rate": {"per_s": 300, "burst": 300}}, window=1000) as (_, load):
        limit, steps = Limit([]), list[float]()
        await find_limit(
            load,
            limit,
            Ramp(170, 1.0),
            Bounds(latency_s=10, errors=0.02),
            step_s=0.2,
            wait_s=WAIT_S,
            lead_s=0.5,
            told=lambda step: steps.append(step.per_s),
        )

    assert limit.stopped == ""
    assert limit.held is not None
    assert limit.failed is not None
    assert (limit.held.per_s, limit.failed.per_s) == (170, 340)
    assert "ESME_RTHROTTLED" in limit.failed.broken
    assert steps == [step.per_s for step in limit.steps] == [170, 340, 170]


async def test_a_run_that_is_stopped_and_cancelled_at_once_was_stopped() -> None:
    async with loaded({}) as (_, load), anyio.create_task_group() as tasks:
        tasks.start_soon(load.run, 100, 60, WAIT_S)
        while not load.measured.acknowledged:
            await checkpoint()
        load.stop()
        tasks.cancel_scope.cancel()

    assert load.result().stopped == STOPPED


async def test_a_search_can_be_stopped() -> None:
    async with loaded({}) as (_, load):
        handled = load.handled

        def stop() -> None:
            handled()
            if load.measured.acknowledged:
                load.stop()

        load.handled = stop  # type: ignore[method-assign]
        limit = Limit([])
        await find_limit(load, limit, Ramp(100, 0.1), Bounds(1, 0.01), step_s=60, wait_s=WAIT_S, lead_s=60)

    assert (limit.steps, limit.stopped) == ([], STOPPED)
    assert load.result().stopped == STOPPED
    assert load.result().measured.acknowledged > 0


async def test_a_search_ends_when_the_smsc_goes() -> None:
    async with loaded({}) as (smsc, load):
        smsc.change(binds={"refuse_first": 10_000})
        await smsc.cut()
        limit = Limit([])
        bounds = Bounds(1, 0.01)
        await find_limit(load, limit, Ramp(100, 0.1), bounds, step_s=0.1, wait_s=WAIT_S, lead_s=0.05)

    (step,) = limit.steps
    assert step.broken == limit.stopped == step.result.stopped
    assert "since a link was down" in limit.stopped


async def test_leaving_unbinds() -> None:
    async with serve() as smsc:
        async with open_load(load_for(smsc, binds=3)) as load:
            assert repr(load) == f"<Load {load.target!r} [3/3 bound | 0 in flight]>"
        assert smsc.account.other_requests["unbind"] == 3
