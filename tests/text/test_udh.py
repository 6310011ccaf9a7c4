"""The user data header: its elements, and messages that only claim to have one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.text import concatenation, strip_udh
from smppcast.text.udh import Element, concat8, concat16, fill_bits, header


def test_elements_and_the_rest() -> None:
    elements, rest = strip_udh(bytes.fromhex("0b0504158115810003ab02016869"))
    assert elements == (Element(5, bytes.fromhex("15811581")), Element(0, b"\xab\x02\x01"))
    assert (rest, concatenation(elements)) == (b"hi", (0xAB, 2, 1))


@given(st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 255), st.binary())
def test_headers_read_back(reference: int, total: int, seqnum: int, rest: bytes) -> None:
    elements, got = strip_udh(header(concat8(reference, total, seqnum)) + rest)
    assert (concatenation(elements), got) == ((reference & 0xFF, total, seqnum), rest)
    elements, got = strip_udh(header(concat16(reference, total, seqnum)) + rest)
    assert (concatenation(elements), got) == ((reference, total, seqnum), rest)


@pytest.mark.parametrize("message", [b"", b"Test", b"\x05", b"\x03\x00\x05\x01abc"])
def test_a_header_that_does_not_fit_is_none(message: bytes) -> None:
    assert strip_udh(message) == ((), message)


def test_a_header_of_no_elements() -> None:
    assert strip_udh(b"\x00abc") == ((), b"abc")
    assert concatenation((Element(0, b"\x01"), Element(8, b"\x01\x02\x03"))) is None


@given(st.binary())
def test_any_octets_are_stripped(octets: bytes) -> None:
    elements, rest = strip_udh(octets)
    assert octets.endswith(rest)
    concatenation(elements)


@pytest.mark.parametrize(("octets", "bits"), [(0, 0), (6, 1), (7, 0), (5, 2), (9, 5)])
def test_fill_bits_reach_a_septet(octets: int, bits: int) -> None:
    assert fill_bits(octets) == bits
