"""References: none comes again soon for one recipient, and memory is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppcast.text import References


@given(st.integers(0, 0xFFFFF), st.integers(0, 50))
def test_one_recipient_among_others_sees_256_in_a_row(seed: int, others: int) -> None:
    references = References(seed)
    seen = []
    for number in range(256):
        seen.append(references.take("33612345678") & 0xFF)
        if number < others:
            references.take(f"3361234{number:04d}")
    assert len(set(seen)) == 256


def test_the_counter_wraps() -> None:
    references = References(0xFFFF)
    assert [references.take(), references.take()] == [0xFFFF, 0]
    assert [References(0xFFFF).take("a"), references.take("a"), references.take("a")] == [0xFFFF, 1, 2]


def test_no_more_recipients_are_remembered_than_asked() -> None:
    references = References(remembered=2)
    first = [references.take(number) for number in ("a", "b", "c")]
    assert first == [0, 1, 2]
    assert references.take("c") == 3
    assert references.take("a") == 3  # forgotten: the counter again
