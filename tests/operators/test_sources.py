"""Whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from smppcast.ledger.facts import ParkedReceipt
from smppcast.operators.sources import Batch, Sources, Taken


class Endless:
    def __init__(self, campaign: int, priority: int, weight: float, left: int = 10**9) -> None:
        self.campaign, self.priority, self.weight, self.left = campaign, priority, weight, left

    def pull(self, room: int) -> Batch | None:
        count = min(room, self.left)
        self.left -= count
        return ([b""] * count, [self.campaign] * count) if count else None

    def accepted(self, refs: Sequence[int], message_ids: Sequence[str]) -> Sequence[int]:
        return [0] * len(refs)

    def refused(self, refs: Sequence[int], statuses: Sequence[int]) -> None: ...

    def lost(self, refs: Sequence[int], *, expired: bool = False) -> None: ...

    def late(
        self, refs: Sequence[int], statuses: Sequence[int], message_ids: Sequence[str], taken: Taken
    ) -> None: ...

    def destinations(self, refs: Sequence[int]) -> Sequence[int]:
        return [0] * len(refs)

    def settled_by(self, receipt: ParkedReceipt) -> Sequence[int]:
        return ()

    def settle(self, ref: int) -> int:
        raise AssertionError(f"nothing here is unknown, so no receipt settles {ref}")


def served(sources: Sources, pulls: int, room: int = 10) -> dict[int, int]:
    counts: dict[int, int] = {}
    for _ in range(pulls):
        batch = sources.pull(room)
        if batch is not None:
            campaign = batch[1][0]
            counts[campaign] = counts.get(campaign, 0) + len(batch[1])
    return counts


def test_a_lower_class_goes_first_and_alone() -> None:
    sources = Sources()
    sources.add(Endless(1, priority=10, weight=1))
    sources.add(Endless(2, priority=0, weight=1, left=50))
    assert served(sources, 5) == {2: 50}
    assert served(sources, 5) == {1: 50}


def test_within_a_class_weights_decide() -> None:
    sources = Sources()
    sources.add(Endless(1, priority=5, weight=3))
    sources.add(Endless(2, priority=5, weight=1))
    counts = served(sources, 400)
    assert 2.9 < counts[1] / counts[2] < 3.1


def test_a_newcomer_cannot_claim_the_past() -> None:
    sources = Sources()
    sources.add(Endless(1, priority=5, weight=1))
    sources.add(Endless(2, priority=5, weight=1))
    served(sources, 1_000)
    sources.add(Endless(3, priority=5, weight=1))
    counts = served(sources, 30)
    assert max(counts.values()) - min(counts.values()) <= 20


def test_an_idle_source_saves_up_no_turns() -> None:
    sources = Sources()
    busy, idle = Endless(1, 5, 1), Endless(2, 5, 1, left=0)
    sources.add(busy)
    sources.add(idle)
    served(sources, 1_000)
    idle.left = 10**9
    counts = served(sources, 20)
    assert abs(counts[1] - counts[2]) <= 20


def test_a_removed_source_is_asked_no_more() -> None:
    sources = Sources()
    source = Endless(1, 5, 1)
    sources.add(source)
    assert sources.get(1) is source
    sources.remove(source)
    assert sources.pull(10) is None
    assert sources.get(1) is None
    assert len(sources) == 0


def test_a_newcomer_cannot_claim_what_other_classes_had_less() -> None:
    sources = Sources()
    sources.add(Endless(1, priority=0, weight=1, left=20))
    sources.add(Endless(2, priority=5, weight=1))
    served(sources, 1_000)
    sources.add(Endless(3, priority=5, weight=1))
    counts = served(sources, 30)
    assert abs(counts[2] - counts[3]) <= 10


def test_a_share_is_kept_for_a_class_that_would_starve() -> None:
    sources = Sources({10: 0.2})
    sources.add(Endless(1, priority=0, weight=1))
    sources.add(Endless(2, priority=10, weight=1))
    counts = served(sources, 1_000)
    assert 0.19 < counts[2] / sum(counts.values()) < 0.21


def test_what_a_share_does_not_use_goes_to_others_and_is_not_saved_up() -> None:
    sources = Sources({10: 0.5})
    idle = Endless(2, priority=10, weight=1, left=0)
    sources.add(Endless(1, priority=0, weight=1))
    sources.add(idle)
    assert served(sources, 1_000) == {1: 10_000}
    idle.left = 10**9
    counts = served(sources, 20)
    assert abs(counts[1] - counts[2]) <= 20


def test_a_class_that_is_alone_has_all_and_owes_nothing() -> None:
    sources = Sources({0: 0.1, 10: 0.5})
    urgent = Endless(1, priority=0, weight=1, left=0)
    sources.add(urgent)
    sources.add(Endless(2, priority=10, weight=1))
    served(sources, 1_000)
    urgent.left = 10**9
    counts = served(sources, 1_000)
    assert abs(counts[1] - counts[2]) <= 20


ROOM = 40


class Switched(Endless):
    """Has something at some times, and nothing at others."""

    on = False

    def pull(self, room: int) -> Batch | None:
        return super().pull(room) if self.on else None


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[int, float], list[Switched], list[tuple[int, int]]]:
    """Shares, sources, and for each pull its room and the one source that is switched before it."""
    classes = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))
    wishes = [draw(st.floats(0.0, 1.0)) for _ in classes]
    total = max(1.0, sum(wishes))
    shares = {each: wish / total for each, wish in zip(classes, wishes, strict=True)}
    sources = [
        Switched(campaign, draw(st.sampled_from(classes)), draw(st.sampled_from([0.5, 1, 3, 10])))
        for campaign in range(draw(st.integers(2, 6)))
    ]
    step = st.tuples(st.integers(1, ROOM), st.integers(0, 3 * len(sources)))
    return shares, sources, draw(st.lists(step, min_size=50, max_size=300))


@given(plans())
def test_while_a_class_has_something_it_gets_its_share_and_nothing_is_left_unused(
    plan: tuple[dict[int, float], list[Switched], list[tuple[int, int]]],
) -> None:
    shares, members, steps = plan
    sources = Sources(shares)
    for each in members:
        sources.add(each)
    # Of each class: what its share came to less what it got, since it has something without a break.
    behind = dict.fromkeys(shares, 0.0)
    worst = dict.fromkeys(shares, 0.0)
    for room, switched in steps:
        if switched < len(members):
            members[switched].on = not members[switched].on
        wanting = {each.priority for each in members if each.on}
        batch = sources.pull(room)
        assert (batch is None) == (not wanting)
        if batch is None:
            continue
        assert 1 <= len(batch[1]) <= room
        got = members[batch[1][0]].priority
        count = len(batch[1])
        for priority, share in shares.items():
            owed = behind[priority] + share * count - (count if priority == got else 0)
            behind[priority] = max(0.0, owed) if priority in wanting else 0.0
            worst[priority] = max(worst[priority], behind[priority])
    # No more than what one batch for another class takes, and less than one PDU for each class before it.
    assert max(worst.values()) <= ROOM + len(shares)


@given(
    st.lists(st.sampled_from([0.5, 1.0, 2.0, 7.0]), min_size=2, max_size=5),
    st.lists(st.integers(1, ROOM), min_size=10, max_size=300),
)
def test_within_a_class_nobody_gets_ahead_by_more_than_a_batch(
    weights: list[float], rooms: list[int]
) -> None:
    sources = Sources()
    for campaign, weight in enumerate(weights):
        sources.add(Endless(campaign, priority=3, weight=weight))
    had = [0.0] * len(weights)
    for room in rooms:
        batch = sources.pull(room)
        assert batch is not None
        had[batch[1][0]] += len(batch[1]) / weights[batch[1][0]]
        assert max(had) - min(had) <= ROOM / min(weights) + 1e-9
