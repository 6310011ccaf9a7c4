"""A campaign over time, from its facts."""

from __future__ import annotations

import pytest

from smppcast.ledger import timeline as timeline_module
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Accepted, Deferred, Intent, Lost, Received, Rejected, chunk_key
from smppcast.ledger.timeline import LATENCIES_S, timeline
from tests.ledger.casting import campaign_with, refs


@pytest.mark.parametrize("at_once", [1, 64])
def test_what_happened_when(store: Store, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_module, "CHUNKS", at_once)
    campaign = campaign_with(store, (6, 1), (4, b"\2\1\1\1")).id
    one, two = refs(campaign, 0, *range(6)), refs(campaign, 1, 0, 1)
    store.commit(
        [
            Intent(chunk_key(campaign, 0), 6),
            Accepted("orange", 100.0, [*one[:3], two[0]], ["a", "b", "c", "d"], ()),
            Deferred("orange", 105.0, one[3:5], [0x58, 0x58]),
            Rejected("orange", 112.0, one[3:4], [0x0B]),
            Lost("orange", 112.0, one[5:]),
            Accepted("orange", 119.0, one[5:], ["late"], (), late=True),
            Received("orange", 101.5, [one[0], two[0]], bytes([2, 1]), ["000", ""], [0, 0]),
            Received("orange", 400.0, [one[1], one[0]], bytes([5, 2]), ["0A1", "000"], [0, 0]),
            Received("orange", 1e7, [two[0], one[4]], bytes([3, 2]), ["", "000"], [0, 0]),
        ]
    )
    told = timeline(store, campaign, step_s=10)
    assert told.submitted == {"orange": {10: 6, 11: 2}}
    assert told.accepted == {"orange": {10: 4, 11: 1}}
    assert told.throttled == {"orange": {10: 2}}
    assert told.delivered == {"orange": {10: 1}}  # the repeated one, and that without a response, are none
    beyond = len(LATENCIES_S)
    assert told.latencies == {"orange": {1: 1, 8: 1, beyond: 1}}
    assert told.refused == {0x58: 2, 0x0B: 1}
    assert told.errors == {"UNDELIVERABLE 0A1": 1, "EXPIRED": 1}
