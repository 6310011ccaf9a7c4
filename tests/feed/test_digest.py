from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FeedError
from smppcast.feed import Batch, FeedDigest, identify, open_feed


def batch(rows: Sequence[str]) -> Batch:
    return Batch(list(rows), range(1, len(rows) + 1), [""] * len(rows))


def digest(*batches: Batch) -> bytes:
    running = FeedDigest()
    for part in batches:
        running.update(part)
    assert running.rows == sum(map(len, batches))
    return running.digest()


rows = st.lists(st.text("ab\n\r\ud800,", max_size=4), max_size=12)


@given(rows=rows, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_the_cuts_between_batches_do_not_matter(rows: list[str], cuts: list[int]) -> None:
    parts, rest = [], batch(rows)
    for cut in cuts:
        part, rest = rest.split(min(cut, len(rest)))
        parts.append(part)
    assert digest(*parts, rest) == digest(batch(rows))


@given(first=rows, second=rows)
def test_other_rows_give_another_digest(first: list[str], second: list[str]) -> None:
    def same(row: str) -> str:
        return row.replace("\n", "\r")  # within a row, line ends count alike

    equal = list(map(same, first)) == list(map(same, second))
    assert (digest(batch(first)) == digest(batch(second))) == equal


def test_rows_are_held_to_a_stored_digest() -> None:
    running = FeedDigest()
    running.update(batch(["1", "2"]))
    running.require(running.digest(), feed="list.csv")
    with pytest.raises(FeedError, match=r"list\.csv: its first 2 rows are not those"):
        running.require(b"", feed="list.csv")


@pytest.mark.anyio
async def test_columns_asked_for_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    digests = set()
    for end, columns in [("\n", ()), ("\r\n", ("name",)), ("\n\n", ("name",))]:
        feed = tmp_path / "feed.csv"
        feed.write_bytes(end.join(["msisdn,name", "33612345678,Zoé", "x,Éric", ""]).encode())
        running = FeedDigest()
        async with open_feed(feed, text_columns=frozenset(columns)) as opened:
            async for part in opened:
                running.update(part)
        digests.add((running.rows, running.digest()))
    assert len(digests) == 1


@pytest.mark.anyio
async def test_a_mapping_is_known_again_whatever_its_order() -> None:
    digests = set()
    for item in ({"msisdn": 1, "name": "a"}, {"name": "a", "msisdn": 1}):
        async with open_feed([item]) as opened:
            digests.add(digest(*[part async for part in opened]))
    assert len(digests) == 1


@pytest.mark.anyio
async def test_a_file_is_identified_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("msisdn\n33612345678\n")
    other.write_text("msisdn\n33612345678\n")
    assert await identify(one) == await identify(str(other))
    other.write_text("msisdn\n33612345679\n")
    assert await identify(one) != await identify(other)


@pytest.mark.anyio
async def test_what_is_read_but_once_needs_a_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in ("-", ["33612345678"], tmp_path / "pipe"):
        with pytest.raises(FeedError, match="give the campaign a name"):
            await identify(source)
    with pytest.raises(FeedError, match="No such file"):
        await identify(tmp_path / "none")
