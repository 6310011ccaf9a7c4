"""What of a day's quota earlier runs may have used, by any store: never less than was written."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.ledger.contract import Store
from smppcast.ledger.facts import (
    Accepted,
    Attempted,
    CampaignChanged,
    Deferred,
    Fact,
    Intent,
    Lost,
    Rejected,
    Unsent,
    chunk_key,
)
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.spent import spent, unanswered
from smppcast.model import CampaignState
from tests.ledger.casting import accepted, campaign_with, chunk, refs, taken_in

MIDNIGHT = 1_000_000.0
BEFORE, AFTER = MIDNIGHT - 0.001, MIDNIGHT


def used(store: Store, operator: str = "orange") -> int:
    return spent(store, operator, MIDNIGHT, unanswered(store))


def test_an_empty_ledger_has_used_nothing(store: Store) -> None:
    assert used(store) == 0


def test_every_pdu_counts_when_its_way_ended(store: Store) -> None:
    campaign = campaign_with(store, (8, 1)).id
    named = refs(campaign, 0, *range(8))
    store.commit([Intent(chunk_key(campaign, 0), 8), accepted(named[:3], at=BEFORE)])
    store.commit(
        [
            accepted(named[3:5], at=AFTER),
            Rejected("orange", AFTER, named[5:6], [0x0B]),
            Deferred("orange", AFTER, named[6:7], [0x58]),
            Lost("orange", AFTER + 5, named[7:]),
        ]
    )
    assert used(store) == 5
    assert used(store, "sfr") == 0
    store.commit([Accepted("orange", AFTER + 9, named[7:], ["late"], [0], late=True)])
    assert used(store) == 5  # the answer to a PDU that is counted


def test_what_may_have_been_written_when_a_run_died_counts_for_today(store: Store) -> None:
    campaign = campaign_with(store, (10, 2)).id
    key = chunk_key(campaign, 0)
    store.commit([Intent(key, 6), accepted(refs(campaign, 0, 0, 1), at=BEFORE)])
    assert used(store) == 2 * 6 - 2
    store.commit([Deferred("orange", BEFORE, refs(campaign, 0, 2), [0x58])])
    assert used(store) == 9
    store.commit([Attempted("orange", BEFORE, refs(campaign, 0, 2), duplicate=False)])
    assert used(store) == 10
    store.commit([Unsent("orange", BEFORE, refs(campaign, 0, 2)), Intent(key, 3)])
    assert used(store) == 3  # offsets 0 to 2, of two segments: three were answered


def test_each_operator_has_its_own_and_campaigns_add_up(store: Store) -> None:
    one = campaign_with(store, (4, 1)).id
    two = store.create_campaign("two", 5.0, "print", "{}").id
    store.commit([taken_in(two, [chunk(two, 0, 4), chunk(two, 1, 4, operator="sfr")])])
    store.commit([Intent(chunk_key(each, 0), 3) for each in (one, two)])
    store.commit([Intent(chunk_key(two, 1), 1), accepted(refs(two, 1, 0), at=AFTER, operator="sfr")])
    assert unanswered(store) == Counter(orange=6, sfr=0)
    assert (used(store), used(store, "sfr")) == (6, 1)


@pytest.mark.parametrize(
    ("state", "open_pdus"),
    [(CampaignState.SETTLING, 2), (CampaignState.STOPPED, 2), (CampaignState.FINISHED, 0)],
)
def test_only_what_is_not_finished_can_have_something_open(
    store: Store, state: CampaignState, open_pdus: int
) -> None:
    campaign = campaign_with(store, (4, 1)).id
    store.commit([Intent(chunk_key(campaign, 0), 2), CampaignChanged(campaign, 5.0, state)])
    assert used(store) == open_pdus


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["accept", "reject", "defer", "lose", "die"]), st.integers(0, 3), st.booleans()
        ),
        max_size=60,
    )
)
def test_never_less_than_was_written_since_midnight(steps: list[tuple[str, int, bool]]) -> None:
    """A sender of four messages, whose process may die at any time; `today` tells on which side of midnight
    a PDU is written, and never goes back."""
    store = MemoryStore()
    campaign = campaign_with(store, (4, 1)).id
    named = refs(campaign, 0, *range(4))
    store.commit([Intent(chunk_key(campaign, 0), 4)])
    flying, today, written = list(named), False, 0
    for what, at, past in steps:
        today = today or past
        now = AFTER if today else BEFORE
        again: list[int] = []
        told: list[Fact] = []
        if what == "die":
            told = [Lost("orange", now, list(flying))] if flying else []
            again, flying = flying, []
        elif named[at] in flying:
            ref = [named[at]]
            flying.remove(named[at])
            if what == "accept":
                told = [accepted(ref, at=now)]
            elif what == "reject":
                told = [Rejected("orange", now, ref, [0x0B])]
            else:
                told = [Deferred("orange", now, ref, [0x58]) if what == "defer" else Lost("orange", now, ref)]
                again = ref
        if again:
            told.append(Attempted("orange", now, again, duplicate=what != "defer"))
        if told:
            store.commit(told)
        flying += again
        written += len(again) if today else 0
        assert used(store) >= written
        assert used(store) <= written + 4  # those that were written before midnight, and answered after it
