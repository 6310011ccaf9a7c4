"""National language tables: texts that fit, their UDH, and what others made of the tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import TextError
from smppcast.text import LANGUAGES, DefaultAlphabet, LongMessages, Shift, shift_of, split, strip_udh, unpack
from smppcast.text.national import HOLE, LOCKING, SINGLE
from smppcast.text.shifts import shifts_for
from smppcast.text.udh import fill_bits

CHARACTERS = {
    language: sorted({*LOCKING.get(number, ""), *SINGLE[number].values()} - {HOLE, "\x1b"})
    for language, number in LANGUAGES.items()
}


@pytest.mark.parametrize(
    ("language", "text", "udh"),
    [
        ("turkish", "Şişli", "03240101"),
        ("turkish", "ışığı " * 25 + "Ş", "03250101"),
        ("spanish", "Atención", "03240102"),
        ("portuguese", "Atenção", "03240103"),
        ("hindi", "नमस्ते दुनिया", "03250106"),
        ("hindi", "नमस्ते १२", "06240106250106"),
        ("urdu", "سلام", "0325010d"),
    ],
)
def test_a_text_that_gsm_lacks_takes_the_languages_tables(language: str, text: str, udh: str) -> None:
    result = split(text, national=language)
    (segment,) = result.segments
    assert (result.encoding, result.data_coding, segment.esm_class_udhi) == ("gsm", 0, True)
    assert segment.short_message[: len(udh) // 2].hex() == udh


def test_a_text_that_gsm_carries_needs_no_tables() -> None:
    assert split("Merhaba {€}", national="turkish") == split("Merhaba {€}")


def test_a_text_that_the_tables_lack_is_ucs2() -> None:
    assert split("Şж", national="turkish").forced_by == ("Ş", "ж")
    assert split("Ş", national="turkish", default_alphabet="latin1").encoding == "ucs2"
    with pytest.raises(TextError):
        split("Şж", "gsm", national="turkish")


def test_a_language_without_tables() -> None:
    with pytest.raises(TextError, match="expected one of turkish"):
        split("ж", national="russian")


def test_room_beside_the_tables_elements() -> None:
    assert len(split("ş" + "a" * 153, national="turkish").segments) == 1  # 155 septets
    result = split("ş" + "a" * 155, national="turkish")
    assert [len(segment.text) for segment in result.segments] == [148, 8]  # 149 septets
    assert result.segments[1].short_message[:10].hex() == "08000300020224010161"


@given(st.data(), st.sampled_from(sorted(LANGUAGES)), st.sampled_from(("gsm", "gsm_packed")))
def test_texts_survive(data: st.DataObject, language: str, default_alphabet: DefaultAlphabet) -> None:
    text = data.draw(st.text(st.sampled_from(CHARACTERS[language]), max_size=400))
    long_messages: LongMessages = data.draw(st.sampled_from(("udh8", "udh16", "sar", "payload")))
    result = split(text, long_messages=long_messages, national=language, default_alphabet=default_alphabet)
    assert "".join(segment.text for segment in result.segments) == text
    if result.encoding == "ucs2":  # the locking table hides letters of GSM that the text also has
        return
    for segment in result.segments:
        octets = segment.short_message if segment.payload is None else segment.payload
        elements, body = strip_udh(octets) if segment.esm_class_udhi else ((), octets)
        assert len(octets) <= (140 if default_alphabet == "gsm_packed" else 160) or segment.payload
        if default_alphabet == "gsm_packed":
            body = unpack(body, fill_bits(len(octets) - len(body)))
        assert shift_of(elements).decode(body).rstrip("\r") == segment.text.rstrip("\r")


@given(st.integers(0, 255), st.integers(0, 255), st.binary())
def test_any_language_decodes(locking: int, single: int, octets: bytes) -> None:
    Shift(locking, single).decode(octets)


def test_tables_have_their_escape_and_line_breaks() -> None:
    for table in LOCKING.values():
        assert len(table) == 128
        assert (table[0x1B], table[0x0A], table[0x0D]) == ("\x1b", "\n", "\r")
    for single in SINGLE.values():
        assert single[0x65] == "€"
        assert 0x1B not in single


def test_every_language_is_tried_with_the_shortest_udh_first() -> None:
    assert shifts_for("spanish") == (Shift(single=2),)
    assert shifts_for("tamil") == (Shift(single=11), Shift(locking=11), Shift(11, 11))
