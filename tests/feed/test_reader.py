"""Feeds as they come: files, standard input, gzip, iterables."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from smppcast.errors import FeedError
from smppcast.feed import Batch, Reason, Source, open_feed
from smppcast.feed.blocks import BLOCK
from tests.feed.batches import joined

FEEDS = Path(__file__).parents[2] / "fixtures" / "feeds"
NUMBERS = ["33612345678", "33612345679", "33712345670"]

pytestmark = pytest.mark.anyio


async def read(source: Source, *columns: str) -> list[Batch]:
    async with open_feed(source, text_columns=frozenset(columns)) as feed:
        return [batch async for batch in feed]


async def one(source: Source, *columns: str) -> Batch:
    """All rows of a small feed."""
    return joined(await read(source, *columns))


@pytest.mark.parametrize("name", ["plain.csv", "excel.csv", "tabs.csv", "plain.ndjson"])
async def test_the_same_subscribers_in_every_spelling(name: str, tmp_path: Path) -> None:
    packed = tmp_path / "feed"
    packed.write_bytes(gzip.compress((FEEDS / name).read_bytes()))
    for source in (FEEDS / name, str(FEEDS / name), packed):
        batch = await one(source, "prénom")
        assert batch.msisdns == NUMBERS
        assert batch.operators == ["orange", "", "sfr"]
        assert batch.columns == {"prénom": ["Zoé", "Jean; Marie", "Éric"]}
        assert not batch.bad


async def test_lines_count_from_the_top_of_the_file() -> None:
    assert list((await one(FEEDS / "plain.csv")).lines) == [2, 3, 4]
    assert list((await one(FEEDS / "plain.ndjson")).lines) == [1, 2, 3]


async def test_a_file_of_many_blocks_comes_in_small_batches(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    rows = BLOCK // 12 + 1000
    feed.write_text("msisdn\n" + "".join(f"{33600000000 + n}\n" for n in range(rows)))
    async with open_feed(feed) as opened:
        sizes = []
        lines = []
        async for batch in opened:
            sizes.append(len(batch))
            lines.append(batch.first_line)
        assert opened.bytes_read == opened.total_bytes == feed.stat().st_size
    assert sum(sizes) == rows
    assert max(sizes) < 3000
    assert lines[1] == 2 + sizes[0]


async def test_gzip_members_follow_each_other(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv.gz"
    feed.write_bytes(gzip.compress(b"msisdn\n33612") + gzip.compress(b"345678\n"))
    assert (await one(feed)).msisdns == ["33612345678"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\n\n", "no column msisdn"),
        ("msisdn\n".encode("utf-16"), "is UTF-16"),
        (b"\x1f\x8bno gzip at all", "gzip data are broken"),
        (gzip.compress(b"msisdn\n" + bytes(100), mtime=0)[:-12], "end early"),
    ],
)
async def test_a_feed_that_is_none_says_why_and_where(content: bytes, problem: str, tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_bytes(content)
    with pytest.raises(FeedError, match=problem) as caught:
        await read(feed)
    assert caught.value.feed == str(feed)


async def test_a_missing_file_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="No such file"):
        open_feed(tmp_path / "none.csv")
    with pytest.raises(FeedError, match="is a folder"):
        open_feed(tmp_path)


async def test_broken_json_costs_its_line(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    rows = [
        b'{"msisdn": 33612345678, "n": 1.50}',
        b"{",
        b"[1]",
        b"",
        b'{"msisdn": "\xff"}',
        b'{"msisdn": null}',
    ]
    feed.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(rows))
    batch = await one(feed)
    assert batch.msisdns == ["33612345678", "", "", "", ""]
    assert batch.bad == {1: Reason.BROKEN_ROW, 2: Reason.BROKEN_ROW, 3: Reason.BAD_ENCODING}
    assert list(batch.lines) == [1, 2, 3, 5, 6]


async def test_json_that_nests_too_deep_costs_its_line(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    feed.write_text('{"msisdn": 1}\n{"a":' + "[" * 20_000 + "\n")
    assert (await one(feed)).bad == {1: Reason.BROKEN_ROW}


async def test_a_hole_in_a_text_never_reaches_its_reader(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    names: list[Any] = ["Zoé", None, ["a"], 1.5, True]
    rows = [{"msisdn": "33612345678", "name": name} for name in names]
    feed.write_text("\n".join(map(json.dumps, [*rows, {"msisdn": "33612345678"}])))
    batch = await one(feed, "name")
    assert batch.columns["name"] == ["Zoé", "", "", "1.5", "true", ""]
    assert batch.bad == dict.fromkeys((1, 2, 5), Reason.MISSING_COLUMN)


async def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", stdin)
        async with open_feed("-") as feed:
            pipe.write(b"msisdn\n33612345678\n336")
            assert (await anext(feed)).msisdns == ["33612345678"]
            assert feed.total_bytes is None
            with anyio.move_on_after(0.001) as scope:
                await anext(feed)
            assert scope.cancelled_caught


async def test_the_rest_of_standard_input_is_read_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, gzip.compress(b"msisdn\n33612345678"))
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert (await one("-")).msisdns == ["33612345678"]


async def test_iterables_of_numbers_and_of_mappings() -> None:
    def mixed() -> Iterator[str | int | dict[str, Any]]:
        yield "+33 6 12"
        yield 33612345678
        yield {"msisdn": 33612345679, "operator": "orange", "name": "Zoé"}

    async def slowly() -> AsyncIterator[str | int | dict[str, Any]]:
        for item in mixed():
            await anyio.lowlevel.checkpoint()
            yield item

    for source in (mixed(), list(mixed()), slowly()):
        batch = await one(source)
        assert batch.msisdns == ["+33 6 12", "33612345678", "33612345679"]
        assert batch.operators == ["", "", "orange"]
        assert list(batch.lines) == [1, 2, 3]


async def test_an_iterable_is_cut_into_batches() -> None:
    batches = await read(range(33600000000, 33600002500))
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [batch.first_line for batch in batches] == [1, 1001, 2001]
    assert batches[0].operators is None


async def test_an_asynchronous_one_waits_for_nobody_and_runs_no_further_ahead_than_a_batch() -> None:
    given: list[int] = []

    async def endless() -> AsyncIterator[int]:
        for number in range(33600000000, 33700000000):
            given.append(number)
            yield number
            if len(given) == 3:
                await anyio.sleep_forever()

    async with open_feed(endless()) as opened:
        assert len(await anext(opened)) == 3
    given[:] = range(3)  # it goes on without a pause
    async with open_feed(endless()) as opened:
        assert [len(await anext(opened)) for _ in range(2)] == [1000, 1000]
        assert len(given) <= 3 + 3000


async def test_numbers_alone_cannot_fill_a_text() -> None:
    assert (await one(["33612345678"], "name")).bad == {0: Reason.MISSING_COLUMN}
    assert (await one(["33612345678"], "msisdn")).columns == {"msisdn": ["33612345678"]}


@pytest.mark.parametrize("item", [None, 1.5, True, b"33612345678"])
async def test_an_item_of_another_type_is_a_fault_of_the_program(item: Any) -> None:
    with pytest.raises(FeedError, match="an item is of type"):
        await read(["33612345678", item])


async def test_a_feed_left_early_is_closed(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("msisdn\n" + "33612345678\n" * 5000)
    async with open_feed(feed) as opened:
        await anext(opened)
    with pytest.raises(StopAsyncIteration):
        await anext(opened)


async def test_an_asynchronous_one_that_is_cancelled_within_fails() -> None:
    async def numbers() -> AsyncIterator[str]:
        yield NUMBERS[0]
        given_up = asyncio.get_running_loop().create_future()
        given_up.cancel()
        await given_up

    with anyio.fail_after(10), pytest.raises(FeedError, match="cancelled"):
        await read(numbers())
