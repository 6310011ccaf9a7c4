"""Rows from Python: iterables of numbers or of mappings, plain or asynchronous."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from itertools import islice
from typing import Any

import anyio

from smppcast.errors import FeedError
from smppcast.feed.batch import Batch
from smppcast.feed.cells import Cells

__all__ = ["ITEMS", "Item", "item_batches"]

Item = str | int | Mapping[str, Any]
"""A number, or a mapping with `msisdn` and what a CSV would have as further columns."""

ITEMS = 1_000
"""Items in a batch."""


async def item_batches(
    source: Iterable[Item] | AsyncIterable[Item], columns: Sequence[str]
) -> AsyncGenerator[Batch]:
    """Batches of up to ITEMS items.

    A plain iterable is pulled on the event loop, a batch at a time: if it blocks, the loop blocks
    with it. An asynchronous one is awaited in a task of its own; what it has given is never kept
    waiting for what it may give.
    """
    line = 1
    async with aclosing(_runs(source)) as runs:
        async for items in runs:
            yield _batch(items, line, columns)
            line += len(items)


async def _runs(source: Iterable[Item] | AsyncIterable[Item]) -> AsyncGenerator[list[Item]]:
    if isinstance(source, AsyncIterable):
        async with aclosing(_Gathering(source).runs()) as runs:
            async for run in runs:
                yield run
        return
    items = iter(source)
    while run := list(islice(items, ITEMS)):
        yield run


class _Gathering:
    """Pulls an asynchronous source ahead of whoever takes its items, by one run at the most."""

    def __init__(self, source: AsyncIterable[Item]) -> None:
        self._source = source
        self._items: list[Item] = []
        self._came, self._taken = anyio.Event(), anyio.Event()
        self._failure: Exception | None = None
        self._over = False

    async def runs(self) -> AsyncGenerator[list[Item]]:
        pulling = asyncio.create_task(self._pull())
        try:
            while not self._over or self._items:
                await self._came.wait()
                run, self._items = self._items, []
                self._came = anyio.Event()
                self._taken.set()
                if run:
                    yield run
            if self._failure is not None:
                raise self._failure
        finally:
            pulling.cancel()
            with suppress(asyncio.CancelledError):
                await pulling

    async def _pull(self) -> None:
        try:
            async for item in self._source:
                self._items.append(item)
                self._came.set()
                if len(self._items) == ITEMS:
                    self._taken = anyio.Event()
                    await self._taken.wait()
        except asyncio.CancelledError:
            # Ours, and then nobody reads this any more; or of something that the source awaited.
            self._failure = FeedError("its source was cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - the caller's source may raise anything; it is raised there
            self._failure = error
        finally:
            self._over = True
            self._came.set()


def _batch(items: list[Item], line: int, columns: Sequence[str]) -> Batch:
    kinds = set(map(type, items))
    if kinds <= {str, int} and not columns:
        msisdns = list(map(str, items))
        return Batch(msisdns, range(line, line + len(items)), msisdns)
    cells = Cells(columns)
    for at, item in enumerate(items, line):
        row = item if isinstance(item, Mapping) else {"msisdn": _number(item, at)}
        cells.add(_row(item), at, row)
    return cells.batch()


def _number(item: object, at: int) -> str:
    if isinstance(item, str | int) and not isinstance(item, bool):
        return str(item)
    raise FeedError(f"an item is of type {type(item).__name__}: expected str, int or a mapping", line=at)


def _row(item: Item) -> str:
    """The item as one spelling, whatever the order of its keys: the digest must know it again."""
    if isinstance(item, Mapping):
        return json.dumps(dict(item), ensure_ascii=False, sort_keys=True, default=str)
    return str(item)
