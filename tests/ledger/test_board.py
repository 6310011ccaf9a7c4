"""The rules of the boards, one sentence each; test_ledger_machine.py holds them together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import LedgerError
from smppcast.ledger.board import Boards, replay
from smppcast.ledger.contract import Campaign, Cursor, Store
from smppcast.ledger.facts import (
    Attempted,
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
    make_ref,
)
from smppcast.model import CampaignState, Outcome
from tests.ledger.casting import accepted, chunk, received, refs, taken_in

KEY = chunk_key(1, 0)
ALL = refs(1, 0, 0, 1, 2, 3)
ONE = ALL[:1]


def boards_after(*facts: Fact, segments: int | bytes = 1) -> Boards:
    boards = Boards("alert")
    for fact in (taken_in(1, [chunk(1, 0, 4, segments)]), *facts):
        boards.apply(fact)
        assert boards.account().closes
    return boards


def outcome_of_one(*facts: Fact) -> Outcome:
    """The outcome of the only recipient that is not merely not sent."""
    account = boards_after(Intent(KEY, 1), *facts).account()
    (found,) = (state for state in Outcome if getattr(account, state) and state is not Outcome.NOT_SENT)
    return found


LOST = Lost("orange", 1.0, ONE)
AGAIN = Attempted("orange", 1.0, ONE, duplicate=True)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ([], Outcome.IN_FLIGHT),
        ([accepted(ONE)], Outcome.AWAITING_RECEIPT),
        ([Rejected("orange", 1.0, ONE, [0x0B])], Outcome.REJECTED),
        ([LOST], Outcome.UNKNOWN),
        ([LOST, received(ONE)], Outcome.DELIVERED),
        ([LOST, received(ONE, 1)], Outcome.AWAITING_RECEIPT),
        ([LOST, accepted(ONE)], Outcome.AWAITING_RECEIPT),
        ([LOST, AGAIN], Outcome.IN_FLIGHT),
        ([LOST, AGAIN, Unsent("orange", 1.0, ONE)], Outcome.UNKNOWN),
        ([LOST, received(ONE), AGAIN, Rejected("orange", 1.0, ONE, [1])], Outcome.DELIVERED),
        ([accepted(ONE), LOST], Outcome.AWAITING_RECEIPT),
        ([accepted(ONE), received(ONE, 5)], Outcome.UNDELIVERED),
        ([accepted(ONE), received(ONE, 3)], Outcome.EXPIRED),
        ([accepted(ONE), received(ONE, 6)], Outcome.AWAITING_RECEIPT),
        ([accepted(ONE), received(ONE, 99)], Outcome.AWAITING_RECEIPT),
        ([accepted(ONE), received(ONE, 5), received(ONE, 2)], Outcome.DELIVERED),
        ([accepted(ONE), received(ONE, 2), received(ONE, 5)], Outcome.DELIVERED),
        ([received(ONE), accepted(ONE)], Outcome.DELIVERED),
    ],
)
def test_what_becomes_of_one(facts: list[Fact], outcome: Outcome) -> None:
    assert outcome_of_one(*facts) is outcome


def test_the_intent_moves_both_ways_and_answers_stay() -> None:
    boards = boards_after(Intent(KEY, 3), accepted(ALL[2:3]), Intent(KEY, 1))
    account = boards.account()
    assert (account.in_flight, account.not_sent, account.awaiting_receipt) == (1, 2, 1)
    boards.apply(Intent(KEY, 4))
    assert (boards.account().in_flight, boards.account().awaiting_receipt) == (3, 1)


def test_refusals_for_now_are_throttles_or_rejections_in_segments() -> None:
    boards = boards_after(Intent(KEY, 3), Deferred("orange", 1.0, ALL[:3], [0x58, 0x14, 0x08]))
    account = boards.account()
    assert (account.segments.throttled, account.segments.rejected, account.not_sent) == (2, 1, 4)
    assert account.segments.submitted == 3


def test_an_unknown_pdu_that_is_settled_is_accepted_in_the_tally() -> None:
    segments = boards_after(Intent(KEY, 1), LOST, received(ONE)).account().segments
    assert (segments.submitted, segments.accepted, segments.unknown) == (1, 1, 0)


def test_a_resent_segment_counts_each_of_its_pdus() -> None:
    segments = boards_after(Intent(KEY, 1), LOST, AGAIN, accepted(ONE)).account().segments
    assert (segments.submitted, segments.accepted, segments.unknown, segments.resubmitted) == (2, 1, 1, 1)


def test_an_attempt_after_a_crash_counts_what_was_in_flight_as_unknown() -> None:
    segments = boards_after(Intent(KEY, 1), AGAIN, accepted(ONE)).account().segments
    assert (segments.submitted, segments.accepted, segments.unknown) == (2, 1, 1)


def test_an_early_receipt_leaves_its_pdu_in_flight_until_its_response() -> None:
    early = boards_after(Intent(KEY, 1), received(ONE))
    assert (early.account().segments.submitted, early.account().segments.accepted) == (1, 0)
    early.apply(accepted(ONE))
    assert (early.account().segments.submitted, early.account().segments.accepted) == (1, 1)


def test_receipts_are_matched_repeated_or_unmatched() -> None:
    parked = ReceiptsParked("orange", [7], [ParkedReceipt("m", "", "", 2, "", 0, 1.0)])
    told = boards_after(accepted(ALL), received(ALL, 1), received(ALL[:2]), received(ALL[:1]), parked)
    receipts = told.account().receipts
    assert (receipts.received, receipts.matched, receipts.repeated, receipts.unmatched) == (8, 6, 1, 1)
    told.apply(Unparked("orange", [7]))
    assert told.account().receipts.unmatched == 0


def test_the_worst_segment_rules_a_message() -> None:
    second = refs(1, 0, 0, segment=1)
    boards = boards_after(Intent(KEY, 4), accepted([*ALL, *second]), received(ALL), segments=b"\2\1\1\1")
    account = boards.account()
    assert (account.delivered, account.awaiting_receipt, account.segments.accepted) == (3, 1, 5)


def test_without_a_writer_nothing_is_in_flight() -> None:
    boards = boards_after(Intent(KEY, 3), accepted(ONE))
    account = boards.account(live=False)
    assert account.closes
    assert (account.in_flight, account.unknown) == (0, 2)
    assert (account.segments.submitted, account.segments.unknown) == (3, 2)


def test_the_parts_of_the_operators_add_up() -> None:
    boards = Boards("alert")
    chunks = (chunk(1, 0), chunk(1, 1, operator="free"))
    boards.apply(TakenIn(1, 1.0, 12, b"", 12, {"letters": 2, "short": 1}, 1, 0, complete=True, chunks=chunks))
    boards.apply(accepted(refs(1, 1, 0), operator="free"))
    account, parts = boards.account(), boards.by_operator()
    assert all(part.closes for part in (account, *parts.values()))
    assert {name: (part.fed, part.accepted) for name, part in parts.items()} == {
        "orange": (4, 0),
        "free": (4, 1),
    }
    assert (account.fed, account.invalid, account.duplicate, account.accepted) == (12, 3, 1, 1)
    assert account.invalid_reasons == {"letters": 2, "short": 1}


def test_what_is_unfinished() -> None:
    deferred = Deferred("orange", 1.0, ALL[1:2], [0x58])
    boards = boards_after(Intent(KEY, 3), accepted(ONE), deferred)
    (part,) = boards.unfinished("orange")
    assert (part.chunk.key, part.below) == (KEY, 3)
    assert (list(part.not_sent), list(part.in_flight)) == (ALL[1:2], ALL[2:3])
    assert list(boards.unknown("orange")) == []
    assert list(boards.unfinished("free")) == []
    boards.apply(Intent(KEY, 4))
    boards.apply(Lost("orange", 1.0, ALL[1:]))
    assert list(boards.unfinished("orange")) == []
    assert [list(named) for named in boards.unknown("orange")] == [ALL[1:]]


def test_a_chunk_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LedgerError, match="alert"):
        Boards("alert").apply(accepted(ONE))


def test_a_fact_of_no_segment_changes_nothing() -> None:
    boards = boards_after()
    before = boards.account()
    boards.apply(InboundReceived("orange", 1.0, ["1"], ["2"], [b""]))
    boards.add_chunk(next(boards.unfinished("orange")).chunk)
    assert boards.account() == before


def test_many_chunks_are_deflated_and_still_found() -> None:
    boards = Boards("alert", inflated=2)
    boards.apply(taken_in(1, [chunk(1, no, 1000, 2) for no in range(20)]))
    for state in (1, 2):
        for no in range(20):
            boards.apply(received(refs(1, no, *range(0, 1000, 2), segment=state - 1), 2))
    assert sum(bool(boards.board(chunk_key(1, no)).cells) for no in range(20)) == 2
    account = boards.account()
    assert (account.delivered, account.not_sent) == (10_000, 10_000)
    boards.apply(received(refs(1, 0, 0)))
    assert boards.account().receipts.repeated == 1


def test_a_replay_of_nothing(store: Store) -> None:
    campaign = Campaign(9, "alert", 1.0, "", "{}", CampaignState.RUNNING)
    boards = replay(store, campaign)
    assert boards.account() == Boards("alert").account()
    boards.take_in(Cursor(fed=1, invalid={"letters": 1}))
    assert boards.account().closes


@given(
    st.sampled_from([1, 3, bytes([2, 1, 3, 1])]),
    st.lists(st.integers(0, 11), min_size=1, max_size=12),
    st.booleans(),
    st.lists(st.sampled_from([1, 2, 3, 5]), min_size=12, max_size=12),
)
def test_neighbours_in_order_become_what_each_alone_becomes(
    segments: int | bytes, drawn: list[int], ordered: bool, states: list[int]
) -> None:
    counts = [segments] * 4 if isinstance(segments, int) else segments
    every = [make_ref(KEY, offset, segment) for offset in range(4) for segment in range(counts[offset])]
    low, high = min(drawn) % len(every), max(drawn) % len(every) + 1
    named = every[low:high] if ordered else [every[at % len(every)] for at in drawn]
    if not named:
        return
    together, alone = (boards_after(Intent(KEY, 4), segments=segments) for _ in range(2))
    together.apply(accepted(named))
    for ref in named:
        alone.apply(accepted([ref]))
    assert together.board(KEY).read() == alone.board(KEY).read()
    for said in (states[: len(named)], states[:1] * len(named)):
        if len(said) == len(named):
            together.apply(Received("orange", 2.0, named, bytes(said), [""] * len(named), [0] * len(named)))
            for ref, state in zip(named, said, strict=True):
                alone.apply(Received("orange", 2.0, [ref], bytes([state]), [""], [0]))
            assert together.account() == alone.account()
    assert together.board(KEY).read() == alone.board(KEY).read()


def test_a_ref_beyond_its_chunk_is_no_segment() -> None:
    beyond = [make_ref(KEY, offset) for offset in range(3, 6)]
    with pytest.raises(IndexError):
        boards_after(Intent(KEY, 4), accepted(beyond))
