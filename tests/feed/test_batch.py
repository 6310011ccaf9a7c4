from __future__ import annotations

from smppcast.feed import Batch, Reason


def test_a_batch_is_split_in_every_column() -> None:
    batch = Batch(
        ["a", "b", "c"],
        range(5, 8),
        ["1", "", "3"],
        ["x", "", "z"],
        {"n": ["p", "", "r"]},
        {1: Reason.BROKEN_ROW},
    )
    first, rest = batch.split(1)
    assert first == Batch(["a"], range(5, 6), ["1"], ["x"], {"n": ["p"]}, {})
    assert rest == Batch(
        ["b", "c"], range(6, 8), ["", "3"], ["", "z"], {"n": ["", "r"]}, {0: Reason.BROKEN_ROW}
    )
    assert (first.first_line, rest.first_line) == (5, 6)
    empty, whole = batch.split(0)
    assert (len(empty), empty.first_line, whole) == (0, 0, batch)
