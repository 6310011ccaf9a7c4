"""Every PDU that we write, as an independent decoder reads it: field by field, with its place."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from smppcast.errors import DecodeError
from smppcast.model import MessageState
from smppcast.smpp.codec import decode, encode
from smppcast.smpp.pdu import PDU_CLASSES, BindTransceiver, DataSm, Pdu, SubmitSm, SubmitSmResp
from smppcast.smpp.times import AbsoluteTime, RelativeTime
from smppcast.smpp.tlv import Tlvs
from smppcast.smpp.vocabulary import (
    CommandId,
    CommandStatus,
    EsmClass,
    InterfaceVersion,
    Npi,
    RegisteredDelivery,
    Tag,
    Ton,
    command_name,
    status_name,
)
from tests.oracles.drawing import draw
from tests.oracles.tshark import Reading, Tshark
from tests.oracles.tshark_rows import Expected, comparable, looks_no_further, loses_its_place
from tests.smpp.pdu_strategies import UNKNOWN_PDUS, as_read, pdus_of, tlv_values

PDUS_A_COMMAND = 40
VALUES_A_TLV = 12


class Read(NamedTuple):
    pdu: Pdu
    data: bytes
    reading: Reading


def read(tshark: Tshark, pdus: Sequence[Pdu]) -> list[Read]:
    data = [encode(pdu) for pdu in pdus]
    return [Read(*one) for one in zip(pdus, data, tshark.read_pdus(data), strict=True)]


def agree(one: Read) -> None:
    expected = Expected(as_read(one.pdu))
    what = one.pdu, one.data.hex()
    assert comparable(one.reading.rows, expected) == expected.rows, what
    # Where it has lost its place, what it makes of the rest says nothing.
    assert not one.reading.malformed or not expected.whole, what


# --- what we write ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_command(tshark: Tshark) -> dict[int, list[Read]]:
    pdus: list[Pdu] = []
    for command in CommandId:
        pdus += draw(pdus_of(command), PDUS_A_COMMAND, start=command)
    found: dict[int, list[Read]] = {}
    for one in read(tshark, pdus):
        found.setdefault(one.pdu.command_id, []).append(one)
    return found


@pytest.mark.parametrize("command", CommandId, ids=command_name)
def test_each_command(command: CommandId, by_command: dict[int, list[Read]]) -> None:
    for one in by_command[command]:
        agree(one)


def test_of_an_unknown_command_the_header_is_read(tshark: Tshark) -> None:
    for one in read(tshark, draw(UNKNOWN_PDUS, 20)):
        agree(one)


class Tlv(NamedTuple):
    tag: int
    value: bytes


@pytest.fixture(scope="module")
def by_tag(tshark: Tshark) -> dict[Tag, list[tuple[Tlv, Read]]]:
    """Each TLV in a data_sm, with one behind it that is found only if the length was read rightly."""
    tlvs: list[Tlv] = []
    for tag in Tag:
        for value in draw(tlv_values(tag), VALUES_A_TLV, start=tag):
            tlvs.append(Tlv(*Tlvs({tag: value}).raw[0]))  # noqa: PERF401 - two loops in one are no clearer
    pdus = [DataSm(0, 1, Tlvs.from_raw([tlv, (Tag.user_message_reference, b"ur")])) for tlv in tlvs]
    found: dict[Tag, list[tuple[Tlv, Read]]] = {}
    for tlv, one in zip(tlvs, read(tshark, pdus), strict=True):
        found.setdefault(Tag(tlv.tag), []).append((tlv, one))
    return found


NAMED_OTHERWISE = {Tag.destination_port: "dest_port"}


@pytest.mark.parametrize("tag", Tag, ids=lambda tag: tag.name)
def test_each_tlv(tag: Tag, by_tag: dict[Tag, list[tuple[Tlv, Read]]]) -> None:
    for tlv, one in by_tag[tag]:
        assert label(one.reading, "opt_param") == NAMED_OTHERWISE.get(tag, tag.name)
        agree(one)
        if loses_its_place(tag, tlv.value):
            # Its reading of what `Expected` leaves out: rightly, should it learn to, or one octet of it.
            rows = one.reading.rows
            row = rows[[row.name for row in rows].index("opt_param_len") + 1]
            assert (row.name, row.at) == (tag.name, 16 + 10 + 4)
            assert row.octets in {tlv.value, tlv.value[:1]}


def fit_for_a_stream(pdu: Pdu) -> bool:
    """Whether tshark finds what follows this PDU.

    It takes a segment for SMPP by the first command_status in it, as Tshark.read_pdus says; and a text
    with UDHI it tries to join with others, and gives up the segment where the header is none.
    """
    known = pdu.command_status in set(CommandStatus)
    return known and not getattr(pdu, "esm_class", 0) & EsmClass.UDHI and Expected(as_read(pdu)).whole


def test_back_to_back_in_any_segments(tshark: Tshark, by_command: dict[int, list[Read]]) -> None:
    pdus = [one.pdu for reads in by_command.values() for one in reads if fit_for_a_stream(one.pdu)][::5]
    assert len(pdus) > 100
    pdus.insert(5, DataSm(0, 7, Tlvs(message_payload=bytes(range(256)) * 250)))
    for segment in (1_448, 133):
        readings = tshark.read_stream(b"".join(map(encode, pdus)), segment)
        for pdu, reading in zip(pdus, readings, strict=True):
            agree(Read(pdu, encode(pdu), reading))


# --- what came broken ---------------------------------------------------------------------


def decoded(data: bytes) -> Pdu | DecodeError:
    try:
        return decode(data)
    except DecodeError as refusal:
        return refusal


def judge(data: bytes, reading: Reading) -> None:
    """Both read `data` alike, or neither takes it as it is."""
    pdu = decoded(data)
    if isinstance(pdu, DecodeError):
        # A dest_flag that is neither an address nor a list: it takes no member there, and goes on.
        assert reading.malformed or pdu.command_status == CommandStatus.ESME_RINVDESTFLAG, data.hex()
        return
    if encode(pdu) == data:
        agree(Read(pdu, data, reading))
        return
    # A body or a NUL is missing, or octets are left over: what `decode` bears, and `strict` does not.
    with pytest.raises(DecodeError):
        decode(data, strict=True)
    assert reading.malformed or looks_no_further(pdu) or not Expected(pdu).whole, data.hex()


def cut(data: bytes, at: int) -> bytes:
    return at.to_bytes(4, "big") + data[4:at]


def spoilt(data: bytes, at: int, octet: int) -> bytes:
    return data[:at] + bytes([octet]) + data[at + 1 :]


@pytest.mark.parametrize("damage", ["cut", "spoilt"])
def test_damaged(damage: str, tshark: Tshark, by_command: dict[int, list[Read]]) -> None:
    broken: list[bytes] = []
    # Of an error response it reads the header alone.
    whole = [one.data for reads in by_command.values() for one in reads if one.data[8:12] == bytes(4)]
    chance = random.Random(1)
    for data in whole:
        if len(data) > 16:
            at = chance.randrange(16, len(data))
            octet = chance.choice([0, 1, 0xFF, data[at] ^ 0x80, chance.randrange(256)])
            broken.append(cut(data, at) if damage == "cut" else spoilt(data, at, octet))
    assert len(broken) > 500
    for data, reading in zip(broken, tshark.read_pdus(broken), strict=True):
        judge(data, reading)


def test_what_the_field_sends(tshark: Tshark, vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    """Real PDUs, and those that other projects test with."""
    rows = vectors("pdus.jsonl")
    data = [bytes.fromhex(row["hex"]) for row in rows]
    for row, one, reading in zip(rows, data, tshark.read_pdus(data), strict=True):
        judge(one, reading)
        if row["class"] == "valid":
            decode(one)


# --- names and meanings -------------------------------------------------------------------


def label(reading: Reading, row_name: str) -> str:
    """What tshark calls the value of that row: its words, without the number."""
    found = next(row.label for row in reading.rows if row.name == row_name)
    return re.sub(r" \((0x)?[0-9a-f]+\)$", "", found.partition(": ")[2])


def labels(tshark: Tshark, row_name: str, pdus: Sequence[Pdu]) -> list[str]:
    return [label(one.reading, row_name) for one in read(tshark, pdus)]


def test_names_of_commands(tshark: Tshark) -> None:
    said = labels(tshark, "command_id", [PDU_CLASSES[command]() for command in CommandId])
    names = [words.lower().replace(" - resp", "_resp") for words in said]
    assert names == [command_name(command) for command in CommandId]


def test_the_same_statuses_have_a_meaning(tshark: Tshark) -> None:
    numbers = range(0x500)
    said = labels(tshark, "command_status", [SubmitSmResp(number) for number in numbers])
    without = {"Unknown", "[Reserved]", "[Vendor-specific Error]"}
    known = [number for number, words in zip(numbers, said, strict=True) if words not in without]
    assert known == sorted(set(CommandStatus))
    vendors = [number for number, words in zip(numbers, said, strict=True) if "Vendor" in words]
    assert vendors == [number for number in numbers if status_name(number).endswith("vendor")]


def test_names_of_numbers(tshark: Tshark) -> None:
    # SCHEDULED and SKIPPED of 5.0 have no name there.
    states = [state for state in MessageState if state.name not in {"SCHEDULED", "SKIPPED"}]
    cases: list[tuple[str, str, Pdu]] = []
    cases += [(ton.name, "source_addr_ton", SubmitSm(source_addr_ton=ton)) for ton in Ton]
    cases += [(npi.name, "dest_addr_npi", SubmitSm(dest_addr_npi=npi)) for npi in Npi]
    cases += [(state.name, "message_state", DataSm(tlvs=Tlvs(message_state=state))) for state in states]
    for version in InterfaceVersion:
        name = version.name.removeprefix("V").replace("_", ".")
        cases.append((name, "interface_version", BindTransceiver(interface_version=version)))
    for (name, row_name, _), one in zip(cases, read(tshark, [pdu for *_, pdu in cases]), strict=True):
        # Some of its words go on behind ours: "ISDN (E163/E164)".
        assert label(one.reading, row_name).upper().replace(" ", "_").startswith(name), name


BITS: list[tuple[EsmClass | RegisteredDelivery, str, str]] = [
    (EsmClass.DATAGRAM, "esm.submit.msg_mode", "Datagram mode"),
    (EsmClass.FORWARD, "esm.submit.msg_mode", "Forward mode"),
    (EsmClass.STORE_AND_FORWARD, "esm.submit.msg_mode", "Store and forward mode"),
    (EsmClass.RECEIPT, "esm.submit.msg_type", "SMSC Delivery Receipt"),
    (EsmClass.DELIVERY_ACK, "esm.submit.msg_type", "delivery acknowledgement"),
    (EsmClass.USER_ACK, "esm.submit.msg_type", "manual/user acknowledgement"),
    (EsmClass.CONVERSATION_ABORT, "esm.submit.msg_type", "conversation abort"),
    (EsmClass.INTERMEDIATE, "esm.submit.msg_type", "intermediate delivery notification"),
    (EsmClass.UDHI, "esm.submit.features", "UDHI indicator"),
    (EsmClass.REPLY_PATH, "esm.submit.features", "Reply path"),
    (RegisteredDelivery.FINAL, "regdel.receipt", "for success or failure"),
    (RegisteredDelivery.FAILURE, "regdel.receipt", "for failure"),
    (RegisteredDelivery.SUCCESS, "regdel.receipt", "for success"),
    (RegisteredDelivery.SME_DELIVERY_ACK, "regdel.acks", "SME delivery acknowledgement"),
    (RegisteredDelivery.SME_USER_ACK, "regdel.acks", "SME manual/user acknowledgement"),
    (RegisteredDelivery.INTERMEDIATE, "regdel.notif", "Intermediate notification requested"),
]


def test_meanings_of_bits(tshark: Tshark) -> None:
    pdus = [
        SubmitSm(esm_class=bit) if isinstance(bit, EsmClass) else SubmitSm(registered_delivery=bit)
        for bit, _, _ in BITS
    ]
    for (bit, row_name, words), one in zip(BITS, read(tshark, pdus), strict=True):
        assert words in label(one.reading, row_name), bit


# --- times --------------------------------------------------------------------------------

QUARTERS = st.integers(-48, 48).map(lambda quarters: timezone(quarters * timedelta(minutes=15)))
# From 38 on its years are those of the last century; ours go up to 2099, as 5.0 has it.
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2037, 12, 30), timezones=QUARTERS)  # noqa: DTZ001 - bounds
# Years and months, which are no number of seconds, it leaves out.
SPANS = st.timedeltas(timedelta(), timedelta(days=99, hours=23))


def test_moments(tshark: Tshark) -> None:
    times = [AbsoluteTime.of(moment) for moment in draw(MOMENTS, 100)]
    pdus = [SubmitSm(schedule_delivery_time=str(time)) for time in times]
    for time, said in zip(times, labels(tshark, "schedule_delivery_time", pdus), strict=True):
        # It writes nine decimals.
        moment = datetime.strptime(f"{said[:-7]}+0000", "%b %d, %Y %H:%M:%S.%f%z")
        assert moment == time.moment


def test_spans(tshark: Tshark) -> None:
    times = [RelativeTime.of(span) for span in draw(SPANS, 100)]
    times += [RelativeTime(days=99, hours=99, minutes=99, seconds=99)]
    pdus = [SubmitSm(validity_period=str(time)) for time in times]
    for time, said in zip(times, labels(tshark, "validity_period_r", pdus), strict=True):
        span = timedelta(days=time.days, hours=time.hours, minutes=time.minutes, seconds=time.seconds)
        assert float(said.removesuffix(" seconds")) == span.total_seconds()
