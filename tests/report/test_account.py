"""The account as text and as JSON."""

from __future__ import annotations

import json

from smppcast.model import Account, ReceiptTally, SegmentTally
from smppcast.report.account import as_json, as_text, columns

TERMS = [
    *(
        "campaign",
        "fed",
        "invalid",
        "duplicate",
        "suppressed",
        "not_sent",
        "in_flight",
        "unknown",
        "rejected",
    ),
    *("accepted", "delivered", "undelivered", "expired", "awaiting_receipt"),
    *("invalid_reasons", "segments", "receipts", "seconds", "rerouted", "failed_over"),
]


def account() -> Account:
    return Account(
        "alerte",
        fed=1005,
        invalid=5,
        accepted=1000,
        delivered=990,
        awaiting_receipt=10,
        invalid_reasons={"too_short": 3, "no_number": 2},
        segments=SegmentTally(submitted=2000, accepted=2000),
        receipts=ReceiptTally(received=990, matched=990),
        seconds=2.5,
    )


def test_the_json_line_has_every_term_in_order() -> None:
    line = as_json(account())

    assert "\n" not in line
    assert list(json.loads(line)) == TERMS
    assert list(json.loads(line)["segments"]) == [
        *("submitted", "accepted", "rejected", "throttled", "unknown", "resubmitted")
    ]
    assert list(json.loads(line)["receipts"]) == ["received", "matched", "unmatched", "repeated"]


def test_the_text_leaves_out_what_did_not_happen() -> None:
    orange = Account("alerte", fed=1000, accepted=1000, delivered=990, awaiting_receipt=10)

    assert as_text(account(), {"orange": orange}).splitlines() == [
        "campaign alerte",
        "                    orange    all",
        "fed                  1,000  1,005",
        "invalid                  0      5",
        "accepted             1,000  1,000",
        "  delivered            990    990",
        "  awaiting receipt      10     10",
        "invalid: 2 no_number, 3 too_short",
        "segments: 2,000 submitted, 2,000 accepted",
        "receipts: 990 received, 990 matched",
        "seconds: 2.5, 800 segments each",
    ]


def test_columns_are_aligned_the_first_to_the_left() -> None:
    assert columns([("a", "1"), ("bcd", "22")]) == ["a     1", "bcd  22"]
    assert columns([("a", ""), ("b", "")]) == ["a", "b"]
