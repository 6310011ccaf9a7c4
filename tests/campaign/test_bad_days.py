"""Campaigns on SMSCs with faults and habits: lost links, throttles, refusals, receipts of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppcast.campaign.options import CampaignOptions, Hold
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Attempted, Intent, ReceiptsParked, Received
from smppcast.ledger.memory import MemoryStore
from smppcast.model import Outcome
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import (
    PATIENCE_S,
    TEXT,
    TWO_SEGMENTS,
    GatedStore,
    cast,
    closed,
    doubled,
    first_attempts,
    numbers,
    opened,
    operator,
    rows,
    until,
    until_full,
    until_submitted,
)

pytestmark = pytest.mark.anyio

# By a clock that the test sets: after so long a response is overdue, and the link not yet to be asked.
TIMERS = {"response": 10, "enquire_link": 1_000}
EXPIRES_S = 11


# --- links that end ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS])
async def test_what_was_in_the_window_of_a_cut_link_is_sent_again(
    tmp_path: Path, store: Store, text: str
) -> None:
    scenario = load_scenario("ideal").changed(response_latency=5)
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=20)) as engine:
        campaign = await engine.cast(text, numbers(150), name="alert")
        lane = engine.lanes["orange"]
        await until(lambda: smsc.account.submitted >= 60)
        await until_full(smsc, lane)
        await smsc.cut()
        account = closed(await campaign.wait())
        taken = smsc.account.destinations()
        assert account.segments.submitted == smsc.account.submitted
        assert first_attempts(smsc) == numbers(150)
        assert lane.statistics().lost == account.segments.unknown
    segments = 2 if text is TWO_SEGMENTS else 1
    again = {int(number) for number, count in taken.items() if count > segments}
    assert again == {row.number for row in rows(store) if row.possible_duplicate}
    assert (account.segments.unknown, account.segments.resubmitted) == (20, 20)
    assert (account.accepted, account.delivered) == (150, 150)


async def test_links_that_are_cut_again_and_again_still_lose_nobody(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(faults={"cut_after": 90})
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, memory, operator(smsc, window=10, binds=3)) as engine,
    ):
        account = await cast(engine, numbers(400))
        assert sorted(smsc.account.destinations(accepted=True)) == numbers(400)
        assert doubled(smsc) <= {row.number for row in rows(memory) if row.possible_duplicate}
        assert smsc.account.links > 3
    assert account.accepted == 400


async def test_held_segments_are_settled_by_their_receipts(tmp_path: Path, store: Store) -> None:
    scenario = load_scenario("ideal").changed(response_latency=50, receipt_latency=100)
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=20)) as engine:
        campaign = await engine.cast(
            TEXT, numbers(100), name="alert", options=CampaignOptions(unknowns=Hold(PATIENCE_S))
        )
        await until_submitted(smsc, 40)
        await until_full(smsc, engine.lanes["orange"])
        await smsc.cut()
        account = closed(await campaign.wait())
        assert smsc.account.destinations() == dict.fromkeys(numbers(100), 1)
        assert engine.lanes["orange"].statistics().lost == 20
    assert (account.delivered, account.segments.unknown, account.segments.resubmitted) == (100, 0, 0)
    assert {row.state for row in rows(store)} == {Outcome.DELIVERED}


async def test_when_the_hold_is_over_they_stay_unknown_and_the_campaign_ends(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(response_latency=20, receipts={"lost": 1.0})
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, memory, operator(smsc, window=20), settle_s=0) as engine,
    ):
        options = CampaignOptions(unknowns=Hold(0.05))
        campaign = await engine.cast(TEXT, numbers(100), name="alert", options=options)
        await until_submitted(smsc, 40)
        await until_full(smsc, engine.lanes["orange"])
        await smsc.cut()
        account = closed(await campaign.wait())
        again = await cast(engine, numbers(100), unknowns=Hold(0.05))
        assert smsc.account.submitted == 100
    assert (account.unknown, account.segments.unknown, account.accepted) == (20, 20, 80)
    assert again.unknown == 20


async def test_an_unbind_by_the_smsc_is_answered_and_followed_by_another_bind(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(faults={"unbind_after": 60})
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc, window=10)) as engine:
        account = await cast(engine, numbers(100))
        statistics = engine.lanes["orange"].statistics()
        assert smsc.account.binds >= 2
        assert doubled(smsc) <= {row.number for row in rows(memory) if row.possible_duplicate}
    assert statistics.reconnects >= 1
    assert (account.accepted, account.delivered) == (100, 100)


async def test_responses_withheld_expire_and_the_segments_go_again(
    tmp_path: Path, memory: MemoryStore
) -> None:
    now = [0.0]
    scenario = load_scenario("ideal").changed(faults={"withhold": 0.2})
    lane = {"window": 40, "timers": TIMERS}
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, memory, operator(smsc, **lane), settle_s=0, clock=lambda: now[0]) as engine,
    ):
        campaign = await engine.cast(TEXT, numbers(60), name="alert")
        await until(lambda: engine.lanes["orange"].statistics().accepted + smsc.account.withheld == 60)
        smsc.change(faults={"withhold": 0.0})
        now[0] += EXPIRES_S
        account = closed(await campaign.wait())
        assert account.segments.unknown == smsc.account.withheld > 0
        assert engine.lanes["orange"].statistics().reconnects == 0
    assert account.accepted == 60


async def test_a_response_after_its_timeout_settles_what_is_held(tmp_path: Path, store: Store) -> None:
    now = [0.0]
    scenario = load_scenario("ideal").changed(response_latency=3_000 * EXPIRES_S)
    lane = {"window": 20, "timers": TIMERS}
    async with (
        serve(scenario, clock=lambda: now[0]) as smsc,
        opened(tmp_path, store, operator(smsc, **lane), clock=lambda: now[0]) as engine,
    ):
        campaign = await engine.cast(
            TEXT, numbers(30), name="alert", options=CampaignOptions(unknowns=Hold(PATIENCE_S))
        )
        await until_submitted(smsc, 20)
        now[0] += EXPIRES_S
        await until_submitted(smsc, 30)
        now[0] += EXPIRES_S
        await until(lambda: engine.lanes["orange"].statistics().lost == 30)
        now[0] += 2 * EXPIRES_S
        smsc.turn()
        account = closed(await campaign.wait())
        assert smsc.account.destinations() == dict.fromkeys(numbers(30), 1)
        assert engine.lanes["orange"].statistics().lost == 30
    segments = account.segments
    assert (account.delivered, segments.accepted, segments.unknown, segments.submitted) == (30, 30, 0, 30)
    assert all(row.message_ids != ("",) and not row.possible_duplicate for row in rows(store))


async def test_a_response_after_its_timeout_ends_what_would_be_sent_again_and_again(
    tmp_path: Path, store: Store
) -> None:
    """Each timeout sends a segment again; the first late response is its answer, and enough."""
    now = [0.0]
    scenario = load_scenario("ideal").changed(response_latency=3_500 * EXPIRES_S)
    lane = {"window": 20, "timers": TIMERS, "retry": {"attempts": 100}}
    async with (
        serve(scenario, clock=lambda: now[0]) as smsc,
        opened(tmp_path, store, operator(smsc, **lane), clock=lambda: now[0]) as engine,
    ):
        campaign = await engine.cast(TEXT, numbers(20), name="alert")
        for times in range(1, 4):
            await until_submitted(smsc, 20 * times)
            now[0] += EXPIRES_S
        await until_submitted(smsc, 80)
        now[0] += EXPIRES_S / 2
        smsc.turn()  # the answers to the first
        await until(lambda: campaign.account().accepted == 20)
        now[0] += 3 * EXPIRES_S
        smsc.turn()  # and to the last, which was in flight
        account = closed(await campaign.wait())
        assert account.segments.submitted == smsc.account.submitted
    assert (account.accepted, account.delivered) == (20, 20)
    assert smsc.account.destinations() == dict.fromkeys(numbers(20), 4)
    assert {row.number for row in rows(store) if row.possible_duplicate} == set(map(int, numbers(20)))


async def test_a_receipt_of_another_message_to_the_number_settles_nothing(
    tmp_path: Path, memory: MemoryStore
) -> None:
    """The SMSC says that it took that one an hour from when ours was sent."""
    now = [0.0]
    scenario = load_scenario("ideal").changed(receipts={"utc_offset_min": 60}, faults={"withhold": 1.0})
    lane = {"window": 5, "timers": TIMERS}
    async with (
        serve(scenario) as smsc,
        opened(tmp_path, memory, operator(smsc, **lane), settle_s=0, clock=lambda: now[0]) as engine,
    ):
        options = CampaignOptions(unknowns=Hold(0.1))
        campaign = await engine.cast(TEXT, numbers(5), name="alert", options=options)
        inbox = engine.lanes["orange"].inbox
        await until(lambda: inbox.unmatched == 5)
        now[0] += EXPIRES_S
        account = closed(await campaign.wait())
        assert inbox.unmatched == 5
    assert account.unknown == 5


async def test_an_echoed_reference_settles_what_is_held_whatever_the_clocks(
    tmp_path: Path, store: Store
) -> None:
    scenario = load_scenario("ideal").changed(receipts={"utc_offset_min": 60}, faults={"withhold": 0.5})
    settings = {"window": 5, "timers": {"response": 0.1}, "user_message_reference": True}
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, **settings)) as engine:
        account = await cast(engine, numbers(20), TWO_SEGMENTS, unknowns=Hold(30))
        assert smsc.account.withheld
        assert smsc.account.destinations() == dict.fromkeys(numbers(20), 2)
    assert (account.delivered, account.segments.unknown) == (20, 0)


async def test_a_window_full_of_unanswered_submits_makes_room_when_they_expire(
    tmp_path: Path, memory: MemoryStore
) -> None:
    """Nothing else may wake the lane: the link is quiet, and what expired is held."""
    scenario = load_scenario("ideal").changed(faults={"withhold": 1.0}, receipts={"lost": 1.0})
    timers = {"response": 0.1, "enquire_link": 100}
    async with serve(scenario) as smsc:
        settings = operator(smsc, window=5, timers=timers)
        async with opened(tmp_path, memory, settings, settle_s=0) as engine:
            account = await cast(engine, numbers(10), unknowns=Hold(0.1))
    assert (account.unknown, account.segments.submitted) == (10, 10)


# --- what the SMSC answers ---------------------------------------------------------------------


async def test_throttled_segments_lose_neither_place_nor_count(tmp_path: Path, store: Store) -> None:
    scenario = load_scenario("throttling").changed(rate={"per_s": 5000, "burst": 40}, receipt_latency=5)
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=50)) as engine:
        account = await cast(engine, numbers(150))
        assert smsc.account.destinations(accepted=True) == dict.fromkeys(numbers(150), 1)
        assert first_attempts(smsc) == numbers(150)
        assert 0 < account.segments.throttled == smsc.account.refused[0x58]
        assert account.segments.submitted == smsc.account.submitted == 150 + account.segments.throttled
        assert engine.lanes["orange"].statistics().throttled == account.segments.throttled
        assert smsc.account.binds == 1
    assert (account.delivered, account.rejected) == (150, 0)
    assert account.segments.resubmitted == account.segments.throttled
    assert not any(row.possible_duplicate for row in rows(store))


async def test_a_full_queue_is_waited_for(tmp_path: Path, memory: MemoryStore) -> None:
    scenario = load_scenario("ideal").changed(queue={"limit": 30}, receipt_latency=20)
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc, window=50)) as engine:
        account = await cast(engine, numbers(100))
        assert smsc.account.destinations(accepted=True) == dict.fromkeys(numbers(100), 1)
        assert smsc.account.refused[0x14] == account.segments.throttled > 0
    assert account.delivered == 100


async def test_a_passing_refusal_is_tried_again_and_not_for_ever(tmp_path: Path, store: Store) -> None:
    scenario = load_scenario("ideal").changed(numbers=[{"suffix": "7", "status": "ESME_RSUBMITFAIL"}])
    retry = {"attempts": 3, "backoff": 0.01}
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, retry=retry)) as engine:
        account = await cast(engine, numbers(100))
        taken = smsc.account.destinations()
    assert {taken[number] for number in numbers(100) if number.endswith("7")} == {3}
    assert (account.rejected, account.delivered) == (10, 90)
    assert (account.segments.rejected, account.segments.submitted) == (30, 120)
    assert {row.attempts for row in rows(store) if row.state is Outcome.REJECTED} == {3}


async def test_a_passing_refusal_that_passes(tmp_path: Path, memory: MemoryStore) -> None:
    refusals = [{"status": "ESME_RSUBMITFAIL", "share": 0.3}]
    retry = {"attempts": 20, "backoff": 0.0}
    scenario = load_scenario("ideal").changed(refusals=refusals)
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc, retry=retry)) as engine:
        account = await cast(engine, numbers(60), TWO_SEGMENTS)
        assert set(smsc.account.destinations(accepted=True).values()) == {2}
        assert account.segments.resubmitted == smsc.account.refused[0x45] > 0
    assert (account.delivered, account.rejected) == (60, 0)


# --- receipts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("hex-ids", {}),
        ("hex-ids", {"response_latency": 5, "receipts": {"early": 1.0}}),
        ("early-receipts", {"receipts": {"early": 0.5, "lost": 0, "repeated": 0, "orphan": 0}}),
        ("other-bind-receipts", {}),
        ("ideal", {"message_ids": {"response": "decimal", "text": "hex_upper", "tlv": "decimal"}}),
        ("ideal", {"message_ids": {"response": {"style": "hex", "width": 8}}, "receipts": {"form": "tlv"}}),
        ("ideal", {"message_ids": {"wrap": 90}}),
    ],
    ids=["hex ids", "hex ids, early", "early", "other bind", "both differ", "tlv only", "wrapping"],
)
async def test_every_receipt_finds_its_message(
    tmp_path: Path, memory: MemoryStore, name: str, changes: dict[str, object]
) -> None:
    async with (
        serve(load_scenario(name).changed(**changes)) as smsc,
        opened(tmp_path, memory, operator(smsc, window=30, binds=2)) as engine,
    ):
        account = await cast(engine, numbers(200))
        await until(lambda: smsc.account.receipts_acknowledged == 200)
    assert (account.delivered, account.receipts.matched, account.receipts.unmatched) == (200, 200, 0)


async def test_orphan_and_repeated_receipts_are_counted_and_do_no_harm(tmp_path: Path, store: Store) -> None:
    scenario = load_scenario("ideal").changed(receipts={"orphan": 0.2, "repeated": 0.2})
    async with serve(scenario) as smsc:
        async with opened(tmp_path, store, operator(smsc, window=30)) as engine:
            account = await cast(engine, numbers(200))
            await until(lambda: not smsc.receipts_owed)
            account = closed(engine.campaigns["alert"].account())
            assert account.receipts.received == smsc.account.receipts_acknowledged
        async with opened(tmp_path, store, operator(smsc)) as engine:
            assert engine.lanes["orange"].inbox.unmatched == account.receipts.unmatched
    assert account.delivered == account.receipts.matched == 200
    assert account.receipts.unmatched > 10
    assert account.receipts.repeated > 10


# --- the order of ledger and link (laws 1 and 3) -----------------------------------------------


async def test_no_submit_leaves_before_its_intent_is_durable(tmp_path: Path) -> None:
    store = GatedStore(Intent)
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        campaign = await engine.cast(TEXT, numbers(20), name="alert")
        await engine.lanes["orange"].bound()
        await until(store.held.is_set)
        assert smsc.account.submitted == 0
        store.released.set()
        assert closed(await campaign.wait()).delivered == 20


async def test_nothing_is_sent_again_before_that_is_durable(tmp_path: Path) -> None:
    store = GatedStore(Attempted)
    scenario = load_scenario("ideal").changed(response_latency=10**7)
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=20)) as engine:
        campaign = await engine.cast(TEXT, numbers(20), name="alert")
        await until_submitted(smsc, 20)
        await smsc.cut()
        smsc.change(response_latency=0)
        await until(lambda: store.held.is_set() and smsc.account.binds == 2)
        assert smsc.account.submitted == 20
        store.released.set()
        assert closed(await campaign.wait()).accepted == 20
        assert smsc.account.submitted == 40


@pytest.mark.parametrize("orphan", [0.0, 1.0], ids=["matched", "parked"])
async def test_no_receipt_is_acknowledged_before_it_is_durable(tmp_path: Path, orphan: float) -> None:
    store = GatedStore(ReceiptsParked if orphan else Received)
    scenario = load_scenario("ideal").changed(receipts={"orphan": orphan})
    async with serve(scenario) as smsc, opened(tmp_path, store, operator(smsc, window=50)) as engine:
        campaign = await engine.cast(TEXT, numbers(50), name="alert")
        await until(lambda: store.held.is_set() and smsc.account.receipts_sent >= 50)
        assert smsc.account.receipts_acknowledged <= (50 if orphan else 0)
        store.released.set()
        assert closed(await campaign.wait()).delivered == 50
        await until(lambda: smsc.account.receipts_acknowledged == (100 if orphan else 50))
        assert smsc.account.receipts_refused == 0
