"""Septets: the published tables, packing, and reading what nobody should have sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.text import decode_septets, encode_septets, pack, unpack
from smppcast.text.gsm0338 import CHARACTERS, DEFAULT, EXTENSION

SEPTETS = st.binary(max_size=300).map(lambda octets: bytes(octet & 0x7F for octet in octets))


def test_tables_are_those_that_all_independent_ones_agree_on(
    vectors: Callable[[str], list[dict[str, Any]]],
) -> None:
    agreed = 0
    for row in vectors("gsm0338.json"):
        septets = bytes.fromhex(row.pop("septets"))
        values = set(row.values())
        if len(values) == 1 and (char := values.pop()):
            assert decode_septets(septets) == char
            assert encode_septets(char) == septets
            agreed += 1
    assert agreed == 137


def test_alphabet_has_127_and_10_characters() -> None:
    assert (len(DEFAULT), len(EXTENSION), len(CHARACTERS)) == (128, 10, 137)


@given(st.text(st.sampled_from(sorted(CHARACTERS))))
def test_text_survives(text: str) -> None:
    assert decode_septets(encode_septets(text)) == text


@given(st.binary())
def test_any_octets_decode(octets: bytes) -> None:
    decode_septets(octets)


@pytest.mark.parametrize(
    ("septets", "text"),
    [
        (b"\x1b", ""),
        (b"a\x1b", "a"),
        (b"\x1ba", "a"),
        (b"\x1b\x1be", " e"),
        (b"\x1b\x1b\x1be", " €"),
        (b"a\x1b\x1b", "a "),
        (b"a\x80\xffb", "a\ufffd\ufffdb"),
    ],
)
def test_what_should_not_come_reads_as_something(septets: bytes, text: str) -> None:
    assert decode_septets(septets) == text


@pytest.mark.parametrize("char", ["`", "ç", "ê", "\x00", "\x1b", "\u2019", "ж"])
def test_what_gsm_lacks(char: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_septets(char)


# --- packing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("hellohello", "e8329bfd4697d9ec37"),  # the example of every textbook
        ("", ""),
        ("@", "00"),
        ("1234567", "31d98c56b3dd1a"),  # seven spare bits: a CR fills them
        ("12345678", "31d98c56b3dd70"),
    ],
)
def test_packed(text: str, octets: str) -> None:
    assert pack(encode_septets(text)).hex() == octets
    assert decode_septets(unpack(bytes.fromhex(octets))) == text


def test_a_final_cr_on_an_octet_boundary_is_doubled() -> None:
    packed = pack(b"1234567\r")
    assert (len(packed), unpack(packed)) == (8, b"1234567\r\r")  # twice is the same to a reader


@given(SEPTETS, st.integers(0, 6))
def test_packing_survives(septets: bytes, fill: int) -> None:
    doubled = septets.endswith(b"\r") and (fill + 7 * len(septets)) % 8 == 0
    assert unpack(pack(septets, fill), fill) == (septets + b"\r" if doubled else septets)


@given(st.binary(), st.integers(0, 6))
def test_any_octets_unpack(octets: bytes, fill: int) -> None:
    assert all(septet < 128 for septet in unpack(octets, fill))
