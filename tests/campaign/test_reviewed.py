"""Campaigns whose surroundings fail them: the engine lives on, and the ledger says what really was sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from smppcast.campaign.loaded import LoadedChunk
from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.wording import Wording
from smppcast.errors import CampaignError, FeedError, FieldError
from smppcast.ledger.board import replay
from smppcast.ledger.facts import Chunk, TakenIn, chunk_key
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState
from smppcast.operators.settings import SourceAddress
from smppcast.smsc import load_scenario, serve
from tests.campaign.casts import (
    TEXT,
    GatedStore,
    cast,
    closed,
    numbers,
    opened,
    operator,
    until,
    until_submitted,
)

pytestmark = pytest.mark.anyio

SLOW = load_scenario("ideal").changed(response_latency=30)


async def test_a_campaign_is_not_finished_without_an_operator_that_it_needs(
    tmp_path: Path, memory: MemoryStore
) -> None:
    feed = [*numbers(40), *numbers(40, 33_700_000_000)]
    async with serve(SLOW) as one, serve(SLOW) as other:
        lanes = {
            "one": operator(one, prefixes=["336"], window=5),
            "other": operator(other, prefixes=["337"], window=5),
        }
        async with opened(tmp_path, memory, lanes) as engine:
            await engine.cast(TEXT, feed, name="alert")
            await until_submitted(other, 10)
        async with opened(tmp_path, memory, {"one": lanes["one"]}) as engine:
            with pytest.raises(CampaignError, match="other, which is not configured"):
                await engine.cast(TEXT, feed, name="alert")
        async with opened(tmp_path, memory, lanes) as engine:
            account = await cast(engine, feed)
    assert account.accepted == 80


async def test_a_personal_text_cut_otherwise_fails_its_campaign_alone(
    tmp_path: Path, memory: MemoryStore
) -> None:
    feed = [{"msisdn": number, "name": "é" * 150} for number in numbers(60)]
    async with serve(SLOW) as smsc:
        async with opened(tmp_path, memory, operator(smsc, window=8)) as engine:
            await engine.cast("{name}", feed, name="alert")
            await until_submitted(smsc, 20)
        async with opened(tmp_path, memory, operator(smsc, default_alphabet="ascii")) as engine:
            campaign = await engine.cast("{name}", feed, name="alert")
            with pytest.raises(CampaignError, match="dialect was changed"):
                await campaign.wait()
            assert (await cast(engine, numbers(20), name="other")).accepted == 20
        async with opened(tmp_path, memory, operator(smsc)) as engine:
            account = await cast(engine, feed, "{name}")
        taken = smsc.account.destinations()
    assert (account.accepted, account.segments.resubmitted) == (60, 0)
    assert {number: taken[number] for number in numbers(60)} == {
        number: 2 if number in numbers(20) else 1 for number in numbers(60)
    }


def test_a_batch_that_cannot_be_written_leaves_its_recipients_unsent() -> None:
    settings = operator("smpp://a:b@127.0.0.1:2775")
    texts = ("a", "é" * 150)
    chunk = Chunk(chunk_key(1, 0), "orange", array("q", [33_600_000_000] * 2), bytes((1, 3)), texts)
    loaded = LoadedChunk(chunk, (), Wording(settings, CampaignOptions(), 1, 0.0))
    loaded.allowed = 2
    with pytest.raises(CampaignError):
        loaded.fresh(10)
    assert loaded.next == 0


async def test_fields_that_do_not_fit_are_told_before_a_personalised_cast(
    tmp_path: Path, memory: MemoryStore
) -> None:
    source = SourceAddress.model_construct(addr="G" * 30, ton=5, npi=0)
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        with pytest.raises(FieldError):
            await engine.cast(
                "Bonjour {name}",
                [{"msisdn": "33600000000", "name": "a"}],
                name="alert",
                options=CampaignOptions(source=source),
            )


async def test_an_iterable_that_raises_fails_its_campaign_alone(tmp_path: Path, memory: MemoryStore) -> None:
    def feed() -> Iterator[str]:
        yield from numbers(3_000)
        raise ValueError("the database is gone")

    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        campaign = await engine.cast(TEXT, feed(), name="alert")
        with pytest.raises(FeedError, match="raised ValueError"):
            await campaign.wait()
        assert campaign.state is CampaignState.STOPPED
        assert (await cast(engine, numbers(20), name="other")).accepted == 20


@pytest.mark.parametrize("how", ["raised", "cancelled"])
async def test_an_engine_left_without_a_drain_takes_back_what_it_did_not_send(
    tmp_path: Path, memory: MemoryStore, how: str
) -> None:
    async with serve(SLOW) as smsc:
        with anyio.CancelScope() as scope:
            try:
                async with opened(tmp_path, memory, operator(smsc, window=5)) as engine:
                    await engine.cast(TEXT, numbers(600), name="alert")
                    await until_submitted(smsc, 20)
                    if how == "raised":
                        raise KeyError(how)
                    scope.cancel()
                    await anyio.sleep_forever()
            except KeyError:
                pass
        record = memory.campaign("alert")
        assert record is not None
        assert record.state is CampaignState.STOPPED
        account = closed(replay(memory, record).account())
    assert account.in_flight == 0
    assert account.unknown <= 5
    assert account.segments.submitted <= smsc.account.submitted + 5


async def test_a_draining_engine_refuses_to_cast(tmp_path: Path, memory: MemoryStore) -> None:
    async with serve() as smsc, opened(tmp_path, memory, operator(smsc)) as engine:
        await engine.drain()
        with pytest.raises(CampaignError, match="draining"):
            await engine.cast(TEXT, numbers(10), name="alert")


async def test_a_feed_faster_than_the_ledger_is_not_gathered_in_memory(tmp_path: Path) -> None:
    store, read = GatedStore(TakenIn), 0

    def feed() -> Iterator[str]:
        nonlocal read
        for number in numbers(1_000_000):
            read += 1
            yield number

    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        await engine.cast(TEXT, feed(), name="alert")
        await until(store.held.is_set)
        seen = -1
        while seen != read:
            seen = read
            await anyio.wait_all_tasks_blocked()
        store.released.set()
        await engine.drain()
    assert seen < 500_000


@pytest.mark.parametrize("status", ["ESME_RMSGQFUL", "ESME_RSYSERR"])
async def test_one_full_mailbox_is_retried_and_given_up_without_stalling_its_lane(
    tmp_path: Path, memory: MemoryStore, status: str
) -> None:
    full = str(numbers(400)[10])
    scenario = load_scenario("ideal").changed(numbers=[{"suffix": full[-8:], "status": status}])
    async with serve(scenario) as smsc:
        lane = operator(smsc, window=10, retry={"attempts": 2, "backoff": 0.01})
        async with opened(tmp_path, memory, lane) as engine:
            account = await cast(engine, numbers(400))
    assert (account.accepted, account.rejected) == (399, 1)
    assert account.closes
    assert smsc.account.submitted <= 410


async def test_an_smsc_slower_than_the_response_timeout_gets_each_text_so_many_times_and_no_more(
    tmp_path: Path, memory: MemoryStore
) -> None:
    async with serve(load_scenario("ideal").changed(response_latency=60_000)) as smsc:
        lane = operator(smsc, window=10, timers={"response": 0.01}, retry={"attempts": 2, "backoff": 0.01})
        async with opened(tmp_path, memory, lane) as engine:
            account = await cast(engine, numbers(10))
    assert (account.unknown, account.segments.resubmitted) == (10, 10)
    assert account.closes
    assert set(smsc.account.destinations().values()) == {2}
