"""Whole campaigns, against simulated SMSCs over TCP, with a ledger."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.errors import CampaignError, FeedError, LedgerError, TextError
from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState, Outcome
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import (
    TEXT,
    TWO_SEGMENTS,
    FailingStore,
    cast,
    closed,
    first_attempts,
    numbers,
    opened,
    operator,
    rows,
    until,
    until_submitted,
)

pytestmark = pytest.mark.anyio


async def until_ready(engine: Engine, *campaigns: Campaign) -> None:
    """Waits until a stopped lane might send for each of them: intents are durable."""
    await until(lambda: all(each.account().in_flight for each in campaigns) and not engine._writer.backlog)


async def test_every_number_gets_the_text_once_and_its_receipt(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc, window=50)) as engine:
        account = await cast(engine, numbers(300))
        assert smsc.account.destinations() == dict.fromkeys(numbers(300), 1)
        assert first_attempts(smsc) == numbers(300)
        await until(lambda: smsc.account.receipts_acknowledged == 300)
    assert (account.fed, account.accepted, account.delivered) == (300, 300, 300)
    assert account.receipts.matched == 300
    assert engine.campaigns["alert"].state is CampaignState.FINISHED
    kept = rows(store)
    assert [str(row.number) for row in kept] == numbers(300)
    assert {row.state for row in kept} == {Outcome.DELIVERED}
    assert not any(row.possible_duplicate for row in kept)


async def test_three_operators_each_get_their_own_prefixes_in_two_segments(
    tmp_path: Path, store: Store
) -> None:
    feed = [
        number for first in (33_610_000_000, 33_620_000_000, 33_630_000_000) for number in numbers(60, first)
    ]
    feed += ["33990000000", "no number", feed[0]]
    async with serve() as one, serve("hex-ids") as two, serve() as three:
        operators = {
            "one": operator(one, prefixes=["3361"], window=10),
            "two": operator(two, prefixes=["3362"], window=7, long_messages="sar"),
            "three": operator(three, prefixes=["3363"], binds={"transmitter": 2, "receiver": 1}),
        }
        async with opened(tmp_path, store, operators) as engine:
            account = await cast(engine, feed, TWO_SEGMENTS)
            by_operator = engine.campaigns["alert"].by_operator()
        for smsc, prefix in ((one, "3361"), (two, "3362"), (three, "3363")):
            mine = [number for number in feed if number.startswith(prefix)]
            assert smsc.account.destinations() == dict.fromkeys(mine, 2)
    assert (account.fed, account.invalid, account.duplicate, account.delivered) == (183, 2, 1, 180)
    assert account.invalid_reasons.pop("unroutable") == sum(account.invalid_reasons.values()) == 1
    assert account.segments.submitted == account.segments.accepted == account.receipts.matched == 360
    assert [by_operator[name].delivered for name in operators] == [60, 60, 60]


async def test_final_states_and_refusals_are_told_apart(tmp_path: Path, memory: MemoryStore) -> None:
    scenario = load_scenario("ideal").changed(
        numbers=[
            {"suffix": "7", "status": "ESME_RINVDSTADR"},
            {"suffix": "3", "state": "EXPIRED"},
            {"suffix": "4", "state": "UNDELIVERABLE", "err": "027"},
        ]
    )
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        account = await cast(engine, numbers(50))
        assert smsc.account.refused == {0x0B: 5}
    assert (account.rejected, account.expired, account.undelivered, account.delivered) == (5, 5, 5, 35)
    assert account.segments.rejected == 5
    errors = {row.state: row.error for row in rows(memory)}
    assert errors[Outcome.REJECTED] == "0x0000000B"
    assert errors[Outcome.UNDELIVERED] == "027"


async def test_a_message_with_more_segments_than_the_window_is_sent(
    tmp_path: Path, memory: MemoryStore
) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc, window=2)) as engine:
        account = await cast(engine, numbers(20), TWO_SEGMENTS * 2)
        assert set(smsc.account.destinations().values()) == {3}
        assert smsc.account.window <= 2
    assert (account.delivered, account.segments.submitted) == (20, 60)


async def test_a_text_with_columns_is_written_for_each_and_what_cannot_be_is_counted(
    tmp_path: Path, store: Store
) -> None:
    feed = tmp_path / "feed.csv"
    names = ["Zoé", "a" * 150, "Ωmega ☃", "Ann", "Bob"]
    lines = [f"{number},{name}" for number, name in zip(numbers(5), names, strict=True)]
    feed.write_text("msisdn,name\n" + "\n".join(lines) + "\n", encoding="utf-8")
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        account = await cast(engine, feed, "Bonjour {name}, restez chez vous", encoding="gsm")
        taken = smsc.account.destinations()
    assert [taken[number] for number in numbers(5)] == [1, 2, 0, 1, 1]
    assert (account.fed, account.delivered, account.invalid) == (5, 4, 1)
    assert account.invalid_reasons == {"untextable": 1}
    assert "untextable" in (tmp_path / "alert.rejects.csv").read_text("utf-8")


async def test_a_gzipped_feed_names_operators_and_the_campaign_names_itself(
    tmp_path: Path, memory: MemoryStore
) -> None:
    feed = tmp_path / "feed.csv.gz"
    lines = [f"{number},{'one' if at % 2 else 'two'}" for at, number in enumerate(numbers(40))]
    feed.write_bytes(gzip.compress(("msisdn,operator\n" + "\n".join(lines) + "\n").encode()))
    async with serve() as one, serve() as two:
        operators = {"one": operator(one, prefixes=[]), "two": operator(two, prefixes=[])}
        async with opened(tmp_path, memory, operators) as engine:
            first = await engine.cast(TEXT, feed)
            account = closed(await first.wait())
            again = await engine.cast(TEXT, str(feed))
            assert (await again.wait()).delivered == account.delivered == 40
            assert again.name == first.name
            assert one.account.submitted == two.account.submitted == 20
            assert (await engine.cast(TEXT + "!", feed)).name != first.name


async def test_an_asynchronous_feed_is_sent_while_it_trickles(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:

        async def trickle() -> AsyncIterator[str | dict[str, str]]:
            for number in numbers(1):
                yield number
            await until(lambda: engine.lanes["orange"].statistics().bound)
            for number in numbers(9, 33_611_111_111):
                yield {"msisdn": number}

        account = await cast(engine, trickle())
    assert account.delivered == 10


async def test_without_receipts_nobody_waits_for_them(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        account = await cast(engine, numbers(20), receipts=False)
        assert smsc.account.receipts_sent == 0
    assert (account.accepted, account.awaiting_receipt) == (20, 20)


async def test_settling_ends_without_the_receipts_that_never_come(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(receipts={"lost": 1.0})
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc), settle_s=0.1) as engine:
        account = await cast(engine, numbers(20))
    assert (account.accepted, account.awaiting_receipt) == (20, 20)
    assert engine.campaigns["alert"].state is CampaignState.FINISHED


# --- names -------------------------------------------------------------------------------------


async def test_a_finished_campaign_is_found_finished_and_sends_nothing(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc:
        async with opened(tmp_path, store, operator(smsc)) as engine:
            first = await cast(engine, numbers(30))
        async with opened(tmp_path, store, operator(smsc)) as engine:
            again = await cast(engine, numbers(30))
            assert engine.campaigns["alert"].ended
            with pytest.raises(FeedError):
                await engine.cast(TEXT, numbers(31), name="alert")
            with pytest.raises(CampaignError):
                await engine.cast(TEXT + "!", numbers(30), name="alert")
            assert (await cast(engine, numbers(30))).delivered == 30
        assert smsc.account.submitted == 30
    again.seconds = first.seconds
    assert again == first


async def test_one_name_is_cast_once_at_a_time(tmp_path: Path, memory: MemoryStore) -> None:
    """Also where the second call comes while the first still asks the ledger."""
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        refused = []

        async def once() -> None:
            try:
                await cast(engine, numbers(40))
            except CampaignError as error:
                refused.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(once)
            tasks.start_soon(once)
        assert len(refused) == 1
        assert smsc.account.submitted == 40


async def test_a_cast_that_cannot_begin_leaves_its_name_free(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        with pytest.raises(TextError):
            await engine.cast("☃", numbers(3), name="alert", options=CampaignOptions(encoding="gsm"))
        missing = tmp_path / "missing.csv"
        for _ in range(2):
            with pytest.raises(FeedError):
                await (await engine.cast(TEXT, missing, name="other")).wait()
        with pytest.raises(FeedError):
            await engine.cast(TEXT, iter(numbers(3)))  # read but once, and no name
        assert (await cast(engine, numbers(3))).delivered == 3


# --- several campaigns -------------------------------------------------------------------------


async def test_a_code_for_a_login_does_not_queue_behind_a_million(
    tmp_path: Path, memory: MemoryStore
) -> None:
    scenario = load_scenario("ideal").changed(response_latency=5)
    codes = numbers(20, 33_700_000_000)
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc, window=10)) as engine:
        bulk = await engine.cast(TEXT, numbers(400), name="bulk", options=CampaignOptions(priority=10))
        await until(lambda: smsc.account.submitted >= 50)
        engine.lanes["orange"].stopped = True  # until they are ready
        code = await engine.cast("1234", codes, name="code", options=CampaignOptions(priority=0))
        await until_ready(engine, code)
        engine.lanes["orange"].stopped = False
        engine.lanes["orange"].wake()
        closed(await code.wait())
        closed(await bulk.wait())
        order = smsc.account.order()
    places = [at for at, number in enumerate(order) if number in codes]
    assert places == list(range(places[0], places[0] + 20))
    assert places[-1] < 399


async def test_two_campaigns_of_one_class_share_by_weight(tmp_path: Path, memory: MemoryStore) -> None:
    scenario = load_scenario("ideal").changed(response_latency=2)
    heavy, light = numbers(300), numbers(300, 33_700_000_000)
    async with serve(scenario) as smsc, opened(tmp_path, memory, operator(smsc, window=8)) as engine:
        engine.lanes["orange"].stopped = True  # until both are ready
        three = await engine.cast(TEXT, heavy, name="heavy", options=CampaignOptions(weight=3))
        one = await engine.cast(TEXT, light, name="light", options=CampaignOptions(weight=1))
        await until_ready(engine, three, one)
        engine.lanes["orange"].stopped = False
        engine.lanes["orange"].wake()
        assert closed(await three.wait()).delivered == closed(await one.wait()).delivered == 300
        both = smsc.account.order()[:200]
    share = sum(number < light[0] for number in both) / len(both)
    assert share == pytest.approx(0.75, abs=0.06)


# --- the ledger fails --------------------------------------------------------------------------


@pytest.mark.parametrize("last", [0, 1, 2, 4, 7])
async def test_without_a_ledger_nothing_more_is_sent(tmp_path: Path, last: int) -> None:
    store = FailingStore(last)
    scenario = load_scenario("ideal").changed(response_latency=2, receipts={"orphan": 0.2})
    async with serve(scenario) as smsc:
        async with opened(tmp_path, store, operator(smsc, window=10)) as engine:
            with pytest.raises(LedgerError, match="no space left"):
                await (await engine.cast(TEXT, numbers(2000), name="alert")).wait()
            with pytest.raises(LedgerError):
                await engine.cast(TEXT, numbers(3), name="another")
            assert smsc.account.submitted < 2000
        store.last = float("inf")
        async with opened(tmp_path, store, operator(smsc, window=500)) as engine:
            account = await cast(engine, numbers(2000))
        taken = smsc.account.destinations(accepted=True)
    assert account.accepted == 2000
    assert sorted(taken) == numbers(2000)
    flagged = {row.number for row in rows(store) if row.possible_duplicate}
    assert {int(number) for number, count in taken.items() if count > 1} <= flagged


async def test_what_its_body_raises_leaves_the_engine_as_it_is(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc:
        with pytest.raises(CampaignError):  # noqa: PT012 - the engine's own exit is what is tested
            async with opened(tmp_path, memory, operator(smsc)) as engine:
                await cast(engine, numbers(3))
                await engine.cast(TEXT + "!", numbers(3), name="alert")


# --- a feed that trickles ----------------------------------------------------------------------


async def test_a_row_that_came_is_sent_before_the_next_one_comes(tmp_path: Path, memory: MemoryStore) -> None:
    """Nor does the second wait for a full batch, whether it comes within a step of the first or not."""
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:

        async def slowly() -> AsyncIterator[str]:
            for sent, number in enumerate(numbers(3)):
                await until_submitted(smsc, sent)
                yield number

        account = await cast(engine, slowly())
    assert account.delivered == 3


async def test_what_a_feed_raises_is_told_without_the_rows_that_it_quotes(
    tmp_path: Path, memory: MemoryStore
) -> None:
    async def breaking() -> AsyncIterator[str]:
        yield numbers(1)[0]
        raise ValueError("no such row: 33600000042")

    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        with pytest.raises(FeedError, match="raised ValueError") as told:
            await cast(engine, breaking())
    assert "33600000042" not in str(told.value)
    assert "33600000042" in str(told.value.__cause__)


async def test_what_an_async_feed_raises_ends_its_campaign_and_keeps_its_rows(
    tmp_path: Path, memory: MemoryStore
) -> None:
    async def breaking() -> AsyncIterator[str]:
        for number in numbers(2):
            yield number
        raise OSError("the database is gone")

    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        with pytest.raises(FeedError, match="the database is gone"):
            await cast(engine, breaking())
        account = await cast(engine, numbers(4))
        assert smsc.account.destinations() == dict.fromkeys(numbers(4), 1)
    assert account.delivered == 4
