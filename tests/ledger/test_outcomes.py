"""A row a recipient: what became of each."""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from dataclasses import astuple, replace
from typing import Any

import pytest

from smppcast.ledger import outcomes as outcomes_module
from smppcast.ledger.board import replay
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import (
    Accepted,
    Attempted,
    Chunk,
    Deferred,
    Intent,
    Lost,
    Received,
    Rejected,
    Unsent,
    chunk_key,
)
from smppcast.ledger.outcomes import OutcomeRow, outcomes, outcomes_of
from smppcast.model import Outcome
from tests.ledger.casting import FIRST_NUMBER, accepted, campaign_with, chunk, received, refs, taken_in

BLANK = OutcomeRow(
    number=0,
    operator="orange",
    segments=1,
    state=Outcome.NOT_SENT,
    message_ids=("",),
    error="",
    submitted=0.0,
    accepted=0.0,
    done=0,
    attempts=0,
    possible_duplicate=False,
)


def test_every_outcome_has_its_row(store: Store) -> None:
    campaign = campaign_with(store, (9, 1)).id
    named = refs(campaign, 0, *range(9))
    store.commit(
        [
            Intent(chunk_key(campaign, 0), 8, 1.5),
            Accepted("orange", 2.0, named[:4], ["a", "b", "c", "d"], ()),
            Received("orange", 3.0, named[:3], bytes([2, 5, 3]), ["000", "0A1", ""], [70, 71, 0]),
            Rejected("orange", 2.0, named[4:5], [0x0B]),
            Lost("orange", 2.0, named[5:6]),
            Deferred("orange", 2.0, named[6:7], [0x58]),
        ]
    )
    sent: dict[str, Any] = {"message_ids": ("a",), "accepted": 2.0, "attempts": 1}
    wanted: list[dict[str, Any]] = [
        {**sent, "state": Outcome.DELIVERED, "error": "000", "done": 70},
        {**sent, "state": Outcome.UNDELIVERED, "error": "0A1", "done": 71, "message_ids": ("b",)},
        {**sent, "state": Outcome.EXPIRED, "message_ids": ("c",)},
        {**sent, "state": Outcome.AWAITING_RECEIPT, "message_ids": ("d",)},
        {"state": Outcome.REJECTED, "error": "0x0000000B", "attempts": 1},
        {"state": Outcome.UNKNOWN, "attempts": 1},
        {"state": Outcome.NOT_SENT, "attempts": 1},
        {"state": Outcome.UNKNOWN, "attempts": 1},
        {},
    ]
    rows = [
        replace(BLANK, number=FIRST_NUMBER + at, submitted=1.5 if at < 8 else 0.0, **each)
        for at, each in enumerate(wanted)
    ]
    assert list(outcomes(store, campaign)) == rows
    rows[7] = replace(rows[7], state=Outcome.IN_FLIGHT)
    assert list(outcomes(store, campaign, live=True)) == rows


def test_attempts_are_counted_and_a_possible_duplicate_is_told(store: Store) -> None:
    campaign = campaign_with(store, (2, 1)).id
    one, two = refs(campaign, 0, 0, 1)
    again = Attempted("orange", 2.0, [one], duplicate=True)
    store.commit([Intent(chunk_key(campaign, 0), 2), Lost("orange", 2.0, [one]), again, accepted([one, two])])
    store.commit([Attempted("orange", 2.0, [two], duplicate=False), Unsent("orange", 2.0, [two])])
    rows = list(outcomes(store, campaign))
    assert [(row.attempts, row.possible_duplicate) for row in rows] == [(2, True), (1, False)]


def test_a_message_of_several_segments_is_told_by_its_worst(store: Store) -> None:
    campaign = campaign_with(store, (2, b"\2\3")).id
    named = refs(campaign, 0, 0) + refs(campaign, 0, 0, segment=1)
    late = refs(campaign, 0, 1)
    store.commit([Intent(chunk_key(campaign, 0), 2)])
    store.commit([accepted(named[:1], 2.0), accepted(named[1:], 4.0), accepted(late)])
    store.commit([received(named[:1]), received(late), received(named[1:], 5, "0A1")])
    first, second = outcomes(store, campaign)
    assert (first.state, first.error, first.accepted, first.done) == (Outcome.UNDELIVERED, "0A1", 4.0, 77)
    assert (first.segments, first.message_ids) == (2, tuple(f"id{ref}" for ref in named))
    assert (second.state, second.segments, second.accepted) == (Outcome.UNKNOWN, 3, 0.0)
    assert second.message_ids == (f"id{late[0]}", "", "")


def test_the_receipt_that_holds_is_the_one_that_is_told(store: Store) -> None:
    campaign = campaign_with(store, (1, 1)).id
    named = refs(campaign, 0, 0)
    store.commit(
        [accepted(named), received(named, 1, "way"), received(named, 5, "first"), received(named, 3, "no")]
    )
    (row,) = outcomes(store, campaign)
    assert (row.state, row.error) == (Outcome.UNDELIVERED, "first")
    store.commit([received(named, 2, "after all")])
    (row,) = outcomes(store, campaign)
    assert (row.state, row.error) == (Outcome.DELIVERED, "after all")


def test_ranges_of_chunks_give_what_the_account_says(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes_module, "CHUNKS", 3)
    campaign = campaign_with(store, *[(5, 1 + no % 2) for no in range(10)])
    for no in range(10):
        both = refs(campaign.id, no, *range(5)) + refs(campaign.id, (no + 4) % 10, 1)
        store.commit([Intent(chunk_key(campaign.id, no), 5), accepted(both)])
    everywhere = [ref for no in range(10) for ref in refs(campaign.id, no, no % 5)]
    store.commit(
        [received(everywhere), received(everywhere[::-1], 5, "late"), Lost("orange", 1.0, everywhere)]
    )
    rows = list(outcomes(store, campaign.id, live=True))
    account = replay(store, campaign).account()
    assert [row.number for row in rows] == [
        FIRST_NUMBER + no * 10_000 + at for no in range(10) for at in range(5)
    ]
    assert Counter(row.state for row in rows) == Counter(
        {s: n for s in Outcome if (n := getattr(account, s))}
    )


def test_a_campaign_without_chunks_has_none(store: Store) -> None:
    assert list(outcomes(store, store.create_campaign("empty", 1.0, "", "{}").id)) == []


def test_a_row_can_be_written(store: Store) -> None:
    campaign = campaign_with(store, (1, 1)).id
    text = io.StringIO()
    csv.writer(text).writerows(astuple(row) for row in outcomes(store, campaign))
    assert text.getvalue().startswith(f"{FIRST_NUMBER},orange,1,not_sent,")


def test_a_number_is_found_in_every_campaign_and_only_where_it_stands(store: Store) -> None:
    first = campaign_with(store, (4, 1), (4, 2))
    second = store.create_campaign("again", 6.0, "print", "{}")
    store.commit([taken_in(second.id, [chunk(second.id, 0, 4)])])
    named = refs(first.id, 0, 1)
    store.commit([Intent(chunk_key(first.id, 0), 2, 1.5), accepted(named), received(named)])
    found = list(outcomes_of(store, FIRST_NUMBER + 1))
    assert [(campaign.name, row.state) for campaign, row in found] == [
        ("alert", Outcome.DELIVERED),
        ("again", Outcome.NOT_SENT),
    ]
    assert [row for _, row in found][:1] == list(outcomes(store, first.id))[1:2]
    assert [row.segments for _, row in outcomes_of(store, FIRST_NUMBER + 10_003)] == [2]
    assert list(outcomes_of(store, FIRST_NUMBER + 9)) == []


def test_octets_that_stand_across_two_numbers_are_no_number(store: Store) -> None:
    campaign = store.create_campaign("alert", 5.0, "print", "{}")
    one, two = 0x0102030405060708, 0x1112131415161718
    across = int.from_bytes(one.to_bytes(8, "little")[4:] + two.to_bytes(8, "little")[:4], "little")
    store.commit(
        [taken_in(campaign.id, [Chunk(chunk_key(campaign.id, 0), "orange", array("q", [one, two]), 1)])]
    )
    assert list(outcomes_of(store, across)) == []
    assert len(list(outcomes_of(store, two))) == 1
