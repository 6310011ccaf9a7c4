"""The contract, held by every store."""

from __future__ import annotations

from array import array
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import LedgerError
from smppcast.ledger.contract import ChunkInfo, Cursor, Store
from smppcast.ledger.facts import (
    Accepted,
    Attempted,
    CampaignChanged,
    Chunk,
    Deferred,
    Fact,
    InboundReceived,
    Intent,
    Lost,
    ParkedReceipt,
    ReceiptsParked,
    Received,
    Rejected,
    TakenIn,
    Unparked,
    Unsent,
    chunk_key,
)
from smppcast.ledger.memory import MemoryStore
from smppcast.model import CampaignState
from tests.ledger.casting import accepted, campaign_with, chunk, received, refs, taken_in


def columns(fact: Fact) -> tuple[object, ...]:
    """A fact with its columns as lists, whatever kind of sequence they are."""
    return (type(fact), *(list(part) if isinstance(part, array | list) else part for part in astuple(fact)))


def some_facts(campaign: int) -> list[Fact]:
    named = refs(campaign, 0, 0, 1)
    return [
        Intent(chunk_key(campaign, 0), 3),
        Accepted("orange", 2.0, named, ["é1", ""], ()),
        Rejected("orange", 2.5, named, [0x0B, 0x45]),
        Deferred("orange", 2.5, named, [0x58, 0x14]),
        Lost("orange", 2.5, named),
        Attempted("orange", 2.5, named, duplicate=True),
        Attempted("orange", 2.5, named, duplicate=False),
        Unsent("orange", 2.5, named),
        Received("orange", 3.0, named, bytes([2, 5]), ["", "000"], [0, 1_700_000_000]),
        Received("orange", 3.0, named, bytes([2, 5]), ["", ""], [0, -1]),
        Intent(chunk_key(campaign, 0), 2),
    ]


def test_a_campaign_is_found_by_its_name(store: Store) -> None:
    assert store.campaign("alert") is None
    made = store.create_campaign("alert", 5.0, "print", '{"a": 1}')
    assert store.campaign("alert") == made
    assert made.state is CampaignState.RUNNING
    other = store.create_campaign("other", 6.0, "print", "{}")
    assert store.campaigns() == [made, other]
    assert made.id != other.id


def test_a_campaigns_name_is_new(store: Store) -> None:
    store.create_campaign("alert", 5.0, "print", "{}")
    with pytest.raises(LedgerError):
        store.create_campaign("alert", 5.0, "print", "{}")


def test_a_campaigns_state_goes_on(store: Store) -> None:
    campaign = store.create_campaign("alert", 5.0, "print", "{}")
    changes = (CampaignState.SETTLING, CampaignState.FINISHED)
    store.commit([CampaignChanged(campaign.id, 7.0, state) for state in changes])
    found = store.campaign("alert")
    assert found is not None
    assert found.state is CampaignState.FINISHED


def test_what_is_taken_in_comes_back(store: Store) -> None:
    campaign = store.create_campaign("alert", 5.0, "print", "{}").id
    texts = Chunk(chunk_key(campaign, 1), "free", array("q", [1, 2]), bytes([1, 2]), ("salut é", "😀"))
    plain = chunk(campaign, 0, 3, 2)
    assert store.cursor(campaign) == Cursor()
    first = TakenIn(campaign, 1.0, 4, b"\0d", 4, {"letters": 1}, 0, 0, complete=False, chunks=(plain,))
    then = TakenIn(campaign, 1.0, 8, b"\1d", 8, {"letters": 2}, 1, 0, complete=True, chunks=(texts,))
    store.commit([first, then])
    assert store.cursor(campaign) == Cursor(8, b"\1d", 8, {"letters": 2}, 1, 0, complete=True, chunks=2)
    assert list(store.chunks(campaign)) == [
        ChunkInfo(plain.key, "orange", 3, 2, personalised=False),
        ChunkInfo(texts.key, "free", 2, bytes([1, 2]), personalised=True),
    ]
    assert store.body(plain.key) == plain
    assert store.body(texts.key) == texts


def test_a_body_that_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(LedgerError):
        store.body(1)


def test_facts_come_back_in_their_order(store: Store) -> None:
    campaign = campaign_with(store, (4, 1)).id
    facts = some_facts(campaign)
    store.commit(facts[:4])
    for fact in facts[4:]:
        store.commit([fact])
    assert [columns(fact) for fact in store.facts(campaign)] == [columns(fact) for fact in facts]


def test_facts_of_another_campaign_stay_there(store: Store) -> None:
    one = campaign_with(store, (4, 1)).id
    two = store.create_campaign("two", 5.0, "print", "{}").id
    store.commit([taken_in(two, [chunk(two)]), accepted(refs(two, 0, 1)), accepted(refs(one, 0, 2))])
    assert [list(fact.refs) for fact in store.facts(two) if isinstance(fact, Accepted)] == [refs(two, 0, 1)]


def test_facts_of_some_chunks(store: Store) -> None:
    campaign = campaign_with(store, *[(4, 1)] * 4).id
    for no in range(3):
        store.commit([accepted(refs(campaign, no, 0) + refs(campaign, no + 1, 0))])
    keys = chunk_key(campaign, 2), chunk_key(campaign, 3)
    found = [fact.refs[0] for fact in store.facts_of_chunks(*keys) if isinstance(fact, Accepted)]
    assert found == refs(campaign, 1, 0) + refs(campaign, 2, 0)


def test_a_fact_without_refs_is_none(store: Store) -> None:
    campaign = campaign_with(store, (4, 1)).id
    store.commit([Lost("orange", 2.0, [])])
    assert list(store.facts(campaign)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        Accepted("orange", 2.0, refs(1, 0, 1, 2), ["only one"], ()),
        Lost("orange", 2.0, refs(1, 0, 1) + refs(2, 0, 1)),
        taken_in(1, [chunk(1, 0)]),
        taken_in(1, [chunk(1, 7, segments=0)]),
        taken_in(1, [chunk(1, 7, segments=b"\1")]),
        taken_in(1, [Chunk(chunk_key(1, 7), "free", array("q", [1, 2]), 1, ("one",))]),
    ],
    ids=["columns", "campaigns", "chunk twice", "no segments", "segments of one", "texts"],
)
def test_a_commit_is_whole_or_nothing(store: Store, wrong: Fact) -> None:
    campaign = campaign_with(store, (4, 1)).id
    before = store.cursor(campaign)
    with pytest.raises(LedgerError):
        store.commit([accepted(refs(campaign, 0, 0)), taken_in(campaign, [chunk(campaign, 1)]), wrong])
    assert store.cursor(campaign) == before
    assert list(store.facts(campaign)) == []


def receipt(message_id: str) -> ParkedReceipt:
    return ParkedReceipt(message_id, "33600000001", "GOUV", 2, "000", 1_700_000_000, 9.5)


def test_parked_receipts_wait_in_their_order(store: Store) -> None:
    receipts = {number: receipt(f"m{number}") for number in (3, 1, 2)}
    store.commit([ReceiptsParked("orange", list(receipts), list(receipts.values()))])
    store.commit([ReceiptsParked("free", [1], [receipt("other")])])
    assert list(store.parked("orange")) == sorted(receipts.items(), key=lambda item: item[0])
    store.commit([Unparked("orange", [1, 3])])
    assert list(store.parked("orange")) == [(2, receipts[2])]
    assert list(store.parked("free")) == [(1, receipt("other"))]


def test_a_receipt_may_be_parked_and_unparked_in_one_commit(store: Store) -> None:
    store.commit([ReceiptsParked("orange", [1], [receipt("m")]), Unparked("orange", [1])])
    assert list(store.parked("orange")) == []


def test_more_rows_than_a_page_or_a_statement_holds(store: Store) -> None:
    count = 5_000
    campaign = campaign_with(store, *[(1, 1)] * 600).id
    store.commit([ReceiptsParked("orange", range(count), [receipt("m")] * count)])
    store.commit([accepted(refs(campaign, no, 0)) for no in range(600)])
    assert [number for number, _ in store.parked("orange")] == list(range(count))
    assert [info.key for info in store.chunks(campaign)] == [chunk_key(campaign, no) for no in range(600)]
    assert len(list(store.facts(campaign))) == 600


def test_inbound_messages_are_kept(store: Store) -> None:
    store.commit([InboundReceived("orange", 2.0, ["1", "2"], ["3615", "3615"], [b"\0", b"\1"])])
    if isinstance(store, MemoryStore):
        assert store.inbound == [("orange", 2.0, "1", "3615", b"\0"), ("orange", 2.0, "2", "3615", b"\1")]


def test_message_ids_are_found_newest_last(store: Store) -> None:
    store.index_ids("orange", [("b", 7, 33601), ("a", 5, 33600)])
    store.index_ids("orange", [("a", 9, 33602), ("a", 5, 33600)])
    store.index_ids("free", [("a", 1, 33700)])
    found = store.find_ids("orange", ["a", "missing", "b", "a"])
    assert found == [("a", 5, 33600), ("a", 9, 33602), ("b", 7, 33601)]
    assert store.find_ids("free", ["b"]) == []


def test_acceptances_that_the_index_does_not_hold_yet(store: Store) -> None:
    campaign = campaign_with(store, (4, 1), (4, 1)).id
    store.commit([accepted(refs(campaign, 0, 0)), received(refs(campaign, 0, 0))])
    store.index_ids("orange", [("x", 1, 1)])
    late = accepted(refs(campaign, 0, 3) + refs(campaign, 1, 1))
    store.commit([late, accepted(refs(campaign, 0, 1), operator="free")])
    (found,) = store.unindexed("orange")
    assert (list(found.refs), list(found.message_ids)) == (list(late.refs), list(late.message_ids))
    assert list(found.numbers) == [33_600_000_003, 33_600_010_001]
    store.index_ids("orange", [])
    assert list(store.unindexed("orange")) == []


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1), st.data())
def test_texts_of_every_kind_come_back(texts: list[str], data: st.DataObject) -> None:
    store = MemoryStore()
    campaign = campaign_with(store, (len(texts), 1)).id
    named = refs(campaign, 0, *range(len(texts)))
    done = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=len(texts), max_size=len(texts)))
    states = data.draw(st.binary(min_size=len(texts), max_size=len(texts)))
    store.commit([Accepted("o", 1.0, named, texts, ()), Received("o", 1.0, named, states, texts, done)])
    taken, told = store.facts(campaign)
    assert isinstance(taken, Accepted)
    assert isinstance(told, Received)
    bare = [text.replace("\0", "") for text in texts]
    assert list(taken.message_ids) == bare
    assert (list(told.errors), list(told.done), told.states) == (bare, done, states)
