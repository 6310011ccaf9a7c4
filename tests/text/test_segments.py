"""`split`: the shared vectors, and what must hold of every text."""

# ruff: noqa: RUF001 - texts as a word processor leaves them

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import TextError
from smppcast.text import (
    DefaultAlphabet,
    LongMessages,
    Segment,
    Split,
    concatenation,
    decode,
    decode_septets,
    split,
    split_binary,
    strip_udh,
    unpack,
)
from smppcast.text.gsm0338 import CHARACTERS

Vectors = Callable[[str], list[dict[str, Any]]]

ROOM = {("gsm", "udh8"): 153, ("gsm", "udh16"): 152, ("gsm", "sar"): 153}
ROOM |= {("ucs2", "udh8"): 67, ("ucs2", "udh16"): 66, ("ucs2", "sar"): 67}
ROOM |= {("latin1", "udh8"): 134, ("latin1", "udh16"): 133, ("latin1", "sar"): 134}
SINGLE = {"gsm": 160, "ucs2": 70, "latin1": 140}

GSM_TEXT = st.text(st.sampled_from(sorted(CHARACTERS)), max_size=700)
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=500)


def body(segment: Segment) -> bytes:
    octets = segment.short_message if segment.payload is None else segment.payload
    return strip_udh(octets)[1] if segment.esm_class_udhi else octets


def units_of(result: Split) -> list[int]:
    width = 2 if result.encoding == "ucs2" else 1
    return [len(body(segment)) // width for segment in result.segments]


def check_units(result: Split, expected: list[Any]) -> None:
    units = units_of(result)
    if "..." in expected:
        units = [*units[:3], "...", units[-1]]  # type: ignore[list-item]
    assert units == expected


# --- the shared vectors -------------------------------------------------------------------


def test_texts_of_the_vectors(vectors: Vectors) -> None:
    for case in vectors("segments.jsonl"):
        if case["kind"] != "text":
            continue
        expected = case["expected"]
        text = case["text"] if case["text"] is not None else case["text_repeat"][0] * case["text_repeat"][1]
        if expected["parts"] > 255:
            with pytest.raises(TextError, match="255 segments"):
                split(text)
            continue
        result = split(text)
        assert result.encoding == expected["encoding"].removesuffix("7"), case["what"]
        assert result.units == expected["units"], case["what"]
        assert len(result.segments) == expected["parts"], case["what"]
        check_units(result, expected["units_per_part"])
        assert "".join(segment.text for segment in result.segments) == text


def how(case: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `split` that stand for a peer's own test."""
    charset = case.get("charset", "")
    arguments: dict[str, Any] = {"reference": case.get("reference", 0)}
    arguments["long_messages"] = "udh16" if case.get("ref_bits") == 16 else "udh8"
    if charset == "ucs2":
        arguments["encoding"] = "ucs2"
    elif charset.startswith("gsm7 packed"):
        arguments["default_alphabet"] = "gsm_packed"
    elif charset == "latin1 octets":
        arguments["default_alphabet"] = "latin1"
    elif charset.startswith("raw"):  # a peer that sends whatever octets it has: 132 beside 7
        arguments["encoding"] = "latin1"
    return arguments


# 154 septets. A peer's test cuts it at 153 all the same, though 160 fit where no UDH is.
FITS_IN_ONE = (
    "This is a message which fits in 154 septets but the last character is 2 septets. "
    "This would fit into one packed message of 153 septets or 134 octets....€"
)


def test_a_text_of_160_septets_needs_no_udh() -> None:
    assert len(split(FITS_IN_ONE).segments) == 1
    assert [len(segment.text) for segment in split(FITS_IN_ONE + "b" * 20).segments] == [152, 21]


def test_peers_own_cases(vectors: Vectors) -> None:
    for case in vectors("segments.jsonl"):
        if case["kind"] != "source" or case.get("text") == FITS_IN_ONE:
            continue
        text = case.get("text")
        if "octets_in" in case:
            octets = bytes(i % 256 for i in range(case["octets_in"]))
            result = split_binary(octets, reference=case["reference"])
            assert b"".join(map(body, result.segments)) == octets
        elif text is None:  # Kannel: "é€ long " repeated to 521 units of UCS-2
            result = split(("é€ long " * 66)[:521], "ucs2")
        else:
            result = split(text, **how(case))
            assert "".join(segment.text for segment in result.segments) == text
        check_peer(case, result)


def check_peer(case: dict[str, Any], result: Split) -> None:
    expected = case["expected"]
    assert len(result.segments) == expected["parts"], case
    octets = [len(segment.short_message) for segment in result.segments]
    assert octets == expected.get("octets", octets), case
    udh = [segment.short_message[: 1 + segment.short_message[0]].hex() for segment in result.segments]
    if expected.get("udh"):
        assert udh == expected["udh"], case
    if "split_at" in expected:
        assert [len(result.segments[0].text)] == expected["split_at"], case
    if "units_per_part" in expected:
        check_units(result, expected["units_per_part"])
    if "data_coding" in expected:
        assert result.data_coding == expected["data_coding"]
    if "hex" in expected:
        assert result.segments[0].short_message.hex() == expected["hex"]
    if "message_bits" in expected:
        assert result.units * (16 if result.encoding == "ucs2" else 7) == expected["message_bits"]


# --- every text ---------------------------------------------------------------------------


def check_bounds(result: Split, text: str, long_messages: str) -> None:
    units = units_of(result)
    assert "".join(segment.text for segment in result.segments) == text
    assert sum(units) == result.units
    room = SINGLE[result.encoding] if len(units) == 1 else ROOM[result.encoding, long_messages]
    assert max(units) <= room
    assert result.left == room - units[-1]
    assert all(len(segment.short_message) <= 160 for segment in result.segments)


@given(GSM_TEXT, st.sampled_from(("udh8", "udh16", "sar")))
def test_gsm_segments_are_the_fewest_and_decode_alone(text: str, long_messages: LongMessages) -> None:
    result = split(text, long_messages=long_messages)
    assert (result.encoding, result.data_coding, result.forced_by) == ("gsm", 0, ())
    check_bounds(result, text, long_messages)
    for segment in result.segments:
        assert decode_septets(body(segment)) == segment.text
    units = units_of(result)
    if len(units) > 1:  # each is full but for an escape pair that did not fit
        assert all(count >= ROOM["gsm", long_messages] - 1 for count in units[:-1])


@given(ANY_TEXT, st.sampled_from(("udh8", "udh16", "sar")))
def test_ucs2_segments_decode_alone(text: str, long_messages: LongMessages) -> None:
    result = split(text, "ucs2", long_messages=long_messages)
    check_bounds(result, text, long_messages)
    for segment in result.segments:
        assert body(segment).decode("utf-16-be") == segment.text


@given(ANY_TEXT)
def test_auto_takes_ucs2_for_what_gsm_lacks(text: str) -> None:
    result = split(text)
    lacking = [char for char in dict.fromkeys(text) if char not in CHARACTERS]
    assert list(result.forced_by) == lacking
    assert (result.encoding, result.data_coding) == (("ucs2", 8) if lacking else ("gsm", 0))


@given(GSM_TEXT, st.sampled_from(get_args(LongMessages)), st.sampled_from(get_args(DefaultAlphabet)))
def test_each_default_alphabet_reads_back(
    text: str, long_messages: LongMessages, default_alphabet: DefaultAlphabet
) -> None:
    result = split(text, long_messages=long_messages, default_alphabet=default_alphabet)
    assert "".join(segment.text for segment in result.segments) == text
    for segment in result.segments:
        udh = len(segment.short_message) - len(body(segment)) if segment.esm_class_udhi else 0
        if default_alphabet == "gsm_packed" and result.encoding == "gsm":
            assert udh + len(body(segment)) <= 140 or segment.payload is not None
            got = decode_septets(unpack(body(segment), -8 * udh % 7))
            assert got.rstrip("\r") == segment.text.rstrip("\r")  # see `pack` on a final CR
        else:
            assert (
                decode(result.data_coding, body(segment), default_alphabet=default_alphabet) == segment.text
            )


# --- how segments are numbered ------------------------------------------------------------


def test_udh_numbers_the_segments() -> None:
    result = split("a" * 400, long_messages="udh8", reference=0x1234)
    assert [concatenation(strip_udh(s.short_message)[0]) for s in result.segments] == [
        (0x34, 3, 1),
        (0x34, 3, 2),
        (0x34, 3, 3),
    ]
    assert all(segment.esm_class_udhi and segment.sar is None for segment in result.segments)


def test_udh_of_16_bits() -> None:
    result = split("a" * 305, long_messages="udh16", reference=0x1234)
    assert [segment.short_message[:7].hex() for segment in result.segments] == [
        "06080412340301",
        "06080412340302",
        "06080412340303",
    ]
    assert units_of(result) == [152, 152, 1]


def test_sar_leaves_the_smsc_room_for_its_udh() -> None:
    result = split("a" * 161, long_messages="sar", reference=0x12345)
    assert [segment.sar for segment in result.segments] == [(0x2345, 2, 1), (0x2345, 2, 2)]
    assert [len(segment.short_message) for segment in result.segments] == [153, 8]
    assert not any(segment.esm_class_udhi for segment in result.segments)


def test_payload_holds_the_whole_text() -> None:
    (segment,) = split("a" * 161, long_messages="payload").segments
    assert (segment.short_message, segment.payload) == (b"", b"a" * 161)


@pytest.mark.parametrize("text", ["a" * 161, "€" * 200, "a" * 159 + "\r\r" + "b" * 300])
def test_a_packed_payload_holds_the_whole_text_too(text: str) -> None:
    (segment,) = split(text, long_messages="payload", default_alphabet="gsm_packed").segments
    assert segment.payload is not None
    assert decode(0, segment.payload, default_alphabet="gsm_packed") == text


@pytest.mark.parametrize("long_messages", ["udh8", "udh16", "sar"])
def test_a_packed_segment_whose_cr_has_no_room_to_be_doubled_stays_full(long_messages: LongMessages) -> None:
    text = "a" * 159 + "\r" if long_messages == "sar" else ("a" * 152 + "\r") * 2
    for segment in split(text, long_messages=long_messages, default_alphabet="gsm_packed").segments:
        assert len(segment.short_message) <= 140


@pytest.mark.parametrize("long_messages", get_args(LongMessages))
def test_a_short_text_needs_no_numbers(long_messages: LongMessages) -> None:
    (segment,) = split("a" * 160, long_messages=long_messages).segments
    assert segment == Segment(b"a" * 160, "a" * 160)


def test_an_empty_text_is_one_empty_segment() -> None:
    assert split("") == Split((Segment(b"", ""),), 0, "gsm", (), 0, 160)


# --- what is never cut --------------------------------------------------------------------


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0323\u0301",
        "👩\u200d👩\u200d👧",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "👍🏽",
        "❤\ufe0f",
        "🇫🇷",
        "स्ते",
        "\u1112\u1161\u11ab",
    ],
)
def test_a_cluster_moves_whole(cluster: str) -> None:
    for ahead in range(67 - len(cluster.encode("utf-16-be")) // 2, 68):
        segments = split("я" * ahead + cluster + "я" * 60).segments
        assert any(cluster in segment.text for segment in segments), ahead


def test_flags_are_paired_from_the_first() -> None:
    segments = split("🇫🇷" * 20).segments
    assert [len(segment.text) for segment in segments] == [32, 8]


def test_a_cluster_longer_than_a_segment_is_cut_between_characters() -> None:
    text = "a" + "\u0301" * 200
    assert units_of(split(text)) == [67, 67, 67]


# --- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "text", "characters"),
    [
        ("gsm", "a`b`ç", ((1, "`"), (4, "ç"))),
        ("latin1", "a€b", ((1, "€"),)),
        ("ascii", "aé", ((1, "é"),)),
        ("ucs2", "a\ud800", ((1, "\ud800"),)),
        ("auto", "a\ud800", ((1, "\ud800"),)),
    ],
)
def test_refusals_name_characters_and_positions(
    encoding: Any, text: str, characters: tuple[tuple[int, str], ...]
) -> None:
    with pytest.raises(TextError) as raised:
        split(text, encoding)
    assert raised.value.characters == characters
    assert f"at {characters[0][0]}" in str(raised.value)


def test_a_latin1_default_alphabet_takes_what_gsm_has_too() -> None:
    assert split("é", default_alphabet="latin1").segments[0].short_message == b"\xe9"
    assert split("ê", default_alphabet="latin1").forced_by == ("ê",)  # Latin-1 has it, the air not
    assert split("€", default_alphabet="latin1").forced_by == ("€",)  # the air has it, Latin-1 not
    with pytest.raises(TextError, match="as latin1"):
        split("€", "gsm", default_alphabet="latin1")


def test_ascii_counts_what_the_air_will_carry() -> None:
    assert len(split("{" * 80, "ascii").segments) == 1
    result = split("{" * 81, "ascii")
    assert [segment.text for segment in result.segments] == ["{" * 76, "{" * 5]
    assert result.data_coding == 1
    assert split("`", "ascii").segments[0].short_message == b"`"


@pytest.mark.parametrize("long_messages", get_args(LongMessages))
def test_255_segments_are_the_most(long_messages: LongMessages) -> None:
    room = 152 if long_messages == "udh16" else 153
    split("a" * 255 * room, long_messages=long_messages)
    with pytest.raises(TextError, match="255 segments"):
        split("a" * (255 * room + 1), long_messages=long_messages)
    with pytest.raises(TextError, match="255 segments"):
        split_binary(bytes(255 * 134 + 1), long_messages=long_messages)


def test_units_lost_at_cuts_count_too() -> None:
    with pytest.raises(TextError, match="255 segments"):
        split("€" * (255 * 76 + 1))


@pytest.mark.parametrize(
    "arguments", [{"encoding": "utf8"}, {"long_messages": "udh"}, {"default_alphabet": "cp1252"}]
)
def test_unknown_words_are_refused(arguments: Any) -> None:
    with pytest.raises(TextError, match="expected one of"):
        split("a", **arguments)


# --- transliteration ----------------------------------------------------------------------


def test_transliteration_where_it_saves_segments() -> None:
    text = "«\u202fL’été…\u202f» – " * 10
    saved = split(text, transliterate=True)
    assert (saved.encoding, len(saved.segments), len(split(text).segments)) == ("gsm", 1, 2)
    assert saved.segments[0].text == '" L\'été... " - ' * 10


def test_transliteration_leaves_a_text_that_it_cannot_make_cheaper() -> None:
    assert split("l’été", transliterate=True).forced_by == ("’",)
    assert split("l’été ж" * 10, transliterate=True) == split("l’été ж" * 10)


def test_transliteration_makes_a_text_fit_the_encoding_asked_for() -> None:
    assert split("l’e\u0301te\u0301", "gsm", transliterate=True).segments[0].text == "l'été"
    with pytest.raises(TextError):
        split("ж", "gsm", transliterate=True)
