"""A feed: rows of subscribers from a file, standard input or Python, as a stream of batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from anyio.lowlevel import checkpoint

from smppcast.errors import FeedError
from smppcast.feed.batch import Batch
from smppcast.feed.blocks import Blocks
from smppcast.feed.csv_rows import CsvRows
from smppcast.feed.items import Item, item_batches
from smppcast.feed.json_rows import JsonRows
from smppcast.feed.layout import read_header
from smppcast.feed.lines import Bite, Bites

__all__ = ["Feed", "Source", "open_feed"]

Source = str | Path | Iterable[Item] | AsyncIterable[Item]
"""A path, "-" for standard input, or an iterable of numbers or of mappings with `msisdn`."""


class Feed:
    """The rows of a source as an asynchronous iterator of batches, read once from start to end.

    ::

        async with open_feed("subscribers.csv") as feed:
            async for batch in feed: ...

    Leaving the context closes the source; cancelling between or within batches is safe.

    Attributes:
        name: the source's name for messages.
    """

    def __init__(self, name: str, batches: AsyncGenerator[Batch], blocks: Blocks | None = None) -> None:
        self.name = name
        self._batches = batches
        self._blocks = blocks

    @property
    def bytes_read(self) -> int:
        """Octets read so far, as they lie in the file; 0 for an iterable."""
        return self._blocks.bytes_read if self._blocks else 0

    @property
    def total_bytes(self) -> int | None:
        """Octets of the file; None for standard input and iterables."""
        return self._blocks.total_bytes if self._blocks else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source; what was not read stays unread."""
        await self._batches.aclose()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        """The next batch, never an empty one.

        Raises:
            FeedError: the feed as a whole cannot be read; a bad row never raises.
        """
        return await anext(self._batches)


def open_feed(source: Source, *, text_columns: frozenset[str] = frozenset(), bare: bool = False) -> Feed:
    """Open a feed; nothing is read before its first batch is asked for.

    A file is CSV or NDJSON, either gzipped; its first octets tell which, not its name. NDJSON begins
    with ``{``. A CSV's first line is its header: `msisdn`, optionally `operator`, and further columns
    for the text, set apart by commas, semicolons or tabs. Blank lines are no rows.

    Args:
        source: see Source. A plain iterable is pulled on the event loop.
        text_columns: the columns that the text needs; others are only counted and hashed.
        bare: a file may hold numbers alone, one a line, without a header.

    Raises:
        FeedError: there is no such file, or it is no file.
    """
    columns = sorted(text_columns)
    if isinstance(source, str | Path):
        blocks = Blocks(source)
        return Feed(blocks.name, _file_batches(blocks, columns, bare=bare), blocks)
    return Feed("iterable", _named("iterable", item_batches(source, columns)))


class _Rows(Protocol):
    def parse(self, bite: Bite, /) -> Batch: ...
    def end(self) -> Batch: ...


async def _file_batches(blocks: Blocks, columns: list[str], *, bare: bool) -> AsyncGenerator[Batch]:
    """Batches of a file, with a checkpoint between them so that the loop serves its sessions."""
    rows: _Rows | None = None
    try:
        async with blocks, aclosing(_bites(blocks)) as bites:
            async for bite in bites:
                if rows is None:
                    rows, bite = _begin(bite, columns, bare=bare)  # noqa: PLW2901 - the header is off
                if batch := rows.parse(bite):
                    yield batch
                await checkpoint()
        if rows is None:
            raise FeedError("is empty")
        if batch := rows.end():
            yield batch
    except FeedError as error:
        raise _with_name(error, blocks.name) from error.__cause__


async def _bites(blocks: Blocks) -> AsyncGenerator[Bite]:
    cutter = Bites()
    async with aclosing(blocks.read()) as read:
        async for block in read:
            for bite in cutter.cut(block):
                yield bite
    for bite in cutter.end():
        yield bite


def _begin(bite: Bite, columns: list[str], *, bare: bool) -> tuple[_Rows, Bite]:
    """The parser that a feed's first lines call for, and the lines without the header."""
    text = bite.text.lstrip("\n")
    line = 1 + len(bite.text) - len(text)
    if text.startswith("{"):
        return JsonRows(columns, line), Bite(text, bite.clean)
    header, _, rest = text.partition("\n")
    if bare and any(character.isdigit() for character in header):
        return CsvRows(read_header("msisdn"), line), Bite(text, bite.clean)
    return CsvRows(read_header(header, columns), line + 1), Bite(rest, bite.clean)


async def _named(name: str, batches: AsyncGenerator[Batch]) -> AsyncGenerator[Batch]:
    try:
        async with aclosing(batches):
            async for batch in batches:
                yield batch
                await checkpoint()
    except FeedError as error:
        raise _with_name(error, name) from error.__cause__


def _with_name(error: FeedError, name: str) -> FeedError:
    return error if error.feed else FeedError(error.problem, feed=name, line=error.line)
