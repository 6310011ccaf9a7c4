from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from smppcast.feed import Seen

numbers = st.integers(0, 12) | st.sampled_from([2**31, 2**32, 2**32 + 1, 33612345678, 10**15 - 1])


@given(batches=st.lists(st.lists(numbers, max_size=20), max_size=8))
def test_the_first_of_each_number_wins_as_in_a_plain_set(batches: list[list[int]]) -> None:
    seen, plain = Seen(), set[int]()
    for batch in batches:
        expected = []
        for at, number in enumerate(batch):
            if number and number in plain:
                expected.append(at)
            plain |= {number} - {0}
        assert seen.duplicates(array("q", batch)) == expected
        assert len(seen) == len(plain)
    assert all(number in seen for number in plain)
    assert 0 not in seen


def test_refused_rows_are_no_duplicates_of_each_other() -> None:
    seen = Seen()
    assert seen.duplicates(array("q", [0, 0, 5])) == []
    assert seen.duplicates(array("q", [0, 5, 0])) == [1]
