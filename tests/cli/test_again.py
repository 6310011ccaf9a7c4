"""Names of campaigns cast once more."""

from __future__ import annotations

import pytest

from smppcast.cli.cast import again_name
from smppcast.errors import CampaignError
from smppcast.ledger.facts import CampaignChanged
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState


def add(store: MemoryStore, name: str, state: CampaignState = CampaignState.FINISHED) -> None:
    campaign = store.create_campaign(name, 0.0, "", "{}")
    store.commit([CampaignChanged(campaign.id, 0.0, state)])


def test_the_first_free_name_is_taken() -> None:
    store = MemoryStore()
    assert again_name(store, "alerte") == "alerte"
    add(store, "alerte")
    assert again_name(store, "alerte") == "alerte-2"
    add(store, "alerte-2")
    assert again_name(store, "alerte") == "alerte-3"


def test_one_that_has_not_ended_is_to_be_resumed_first() -> None:
    store = MemoryStore()
    add(store, "alerte")
    add(store, "alerte-2", CampaignState.STOPPED)

    with pytest.raises(CampaignError, match="resume it with --name alerte-2"):
        again_name(store, "alerte")
