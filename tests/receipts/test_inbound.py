"""Inbound messages: parts in any order, of several senders, bounded in number and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.receipts import InboundMessage, Reassembler, is_receipt
from smppcast.smpp import DataSm, DeliverSm, Tag, Tlvs, decode
from smppcast.text import LongMessages, split

TEXT = "Bonjour {€} à tous, restez chez vous. " * 50


def parts_of(
    text: str,
    *,
    source: str = "33612345678",
    how: LongMessages = "udh8",
    reference: int = 1,
    **arguments: Any,
) -> list[DeliverSm]:
    result = split(text, long_messages=how, reference=reference, **arguments)
    pdus = []
    for segment in result.segments:
        tlvs = Tlvs()
        if segment.sar:
            reference, total, seqnum = segment.sar
            tlvs = Tlvs(sar_msg_ref_num=reference, sar_total_segments=total, sar_segment_seqnum=seqnum)
        pdus.append(
            DeliverSm(
                source_addr=source,
                destination_addr="36000",
                esm_class=0x40 if segment.esm_class_udhi else 0,
                data_coding=result.data_coding,
                short_message=segment.short_message,
                tlvs=tlvs,
            )
        )
    return pdus


def add_all(reassembler: Reassembler, pdus: list[DeliverSm], now: float = 0.0) -> list[InboundMessage]:
    return [message for pdu in pdus if (message := reassembler.add(pdu, now))]


def test_a_message_of_one_part_comes_at_once() -> None:
    pdu = DeliverSm(source_addr="336", destination_addr="36000", short_message=b"STOP")
    assert Reassembler().add(pdu, 0) == InboundMessage("336", "36000", "STOP", 0)


def test_a_data_sm_carries_its_text_in_the_payload() -> None:
    message = Reassembler().add(DataSm(data_coding=8, tlvs=Tlvs(message_payload=b"\x04\x16")), 0)
    assert message is not None
    assert message.text == "Ж"


@given(st.sampled_from(("udh8", "udh16", "sar")), st.randoms(use_true_random=False))
def test_parts_come_in_any_order(how: LongMessages, chance: Any) -> None:
    pdus = parts_of(TEXT, how=how, reference=0x1234)
    assert len(pdus) > 10
    chance.shuffle(pdus)
    (message,) = add_all(Reassembler(), pdus)
    assert (message.text, message.parts, message.missing) == (TEXT, len(pdus), ())


def test_packed_septets() -> None:
    text = "a" * 400 + "€"
    pdus = parts_of(text, default_alphabet="gsm_packed")
    (message,) = add_all(Reassembler(default_alphabet="gsm_packed"), pdus)
    assert message.text == text


def test_senders_with_one_reference_stay_apart() -> None:
    first, second = parts_of("a" * 200), parts_of("b" * 200, source="33699999999")
    both = add_all(Reassembler(), [first[0], second[0], second[1], first[1]])
    assert [(message.source_addr, message.text) for message in both] == [
        ("33699999999", "b" * 200),
        ("33612345678", "a" * 200),
    ]


def test_an_8_bit_and_a_16_bit_reference_stay_apart() -> None:
    reassembler = Reassembler()
    assert add_all(reassembler, [parts_of("a" * 200)[0], parts_of("b" * 200, how="udh16")[1]]) == []
    assert repr(reassembler) == "<Reassembler 2/10000 parts of 2 messages>"


def test_a_part_that_comes_again_counts_once() -> None:
    pdus = parts_of("a" * 400)
    (message,) = add_all(Reassembler(), [pdus[0], pdus[0], pdus[1], pdus[0], pdus[2]])
    assert message.text == "a" * 400


def test_a_surrogate_pair_cut_by_the_sender() -> None:
    def part(number: int, octets: str) -> DeliverSm:
        short_message = bytes((5, 0, 3, 9, 2, number)) + bytes.fromhex(octets)
        return DeliverSm(esm_class=0x40, data_coding=8, short_message=short_message)

    (message,) = add_all(Reassembler(), [part(1, "0061d83d"), part(2, "de000062")])
    assert message.text == "a😀b"


def test_parts_of_different_encodings() -> None:
    gsm, ucs2 = parts_of("a" * 200)[0], parts_of("ж" * 100)[1]
    (message,) = add_all(Reassembler(), [gsm, ucs2])
    assert message.text == "a" * 153 + "ж" * 33


@pytest.mark.parametrize("number", [(0, 1), (1, 1), (2, 0), (2, 3)])
def test_numbers_that_make_no_sense_are_ignored(number: tuple[int, int]) -> None:
    pdu = DeliverSm(esm_class=0x40, short_message=bytes((5, 0, 3, 9, *number)) + b"hi")
    message = Reassembler().add(pdu, 0)
    assert message is not None
    assert message.text == "hi"


def test_tlvs_of_the_wrong_kind_are_ignored() -> None:
    tlvs = Tlvs.from_raw([(Tag.sar_msg_ref_num, b""), (Tag.sar_total_segments, b"\0\2")])
    message = Reassembler().add(DeliverSm(short_message=b"hi", tlvs=tlvs), 0)
    assert message is not None
    assert message.text == "hi"


# --- bounds -------------------------------------------------------------------------------


def test_what_waits_too_long_is_handed_over_as_it_is() -> None:
    reassembler = Reassembler(max_age_s=60)
    pdus = parts_of("a" * 400)
    assert add_all(reassembler, [pdus[0], pdus[2]], now=100) == []
    assert reassembler.expire(159) == []
    (message,) = reassembler.expire(160)
    assert (message.text, message.parts, message.missing) == ("a" * (153 + 94), 3, (2,))
    assert reassembler.expire(1000) == []


@pytest.mark.parametrize("bounds", [{"max_messages": 2}, {"max_parts": 2}])
def test_the_oldest_makes_room(bounds: Any) -> None:
    reassembler = Reassembler(**bounds)
    firsts = [parts_of("a" * 200, reference=reference)[0] for reference in range(5)]
    assert len(add_all(reassembler, firsts)) == 3
    assert len(reassembler.expire(1e9)) == 2


@given(st.binary(max_size=254), st.integers(0, 255), st.integers(0, 255))
def test_nothing_makes_it_fail(octets: bytes, esm_class: int, data_coding: int) -> None:
    reassembler = Reassembler(max_parts=2)
    reassembler.add(DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=octets), 0)
    reassembler.expire(1e9)


def test_national_tables_of_the_udh() -> None:
    text = "ışığı " * 50
    (message,) = add_all(Reassembler(), parts_of(text, national="turkish"))
    assert (message.text, message.parts) == (text, 3)


@given(st.randoms(use_true_random=False), st.sampled_from(("udh8", "udh16", "sar")))
def test_messages_of_many_senders_come_whole_whatever_the_order(chance: Any, how: LongMessages) -> None:
    texts = {f"3361234{number:04d}": f"{number} " * 100 for number in range(20)}
    pdus = [pdu for source, text in texts.items() for pdu in parts_of(text, source=source, how=how)]
    chance.shuffle(pdus)
    messages = add_all(Reassembler(max_parts=len(pdus), max_messages=20), pdus)
    assert {message.source_addr: message.text for message in messages} == texts


def test_messages_of_the_vectors(vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    reassembler = Reassembler()
    for case in vectors("pdus.jsonl"):
        if case["command"] == "deliver_sm" and case["class"] == "valid":
            pdu = decode(bytes.fromhex(case["hex"]))
            assert isinstance(pdu, DeliverSm)
            if not is_receipt(pdu):
                reassembler.add(pdu, 0)
    parts = {message.source_addr: message for message in reassembler.expire(1e9)}  # no other parts came
    assert (parts["447700900123"].parts, parts["447700900123"].missing) == (3, (1,))  # SAR
    assert (parts["4553694292"].parts, parts["4553694292"].missing) == (10, (3, 4, 5, 6, 7, 8, 9, 10))
    assert parts["4553694292"].text.startswith("Test 4 - Telia DK Sms MO #$%&!* åæø")
