"""The SMSC's batch codec, held to the general one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from smppcast.errors import DecodeError
from smppcast.smpp import DeliverSmResp, EnquireLink, Pdu, SubmitSm, SubmitSmResp, Tlvs, encode
from smppcast.smsc.bulk import DELIVER_SM_RESP, SUBMIT_SM_RESP, Cutter, Run, frame, frame_alike
from smppcast.smsc.checks import read

LIMIT = 70_000

Row = tuple[bytes, bytes, bytes, bytes, bytes, int, bytes]
"""sequence_number, service_type, source, TON and NPI, destination, registered_delivery, reference."""

octets = st.integers(0, 255)
message_ids = st.text("0123456789abcdef-", max_size=40)
submits = st.builds(
    SubmitSm,
    sequence_number=st.integers(1, 0x7FFFFFFF),
    service_type=st.sampled_from(["", "CMT"]),
    source_addr_ton=st.sampled_from([0, 5]),
    source_addr=st.sampled_from(["", "GOUV", "12345"]),
    dest_addr_ton=st.sampled_from([1, 2]),
    destination_addr=st.text("0123456789%", min_size=1, max_size=20),
    esm_class=st.sampled_from([0, 0x40]),
    validity_period=st.sampled_from(["", "000001000000000R"]),
    registered_delivery=st.integers(0, 3),
    data_coding=st.sampled_from([0, 8]),
    short_message=st.binary(max_size=255),
    tlvs=st.sampled_from([Tlvs(), Tlvs(user_message_reference=7), Tlvs(sar_msg_ref_num=1)]),
)
others = st.one_of(
    st.builds(EnquireLink, sequence_number=st.integers(1, 9)),
    st.builds(
        DeliverSmResp,
        sequence_number=st.integers(1, 9),
        command_status=st.sampled_from([0, 0x64]),
        message_id=st.just(""),
    ),
)


def meant(items: Sequence[Run | bytes]) -> list[Row | bytes]:
    """What was cut, a row a submit."""
    rows: list[Row | bytes] = []
    for item in items:
        if not isinstance(item, Run):
            rows.append(item)
            continue
        references = item.references or [b""] * len(item.destinations)
        for number, destination, reference in zip(
            item.sequence_numbers, item.destinations, references, strict=True
        ):
            shape = item.shape
            before = (number, shape.service_type, shape.source, shape.dest_ton_npi)
            rows.append((*before, destination, shape.registered_delivery, reference))
    return rows


def expected(pdus: Sequence[Pdu]) -> list[Row | bytes]:
    rows: list[Row | bytes] = []
    for pdu in pdus:
        if isinstance(pdu, SubmitSm):
            source = bytes((pdu.source_addr_ton, pdu.source_addr_npi)) + pdu.source_addr.encode() + b"\0"
            row = (
                pdu.sequence_number.to_bytes(4, "big"),
                pdu.service_type.encode(),
                source,
                bytes((pdu.dest_addr_ton, pdu.dest_addr_npi)),
                pdu.destination_addr.encode(),
                pdu.registered_delivery,
                pdu.tlvs.octets("user_message_reference") or b"",
            )
            rows.append(row)
        elif not isinstance(pdu, DeliverSmResp):
            rows.append(encode(pdu))
    return rows


@settings(max_examples=60)
@given(st.lists(st.one_of(submits, submits, submits, others), max_size=12), st.data())
def test_a_stream_in_any_cuts_is_what_the_general_codec_wrote(pdus: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(encode(pdu) for pdu in pdus)
    cutter = Cutter(LIMIT, read)
    rows: list[Row | bytes] = []
    acknowledged: list[bytes] = []
    refused: list[tuple[bytes, int]] = []
    rest = b""
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        buffer, stream = rest + stream[:size], stream[size:]
        found = cutter.cut(buffer)
        rest = buffer[found.consumed :]
        rows += meant(found.items)
        acknowledged += found.acknowledged
        refused += found.refused
    assert rest == b""
    assert rows == expected(pdus)
    answers = [pdu for pdu in pdus if isinstance(pdu, DeliverSmResp)]
    plain = [pdu.sequence_number.to_bytes(4, "big") for pdu in answers if not pdu.command_status]
    assert acknowledged == plain
    assert [status for _, status in refused] == [pdu.command_status for pdu in answers if pdu.command_status]


alike = st.builds(
    lambda pdu, first, count: [
        replace(pdu, sequence_number=first + at, destination_addr=f"336{at * 7919 % 10**8:08}")
        for at in range(count)
    ],
    submits,
    st.integers(1, 0x7FFFFF00),
    st.integers(1, 150),
)
answers_alike = st.builds(
    lambda first, count, status: [
        DeliverSmResp(sequence_number=first + at, command_status=status, message_id="") for at in range(count)
    ],
    st.integers(1, 0x7FFFFF00),
    st.integers(1, 150),
    st.sampled_from([0, 0, 0x64]),
)


@settings(max_examples=60)
@given(st.lists(st.one_of(alike, alike, answers_alike, st.lists(others, max_size=3)), max_size=5), st.data())
def test_runs_of_pdus_alike_among_others(runs: list[list[Pdu]], data: st.DataObject) -> None:
    """What is cut together is what it would be one by one, wherever a read ends."""
    pdus = [pdu for run in runs for pdu in run]
    stream = b"".join(map(encode, pdus))
    middle = data.draw(st.integers(0, len(stream)))
    cutter = Cutter(LIMIT, read)
    first = cutter.cut(stream[:middle])
    second = cutter.cut(stream[first.consumed :])
    assert first.consumed + second.consumed == len(stream)
    assert meant(first.items + second.items) == expected(pdus)
    answers = [pdu for pdu in pdus if isinstance(pdu, DeliverSmResp)]
    assert first.acknowledged + second.acknowledged == [
        pdu.sequence_number.to_bytes(4, "big") for pdu in answers if not pdu.command_status
    ]
    assert len(first.refused + second.refused) == sum(pdu.command_status > 0 for pdu in answers)


def test_a_shorter_number_whose_text_goes_on_like_a_number_is_no_longer_one() -> None:
    """PDUs of one length, of which one has a shorter destination_addr and a longer text."""
    plain = [
        SubmitSm(sequence_number=at, destination_addr="33612345678", short_message=b"x" * 50)
        for at in range(1, 9)
    ]
    odd = SubmitSm(sequence_number=9, destination_addr="3361234567", short_message=b"x" * 51)
    pdus = [*plain[:4], odd, *plain[4:]]
    found = Cutter(LIMIT, read).cut(b"".join(map(encode, pdus)))
    assert meant(found.items) == expected(pdus)


@settings(max_examples=200)
@given(submits, st.data())
def test_a_damaged_submit_is_never_taken_for_a_good_one(pdu: SubmitSm, data: st.DataObject) -> None:
    """One octet changed behind a good PDU of the same shape: taken only if the general codec reads it,
    and then with the same destination."""
    good = encode(pdu)
    damaged = bytearray(good)
    at = data.draw(st.integers(16, len(good) - 1))
    damaged[at] = data.draw(octets)
    found = Cutter(LIMIT, read).cut(good + bytes(damaged))
    assert found.consumed == 2 * len(good)
    taken = [row for row in meant(found.items) if not isinstance(row, bytes)]
    try:
        known = read(bytes(damaged))
    except DecodeError:
        assert len(taken) == 1
        return
    if len(taken) == 2:
        assert isinstance(known, SubmitSm)
        assert taken[1][4] == known.destination_addr.encode("latin-1")
        assert taken[1][5] == known.registered_delivery


@given(st.binary(max_size=200))
def test_any_bytes_are_cut_or_given_up(data: bytes) -> None:
    found = Cutter(LIMIT, read).cut(data)
    assert found.consumed <= len(data)


@given(st.lists(st.tuples(st.integers(0, 0x7FFFFFFF), message_ids), max_size=20))
def test_frames_are_what_the_general_codec_writes(rows: list[tuple[int, str]]) -> None:
    numbers = [number.to_bytes(4, "big") for number, _ in rows]
    made = frame(SUBMIT_SM_RESP, 0, numbers, [text.encode() + b"\0" for _, text in rows])
    assert made == b"".join(encode(SubmitSmResp(sequence_number=n, message_id=text)) for n, text in rows)


@given(
    st.integers(1, 30).flatmap(
        lambda width: st.lists(
            st.tuples(st.binary(min_size=4, max_size=4), st.binary(min_size=width, max_size=width)),
            min_size=1,
        )
    ),
    st.binary(max_size=9),
)
def test_frames_alike_are_frames(rows: list[tuple[bytes, bytes]], end: bytes) -> None:
    numbers, beginnings = [number for number, _ in rows], [beginning for _, beginning in rows]
    made = frame_alike(SUBMIT_SM_RESP, numbers, b"".join(beginnings), len(beginnings[0]), end)
    assert made == frame(SUBMIT_SM_RESP, 0, numbers, [beginning + end for beginning in beginnings])


def test_a_command_length_beyond_the_bound_loses_the_stream() -> None:
    good = encode(SubmitSm(sequence_number=1, destination_addr="336"))
    for length in (0, 15, LIMIT + 1, 0xFFFFFFFF):
        found = Cutter(LIMIT, read).cut(good + length.to_bytes(4, "big"))
        assert found.lost is not None
        assert found.consumed == len(good)
    assert Cutter(LIMIT, read).cut(good + LIMIT.to_bytes(4, "big")).lost is None


def test_shapes_are_bounded() -> None:
    cutter = Cutter(LIMIT, read)
    for number in range(3000):
        pdu = SubmitSm(sequence_number=1, source_addr=str(number), destination_addr="336")
        assert len(cutter.cut(encode(pdu)).items) == 1
    assert len(cutter._shapes) <= 1024


def test_acknowledgements_with_a_status_are_told_apart() -> None:
    stream = frame(DELIVER_SM_RESP, 0, [b"aaaa"], [b"\0"]) + frame(DELIVER_SM_RESP, 0x64, [b"bbbb"], [b"\0"])
    found = Cutter(LIMIT, read).cut(stream)
    assert (found.acknowledged, found.refused) == ([b"aaaa"], [(b"bbbb", 0x64)])
