from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.smsc.bulk import SUBMIT_SM_RESP, frame
from smppcast.smsc.ids import Ids, Writer
from smppcast.smsc.scenario import IdStyle, MessageIds

STYLES = [
    IdStyle(style="decimal"),
    IdStyle(style="decimal", width=10),
    IdStyle(style="hex"),
    IdStyle(style="hex_upper", width=8),
    IdStyle(style="uuid"),
]


@pytest.mark.parametrize("style", STYLES, ids=str)
@given(number=st.integers(0, 10**16))
def test_what_is_written_is_read_back(style: IdStyle, number: int) -> None:
    writer = Writer(style)
    assert writer.read(writer.write([number])[0]) == number


@pytest.mark.parametrize(
    ("style", "written"),
    [(STYLES[0], b"48879"), (STYLES[1], b"0000048879"), (STYLES[2], b"beef"), (STYLES[3], b"0000BEEF")],
)
def test_styles_as_operators_write_them(style: IdStyle, written: bytes) -> None:
    assert Writer(style).write([0xBEEF]) == [written]


@pytest.mark.parametrize("style", STYLES, ids=str)
@given(
    first=st.integers(0, 10**12) | st.integers(0, 20_000),
    count=st.integers(1, 300),
    plain=st.booleans(),
    end=st.sampled_from([b"\0", b"\0\x04\x28\0\1%", b"\0%b%d" + b"%" * 20]),
)
def test_framed_they_are_the_same(style: IdStyle, first: int, count: int, plain: bool, end: bytes) -> None:
    writer = Writer(style)
    numbers = range(first, first + count) if plain else [first + at * at for at in range(count)]
    sequence_numbers = [(0x25256200 + at).to_bytes(4, "big") for at in range(count)]  # %%b, and an octet
    bodies = [message_id + end for message_id in writer.write(numbers)]
    framed = writer.framed(SUBMIT_SM_RESP, sequence_numbers, numbers, end)
    alike = len(set(map(len, bodies))) == 1
    assert framed == (frame(SUBMIT_SM_RESP, 0, sequence_numbers, bodies) if alike else b"")


def test_uuids_are_of_version_4_and_differ() -> None:
    uuids = Writer(STYLES[4]).write(range(1000))
    assert len(set(uuids)) == 1000
    form = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(uuid) for uuid in uuids)


@pytest.mark.parametrize("text", [b"", b"zz", b"-5", b"1 2", b"\xff"])
@pytest.mark.parametrize("style", STYLES, ids=str)
def test_what_nobody_wrote_is_no_number(style: IdStyle, text: bytes) -> None:
    number = Writer(style).read(text)
    assert number is None or style.style == "uuid"


SOURCES = [
    MessageIds(),
    MessageIds(start=1000),
    MessageIds(source="random16"),
    MessageIds(wrap=97, start=90),
    MessageIds(wrap=97, start=990, response=IdStyle(style="hex")),
]


@pytest.mark.parametrize("settings", SOURCES, ids=str)
@given(first=st.integers(0, 10**7), count=st.integers(1, 300))
def test_numbers_lead_back_however_they_were_cut(settings: MessageIds, first: int, count: int) -> None:
    ids = Ids(settings)
    numbers = list(ids.numbers(first, count))
    assert numbers == [ids.numbers(index, 1)[0] for index in range(first, first + count)]
    last = first + count - 1
    assert ids.index(ids.response.write(numbers)[-1], first + count) == last
    assert ids.index(b"nonsense", first + count) is None


def test_random_ids_have_16_digits_and_never_repeat() -> None:
    numbers = Ids(MessageIds(source="random16")).numbers(0, 10_000)
    assert len(set(numbers)) == 10_000
    assert {len(str(number)) for number in numbers} == {16}


def test_an_id_of_the_future_is_unknown() -> None:
    ids = Ids(MessageIds())
    assert ids.index(b"5", 4) is None
    assert ids.index(b"4", 4) == 3
    assert ids.index(b"0", 4) is None
