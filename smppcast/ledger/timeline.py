"""When a campaign's segments were sent, answered and delivered, and what spoke against it: for pictures."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from smppcast.ledger.contract import ChunkInfo, Store
from smppcast.ledger.facts import (
    OFFSET_MASK,
    SEGMENT_BITS,
    SEGMENT_MASK,
    Accepted,
    Deferred,
    Fact,
    Lost,
    Received,
    Rejected,
    chunk_of,
)
from smppcast.ledger.stretches import facts_within, stretches
from smppcast.model import MessageState

__all__ = ["LATENCIES_S", "Timeline", "timeline"]

LATENCIES_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800)
"""Upper bounds of the classes of receipt latencies, in seconds; a last class is beyond them."""

# Chunks worked through at once: 8 octets a segment, so that no campaign is too long.
CHUNKS = 64


def _counters() -> dict[str, Counter[int]]:
    return defaultdict(Counter)


@dataclass(slots=True)
class Timeline:
    """Counts of segments.

    Args:
        step_s: seconds that are counted together.
        submitted, accepted, throttled, delivered: by operator, then by the number of a step
            since 1970: when the answer, or the receipt, came.
        latencies: from acceptance to final receipt as we got them, by operator and class of `LATENCIES_S`.
        refused: by command_status, those that came back for later included.
        errors: of final receipts that do not tell of a delivery, by the operator's word for it.
    """

    step_s: int = 10
    submitted: dict[str, Counter[int]] = field(default_factory=_counters)
    accepted: dict[str, Counter[int]] = field(default_factory=_counters)
    throttled: dict[str, Counter[int]] = field(default_factory=_counters)
    delivered: dict[str, Counter[int]] = field(default_factory=_counters)
    latencies: dict[str, Counter[int]] = field(default_factory=_counters)
    refused: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def timeline(store: Store, campaign: int, step_s: int = 10) -> Timeline:
    """Reads a campaign's facts, some chunks at a time.

    Args:
        step_s: see `Timeline`: a day has 8,640 steps of ten.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    found = Timeline(step_s)
    for infos in stretches(store, campaign, CHUNKS):
        _stretch(store, infos, found)
    return found


def _stretch(store: Store, infos: Sequence[ChunkInfo], found: Timeline) -> None:
    strides = {
        info.key: info.segments if isinstance(info.segments, int) else max(info.segments) for info in infos
    }
    accepted_at = {info.key: array("d", bytes(8 * info.count * strides[info.key])) for info in infos}
    for fact in facts_within(store, infos):
        if getattr(fact, "refs", ()):
            _count(fact, found, accepted_at, strides)


def _count(
    fact: Fact, found: Timeline, accepted_at: dict[int, array[float]], strides: dict[int, int]
) -> None:
    match fact:
        case Accepted(operator=operator, at=at, refs=refs):
            if not fact.late:  # it was counted when it was lost
                found.submitted[operator][int(at) // found.step_s] += len(refs)
            found.accepted[operator][int(at) // found.step_s] += len(refs)
            for ref in refs:
                accepted_at[chunk_of(ref)][_cell(ref, strides)] = at
        case Rejected(operator=operator, at=at, statuses=statuses):
            found.submitted[operator][int(at) // found.step_s] += len(statuses)
            found.refused.update(statuses)
        case Deferred(operator=operator, at=at, statuses=statuses):
            found.submitted[operator][int(at) // found.step_s] += len(statuses)
            found.throttled[operator][int(at) // found.step_s] += len(statuses)
            found.refused.update(statuses)
        case Lost(operator=operator, at=at, refs=refs):
            found.submitted[operator][int(at) // found.step_s] += len(refs)
        case Received():
            _receive(fact, found, accepted_at, strides)
        case _:
            pass


def _receive(
    fact: Received, found: Timeline, accepted_at: dict[int, array[float]], strides: dict[int, int]
) -> None:
    classes = found.latencies[fact.operator]
    for ref, state, error in zip(fact.refs, fact.states, fact.errors, strict=True):
        if state not in _FINAL:
            continue
        cells, at = accepted_at[chunk_of(ref)], _cell(ref, strides)
        if not cells[at]:
            continue  # a repeated receipt, or one whose response never came
        classes[bisect_right(LATENCIES_S, fact.at - cells[at])] += 1
        cells[at] = 0.0
        if state == MessageState.DELIVERED:
            found.delivered[fact.operator][int(fact.at) // found.step_s] += 1
        else:
            found.errors[f"{MessageState(state).name} {error}".strip()] += 1


def _cell(ref: int, strides: dict[int, int]) -> int:
    return (ref >> SEGMENT_BITS & OFFSET_MASK) * strides[chunk_of(ref)] + (ref & SEGMENT_MASK)


_FINAL = frozenset(state.value for state in MessageState if state.final)
