"""From message_id to segment: hot and durable, against the plain index, through crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppcast.errors import LedgerError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Accepted
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from tests.ledger.casting import FIRST_NUMBER, campaign_with, refs

pytestmark = pytest.mark.anyio
RECIPIENTS = 200


def fold(message_ids: Sequence[str]) -> list[str]:
    return [message_id.lower() for message_id in message_ids]


class Plain:
    """The simple twin: every message_id goes to the store's index at once, and is read from it."""

    def __init__(self, writer: Writer, store: Store) -> None:
        self.writer, self.store = writer, store

    async def restore(self) -> None:
        for fact in await self.writer.call(lambda: list(self.store.unindexed("orange"))):
            self.add(fold(fact.message_ids), fact.refs, fact.numbers)

    def add(self, keys: Sequence[str], named: Sequence[int], numbers: Sequence[int]) -> None:
        self.writer.submit(self.store.index_ids, "orange", list(zip(keys, named, numbers, strict=True)))

    async def find(self, keys: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
        found: dict[str, list[tuple[int, int]]] = {}
        for key, ref, number in reversed(await self.writer.call(self.store.find_ids, "orange", keys)):
            found.setdefault(key, []).append((ref, number))
        return found


class Lane:
    """What an operator's lane does with its resolver, and the twin beside it in a store of its own."""

    def __init__(self, capacity: int, spill: int) -> None:
        self.sizes = {"capacity": capacity, "spill": spill}
        self.stores = (MemoryStore(), MemoryStore())
        for store in self.stores:
            self.campaign = campaign_with(store, (RECIPIENTS, 1)).id

    async def open(self) -> None:
        self.writers = [Writer(store) for store in self.stores]
        for writer in self.writers:
            writer.start()
        self.resolver = Resolver("orange", self.writers[0], self.stores[0], **self.sizes)
        self.plain = Plain(self.writers[1], self.stores[1])
        await self.resolver.restore(fold)
        await self.plain.restore()

    async def crash(self) -> None:
        """The loop-side part is gone; what was handed to the ledger's thread is in the file."""
        for writer in self.writers:
            await writer.aclose()
        await self.open()

    def accept(self, ids: Sequence[str], named: Sequence[int]) -> None:
        numbers = [FIRST_NUMBER + (ref >> 8 & 0x3FFF) for ref in named]
        fact = Accepted("orange", 1.0, named, ids, numbers)
        for writer in self.writers:
            writer.add(fact)
        self.resolver.add(fold(ids), named, numbers)
        self.plain.add(fold(ids), named, numbers)

    async def check(self) -> None:
        wanted = [str(key) for key in range(40)] + ["a", "missing"]
        plain = await self.plain.find(wanted)
        assert await self.resolver.find_durable(wanted) == plain
        for key, ref, number in zip(wanted, *self.resolver.find(wanted), strict=True):
            assert (ref, number) == (self.resolver.get(key) or (-1, 0))
            assert ref < 0 or (ref, number) in plain[key]


Steps = list[str | list[int]]
steps = st.lists(
    st.one_of(st.just("crash"), st.just("check"), st.just("close"), st.lists(st.integers(0, 39), min_size=1)),
    max_size=25,
)


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(1, 12), steps)
def test_it_finds_what_the_plain_index_finds(
    capacity: int, spill: int, happens: list[str | list[int]]
) -> None:
    async def run() -> None:
        lane, offset = Lane(capacity, spill), 0
        await lane.open()
        for step in happens:
            if isinstance(step, list):
                named = refs(lane.campaign, 0, *[(offset + n) % RECIPIENTS for n in range(len(step))])
                lane.accept([str(number) for number in step], named)
                offset += len(step)
            elif step == "close":
                await lane.resolver.aclose()
                await lane.crash()
            elif step == "crash":
                await lane.crash()
            await lane.check()
        for writer in lane.writers:
            await writer.aclose()

    asyncio.run(run())


async def opened(store: Store, **sizes: int) -> tuple[Writer, Resolver]:
    writer = Writer(store)
    writer.start()
    resolver = Resolver("orange", writer, store, **sizes)
    await resolver.restore(fold)
    return writer, resolver


def accept(writer: Writer, resolver: Resolver, ids: Sequence[str], named: Sequence[int]) -> None:
    numbers = [FIRST_NUMBER] * len(named)
    writer.add(Accepted("orange", 1.0, named, ids, numbers))
    resolver.add(fold(ids), named, numbers)


async def test_the_hot_part_is_bounded_and_the_durable_part_finds_the_rest(store: Store) -> None:
    campaign = campaign_with(store, (RECIPIENTS, 1)).id
    writer, resolver = await opened(store, capacity=10, spill=25)
    named = refs(campaign, 0, *range(RECIPIENTS))
    for start in range(0, RECIPIENTS, 5):
        part = named[start : start + 5]
        accept(writer, resolver, [f"M{ref}" for ref in part], part)
    hot, numbers = resolver.find([f"m{ref}" for ref in named])
    assert hot == [-1] * (RECIPIENTS - 10) + named[-10:]
    assert numbers[-10:] == [FIRST_NUMBER] * 10
    found = await resolver.find_durable([f"m{ref}" for ref in named])
    assert found == {f"m{ref}": [(ref, FIRST_NUMBER)] for ref in named}
    await writer.aclose()


async def test_after_a_clean_close_nothing_is_read_again(store: Store) -> None:
    campaign = campaign_with(store, (RECIPIENTS, 1)).id
    writer, resolver = await opened(store)
    accept(writer, resolver, ["A", "b"], refs(campaign, 0, 1, 2))
    await resolver.aclose()
    await writer.aclose()
    assert list(store.unindexed("orange")) == []
    writer, resolver = await opened(store)
    assert resolver.get("a") is None
    assert await resolver.find_durable(["a"]) == {"a": [(refs(campaign, 0, 1)[0], FIRST_NUMBER)]}
    await writer.aclose()


async def test_after_a_crash_the_numbers_come_from_the_chunks(store: Store) -> None:
    campaign = campaign_with(store, (RECIPIENTS, 1)).id
    writer, resolver = await opened(store)
    accept(writer, resolver, ["A"], refs(campaign, 0, 7))
    await writer.aclose()
    writer, resolver = await opened(store)
    assert resolver.get("a") == (refs(campaign, 0, 7)[0], FIRST_NUMBER + 7)
    await writer.aclose()


async def test_an_index_that_fails_is_tried_again() -> None:
    class Failing(MemoryStore):
        fails = True

        def index_ids(self, operator: str, entries: Sequence[tuple[str, int, int]]) -> None:
            if self.fails:
                raise LedgerError("disk full")
            super().index_ids(operator, entries)

    store = Failing()
    campaign = campaign_with(store, (RECIPIENTS, 1)).id
    writer, resolver = await opened(store, spill=2, capacity=2)
    for start in range(0, 8, 2):
        accept(writer, resolver, [f"{start}", f"{start + 1}"], refs(campaign, 0, start, start + 1))
        await writer.durable()
    found = await resolver.find_durable([str(number) for number in range(8)])
    assert [found[str(number)][0][0] for number in range(8)] == refs(campaign, 0, *range(8))
    with pytest.raises(LedgerError):
        await resolver.aclose()
    store.fails = False
    await resolver.aclose()
    assert len(store.find_ids("orange", [str(number) for number in range(8)])) == 8
    await writer.aclose()
