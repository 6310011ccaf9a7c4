from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FramingError
from smppcast.smpp.codec import encode
from smppcast.smpp.framing import HEADER_LENGTH, MAX_COMMAND_LENGTH, Framer
from smppcast.smpp.pdu import EnquireLink
from tests.smpp.pdu_strategies import PDUS

LINK = encode(EnquireLink(sequence_number=1))
STREAMS = st.lists(PDUS.map(encode), max_size=4)


@given(STREAMS, st.data())
def test_any_cuts_give_the_same_pdus(pdus: list[bytes], data: st.DataObject) -> None:
    stream, framer, found = b"".join(pdus), Framer(), []
    while stream:
        size = data.draw(st.integers(0, len(stream)))
        found += framer.feed(stream[:size])
        stream = stream[size:] if size else stream
        if not size:
            found += framer.feed(stream[:1])
            stream = stream[1:]
    assert found == pdus


@given(STREAMS)
def test_byte_by_byte(pdus: list[bytes]) -> None:
    framer = Framer()
    found = [pdu for octet in b"".join(pdus) for pdu in framer.feed(bytes((octet,)))]
    assert found == pdus


@given(STREAMS, st.integers(1, 15))
def test_a_part_of_the_next_waits(pdus: list[bytes], size: int) -> None:
    framer = Framer()
    assert framer.feed(b"".join(pdus) + LINK[:size]) == pdus
    assert framer.feed(b"") == []
    assert framer.feed(LINK[size:] + LINK) == [LINK, LINK]


def test_vectors_as_one_stream(vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    pdus = [bytes.fromhex(row["hex"]) for row in vectors("pdus.jsonl")]
    stream = b"".join(pdus)
    assert Framer().feed(stream) == pdus
    for size in (1, 7, 100, 4096):
        framer = Framer()
        cuts = (stream[at : at + size] for at in range(0, len(stream), size))
        assert [pdu for cut in cuts for pdu in framer.feed(cut)] == pdus


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_buffer_serves_and_may_be_reused(kind: Callable[[bytearray], bytearray | memoryview]) -> None:
    buffer = bytearray(LINK + LINK[:5])
    framer = Framer()
    pdus = framer.feed(kind(buffer))
    buffer[:] = bytes(len(buffer))
    assert pdus == [LINK]
    assert framer.feed(LINK[5:]) == [LINK]


@pytest.mark.parametrize("length", [0, 1, 15, MAX_COMMAND_LENGTH + 1, 0x47455420, 0xFFFFFFFF])
def test_an_impossible_length_loses_the_stream(length: int) -> None:
    framer = Framer()
    bad = struct.pack(">I", length)
    with pytest.raises(FramingError):
        framer.feed(bad)
    assert framer.broken is not None
    with pytest.raises(FramingError):
        framer.feed(LINK)


def test_pdus_before_it_are_given_first() -> None:
    framer = Framer()
    assert framer.feed(LINK + LINK + b"\0\0\0\x0f" + LINK) == [LINK, LINK]
    assert isinstance(framer.broken, FramingError)
    with pytest.raises(FramingError):
        framer.feed(b"")


def test_the_cap_is_the_longest_taken() -> None:
    longest = struct.pack(">IIII", 100, 0x15, 0, 1) + bytes(84)
    assert Framer(max_command_length=100).feed(longest) == [longest]
    with pytest.raises(FramingError):
        Framer(max_command_length=99).feed(longest)
    assert Framer(max_command_length=HEADER_LENGTH).feed(LINK) == [LINK]


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_arbitrary_bytes_are_cut_or_refused(chunks: list[bytes]) -> None:
    framer, found = Framer(), b""
    for chunk in chunks:
        try:
            found += b"".join(framer.feed(chunk))
        except FramingError:
            break
    assert b"".join(chunks).startswith(found)
