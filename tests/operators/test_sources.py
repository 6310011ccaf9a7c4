"""Whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

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
        raise NotImplementedError


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
