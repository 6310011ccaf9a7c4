"""Campaigns that are forgotten: nothing of their recipients is left in the file, and their counts are."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppcast.ledger.board import replay
from smppcast.ledger.checkup import check
from smppcast.ledger.facts import (
    CampaignChanged,
    InboundReceived,
    Intent,
    ParkedReceipt,
    ReceiptsParked,
    chunk_key,
)
from smppcast.ledger.purge import Purged, due, purge
from smppcast.ledger.recovery import recover
from smppcast.ledger.rows import pack
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState
from tests.ledger.casting import FIRST_NUMBER, accepted, campaign_with, chunk, received, refs, taken_in

COUNT = 200


@pytest.fixture
def two(file: Path) -> SqliteStore:
    """A ledger of two campaigns to other numbers, one of them finished, with their message_ids indexed."""
    store = SqliteStore(file, durability="relaxed")
    first = campaign_with(store, (COUNT, 1))
    second = store.create_campaign("other", 6.0, "print", '{"retention_s": 100}')
    store.commit([taken_in(second.id, [chunk(second.id, 7, COUNT)])])
    for campaign, no, prefix in ((first, 0, "gone"), (second, 7, "stays")):
        named = refs(campaign.id, no, *range(COUNT - 1))
        store.commit([Intent(chunk_key(campaign.id, no), COUNT), accepted(named, prefix=prefix)])
        store.commit([received(named)])
        entries = [(f"{prefix}{ref}", ref, FIRST_NUMBER) for ref in named]
        store.index_ids("orange", entries)
    store.commit([CampaignChanged(first.id, 9.0, CampaignState.FINISHED)])
    return store


def octets(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in file.parent.glob("ledger.db*"))


def test_nothing_of_the_recipients_is_left_and_the_account_is(file: Path, two: SqliteStore) -> None:
    number = pack([FIRST_NUMBER + 3])
    assert number in octets(file)
    assert b"gone" in octets(file)
    first = two.campaign("alert")
    assert first is not None
    before, operators = replay(two, first).account(live=False), replay(two, first).by_operator(live=False)
    found = purge(two, first, 1234.0)
    two.reclaim()
    assert number not in octets(file)
    assert b"gone" not in octets(file)
    assert file.with_name("ledger.db-wal").stat().st_size == 0
    left = two.campaign("alert")
    assert left is not None
    assert left.state is CampaignState.PURGED
    assert Purged.kept(left) == found
    assert (found.at, found.account, found.operators) == (1234.0, before, operators)
    assert before.closes
    two.close()
    assert list(check(file)) == []


def test_other_campaigns_stay_as_they_are(file: Path, two: SqliteStore) -> None:
    first, second = two.campaign("alert"), two.campaign("other")
    assert first is not None
    assert second is not None
    before = replay(two, second).account()
    purge(two, first, 1234.0)
    two.reclaim()
    assert replay(two, second).account() == before
    ref = refs(second.id, 7, 3)[0]
    assert two.find_ids("orange", [f"stays{ref}"]) == [(f"stays{ref}", ref, FIRST_NUMBER)]
    assert two.find_ids("orange", [f"gone{refs(first.id, 0, 3)[0]}"]) == []
    two.close()


def test_acceptances_after_a_purge_are_indexed(two: SqliteStore) -> None:
    """The numbers of facts that were deleted last come again: they must not count as indexed."""
    second = two.campaign("other")
    assert second is not None
    purge(two, second, 1234.0)
    third = two.create_campaign("third", 7.0, "print", "{}")
    two.commit([taken_in(third.id, [chunk(third.id, 8, 4)])])
    named = refs(third.id, 8, 0, 1)
    two.commit([accepted(named, prefix="new")])
    assert [fact.message_ids for fact in two.unindexed("orange")] == [[f"new{ref}" for ref in named]]
    two.close()


def test_a_purged_ledger_is_recovered_without_suspicion(file: Path, two: SqliteStore) -> None:
    first = two.campaign("alert")
    assert first is not None
    purge(two, first, 1234.0)
    two.reclaim()
    two.close()
    found = recover(file, file.with_name("saved.db"))
    assert (found.suspected, found.lost, found.dropped) == (0, {}, {})


def test_what_is_due_goes_by_each_campaigns_own_retention(two: SqliteStore) -> None:
    """Counted from the last that was told, at 3 in these; the second is not finished."""
    second = two.campaign("other")
    assert second is not None
    assert [each.name for each in due(two, 50.0, None)] == []
    assert [each.name for each in due(two, 50.0, 45.0)] == ["alert"]
    assert [each.name for each in due(two, 49.0, 45.0)] == []
    two.commit([CampaignChanged(second.id, 9.0, CampaignState.FINISHED)])
    assert [each.name for each in due(two, 106.0, None)] == ["other"]
    two.close()


def test_strangers_are_forgotten_by_their_age(two: SqliteStore) -> None:
    receipts = [ParkedReceipt(f"id{at}", "33600000001", "GOUV", 2, "", 0, float(at)) for at in range(10)]
    inbound = InboundReceived("orange", 3.0, ["33600000001"], ["36111"], [b"pdu"])
    two.commit([ReceiptsParked("orange", range(10), receipts), inbound])
    assert two.forget_strangers(5.0) == 6
    assert [receipt.at for _, receipt in two.unmatched()] == [5.0, 6.0, 7.0, 8.0, 9.0]
    two.close()
