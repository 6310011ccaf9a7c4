"""Rows from Python: iterables of numbers or of mappings, plain or asynchronous."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Any

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
    with it. An asynchronous one is awaited; rows are held until a batch is full or the source ends.
    """
    line = 1
    async with aclosing(_runs(source)) as runs:
        async for items in runs:
            yield _batch(items, line, columns)
            line += len(items)


async def _runs(source: Iterable[Item] | AsyncIterable[Item]) -> AsyncGenerator[list[Item]]:
    if isinstance(source, AsyncIterable):
        run: list[Item] = []
        async for item in source:
            run.append(item)
            if len(run) == ITEMS:
                yield run
                run = []
        if run:
            yield run
        return
    items = iter(source)
    while run := list(islice(items, ITEMS)):
        yield run


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
