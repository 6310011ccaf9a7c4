"""The window against a plain dictionary."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppcast.smpp.window import LATE_MAX, Window


class WindowMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.window: Window[str] = Window(50)
        self.open: dict[int, tuple[str, float]] = {}
        self.expired: dict[int, str] = {}
        self.next, self.now = 1, 0.0
        self.size = 50

    @rule(count=st.integers(1, 120), skipped=st.sampled_from((0, 0, 0, 1, 70, 300)))
    def add(self, count: int, skipped: int) -> None:
        """Numbers in between are other requests'."""
        count = min(count, self.window.room)
        self.next += skipped
        tokens = [f"t{number}" for number in range(self.next, self.next + count)]
        if tokens:
            self.window.add(self.next, tokens, self.now)
        for number, token in enumerate(tokens, self.next):
            self.open[number] = (token, self.now)
        self.next += count

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        numbers = data.draw(st.lists(st.integers(1, self.next + 3), max_size=20, unique=True))
        expected = [self.open.pop(number, (None, 0.0))[0] for number in numbers]
        assert self.window.settle(numbers) == expected

    @rule(data=st.data())
    def settle_run(self, data: st.DataObject) -> None:
        """All that follow one another and are unanswered, or nothing."""
        first = data.draw(st.sampled_from(sorted(self.open) or [self.next]))
        numbers = list(range(first, first + data.draw(st.integers(1, 60))))
        if set(numbers) <= self.open.keys():
            whole = [self.open.pop(number)[0] for number in numbers]
            # What lags behind by rounds has left its place, and is settled one by one.
            assert (self.window.settle_run(numbers) or self.window.settle(numbers)) == whole
        else:
            assert self.window.settle_run(numbers) is None

    @rule(size=st.sampled_from((5, 50, 200, 1000)))
    def resize(self, size: int) -> None:
        self.window.size = self.size = size

    @rule()
    def begin_anew(self) -> None:
        """Behind the last number comes 1 again. What the last round's still hold are not given again."""
        if self.next > 1000 and not any(number < 1000 for number in self.open | self.expired):
            self.next = 1

    @rule(seconds=st.floats(0, 10))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(age=st.floats(0, 20))
    def expire(self, age: float) -> None:
        before = self.now - age
        expected = [token for token, at in self.open.values() if at < before]
        self.expired |= {number: token for number, (token, at) in self.open.items() if at < before}
        self.open = {number: entry for number, entry in self.open.items() if entry[1] >= before}
        assert sorted(self.window.expire(before)) == sorted(expected)

    @rule(data=st.data())
    def settle_late(self, data: st.DataObject) -> None:
        """Once, and only what had expired."""
        number = data.draw(st.integers(1, self.next + 3))
        assert self.window.settle_late(number) == self.expired.pop(number, None)

    @rule()
    def drain(self) -> None:
        assert sorted(self.window.drain()) == sorted(token for token, _ in self.open.values())
        self.open.clear()
        self.expired.clear()

    @invariant()
    def counts(self) -> None:
        assert len(self.window) == len(self.open)
        assert list(self.window.tokens) == [token for token, _ in self.open.values()]
        assert self.window.room == max(0, self.size - len(self.open))
        oldest = min((at for _, at in self.open.values()), default=None)
        assert self.window.oldest() == oldest


def test_what_expired_is_remembered_up_to_a_bound() -> None:
    window: Window[int] = Window(LATE_MAX + 5)
    window.add(1, range(LATE_MAX + 5), 0.0)
    assert len(window.expire(1.0)) == LATE_MAX + 5
    assert [window.settle_late(number) for number in (5, 6, LATE_MAX + 5)] == [None, 5, LATE_MAX + 4]


def test_a_batch_is_settled_in_one_piece_wherever_its_places_are() -> None:
    window: Window[int] = Window(100)
    for first in range(1, 100_000, 100):
        numbers = list(range(first, first + 100))
        window.add(first, numbers, 0.0)
        assert window.settle_run(numbers) == numbers


def test_requests_that_are_never_answered_cost_an_entry_each() -> None:
    window: Window[int] = Window(10)
    for first in range(1, 10_000, 10):
        window.add(first, list(range(first, first + 10)), 0.0)
        assert None not in window.settle(range(first + (first == 501), first + 10))
    assert list(window.tokens) == [501]
    assert window.settle([501]) == [501]
    assert window.room == 10


TestWindow = WindowMachine.TestCase
TestWindow.settings = settings(max_examples=60, stateful_step_count=30)


def test_answered_batches_are_forgotten() -> None:
    window: Window[int] = Window(10)
    for number in range(1, 10_000):
        window.add(number, [number], float(number))
        window.settle([number])
    assert len(window._batches) <= 1


def test_latency_is_that_of_the_sampled_request() -> None:
    window: Window[int] = Window(10)
    window.add(1, [1, 2], 5.0)
    window.settle([2])
    assert window.latency(6.0) is None
    window.settle([1])
    assert window.latency(7.5) == 2.5
    assert window.latency(8.0) is None


def test_a_lowered_size_leaves_no_negative_room() -> None:
    window: Window[int] = Window(5)
    window.add(1, [1, 2, 3], 0.0)
    window.size = 2
    assert window.room == 0
