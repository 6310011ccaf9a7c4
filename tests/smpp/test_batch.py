"""The batch codec says what the general one says."""

from __future__ import annotations

from random import Random
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FramingError
from smppcast.smpp import (
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Tlvs,
    batch,
    decode,
    encode,
)
from smppcast.smpp.batch import (
    around_destination,
    congestion_state,
    cut,
    deliver_sm_resps,
    submit_sms,
    submit_sms_alike,
)

MAX = 65_536

ids = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=64)
responses = st.builds(
    SubmitSmResp,
    sequence_number=st.integers(1, 0x7FFFFFFF),
    message_id=ids,
)
refusals = st.builds(
    SubmitSmResp,
    command_status=st.sampled_from([0x14, 0x58, 0x45B]),
    sequence_number=st.integers(1, 0x7FFFFFFF),
)
others = st.builds(EnquireLink, sequence_number=st.integers(1, 0x7FFFFFFF))


@given(st.lists(st.one_of(responses, refusals, others), max_size=60))
def test_cut_finds_what_decode_finds(pdus: list[Pdu]) -> None:
    stream = b"".join(map(encode, pdus))
    found = cut(stream, MAX)
    answers = [pdu for pdu in pdus if isinstance(pdu, SubmitSmResp)]
    assert found.consumed == len(stream)
    assert found.sequence_numbers == [pdu.sequence_number for pdu in answers]
    assert found.message_ids == [pdu.message_id or "" for pdu in answers]
    assert (found.statuses or [0] * len(answers)) == [pdu.command_status for pdu in answers]
    assert [decode(pdu) for pdu in found.others] == [pdu for pdu in pdus if isinstance(pdu, EnquireLink)]


@given(st.lists(responses, min_size=1, max_size=200), st.integers(0, 40))
def test_long_runs_of_one_length_and_a_cut_at_the_end(answers: list[SubmitSmResp], missing: int) -> None:
    stream = b"".join(map(encode, answers))
    whole = cut(stream, MAX)
    assert whole.sequence_numbers == [pdu.sequence_number for pdu in answers]
    part = cut(stream[: len(stream) - missing], MAX)
    rest = cut(stream[part.consumed :], MAX)
    assert part.sequence_numbers + rest.sequence_numbers == whole.sequence_numbers
    assert part.message_ids + rest.message_ids == whole.message_ids


# How many of one length follow one another: on both sides of each bound that the batch codec has.
RUNS = st.sampled_from([1, 2, 7, 8, 9, 15, 16, 63, 64, 65, 127, 128, 129, 255, 257, 600])
# What makes one of them unlike the others.
KINDS = ["refused", "nul", "unended", "bare", "enquire", "receipt", "high"]
FLAWS = st.lists(st.tuples(st.integers(0, 600), st.sampled_from(KINDS)), max_size=4)


def run_of(count: int, width: int, flaws: list[tuple[int, str]], random: Random) -> list[bytes]:
    """Responses with identifiers of `width` octets, some of them flawed."""
    flawed = {at % count: flaw for at, flaw in flaws}
    return [response(width, flawed.get(at, ""), random) for at in range(count)]


def response(width: int, flaw: str, random: Random) -> bytes:
    command_id, status, number = 0x80000004, 0, random.getrandbits(24)
    body = bytearray(random.randbytes(width).replace(b"\0", b"x") + b"\0")
    match flaw:
        case "refused":
            status = random.choice([1, 0x58, 0x4AA, 0xFFFFFFFF])
        case "nul" if width:
            body[random.randrange(width)] = 0
        case "unended" if width:
            body[-1] = 65
        case "bare":
            body = bytearray()
        case "enquire":
            command_id, body = 0x15, bytearray()
        case "receipt":
            return encode(DeliverSm(sequence_number=number, short_message=bytes(body[:255])))
        case "high":
            number |= 0xFF000000
    return pack(">IIII", 16 + len(body), command_id, status, number) + body


@given(
    st.lists(st.tuples(RUNS, st.integers(0, 40) | st.sampled_from([63, 64, 65, 255]), FLAWS), max_size=4),
    st.randoms(use_true_random=False),
    st.integers(0, 80),
)
def test_whatever_runs_come_it_finds_what_the_general_codec_reads(
    runs: list[tuple[int, int, list[tuple[int, str]]]], random: Random, missing: int
) -> None:
    octets = [pdu for run in runs for pdu in run_of(*run, random)]
    stream = b"".join(octets)
    here = max(0, len(stream) - missing)
    found = cut(stream[:here], MAX)
    whole, at = 0, 0
    while whole < len(octets) and at + len(octets[whole]) <= here:
        at += len(octets[whole])
        whole += 1
    read = [decode(pdu) for pdu in octets[:whole]]
    answers = [pdu for pdu in read if isinstance(pdu, SubmitSmResp)]
    assert found.consumed == at
    assert found.sequence_numbers == [pdu.sequence_number for pdu in answers]
    assert found.message_ids == [pdu.message_id or "" for pdu in answers]
    statuses = [pdu.command_status for pdu in answers]
    assert found.statuses == (statuses if any(statuses) else [])
    assert [decode(pdu) for pdu in found.deliveries] == [pdu for pdu in read if isinstance(pdu, DeliverSm)]
    assert [decode(pdu) for pdu in found.others] == [pdu for pdu in read if isinstance(pdu, EnquireLink)]


def test_ids_that_are_padded_take_time_by_their_number_alone() -> None:
    padded = pack(">IIII", 28, 0x80000004, 0, 7) + b"12" + bytes(10)
    calls = 0
    cut_run = batch._cut_run

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return cut_run(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_cut_run", counted)
        assert cut(padded * 10_000, MAX).message_ids == ["12"] * 10_000
    assert calls <= 10_000 // 256 + 1  # each of them is looked at once


def test_ids_of_growing_length_stay_in_order() -> None:
    answers = [SubmitSmResp(sequence_number=n + 1, message_id=str(n)) for n in range(1_200)]
    found = cut(b"".join(map(encode, answers)), MAX)
    assert found.message_ids == [str(n) for n in range(1_200)]
    assert found.statuses == []


def test_a_response_without_a_body_or_without_its_nul_is_taken() -> None:
    bare = pack(">IIII", 16, 0x80000004, 0, 7)
    unended = pack(">IIII", 19, 0x80000004, 0, 8) + b"abc"
    found = cut((bare + unended) * 5, MAX)
    assert found.message_ids == ["", "abc"] * 5


def test_a_nul_within_an_id_ends_it() -> None:
    padded = pack(">IIII", 22, 0x80000004, 0, 7) + b"12\0\0\0\0"
    assert cut(padded * 20, MAX).message_ids == ["12"] * 20


@pytest.mark.parametrize("length", [0, 15, MAX + 1, 0xFFFFFFFF])
def test_an_impossible_length_is_a_lost_stream(length: int) -> None:
    good = encode(SubmitSmResp(sequence_number=1, message_id="1"))
    with pytest.raises(FramingError):
        cut(good + pack(">I", length), MAX)


def test_a_stream_in_single_octets_is_never_misread() -> None:
    stream = b"".join(encode(SubmitSmResp(sequence_number=n, message_id=f"id{n}")) for n in (1, 2, 3))
    rest, seen = b"", []
    for at in range(len(stream)):
        rest += stream[at : at + 1]
        found = cut(rest, MAX)
        seen += found.message_ids
        rest = rest[found.consumed :]
    assert seen == ["id1", "id2", "id3"]
    assert rest == b""


texts = st.binary(max_size=140)
digits = st.text("0123456789", min_size=1, max_size=15)


@given(st.lists(st.tuples(digits, texts), min_size=1, max_size=30), st.integers(1, 0x7FFFFF00))
def test_submit_sms_are_those_of_the_general_codec(messages: list[tuple[str, bytes]], first: int) -> None:
    expected = [
        SubmitSm(
            sequence_number=first + at,
            service_type="CMT",
            source_addr_ton=5,
            source_addr="GOUV",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=number,
            registered_delivery=1,
            short_message=text,
        )
        for at, (number, text) in enumerate(messages)
    ]
    bodies = []
    for pdu in expected:
        template = SubmitSm(
            service_type="CMT",
            source_addr_ton=5,
            source_addr="GOUV",
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=1,
            short_message=pdu.short_message,
        )
        prefix, suffix = around_destination(encode(template))
        bodies.append(prefix + pdu.destination_addr.encode() + suffix)
    assert submit_sms(first, bodies) == b"".join(map(encode, expected))


@given(
    numbers=st.integers(1, 20).flatmap(
        lambda width: st.lists(
            st.text("0123456789", min_size=width, max_size=width), min_size=1, max_size=300
        )
    ),
    first=st.integers(1, 0x7FFFFF00),
    around=st.tuples(st.binary(max_size=40), st.binary(max_size=300)),
)
def test_submit_sms_alike_are_the_same(numbers: list[str], first: int, around: tuple[bytes, bytes]) -> None:
    before, behind = around
    bodies = [before + number.encode() + behind for number in numbers]
    joined = "".join(numbers).encode()
    assert submit_sms_alike(first, before, joined, len(numbers[0]), behind) == submit_sms(first, bodies)


@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=20), st.sampled_from([0, 0x64]))
def test_deliver_sm_resps_are_those_of_the_general_codec(numbers: list[int], status: int) -> None:
    octets = deliver_sm_resps(numbers, status)
    expected = [DeliverSmResp(command_status=status, sequence_number=number) for number in numbers]
    sizes = range(0, len(octets), 17)
    assert [octets[at : at + 17] for at in sizes] == [
        pack(">IIII", 17, 0x80000005, status, pdu.sequence_number) + b"\0" for pdu in expected
    ]


def test_the_last_congestion_state_of_a_buffer_is_seen() -> None:
    said = [
        Tlvs(),
        Tlvs(congestion_state=40),
        Tlvs(additional_status_info_text="x", congestion_state=85),
        Tlvs(),
    ]
    resps = [
        encode(SubmitSmResp(sequence_number=number, message_id=f"id{number}", tlvs=tlvs))
        for number, tlvs in enumerate(said, 1)
    ]
    found = cut(b"".join(resps), 1000)
    assert found.message_ids == ["id1", "id2", "id3", "id4"]
    assert congestion_state(found.tlvs) == 85
    assert cut(resps[0], 1000).tlvs == b""


@pytest.mark.parametrize(
    "tlvs", [b"", b"\4\x28\0", b"\4\x28\0\2ab", b"\4\x28\0\1", b"\0\x1e\xff\xffx\4\x28\0\1U"]
)
def test_what_is_no_congestion_state_is_none(tlvs: bytes) -> None:
    assert congestion_state(tlvs) == -1
