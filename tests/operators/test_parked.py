"""Parked receipts in memory: found by id, bounded, counted."""

from __future__ import annotations

import pytest

from smppcast.ledger.facts import ParkedReceipt
from smppcast.operators import parked as parked_module
from smppcast.operators.parked import REPEATS_MAX, Parked


def orphan(message_id: str) -> ParkedReceipt:
    return ParkedReceipt(message_id, "33612345678", "GOUV", 2, "", 0, 1.0)


def test_one_is_found_under_each_form_of_its_id_until_it_is_removed() -> None:
    parked, receipt = Parked(), orphan("16")
    parked.add(5, receipt, ["16", "10"])
    assert list(parked.early(["10", "11"])) == [("10", 5, receipt)]
    assert list(parked.early(["16"])) == [("16", 5, receipt)]
    assert (list(parked), parked.count, 5 in parked) == ([(5, receipt)], 1, True)
    parked.remove(5)
    assert (list(parked), parked.count, list(parked.early(["16", "10"]))) == ([], 0, [])


def test_the_oldest_makes_room_and_is_counted_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked_module, "PARKED_MAX", 2)
    parked = Parked()
    for key in range(4):
        parked.add(key, orphan(str(key)), [str(key)])
    assert [key for key, _ in parked] == [2, 3]
    assert parked.count == 4
    assert list(parked.early(["0", "1"])) == []
    parked.remove(0)  # found in the ledger
    assert parked.count == 3


def test_repeats_of_one_are_bounded() -> None:
    parked = Parked()
    for key in range(REPEATS_MAX + 10):
        parked.add(key, orphan("1"), ["1"])
    assert [key for _, key, _ in parked.early(["1"])] == list(range(10, REPEATS_MAX + 10))
    assert parked.count == REPEATS_MAX + 10
