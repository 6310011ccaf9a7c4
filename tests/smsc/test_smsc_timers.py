"""The SMSC's own timers, and how many binds it lets in."""

from __future__ import annotations

import pytest

from smppcast.smsc import serve
from tests.smsc.made import made, timed
from tests.smsc.raw_esme import BIND_RECEIVER, ENQUIRE_LINK, RESPONSE, UNBIND, bound_esme, pdu, raw_esme

pytestmark = pytest.mark.anyio

RALYBND, RBINDFAIL, RTHROTTLED = 0x05, 0x0D, 0x58


# --- timers -------------------------------------------------------------------------------


async def test_a_link_that_does_not_bind_is_dropped() -> None:
    async with (
        timed(timers={"session_init_s": 5}) as made,
        bound_esme(made.smsc.port) as bound,
        raw_esme(made.smsc.port) as esme,
    ):
        await esme.settle()
        made.passes(4.9)
        await esme.settle()
        made.passes(0.1)
        assert await esme.ended()
        made.passes(1000)
        await bound.settle()


async def test_a_silent_link_is_dropped_by_the_clock_alone() -> None:
    async with serve(made(timers={"session_init_s": 0.02})) as smsc, raw_esme(smsc.port) as esme:
        assert await esme.ended()
    assert smsc.account.links == 1


async def test_a_quiet_client_is_asked_whether_it_is_there() -> None:
    timers = {"enquire_link_s": 30, "response_s": 10}
    async with timed(timers=timers) as made, bound_esme(made.smsc.port) as esme:
        made.passes(29)
        await esme.settle()
        made.passes(29)
        await esme.settle()
        made.passes(30)
        asked = await esme.read()
        assert (asked.command_id, asked.body) == (ENQUIRE_LINK, b"")
        await esme.stream.send(pdu(ENQUIRE_LINK | RESPONSE, number=asked.number))
        await esme.settle()
        made.passes(30)
        assert (await esme.read()).number == asked.number + 1
        made.passes(9)
        assert len(made.smsc.links) == 1
        made.passes(1)
        assert await esme.ended()


async def test_a_client_without_messages_is_unbound_though_it_enquires() -> None:
    timers = {"inactivity_s": 60, "response_s": 10}
    async with timed(timers=timers) as made, bound_esme(made.smsc.port) as esme:
        for _ in range(3):
            made.passes(40)
            await esme.submit("33600001", registered=0)
            await esme.read()
        made.passes(40)
        await esme.settle()
        made.passes(20)
        assert (await esme.read()).command_id == UNBIND
        made.passes(9)
        await esme.settle()
        made.passes(1)
        assert await esme.ended()


async def test_receipts_acknowledged_are_activity() -> None:
    async with (
        timed(timers={"inactivity_s": 60}, receipt_latency=50_000) as made,
        bound_esme(made.smsc.port) as esme,
    ):
        await esme.submit("33600001")
        await esme.read()
        made.passes(50)
        await esme.acknowledge(await esme.read())
        await esme.settle()
        made.passes(59)
        await esme.settle()
        made.passes(1)
        assert (await esme.read()).command_id == UNBIND


async def test_without_timers_a_link_may_be_quiet_for_ever() -> None:
    async with timed() as made, bound_esme(made.smsc.port) as esme, raw_esme(made.smsc.port) as unbound:
        made.passes(1e9)
        await esme.settle()
        await unbound.settle()


# --- how many binds -----------------------------------------------------------------------


async def test_a_lost_bind_lingers_and_an_unbound_one_does_not() -> None:
    async with timed(binds={"max_per_account": 1, "linger_s": 30}) as made:
        async with bound_esme(made.smsc.port) as esme:
            await esme.ask(UNBIND)
            assert await esme.ended()
        async with bound_esme(made.smsc.port):
            pass
        async with raw_esme(made.smsc.port) as esme:
            while made.smsc.account.links != 3 or len(made.smsc.links) != 1:
                await esme.settle()  # until the SMSC has seen the other one go
            assert (await esme.bind()).status == RALYBND
            made.passes(29)
            assert (await esme.bind()).status == RALYBND
            made.passes(1)
            assert (await esme.bind()).status == 0


async def test_an_account_has_its_own_limits() -> None:
    accounts = [
        {"system_id": "small", "max_binds": 1, "rate": {"per_s": 0.001, "burst": 1}},
        {"system_id": "big"},
    ]
    scenario = made(accounts=accounts, binds={"max_per_account": 2}, rate={"per_s": 1000})
    async with (
        serve(scenario) as smsc,
        bound_esme(smsc.port, system_id="small") as small,
        bound_esme(smsc.port, system_id="big") as big,
        bound_esme(smsc.port, BIND_RECEIVER, system_id="big"),
        raw_esme(smsc.port) as third,
    ):
        assert (await third.bind(system_id="small")).status == RALYBND
        assert (await third.bind(system_id="big")).status == RALYBND
        for esme, statuses in ((small, [0, RTHROTTLED]), (big, [0, 0])):
            await esme.submit("33600001", "33600001", registered=0)
            assert sorted(frame.status for frame in await esme.read_many(2)) == statuses


async def test_all_accounts_share_a_limit() -> None:
    async with (
        serve(made(binds={"max_total": 2})) as smsc,
        bound_esme(smsc.port, system_id="a"),
        bound_esme(smsc.port, system_id="b") as leaving,
        raw_esme(smsc.port) as third,
    ):
        assert (await third.bind(system_id="c")).status == RBINDFAIL
        await leaving.ask(UNBIND)
        assert (await third.bind(system_id="c")).status == 0
        assert smsc.account.binds_refused == {RBINDFAIL: 1}
