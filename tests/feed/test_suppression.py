"""Opt-out lists: every form in which they come, and that a bad row is never left out in silence."""

from __future__ import annotations

import gzip
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FeedError
from smppcast.feed import Suppression, read_list

numbers = st.integers(1_000_000, 10**15 - 1)


async def listed(path: Path, country: str | None = None) -> list[int]:
    suppression = Suppression()
    await read_list(suppression, path, country)
    probe = array("q", [33_612_345_678, 33_612_345_679, 33_612_345_680])
    assert len(suppression) == 2
    return [probe[at] for at in suppression.positions(probe)]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text",
    [
        "33612345678\n33612345680\n",
        "+33 6 12 34 56 78\r\n0033612345680",
        "name;msisdn\nAda;33612345678\nBlaise;33612345680\n",
        '{"msisdn": "33612345678"}\n{"msisdn": 33612345680}\n',
        "0612345678\n06 12 34 56 80\n",
    ],
)
async def test_every_form_of_a_list(text: str, tmp_path: Path) -> None:
    plain, packed = tmp_path / "list.txt", tmp_path / "list.gz"
    plain.write_text(text, newline="")
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        assert await listed(path, "FR") == [33_612_345_678, 33_612_345_680]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("33612345678\nnobody\n", 2, "not_a_number"),
        ("msisdn\n33612345678\n\n0612345678\n", 4, "national_format"),
        ("33612345678\n12\n", 2, "too_short"),
    ],
)
async def test_a_row_that_is_no_number_is_an_error(text: str, line: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(FeedError, match=reason) as caught:
        await read_list(Suppression(), path)
    assert str(path) in str(caught.value)
    assert caught.value.line == line
    assert "0612345678" not in str(caught.value)


@given(st.lists(numbers, max_size=50), st.lists(numbers, max_size=50))
def test_it_is_a_set(left_out: list[int], fed: list[int]) -> None:
    suppression = Suppression()
    suppression.add(array("q", left_out))
    probe = array("q", [*fed, *left_out[:5], 0])
    assert suppression.positions(probe) == [at for at, number in enumerate(probe) if number in set(left_out)]
