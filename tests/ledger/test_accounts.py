"""The account of a campaign by its name, read from the ledger alone."""

from __future__ import annotations

from smppcast.ledger.accounts import account_of
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Intent, chunk_key
from smppcast.ledger.purge import purge
from smppcast.ledger.sqlite import SqliteStore
from tests.ledger.casting import accepted, campaign_with, received, refs


def test_it_closes_and_a_purged_one_is_kept(store: Store) -> None:
    campaign = campaign_with(store, (4, 1))
    store.commit([Intent(chunk_key(campaign.id, 0), 3), accepted(refs(campaign.id, 0, 0, 1))])
    store.commit([received(refs(campaign.id, 0, 0))])
    assert account_of(store, "none") is None
    live, dead = account_of(store, "alert", live=True), account_of(store, "alert")
    assert live is not None
    assert dead is not None
    assert live.closes
    assert dead.closes
    assert (live.fed, live.delivered, live.awaiting_receipt, live.in_flight, live.not_sent) == (4, 1, 1, 1, 1)
    assert (dead.in_flight, dead.unknown) == (0, 1)
    if isinstance(store, SqliteStore):
        purge(store, campaign, 9.0)
        assert account_of(store, "alert") == dead
