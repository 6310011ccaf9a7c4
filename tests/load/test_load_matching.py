"""Receipts find their messages by message_id, in whatever spelling, early ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from smppcast.load import matching
from smppcast.load.matching import Matching
from smppcast.model import MessageState
from smppcast.receipts import MessageIdMapping, ReceiptBatch

SPELLINGS: dict[MessageIdMapping, tuple[Callable[[int], str], Callable[[int], str]]] = {
    MessageIdMapping.AS_IS: (str, "{:010d}".format),
    MessageIdMapping.HEX_TO_DEC: ("{:X}".format, str),
    MessageIdMapping.DEC_TO_HEX: (str, "{:08x}".format),
}


def reporting(ids: Iterable[str], state: MessageState = MessageState.DELIVERED) -> ReceiptBatch:
    ids = list(ids)
    return ReceiptBatch(sequence_numbers=range(len(ids)), message_ids=ids, states=[state] * len(ids))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("told", [True, False], ids=["told", "inferred"])
@pytest.mark.parametrize("at_once", [1, 7, 500])
def test_every_receipt_finds_its_message(spelling: MessageIdMapping, told: bool, at_once: int) -> None:
    in_response, in_receipt = SPELLINGS[spelling]
    waiting = Matching(spelling if told else MessageIdMapping.AUTO)
    found: list[float] = []
    for first in range(1000, 5000, at_once):
        numbers = range(first, first + at_once)
        assert waiting.accepted(list(map(in_response, numbers)), list(map(float, numbers))) == []
        found += waiting.reported(reporting(map(in_receipt, numbers)), 0.0)

    assert found == list(map(float, range(1000, 1000 + len(found))))
    assert len(found) >= 4000
    assert len(waiting) == 0


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_receipt_may_overtake_its_response(spelling: MessageIdMapping) -> None:
    in_response, in_receipt = SPELLINGS[spelling]
    waiting = Matching(MessageIdMapping.AUTO)

    assert waiting.reported(reporting([in_receipt(7777)]), 1.5) == []
    assert waiting.accepted([in_response(7777), in_response(7778)], [1.0, 1.0]) == [(1.0, 1.5)]
    assert waiting.reported(reporting([in_receipt(7778)]), 2.0) == [1.0]


def test_one_receipt_counts_once_and_intermediate_ones_not_at_all() -> None:
    waiting = Matching(MessageIdMapping.AUTO)
    waiting.accepted(["a", "b"], [1.0, 2.0])

    assert waiting.reported(reporting(["a"], MessageState.ENROUTE), 3.0) == []
    assert waiting.reported(reporting(["a", "x", "b"]), 3.0) == [1.0, 2.0]
    assert waiting.reported(reporting(["a", "b"]), 4.0) == []


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "WAITING_MAX", 100)
    monkeypatch.setattr(matching, "_EARLY_MAX", 10)
    waiting = Matching(MessageIdMapping.AS_IS)
    ids = [f"x{number}" for number in range(500)]
    for each in ids:
        waiting.accepted([each], [1.0])
        assert len(waiting) <= 100
    assert waiting.reported(reporting(ids), 2.0) == [1.0] * len(range(500 - 100, 500))

    waiting.reported(reporting(f"y{number}" for number in range(100)), 2.0)
    early = waiting.accepted([f"y{number}" for number in range(100)], [1.0] * 100)
    assert early == [(1.0, 2.0)] * 10
