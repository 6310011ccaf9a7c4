"""Bodies for a range of numbers, round and round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import UsageError
from smppcast.load import Messages, messages, numbers_of


@given(st.integers(1, 7), st.integers(1, 3), st.integers(0, 50), st.integers(0, 60), st.booleans())
def test_each_segment_to_each_number_in_turn(
    size: int, segments: int, index: int, count: int, kept: bool
) -> None:
    parts = [(b"<%d" % segment, b">") for segment in range(segments)]
    numbers = range(33639980000, 33639980000 + size)
    whole = [before + b"%d" % number + behind for number in numbers for before, behind in parts] * 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "_KEPT_MAX", 10_000 if kept else 0)

        assert Messages(parts, numbers).bodies(index, count) == whole[index : index + count]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("33639980000-33639989999", 33639980000, 33639989999),
        ("+33639980000 - +33639980000", 33639980000, 33639980000),
        ("4915112345678", 4915112345678, 4915112345678),
    ],
)
def test_a_range_of_numbers(text: str, first: int, last: int) -> None:
    assert numbers_of(text) == range(first, last + 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "abc", "0639980000-0639980009", "33639980009-33639980000", "123-456"),
        *("3363998000-33639980000", "33639980000-", "-33639980000", "1" * 16, "٣٣٦٣٩٩٨٠٠٠٠"),
    ],
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match="expected FIRST-LAST"):
        numbers_of(text)
