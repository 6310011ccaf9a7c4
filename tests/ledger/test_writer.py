"""Commits in groups, on a thread beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest

from smppcast.errors import LedgerError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Accepted, CampaignChanged, Fact, InboundReceived, Intent, chunk_key
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.writer import Writer
from smppcast.model import CampaignState
from tests.ledger.casting import accepted, campaign_with, chunk, refs, taken_in

pytestmark = pytest.mark.anyio


class Gated(MemoryStore):
    """A store whose commits wait at a gate, and tell their sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.groups: list[int] = []
        self.fails_at = -1

    def commit(self, facts: Sequence[Fact]) -> None:
        self.entered.set()
        assert self.gate.wait(30)
        if len(self.groups) == self.fails_at:
            raise LedgerError("disk full")
        self.groups.append(len(facts))
        super().commit(facts)


@asynccontextmanager
async def open_writer(store: Store, **settings: Any) -> AsyncIterator[Writer]:
    writer = Writer(store, **settings)
    writer.start()
    try:
        yield writer
    finally:
        await writer.aclose()


async def test_facts_are_durable_in_their_order(store: Store) -> None:
    campaign = campaign_with(store, (100, 1)).id
    async with open_writer(store) as writer:
        for offset in range(100):
            writer.add(accepted(refs(campaign, 0, offset)))
        await writer.durable()
        found = await writer.call(lambda: list(store.facts(campaign)))
        assert writer.backlog == 0
    assert [fact.refs[0] for fact in found if isinstance(fact, Accepted)] == refs(campaign, 0, *range(100))


async def entered(store: Gated) -> None:
    """Until a commit stands at the gate."""
    assert await asyncio.to_thread(store.entered.wait, 30)


async def test_what_gathers_during_a_commit_is_one_group() -> None:
    store = Gated()
    async with open_writer(store) as writer:
        writer.add(Intent(1, 1))
        await entered(store)
        for below in range(50):
            writer.add(Intent(1, below))
        store.gate.set()
        await writer.durable()
    assert store.groups == [1, 50]


async def test_then_comes_on_the_loop_after_its_commit_and_not_before() -> None:
    store, told, thread = Gated(), list[tuple[int, bool]](), threading.get_ident()

    def tell(number: int) -> None:
        told.append((number, threading.get_ident() == thread))

    async with open_writer(store) as writer:
        for number in (1, 2):
            writer.add(Intent(1, number), partial(tell, number))
        await entered(store)
        await asyncio.sleep(0)
        assert told == []
        store.gate.set()
        await writer.durable()
        await writer.call(lambda: None)
        assert told == [(1, True), (2, True)]


async def test_durable_waits_for_nothing_when_there_is_nothing(store: Store) -> None:
    async with open_writer(store) as writer:
        await writer.durable()
        await writer.room()
    assert writer.commits == 0


async def test_a_then_that_raises_is_told_and_harms_no_other(store: Store) -> None:
    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context["exception"]))
    told: list[str] = []
    async with open_writer(store) as writer:
        writer.add(CampaignChanged(1, 1.0, CampaignState.FINISHED), lambda: 1 // 0)
        writer.add(CampaignChanged(1, 1.0, CampaignState.FINISHED), lambda: told.append("second"))
        await writer.durable()
        await writer.call(lambda: None)
    assert [type(error) for error in raised] == [ZeroDivisionError]
    assert told == ["second"]


async def test_the_backlog_counts_refs_and_room_waits_for_it() -> None:
    store = Gated()
    async with open_writer(store, bound=40) as writer:
        writer.add(accepted(refs(1, 0, *range(8))))
        await writer.room()
        writer.add(InboundReceived("orange", 1.0, ["1"] * 5, ["2"] * 5, [b""] * 5))
        writer.add(taken_in(1, [chunk(1)]))
        assert writer.backlog == 15
        waiting = [asyncio.ensure_future(writer.room()) for _ in range(3)]
        await entered(store)
        assert not any(waiter.done() for waiter in waiting)
        waiting.pop().cancel()
        store.gate.set()
        await asyncio.gather(*waiting)
        assert writer.backlog <= 10


async def test_a_call_runs_between_the_facts_before_and_after_it(store: Store) -> None:
    campaign = campaign_with(store, (4, 1)).id
    async with open_writer(store) as writer:
        writer.add(Intent(chunk_key(campaign, 0), 1))
        seen = writer.submit(lambda: len(list(store.facts(campaign))))
        writer.add(Intent(chunk_key(campaign, 0), 2))
        await writer.durable()
        assert await seen == 1


async def test_what_a_call_raises_fails_nothing_else(store: Store) -> None:
    async with open_writer(store) as writer:
        with pytest.raises(LedgerError, match="no body"):
            await writer.call(store.body, 99)
        writer.add(Intent(chunk_key(1, 0), 1))
        await writer.durable()
        assert writer.failed is None


async def test_a_cancelled_call_leaves_the_writer_as_it_was() -> None:
    store = Gated()
    async with open_writer(store) as writer:
        writer.add(Intent(1, 1))
        call = asyncio.ensure_future(writer.call(lambda: 1))
        durable = asyncio.ensure_future(writer.durable())
        await entered(store)
        call.cancel()
        durable.cancel()
        store.gate.set()
        assert await writer.call(lambda: 2) == 2


async def test_after_a_failed_commit_nothing_is_committed() -> None:
    store, told, failures = Gated(), list[str](), list[LedgerError]()
    store.fails_at = 1
    writer = Writer(store, on_failure=failures.append, bound=1)
    writer.start()
    writer.add(Intent(1, 1), lambda: told.append("first"))
    await entered(store)
    writer.add(Intent(1, 2), lambda: told.append("lost"))
    writer.add(Intent(1, 3))
    waiters = [asyncio.ensure_future(wait) for wait in (writer.durable(), writer.room(), writer.call(int))]
    store.gate.set()
    errors = await asyncio.gather(*waiters, return_exceptions=True)
    assert [str(error) for error in errors] == ["disk full"] * 3
    assert failures == [writer.failed]
    writer.add(Intent(1, 4), lambda: told.append("lost"))
    for wait in (writer.durable, writer.room, writer.aclose):
        with pytest.raises(LedgerError, match="disk full"):
            await wait()
    assert told == ["first"]
    assert store.groups == [1]


async def test_a_fault_of_another_kind_is_an_error_of_the_ledger_too() -> None:
    class Broken(MemoryStore):
        def commit(self, facts: Sequence[Fact]) -> None:
            raise KeyError(len(facts))

    writer = Writer(Broken())
    writer.start()
    writer.add(Intent(1, 1))
    with pytest.raises(LedgerError, match="KeyError"):
        await writer.durable()
    with pytest.raises(LedgerError, match="KeyError"):
        await writer.aclose()


async def test_closing_makes_durable_what_was_added() -> None:
    store = Gated()
    writer = Writer(store)
    writer.start()
    writer.add(Intent(1, 1))
    store.gate.set()
    await writer.aclose()
    await writer.aclose()
    assert store.groups == [1]


async def test_closing_may_be_cancelled_and_still_happens() -> None:
    store = Gated()
    writer = Writer(store)
    writer.start()
    writer.add(Intent(1, 1))
    closing = asyncio.ensure_future(writer.aclose())
    await entered(store)
    closing.cancel()
    store.gate.set()
    await writer.aclose()
    assert store.groups == [1]


async def test_a_writer_that_was_not_started_says_so() -> None:
    writer = Writer(MemoryStore())
    await writer.aclose()
    with pytest.raises(RuntimeError, match="not started"):
        await writer.call(int)


def test_a_loop_that_ended_without_closing_harms_nothing() -> None:
    store = Gated()

    async def program() -> threading.Thread:
        writer = Writer(store)
        writer.start()
        writer.add(Intent(1, 1))
        await entered(store)
        return next(thread for thread in threading.enumerate() if thread.name == "smppcast-ledger")

    thread = asyncio.run(program())
    store.gate.set()
    assert thread.is_alive() or store.groups == [1]


async def test_a_call_after_the_end_is_refused_rather_than_waited_for() -> None:
    store = MemoryStore()
    writer = Writer(store)
    writer.start()
    await writer.aclose()
    with anyio.fail_after(60), pytest.raises(LedgerError, match="closed"):
        await writer.call(store.campaigns)
