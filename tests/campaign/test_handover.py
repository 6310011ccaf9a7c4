"""Recipients who go to another lane: their number moved, or their lane is down."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

from smppcast.campaign.options import CampaignOptions
from smppcast.ledger.board import replay
from smppcast.ledger.contract import Store
from smppcast.model import Account, Outcome
from smppcast.smsc import Smsc, load_scenario, serve
from tests.campaign.casts import (
    FIRST,
    TEXT,
    TWO_SEGMENTS,
    closed,
    numbers,
    opened,
    operator,
    rows,
    until,
    until_submitted,
)

pytestmark = pytest.mark.anyio
WRONG_NETWORK = {"status": "ESME_RINVDSTADR"}
REROUTE = {"statuses": ["ESME_RINVDSTADR"], "to": "sfr"}


def moved_numbers(*suffixes: str) -> Any:
    return load_scenario("ideal").changed(
        numbers=[{"suffix": suffix, **WRONG_NETWORK} for suffix in suffixes]
    )


def recorded(store: Store) -> Account:
    """The account as the ledger alone has it."""
    record = store.campaign("alert")
    assert record is not None
    account = replay(store, record).account(live=False)
    account.seconds = 0.0
    return account


# --- numbers that moved ------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS])
async def test_one_that_is_refused_as_another_networks_goes_there_once(
    tmp_path: Path, store: Store, text: str
) -> None:
    segments = 2 if text is TWO_SEGMENTS else 1
    async with serve(moved_numbers("7", "9")) as orange, serve(moved_numbers("9")) as sfr:
        lanes = {
            "orange": operator(orange, reroute=REROUTE),
            "sfr": operator(sfr, prefixes=[], reroute={"statuses": [11], "to": "orange"}),
        }
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(text, numbers(200), name="alert")
            account = closed(await campaign.wait())
            by_operator = campaign.by_operator()
        assert sfr.account.destinations() == {
            str(FIRST + at): segments for at in range(200) if at % 10 in (7, 9)
        }
    assert (account.delivered, account.rejected, account.rerouted) == (180, 20, 40)
    assert (by_operator["orange"].fed, by_operator["sfr"].fed) == (160, 40)
    assert (by_operator["orange"].rerouted, by_operator["sfr"].rerouted) == (40, 0)
    assert account.segments.resubmitted == 0
    found = {row.number: row for row in rows(store)}
    assert len(found) == len(rows(store)) == 200
    assert {row.operator for row in found.values() if row.number % 10 in (7, 9)} == {"sfr"}
    assert {number % 10 for number, row in found.items() if row.state is Outcome.REJECTED} == {9}
    account.seconds = 0.0
    assert recorded(store) == account


async def test_a_personal_text_that_the_other_cannot_carry_stays_rejected(
    tmp_path: Path, store: Store
) -> None:
    feed = [{"msisdn": str(FIRST + at), "word": "été" if at % 2 else "ete"} for at in range(20)]
    async with serve(moved_numbers("")) as orange, serve() as sfr:
        lanes = {
            "orange": operator(orange, reroute=REROUTE),
            "sfr": operator(sfr, prefixes=[], default_alphabet="ascii"),
        }
        async with opened(tmp_path, store, lanes) as engine:
            options = CampaignOptions(encoding="gsm")
            campaign = await engine.cast("Un {word}", feed, name="alert", options=options)
            account = closed(await campaign.wait())
    assert account.rerouted + account.rejected == 20
    assert account.delivered == account.rerouted


async def test_a_campaign_that_stops_on_the_way_reroutes_them_when_it_is_resumed(
    tmp_path: Path, store: Store
) -> None:
    now = [0.0]
    slow = moved_numbers("7").changed(response_latency=1_000)
    async with serve(slow, clock=lambda: now[0]) as orange, serve() as sfr:
        lanes = {"orange": operator(orange, window=100, reroute=REROUTE), "sfr": operator(sfr, prefixes=[])}
        async with opened(tmp_path, store, lanes) as engine, anyio.create_task_group() as tasks:
            await engine.cast(TEXT, numbers(100), name="alert")
            await until_submitted(orange, 100)
            tasks.start_soon(engine.drain)
            await anyio.wait_all_tasks_blocked()
            now[0] += 1
            orange.turn()  # refused while it stops
        assert sfr.account.destinations() == {}
        orange.change(response_latency=0)
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(TEXT, numbers(100), name="alert")
            account = closed(await campaign.wait())
        assert sfr.account.submitted == 10
    assert (account.delivered, account.rerouted) == (100, 10)
    assert not any(row.possible_duplicate for row in rows(store))


async def test_a_message_that_is_refused_in_part_stays(tmp_path: Path, store: Store) -> None:
    """The SMSC may deliver the part that it took."""
    odd = load_scenario("ideal").changed(refusals=[{"share": 0.5, **WRONG_NETWORK}])
    async with serve(odd) as orange, serve() as sfr:
        lanes = {"orange": operator(orange, reroute=REROUTE), "sfr": operator(sfr, prefixes=[])}
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(TWO_SEGMENTS, numbers(200), name="alert")
            account = closed(await campaign.wait())
        refused = {
            number for number, count in orange.account.destinations(accepted=True).items() if count == 1
        }
        assert set(sfr.account.destinations()).isdisjoint(refused)
    assert account.rejected == len(refused)
    assert 0 < account.rerouted == sfr.account.submitted // 2


# --- lanes that are down -----------------------------------------------------------------------


def down(**changes: Any) -> Any:
    """Nobody listens there."""
    return operator("smpp://us@127.0.0.1:1", route="fr", failover=0, **changes)


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS, "Bonjour {name}"])
async def test_who_stands_by_takes_over_from_a_lane_that_is_down(
    tmp_path: Path, store: Store, text: str
) -> None:
    feed = [{"msisdn": number, "name": number[-3:]} for number in numbers(11_000)]
    async with serve() as smsc:
        spare = operator(smsc, prefixes=[], route="fr", standby=True, window=500)
        async with opened(tmp_path, store, {"first": down(), "spare": spare}) as engine:
            campaign = await engine.cast(text, feed, name="alert")
            account = closed(await campaign.wait())
        segments = 2 if text is TWO_SEGMENTS else 1
        assert smsc.account.destinations() == dict.fromkeys(numbers(11_000), segments)
        if text.startswith("Bonjour"):
            assert smsc.account.order()[:3] == numbers(3)
    assert (account.delivered, account.failed_over) == (11_000, 11_000)
    kept = rows(store)
    assert len(kept) == 11_000  # two chunks
    assert not any(row.possible_duplicate for row in kept)


async def test_a_lane_that_dies_in_the_middle_hands_over_the_rest_flagged_where_unknown(
    tmp_path: Path, store: Store, reserved_port: int
) -> None:
    """What the SMSC has in part waits for it to come back."""
    slow = load_scenario("ideal").changed(response_latency=20)
    async with AsyncExitStack() as first, serve() as spare:
        smsc: Smsc = await first.enter_async_context(serve(slow, port=reserved_port))
        lanes = {
            "first": operator(smsc, route="fr", failover=0, window=50),
            "spare": operator(spare, prefixes=[], route="fr", standby=True),
        }
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(TWO_SEGMENTS, numbers(600), name="alert")
            await until_submitted(smsc, 400)
            await first.aclose()
            await until(lambda: spare.account.submitted >= 500)
            async with serve(port=reserved_port):
                account = closed(await campaign.wait())
                by_operator = campaign.by_operator()
        taken, again = smsc.account.destinations(), spare.account.destinations()
    assert set(taken) | set(again) == set(numbers(600))
    both = {int(number) for number in taken if number in again}
    flagged = {row.number for row in rows(store) if row.possible_duplicate}
    assert both <= flagged
    assert account.fed == 600
    assert by_operator["spare"].accepted + by_operator["first"].accepted == account.accepted
    assert account.failed_over == by_operator["spare"].fed > 0
    account.seconds = 0.0
    assert recorded(store).segments == account.segments


async def test_a_lane_that_comes_back_keeps_what_it_still_has(
    tmp_path: Path, store: Store, reserved_port: int
) -> None:
    """Before its failover time is over nothing moves; a campaign waits for it."""
    spare_scenario = load_scenario("ideal")
    async with serve(spare_scenario) as spare_smsc:
        lanes = {
            "first": operator(f"smpp://us@127.0.0.1:{reserved_port}", route="fr", failover=3600),
            "spare": operator(spare_smsc, prefixes=[], route="fr", standby=True),
        }
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(TEXT, numbers(50), name="alert")
            await until(lambda: engine.lanes["first"].statistics().error)
            async with serve(port=reserved_port):
                account = closed(await campaign.wait())
        assert not spare_smsc.account.submitted
    assert (account.delivered, account.failed_over) == (50, 0)


async def test_what_moved_stays_moved_when_a_campaign_is_resumed(tmp_path: Path, store: Store) -> None:
    slow = load_scenario("ideal").changed(response_latency=5)
    async with serve(slow) as smsc:
        spare = operator(smsc, prefixes=[], route="fr", standby=True, window=10)
        lanes = {"first": down(), "spare": spare}
        async with opened(tmp_path, store, lanes) as engine:
            await engine.cast(TEXT, numbers(12_000), name="alert")
            await until_submitted(smsc, 500)
        moved = recorded(store).failed_over
        assert moved >= 500
        async with opened(
            tmp_path,
            store,
            {
                "first": operator(smsc, route="fr"),
                "spare": operator(smsc, prefixes=[], route="fr", window=500),
            },
        ) as engine:
            campaign = await engine.cast(TEXT, numbers(12_000), name="alert")
            account = closed(await campaign.wait())
        assert smsc.account.destinations() == dict.fromkeys(numbers(12_000), 1)
    assert (account.delivered, account.failed_over) == (12_000, moved)


async def test_two_accounts_share_a_route_by_weight(tmp_path: Path, store: Store) -> None:
    async with serve() as one, serve() as two:
        lanes = {
            "one": operator(one, route="fr", weight=3),
            "two": operator(two, prefixes=[], route="fr", weight=1),
        }
        async with opened(tmp_path, store, lanes) as engine:
            campaign = await engine.cast(TEXT, numbers(400), name="alert")
            account = closed(await campaign.wait())
        assert (one.account.submitted, two.account.submitted) == (300, 100)
    assert account.delivered == 400
