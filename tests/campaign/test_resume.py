"""Campaigns that are interrupted, and go on: nobody is left out, and nobody doubled in silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.errors import CampaignError, FeedError
from smppcast.feed import Source
from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import (
    TEXT,
    TWO_SEGMENTS,
    FailingStore,
    cast,
    doubled,
    first_attempts,
    numbers,
    opened,
    operator,
    rows,
    until,
    until_submitted,
)

pytestmark = pytest.mark.anyio

SLOW = load_scenario("ideal").changed(response_latency=4)


async def _begin(engine: Engine, feed: Source, text: str = TEXT) -> None:
    await engine.cast(text, feed, name="alert")


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS])
async def test_a_drained_campaign_goes_on_where_it_was(tmp_path: Path, store: Store, text: str) -> None:
    feed = numbers(400)
    async with serve(SLOW) as smsc:
        for least in (40, 120, 200):
            async with opened(tmp_path, store, operator(smsc, window=16)) as engine:
                campaign = await engine.cast(text, feed, name="alert")
                await until_submitted(smsc, least)
            assert campaign.state is CampaignState.STOPPED
            account = campaign.account()
            assert account.closes
            assert (account.unknown, account.in_flight) == (0, 0)
            assert account.segments.submitted == smsc.account.submitted
        async with opened(tmp_path, store, operator(smsc, window=16)) as engine:
            account = await cast(engine, feed, text)
        assert set(smsc.account.destinations().values()) == {2 if text is TWO_SEGMENTS else 1}
        assert first_attempts(smsc) == feed
        assert account.segments.submitted == smsc.account.submitted
    assert (account.delivered, account.segments.resubmitted) == (400, 0)
    assert not any(row.possible_duplicate for row in rows(store))


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS])
async def test_after_a_hard_stop_what_was_in_flight_is_sent_again_and_flagged(
    tmp_path: Path, store: Store, text: str
) -> None:
    feed = numbers(400)
    async with serve(SLOW) as smsc:
        for least in (30, 200):
            with anyio.CancelScope() as crash:
                async with opened(tmp_path, store, operator(smsc, window=16)) as engine:
                    await engine.cast(text, feed, name="alert")
                    await until_submitted(smsc, least)
                    crash.cancel()
                    await anyio.sleep_forever()
            assert crash.cancelled_caught
        async with opened(tmp_path, store, operator(smsc, window=16)) as engine:
            account = await cast(engine, feed, text)
        taken = smsc.account.destinations(accepted=True)
    segments = 2 if text is TWO_SEGMENTS else 1
    assert sorted(taken) == feed
    assert min(taken.values()) >= segments
    flagged = {row.number for row in rows(store) if row.possible_duplicate}
    again = {int(number) for number, count in taken.items() if count > segments}
    assert again <= flagged
    assert flagged
    assert account.accepted == 400


async def _failed_or_ended(store: FailingStore, engine: Engine) -> None:
    await until(lambda: store.commits > store.last or engine.campaigns["alert"].ended)


async def test_a_crash_at_any_commit_loses_nobody(tmp_path: Path) -> None:
    """Each run's ledger ends at one of its commits, whatever had been sent by then."""
    feed, store = numbers(600), FailingStore(0)
    async with serve(load_scenario("ideal").changed(response_latency=1)) as smsc:
        for commits in range(2, 12, 2):
            store.commits, store.last = 0, commits
            with anyio.CancelScope() as crash:
                async with opened(tmp_path, store, operator(smsc, window=40)) as engine:
                    await engine.cast(TEXT, feed, name="alert")
                    await _failed_or_ended(store, engine)
                    crash.cancel()
                    await anyio.sleep_forever()
        store.last = float("inf")
        async with opened(tmp_path, store, operator(smsc, window=40)) as engine:
            account = await cast(engine, feed)
        assert sorted(smsc.account.destinations(accepted=True)) == feed
        again = doubled(smsc)
    assert account.delivered == 600
    assert again <= {row.number for row in rows(store) if row.possible_duplicate}


async def test_a_feed_half_taken_in_is_known_again(tmp_path: Path, store: Store) -> None:
    """An asynchronous feed that stops in the middle; bad and double rows are counted once."""
    feed = [*numbers(700), "bad", *numbers(299), *numbers(900, 33_650_000_000), "bad too"]

    async with serve() as smsc:

        async def first_thousand() -> AsyncIterator[str]:
            for number in feed[:1000]:
                yield number
            await anyio.sleep_forever()

        async with opened(tmp_path, store, operator(smsc, window=50)) as engine:
            await _begin(engine, first_thousand())
            await until_submitted(smsc, 700)
        async with opened(tmp_path, store, operator(smsc, window=50)) as engine:
            account = await cast(engine, feed)
        assert smsc.account.destinations() == dict.fromkeys(numbers(700) + numbers(900, 33_650_000_000), 1)
    assert (account.fed, account.invalid, account.duplicate, account.delivered) == (1901, 2, 299, 1600)
    assert (tmp_path / "alert.rejects.csv").read_text("utf-8").count("bad") == 2


async def test_a_personalised_campaign_goes_on_with_each_his_own_text(tmp_path: Path, store: Store) -> None:
    feed = [{"msisdn": number, "name": "x" * (at % 200)} for at, number in enumerate(numbers(200))]
    text = "Bonjour {name}"
    async with serve(SLOW) as smsc:
        async with opened(tmp_path, store, operator(smsc, window=8)) as engine:
            await _begin(engine, feed, text)
            await until_submitted(smsc, 50)
        async with opened(tmp_path, store, operator(smsc, window=8)) as engine:
            account = await cast(engine, feed, text)
        expected = {number: 1 if at % 200 <= 152 else 2 for at, number in enumerate(numbers(200))}
        assert smsc.account.destinations() == expected
    assert account.delivered == 200


async def _stopped_midway(folder: Path, store: Store) -> None:
    async with serve(SLOW) as smsc, opened(folder, store, operator(smsc, window=8)) as engine:
        await _begin(engine, numbers(200))
        await until_submitted(smsc, 40)


@pytest.mark.parametrize(
    "feed",
    [
        [*numbers(100), "33711111111", *numbers(99, 33_600_000_101)],
        numbers(150),
        numbers(201),
        [],
    ],
    ids=["another number", "shorter", "longer", "empty"],
)
async def test_another_feed_is_refused_by_wait(tmp_path: Path, memory: MemoryStore, feed: list[str]) -> None:
    await _stopped_midway(tmp_path, memory)
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        campaign = await engine.cast(TEXT, feed, name="alert")
        with pytest.raises(FeedError):
            await campaign.wait()
        assert campaign.state is CampaignState.STOPPED
        assert campaign.account().closes
        account = await cast(engine, numbers(200))  # the right one still goes on
    assert account.accepted == 200


async def test_another_text_or_sender_is_refused(tmp_path: Path, memory: MemoryStore) -> None:
    await _stopped_midway(tmp_path, memory)
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        with pytest.raises(CampaignError, match="another text"):
            await engine.cast(TEXT + "!", numbers(200), name="alert")
        with pytest.raises(CampaignError, match="another text"):
            await engine.cast(TEXT, numbers(200), name="alert", options=CampaignOptions(flash=True))
        assert smsc.account.submitted == 0


async def test_a_dialect_that_cuts_the_text_otherwise_is_refused(tmp_path: Path, memory: MemoryStore) -> None:
    text = "é" * 150  # one segment in GSM 03.38, three in UCS-2, where the SMSC knows ASCII only
    async with serve(SLOW) as smsc:
        async with opened(tmp_path, memory, operator(smsc, window=8)) as engine:
            await _begin(engine, numbers(100), text)
            await until_submitted(smsc, 20)
        async with opened(tmp_path, memory, operator(smsc, default_alphabet="ascii")) as engine:
            campaign = await engine.cast(text, numbers(100), name="alert")
            with pytest.raises(CampaignError, match="dialect was changed"):
                await campaign.wait()
        async with opened(tmp_path, memory, operator(smsc)) as engine:
            account = await cast(engine, numbers(100), text)
        assert set(smsc.account.destinations().values()) == {1}
    assert account.accepted == 100


async def test_receipts_that_come_while_nobody_listens_come_with_the_next_run(
    tmp_path: Path, store: Store
) -> None:
    now = [0.0]
    scenario = load_scenario("ideal").changed(receipt_latency=1_000)
    async with serve(scenario, clock=lambda: now[0]) as smsc:
        async with opened(tmp_path, store, operator(smsc, window=50), settle_s=0) as engine:
            account = await cast(engine, numbers(100))
            assert account.awaiting_receipt == 100
        now[0] += 1
        smsc.turn()
        async with opened(tmp_path, store, operator(smsc), settle_s=0) as engine:
            campaign = await engine.cast(TEXT, numbers(100), name="alert")
            await until(lambda: campaign.account().delivered == 100)
            assert smsc.account.submitted == 100
    assert campaign.account().receipts.matched == 100
