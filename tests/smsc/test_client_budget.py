from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from smppcast.smsc.client import Client
from smppcast.smsc.report import Again
from smppcast.smsc.scenario import Rate
from smppcast.smsc.wheel import Wheel


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=50))
def test_the_bucket_never_lets_in_more_than_burst_and_rate(steps: list[tuple[float, int]]) -> None:
    rate, client, now, admitted = Rate(per_s=7, burst=5), Client("esme"), 100.0, 0
    for wait, count in steps:
        now += wait
        taken = client.admit(rate, count, now)
        assert 0 <= taken <= count
        admitted += taken
        assert admitted <= 5 + 7 * (now - 100.0) + 1e-3


def test_a_client_that_keeps_to_the_rate_is_never_refused() -> None:
    rate, client = Rate(per_s=10, burst=1), Client("esme")
    assert [client.admit(rate, 1, step * 0.1) for step in range(1000)] == [1] * 1000


def test_owed_receipts_are_bounded_but_for_the_newest_batch() -> None:
    client = Client("esme")
    assert client.keep(Again([b"1", b"2"]), 3) == 0
    assert client.keep(Again([b"3", b"4"]), 3) == 2
    assert client.keep(Again([b"5"] * 9), 3) == 2
    assert client.owed_count == 9


def test_the_wheel_runs_what_is_due_in_order() -> None:
    wheel = Wheel()
    done: list[str] = []
    for due, name in ((2.0, "c"), (1.0, "a"), (1.0, "b")):
        wheel.push(due, partial(done.append, name))
    wheel.push(1.0, lambda: wheel.push(1.0, lambda: done.append("late")))
    assert wheel.next_due == 1.0
    wheel.run(0.5)
    assert done == []
    wheel.run(1.0)
    assert done == ["a", "b"]
    wheel.run(5.0)
    assert done == ["a", "b", "late", "c"]
    assert len(wheel) == 0
    assert wheel.next_due is None
