"""Whom a campaign reached: by outcome, over many chunks, from facts alone."""

from __future__ import annotations

import pytest

from smppcast.ledger import reached as reached_module
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Intent, Rejected, chunk_key
from smppcast.ledger.outcomes import outcomes
from smppcast.ledger.reached import reached
from smppcast.model import MessageState, Outcome
from tests.ledger.casting import accepted, campaign_with, received, refs


@pytest.mark.parametrize("chunks_at_once", [1, 2, 256])
def test_they_are_those_whose_outcome_it_is(
    store: Store, chunks_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reached_module, "CHUNKS", chunks_at_once)
    campaign = campaign_with(store, (4, 1), (4, b"\2\1\2\1"), (4, 1)).id
    store.commit([Intent(chunk_key(campaign, no), 4) for no in (0, 1)])
    store.commit([accepted([*refs(campaign, 0, 0, 1, 2), *refs(campaign, 1, 0, 1)])])
    store.commit([accepted(refs(campaign, 1, 0, segment=1))])
    store.commit([Rejected("orange", 2.0, refs(campaign, 0, 3), [0x0B])])
    store.commit([received([*refs(campaign, 0, 0), *refs(campaign, 1, 0, 1)])])
    store.commit([received(refs(campaign, 0, 1), MessageState.EXPIRED)])
    rows = list(outcomes(store, campaign))
    for outcome in Outcome:
        found = [number for numbers in reached(store, campaign, {outcome}) for number in numbers]
        assert found == [row.number for row in rows if row.state is outcome]
    both = {Outcome.DELIVERED, Outcome.NOT_SENT}
    found = [number for numbers in reached(store, campaign, both) for number in numbers]
    assert found == [row.number for row in rows if row.state in both]
    assert len(found) == 6
