"""data_coding: what each value stands for, strict out, tolerant in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import TextError
from smppcast.text import decode, encode
from smppcast.text.codings import alphabet_of


@pytest.mark.parametrize(
    ("data_coding", "alphabet"),
    [
        (0x00, "default"),
        (0x01, "ascii"),
        (0x03, "latin-1"),
        (0x04, "binary"),
        (0x08, "utf-16-be"),
        (0x0F, "default"),
        (0x10, "default"),
        (0x15, "binary"),
        (0x18, "utf-16-be"),
        (0x48, "utf-16-be"),
        (0x90, "default"),
        (0xC0, "default"),
        (0xD8, "default"),
        (0xE0, "utf-16-be"),
        (0xF0, "default"),
        (0xF1, "default"),
        (0xF5, "binary"),
    ],
)
def test_alphabets(data_coding: int, alphabet: str) -> None:
    assert alphabet_of(data_coding) == alphabet


@pytest.mark.parametrize(
    ("data_coding", "text", "octets"),
    [
        (0, "a€", b"a\x1be"),
        (1, "a`", b"a`"),
        (3, "é", b"\xe9"),
        (4, "\x00\xff", b"\x00\xff"),
        (6, "ж", b"\xd6"),
        (8, "é😀", b"\x00\xe9\xd8\x3d\xde\x00"),
        (14, "한", b"\xc7\xd1"),
        (0xF0, "é", b"\x05"),
    ],
)
def test_both_ways(data_coding: int, text: str, octets: bytes) -> None:
    assert encode(data_coding, text) == octets
    assert decode(data_coding, octets) == text


@pytest.mark.parametrize(
    ("default_alphabet", "octets"),
    [("gsm", b"\x00"), ("gsm_packed", b"\x00"), ("latin1", b"@"), ("ascii", b"@")],
)
def test_the_default_alphabet_is_the_smscs(default_alphabet: str, octets: bytes) -> None:
    assert encode(0, "@", default_alphabet=default_alphabet) == octets  # type: ignore[arg-type]
    assert decode(0, octets, default_alphabet=default_alphabet) == "@"  # type: ignore[arg-type]


def test_refusals_name_every_character_once() -> None:
    with pytest.raises(TextError) as raised:
        encode(0, "ж`ж")
    assert raised.value.characters == ((0, "ж"), (1, "`"))


def test_utf16_with_a_byte_order_mark_or_a_half_character() -> None:
    assert decode(8, b"\xfe\xff\x00a") == "a"
    assert decode(8, b"\x00a\x00") == "a\ufffd"
    assert decode(8, b"\xd8\x3d") == "\ufffd"


@given(st.integers(0, 255), st.binary(), st.sampled_from(("gsm", "gsm_packed", "latin1", "ascii")))
def test_any_octets_decode(data_coding: int, octets: bytes, default_alphabet: str) -> None:
    decode(data_coding, octets, default_alphabet=default_alphabet)  # type: ignore[arg-type]
