"""message_id of the response and of the receipt: the shared pairs, folding, inference."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.receipts import Inference, MessageIdMapping, candidates, fold

AS_IS, HEX_TO_DEC, DEC_TO_HEX = (
    MessageIdMapping.AS_IS,
    MessageIdMapping.HEX_TO_DEC,
    MessageIdMapping.DEC_TO_HEX,
)


def test_every_pair_of_the_vectors_is_found(vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    for pair in vectors("message_id_pairs.jsonl"):
        if pair["dlr"] is None:
            continue
        key = fold(pair["resp"])
        assert key in candidates(pair["dlr"], MessageIdMapping.AUTO), pair
        mapping = HEX_TO_DEC if "hex" in pair["rule"].split(",")[0] and "not" not in pair["rule"] else AS_IS
        assert key == candidates(pair["dlr"], mapping)[0], pair


@pytest.mark.parametrize(
    ("message_id", "key"),
    [
        ("", ""),
        ("0", "0"),
        ("0000", "0"),
        ("007", "7"),
        (" 0A1\0", "a1"),
        ("1479978899.393701000100@1154905154", "1479978899.393701000100"),
        ("@x", "@x"),
        ("0e999f21-81ef", "e999f21-81ef"),
    ],
)
def test_fold(message_id: str, key: str) -> None:
    assert fold(message_id) == key
    assert fold(key) == key


@given(st.integers(0, 2**64 - 1), st.integers(0, 24), st.booleans())
def test_counters_in_either_base(number: int, width: int, upper: bool) -> None:
    decimal, hexadecimal = f"{number:0{width}d}", f"{number:0{width}x}"
    if upper:
        hexadecimal = hexadecimal.upper()
    assert fold(hexadecimal) == candidates(decimal, HEX_TO_DEC)[0]
    assert fold(decimal) == candidates(hexadecimal, DEC_TO_HEX)[0]
    assert fold(decimal) == candidates(f"{number:020d}", AS_IS)[0]


def test_a_fixed_mapping_is_followed_by_the_id_as_it_is() -> None:
    assert candidates("0000436949", HEX_TO_DEC) == ("6aad5", "436949")
    assert candidates("6aad5", HEX_TO_DEC) == ("6aad5",)
    assert candidates("6AAD5", DEC_TO_HEX) == ("436949", "6aad5")
    assert candidates("10", MessageIdMapping.AUTO) == ("10", "a", "16")
    assert candidates("7", MessageIdMapping.AUTO) == ("7",)


@pytest.mark.parametrize("mapping", MessageIdMapping)
def test_an_empty_id_has_no_key(mapping: MessageIdMapping) -> None:
    assert candidates("", mapping) == candidates("\0", mapping) == ()


@given(st.text(), st.sampled_from(MessageIdMapping))
def test_nothing_makes_it_fail(message_id: str, mapping: MessageIdMapping) -> None:
    assert all(candidates(message_id, mapping))
    fold(message_id)


def test_a_very_long_number_is_not_converted() -> None:
    assert candidates("9" * 5000, MessageIdMapping.AUTO) == ("9" * 5000,)


# --- inference ----------------------------------------------------------------------------


def test_a_mapping_holds_after_twenty_matches() -> None:
    inference = Inference()
    held = []
    for _ in range(20):
        inference.observe(HEX_TO_DEC)
        held.append(inference.holds)
        assert inference.order()[0] is HEX_TO_DEC
    assert held == [None] * 19 + [HEX_TO_DEC]
    assert inference.candidates("0000436949") == ("6aad5", "436949", "4417865")


def test_wrong_matches_wear_off() -> None:
    inference = Inference()
    chance = random.Random(7)
    for _ in range(1000):
        inference.observe(chance.choices((HEX_TO_DEC, AS_IS, DEC_TO_HEX), (90, 5, 5))[0])
    assert inference.holds is HEX_TO_DEC
    for _ in range(19):
        inference.observe(AS_IS)
    assert inference.holds is HEX_TO_DEC


def test_matches_without_a_pattern_make_nothing_hold() -> None:
    inference = Inference()
    for _ in range(200):
        inference.observe(AS_IS)
        inference.observe(HEX_TO_DEC)
    assert inference.holds is None


def test_an_operator_may_change_its_mind() -> None:
    inference = Inference()
    for _ in range(100_000):
        inference.observe(AS_IS)
    for _ in range(20):
        inference.observe(DEC_TO_HEX)
    assert inference.holds is DEC_TO_HEX
    assert inference.order() == (DEC_TO_HEX, AS_IS, HEX_TO_DEC)


def test_an_id_alike_in_both_bases_says_nothing() -> None:
    inference = Inference()
    assert inference.explains("0007", "7") is None
    assert inference.explains("0010", "a") is HEX_TO_DEC
    assert inference.explains("10", "10") is AS_IS
    assert inference.explains("10", "16") is DEC_TO_HEX
    assert inference.explains("10", "11") is None
    inference.observe(None)
    inference.observe(MessageIdMapping.AUTO)
    assert inference.order() == (AS_IS, HEX_TO_DEC, DEC_TO_HEX)
    assert "holds None" in repr(inference)
