"""Which receipt settles which unknown segment, and which none (law 2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smppcast.campaign.held import SKEW_S, Held
from smppcast.campaign.loaded import reference_of
from smppcast.ledger.facts import ParkedReceipt, chunk_key, make_ref
from smppcast.model import MessageState

NUMBER, OTHER = 33_612_345_678, 33_799_999_999
WRITTEN, LOST = 1_000_000.0, 1_000_060.0
REF = make_ref(chunk_key(3, 2), 7)
RECEIPT = ParkedReceipt(
    "X1", str(NUMBER), "GOUV", MessageState.DELIVERED, "", 1_000_090, 1_000_095.0, submitted=1_000_020
)


def held(*, references: bool = False) -> Held:
    made = Held("GOUV", references=references)
    made.add([REF], [NUMBER], WRITTEN, LOST)
    return made


@pytest.mark.parametrize("spelled", [str(NUMBER), f"+{NUMBER}", "0612345678", f"00{NUMBER}"])
def test_destination_source_and_submit_time_settle_it(spelled: str) -> None:
    assert held().settled_by(replace(RECEIPT, source_addr=spelled)) == [REF]


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, source_addr=str(OTHER)),
        replace(RECEIPT, source_addr=""),
        replace(RECEIPT, destination_addr="BANK"),
        replace(RECEIPT, destination_addr=""),
        replace(RECEIPT, submitted=0),
        replace(RECEIPT, submitted=int(WRITTEN - SKEW_S) - 1),
        replace(RECEIPT, submitted=int(LOST + SKEW_S) + 1),
        replace(RECEIPT, state=MessageState.ENROUTE),
        replace(RECEIPT, reference=5),  # of another program on the account: we sent none
    ],
)
def test_whatever_does_not_agree_settles_nothing(receipt: ParkedReceipt) -> None:
    assert held().settled_by(receipt) == []


def test_a_source_that_the_smsc_fills_in_cannot_be_compared() -> None:
    made = Held("", references=False)
    made.add([REF], [NUMBER], WRITTEN, LOST)
    assert made.settled_by(replace(RECEIPT, destination_addr="36111")) == [REF]


def test_two_messages_that_it_may_be_of_leave_both_unknown() -> None:
    made = held()
    foreign = NUMBER % 10_000_000 + 41_000_000_000  # the same last digits
    made.add([make_ref(chunk_key(3, 2), 8)], [foreign], WRITTEN, LOST)
    assert made.settled_by(replace(RECEIPT, source_addr="2345678")) == []
    assert made.settled_by(RECEIPT) == [REF]


def test_any_segment_of_the_one_message_will_do() -> None:
    made = held()
    made.add([REF + 1], [NUMBER], WRITTEN, LOST)
    assert made.settled_by(RECEIPT) == [REF, REF + 1]
    assert made.release([REF]) == [REF]
    assert made.settled_by(RECEIPT) == [REF + 1]


def test_an_echoed_reference_decides_alone() -> None:
    made = held(references=True)
    made.add([REF + 1], [NUMBER], WRITTEN, LOST)
    bare = replace(RECEIPT, destination_addr="", submitted=0)
    assert made.settled_by(replace(bare, reference=reference_of(REF + 1))) == [REF + 1]
    assert made.settled_by(replace(bare, reference=reference_of(REF + 2))) == []
    assert made.settled_by(replace(bare, reference=reference_of(REF), source_addr=str(OTHER))) == []


def test_what_is_released_is_held_no_more() -> None:
    made = held()
    assert len(made) == 1
    assert made.release([REF, REF + 1]) == [REF]
    assert (len(made), made.release([REF]), made.settled_by(RECEIPT)) == (0, [], [])


def test_references_differ_among_the_segments_of_a_message() -> None:
    refs = [make_ref(chunk_key(70_000, 3), 9_999, segment) for segment in range(255)]
    assert len({reference_of(ref) for ref in refs}) == 255
    assert all(0 <= reference_of(ref) <= 0xFFFF for ref in refs)
