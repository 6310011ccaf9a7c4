"""From a message_id to the segment it was given to.

Most receipts name a message of the last seconds: these are found in two tables, a young one that
fills and an old one that is dropped when the young one takes its place. Those that still await
their receipt go to the store's index as well, some thousands at a time on the ledger's thread;
what a crash kept from it is read again from the acceptances. So where receipts come within
seconds the index stays small, and costs little.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Accepted
from smppcast.ledger.writer import Writer

__all__ = ["Resolver"]

Found = tuple[int, int]  # ref, number
_NONE: Found = (-1, 0)
_Taken = tuple[Sequence[str], Sequence[int], Sequence[int]]  # keys, refs, numbers of one batch

# An entry takes some 220 octets: 14 MB an operator in both tables, a minute at 1,000 a second.
CAPACITY = 32_768
# Acceptances after which those without a receipt go to the index: the more, the fewer are left;
# and the most that an open has to read again (with what a slow disk kept waiting).
SPILL = 32_768
# Settled refs remembered between two spills; beyond it they are forgotten, which only costs room in
# the index.
SETTLED = 4 * SPILL

# Refs and receipts that wait for a commit: with more the index is left for the next spill.
BUSY = 8_192


class _Hot:
    """Some thousand entries, in columns: a tuple an entry would keep the garbage collector busy."""

    __slots__ = ("_numbers", "_places", "_refs")

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._refs: list[int] = []
        self._numbers: list[int] = []

    def __len__(self) -> int:
        return len(self._refs)

    def add(self, keys: Sequence[str], refs: Sequence[int], numbers: Sequence[int]) -> None:
        """Adds entries; a key that is there already gets the newer one."""
        start = len(self._refs)
        self._refs.extend(refs)
        self._numbers.extend(numbers)
        self._places.update(zip(keys, range(start, start + len(refs)), strict=True))

    def get(self, key: str) -> Found | None:
        """The newest of a key."""
        place = self._places.get(key)
        return None if place is None else (self._refs[place], self._numbers[place])

    def none_of(self, keys: Sequence[str]) -> bool:
        """Whether no key has an entry here."""
        return self._places.keys().isdisjoint(keys)

    def all_of(self, keys: Sequence[str]) -> tuple[list[int], list[int]] | None:
        """The refs and the numbers, where each key has one."""
        places = list(map(self._places.get, keys))
        if None in places:
            return None
        refs, numbers = self._refs, self._numbers
        return [refs[place] for place in places], [numbers[place] for place in places]  # type: ignore[index]


class Resolver:
    """The message_ids of one operator.

    Keys are message_ids as the receipts' room folds them, so that the spellings of a response
    and of its receipt meet. One key may have several refs: counters wrap, and ids repeat.

    Args:
        operator: the lane's name.
        writer: of the ledger, started.
        store: the writer's.
        capacity: of each of the two tables.
        spill: entries that wait for the index before they are written.
    """

    def __init__(
        self, operator: str, writer: Writer, store: Store, *, capacity: int = CAPACITY, spill: int = SPILL
    ) -> None:
        self.operator = operator
        self._writer, self._store = writer, store
        self._capacity, self._spill_at = capacity, spill
        self._young, self._old = _Hot(), _Hot()
        self._pending: list[_Taken] = []
        self._pending_count = 0
        self._spilling: list[tuple[str, int, int]] = []
        self._spill_running = False
        self._settled: set[int] = set()

    def __repr__(self) -> str:
        hot, waiting = len(self._young) + len(self._old), self._pending_count + len(self._spilling)
        return f"<Resolver {self.operator} [{hot} hot | {waiting} to be indexed]>"

    async def restore(self, fold: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Reads again what the index has not got yet; before anything is added.

        Args:
            fold: from message_ids to keys.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        for fact in await self._writer.call(self._unindexed):
            self._take(fold(fact.message_ids), fact.refs, fact.numbers)
        self._spill_if_many()  # not before all are here: it marks them all as indexed

    def add(self, keys: Sequence[str], refs: Sequence[int], numbers: Sequence[int]) -> None:
        """Takes in an acceptance: called together with `Writer.add` of it, nothing awaited between.

        Else a spill in between would mark it as indexed while it is not.
        """
        self._take(keys, refs, numbers)
        self._spill_if_many()

    def settled(self, refs: Sequence[int]) -> None:
        """These have their final receipt: the index need not hold them.

        A receipt that comes again long after, when they are not hot either, is then unmatched.
        """
        if len(self._settled) > SETTLED:
            self._settled.clear()
        self._settled.update(refs)

    def get(self, key: str) -> Found | None:
        """The newest (ref, number) of a key, if it is hot."""
        return self._young.get(key) or self._old.get(key)

    def find(self, keys: Sequence[str]) -> tuple[list[int], list[int]]:
        """`get` for many: their refs, -1 for none, and their numbers."""
        # Receipts come about in the order of their messages: mostly one table has them all.
        found = self._young.all_of(keys)
        if found is None and self._young.none_of(keys):
            found = self._old.all_of(keys)
        if found is not None:
            return found
        each = [self.get(key) or _NONE for key in keys]
        return [ref for ref, _ in each], [number for _, number in each]

    async def find_likely(self, keys: Sequence[str]) -> dict[str, list[Found]]:
        """A quick look at the durable index, where the last ones were found; misses may be there.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        look = partial(self._store.find_ids, self.operator, keys, likely=True)
        found: dict[str, list[Found]] = {}
        for key, ref, number in await self._writer.call(look):
            found.setdefault(key, []).append((ref, number))
        return found

    async def find_durable(self, keys: Sequence[str]) -> dict[str, list[Found]]:
        """All (ref, number) of each key that has any, newest first, however old.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        wanted = set(keys)
        waiting = [entry for entry in (*self._spilling, *self._entries()) if entry[0] in wanted]
        indexed = await self._writer.call(self._store.find_ids, self.operator, list(wanted))
        found: dict[str, list[Found]] = {}
        for key, ref, number in sorted({*waiting, *indexed}, reverse=True):
            found.setdefault(key, []).append((ref, number))
        return found

    async def aclose(self) -> None:
        """Hands all to the index, so that the next open reads nothing again.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        waiting = [entry for entry in (*self._spilling, *self._entries()) if entry[1] not in self._settled]
        self._pending, self._pending_count = [], 0
        try:
            await self._writer.call(self._store.index_ids, self.operator, waiting)
        except BaseException:
            self._take_back(waiting)
            raise

    def _unindexed(self) -> list[Accepted]:
        return list(self._store.unindexed(self.operator))

    def _take(self, keys: Sequence[str], refs: Sequence[int], numbers: Sequence[int]) -> None:
        self._young.add(keys, refs, numbers)
        self._pending.append((keys, refs, numbers))
        self._pending_count += len(keys)
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, _Hot()

    def _entries(self) -> Iterator[tuple[str, int, int]]:
        for taken in self._pending:
            yield from zip(*taken, strict=True)

    def _take_back(self, entries: Sequence[tuple[str, int, int]]) -> None:
        """What could not be written is tried again with the next spill."""
        if entries:
            keys, refs, numbers = zip(*entries, strict=True)
            self._pending.insert(0, (keys, refs, numbers))
            self._pending_count += len(entries)

    def _spill_if_many(self) -> None:
        if self._spill_running or self._pending_count < self._spill_at:
            return
        self._spill_running = True
        settled = self._settled
        self._spilling = [
            entry
            for taken in self._pending
            if not settled.issuperset(taken[1])  # nearly all, where receipts come within seconds
            for entry in zip(*taken, strict=True)
            if entry[1] not in settled
        ]
        self._pending, self._pending_count, self._settled = [], 0, set()
        spill = self._writer.submit(self._store.index_ids, self.operator, self._spilling)
        spill.add_done_callback(self._spilled)

    def _spilled(self, spill: asyncio.Future[None]) -> None:
        if spill.cancelled() or spill.exception() is not None:
            self._take_back(self._spilling)
        else:
            self._tidy()
        self._spilling = []
        self._spill_running = False

    def _tidy(self) -> None:
        """A step between two commits, and the next one while the ledger keeps up.

        An index that is not tidied only answers more slowly what is not hot.
        """
        if self._writer.failed is None:
            self._writer.submit(self._store.tidy_ids).add_done_callback(self._tidied)

    def _tidied(self, step: asyncio.Future[bool]) -> None:
        more = not step.cancelled() and step.exception() is None and step.result()
        if more and self._writer.backlog <= BUSY:
            self._tidy()
