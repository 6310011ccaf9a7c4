"""Receipts: the shared vectors of real vendors, and octets of nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import SmppcastError
from smppcast.model import MessageState
from smppcast.receipts import Receipt, is_receipt, parse, state_of
from smppcast.smpp import decode
from smppcast.smpp.pdu import DataSm, DeliverSm, EnquireLink
from smppcast.smpp.tlv import TlvKey, Tlvs
from smppcast.smpp.vocabulary import Tag

Vectors = Callable[[str], list[dict[str, Any]]]


def receipt_of(text: str, *, esm_class: int = 4, **tlvs: Any) -> Receipt:
    pdu = DeliverSm(
        source_addr="33612345678",
        destination_addr="GOUV",
        esm_class=esm_class,
        short_message=text.encode("latin-1"),
        tlvs=Tlvs(**tlvs),
    )
    receipt = parse(pdu)
    assert receipt is not None
    assert is_receipt(pdu)
    return receipt


# --- the shared vectors -------------------------------------------------------------------

NAMED = ("receipted_message_id", "message_state", "network_error_code", "user_message_reference")


def pdu_of(case: dict[str, Any]) -> DeliverSm:
    octets = bytes.fromhex(case["hex"]) if case["hex"] else case["text"].encode("latin-1", "replace")
    tlvs: dict[TlvKey, Any] = {name: case["tlvs"][name] for name in NAMED if name in case["tlvs"]}
    if "network_error_code" in tlvs:
        tlvs["network_error_code"] = bytes.fromhex(tlvs["network_error_code"])
    if case["in_message_payload"]:
        tlvs["message_payload"] = octets
        octets = b""
    return DeliverSm(
        esm_class=case["esm_class"], data_coding=case["data_coding"], short_message=octets, tlvs=Tlvs(tlvs)
    )


def test_receipts_of_the_vectors(vectors: Vectors) -> None:
    for case in vectors("receipts.jsonl"):
        pdu = pdu_of(case)
        receipt = parse(pdu)
        assert is_receipt(pdu), case
        assert receipt is not None, case
        check(case, case["expected"], receipt)


def check(case: dict[str, Any], expected: dict[str, Any], receipt: Receipt) -> None:
    tlv = case["tlvs"].get("receipted_message_id", "")
    assert receipt.message_id_tlv == tlv, case
    assert receipt.message_id == tlv or not tlv
    if "sub" not in expected:  # "reject" to strict readers: we keep what can be read
        assert receipt.submitted is not None
        return
    text_id = expected.get("id_text", expected["id"]) or ""
    assert text_id in {receipt.message_id_text, tlv}, case
    assert (receipt.sub, receipt.dlvrd) == (expected["sub"] or "", expected["dlvrd"] or ""), case
    if expected["text"] is not None:
        assert receipt.text == expected["text"].rstrip("\0"), case
    if "text_hex" in expected:
        assert receipt.text.encode("latin-1").hex() == expected["text_hex"], case
    check_state(case, expected, receipt)
    check_error(case, expected, receipt)
    for date, moment in ((expected["submit_date"], receipt.submitted), (expected["done_date"], receipt.done)):
        assert (moment is not None) == bool(date and date.strip("0")), case


def check_state(case: dict[str, Any], expected: dict[str, Any], receipt: Receipt) -> None:
    stat = expected["stat"] or ""
    if stat and receipt.stat:
        assert receipt.stat == stat, case
    if "message_state" in case["tlvs"]:
        assert receipt.state == case["tlvs"]["message_state"], case
    elif stat:
        assert receipt.state == state_of(stat), case
        assert (receipt.state is None) == (stat in {"BADSTAT", "foo", "ABC"}), case


def check_error(case: dict[str, Any], expected: dict[str, Any], receipt: Receipt) -> None:
    err = expected["err"] or ""
    if err.strip("0") or "network_error_code" not in case["tlvs"]:
        assert receipt.error == err, case


def test_every_deliver_sm_of_the_vectors(vectors: Vectors) -> None:
    seen = 0
    for name in ("pdus.jsonl", "quirks.jsonl"):
        for case in vectors(name):
            if case["command"] not in {"deliver_sm", "data_sm"}:
                continue
            try:
                pdu = decode(bytes.fromhex(case["hex"]))
            except SmppcastError:
                continue  # malformed as a PDU: no matter of ours
            receipt = parse(pdu)
            assert is_receipt(pdu) == (receipt is not None)
            if receipt and isinstance(pdu, DeliverSm) and pdu.short_message.startswith(b"id:"):
                seen += 1
                assert receipt.message_id, case["hex"]
                assert receipt.state is not None, case["hex"]
                assert receipt.source_addr == pdu.source_addr
    assert seen > 40


# --- what is a receipt --------------------------------------------------------------------

WHOLE = "id:1 sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:DELIVRD err:000 text:a"


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(esm_class=0x04, short_message=b"whatever"),
        DeliverSm(esm_class=0x20, short_message=b""),
        DeliverSm(esm_class=0x44, short_message=WHOLE.encode()),
        DeliverSm(short_message=WHOLE.encode()),
        DeliverSm(tlvs=Tlvs(receipted_message_id="1", message_state=2)),
        DataSm(esm_class=0x04, tlvs=Tlvs(receipted_message_id="1", message_state=2)),
    ],
)
def test_receipts(pdu: DeliverSm | DataSm) -> None:
    assert is_receipt(pdu)
    assert parse(pdu) is not None


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(short_message=b"id:1 stat:DELIVRD"),
        DeliverSm(short_message=b"Look: " + WHOLE.encode()),
        DeliverSm(esm_class=0x08, short_message=WHOLE.encode()),
        DeliverSm(tlvs=Tlvs(receipted_message_id="1")),
        DeliverSm(esm_class=0x80, short_message=b"Bonjour"),
        EnquireLink(),
    ],
)
def test_what_is_none(pdu: Any) -> None:
    assert not is_receipt(pdu)
    assert parse(pdu) is None


def test_a_whole_receipt() -> None:
    text = (
        "id:0A1 sub:001 dlvrd:001 submit date:2601021504 done date:260102150506 stat:DELIVRD err:0A1 text:Bon"
    )
    assert receipt_of(text, user_message_reference=7) == Receipt(
        message_id="0A1",
        message_id_text="0A1",
        message_id_tlv="",
        state=MessageState.DELIVERED,
        stat="DELIVRD",
        error="0A1",
        submitted=datetime(2026, 1, 2, 15, 4, tzinfo=UTC),
        done=datetime(2026, 1, 2, 15, 5, 6, tzinfo=UTC),
        sub="001",
        dlvrd="001",
        text="Bon",
        source_addr="33612345678",
        destination_addr="GOUV",
        user_message_reference=7,
        intermediate=False,
    )


def test_dates_stand_in_the_smscs_own_zone() -> None:
    paris = timezone(timedelta(hours=1))
    receipt = parse(DeliverSm(esm_class=4, short_message=WHOLE.encode()), time_zone=paris)
    assert receipt is not None
    assert receipt.submitted == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_the_tlvs_come_first() -> None:
    receipt = receipt_of(WHOLE, receipted_message_id="0xA", message_state=3)
    assert (receipt.message_id, receipt.message_id_text) == ("0xA", "1")
    assert receipt.message_ids == ("0xA", "1")
    assert (receipt.state, receipt.stat) == (MessageState.EXPIRED, "DELIVRD")


def test_a_message_state_that_nobody_defines_leaves_the_word() -> None:
    assert receipt_of(WHOLE, message_state=200).state is MessageState.DELIVERED


@pytest.mark.parametrize(
    ("esm_class", "text", "intermediate"),
    [
        (4, "stat:ENROUTE", True),
        (4, "stat:ACCEPTD", True),
        (4, "stat:DELIVRD", False),
        (4, "stat:??", False),
        (0x20, "stat:??", True),
        (0x20, "stat:DELIVRD", False),
    ],
)
def test_intermediate(esm_class: int, text: str, intermediate: bool) -> None:
    assert receipt_of(text, esm_class=esm_class).intermediate is intermediate


@pytest.mark.parametrize(
    ("err", "network_error_code", "error"),
    [
        ("err:012", b"\x03\x00\x20", "012"),
        ("err:000", b"\x03\x00\x20", "gsm 32"),
        ("err:000", b"\x03\x00\x00", "000"),
        ("", b"\x08\x00\x7d", "message centre 125"),
        ("", b"\x63\x01\x00", "network 99 256"),
        ("err:...", b"000", "..."),
        ("", b"021", "021"),
        ("", b"\x00\x01", "0001"),
        ("", b"", ""),
    ],
)
def test_errors(err: str, network_error_code: bytes, error: str) -> None:
    tlvs = Tlvs.from_raw([(Tag.network_error_code, network_error_code)])
    receipt = parse(DeliverSm(esm_class=4, short_message=err.encode(), tlvs=tlvs))
    assert receipt is not None
    assert receipt.error == error


# --- the encoding of the text -------------------------------------------------------------


@pytest.mark.parametrize("data_coding", [0, 8, 24])
def test_utf16_is_seen_whatever_data_coding_says(data_coding: int) -> None:
    pdu = DeliverSm(esm_class=4, data_coding=data_coding, short_message=WHOLE.encode("utf-16-be"))
    receipt = parse(pdu)
    assert receipt is not None
    assert (receipt.message_id, receipt.text) == ("1", "a")


def test_ascii_is_seen_under_data_coding_8() -> None:
    receipt = parse(DeliverSm(esm_class=4, data_coding=8, short_message=WHOLE.encode()))
    assert receipt is not None
    assert receipt.message_id == "1"


def test_a_udh_before_the_text_is_taken_off() -> None:
    octets = b"\x05\x00\x03\x01\x01\x01" + WHOLE.encode()
    receipt = parse(DeliverSm(esm_class=0x44, short_message=octets))
    assert receipt is not None
    assert receipt.message_id == "1"


@given(
    st.binary(max_size=254),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from([Tag[name] for name in (*NAMED, "message_payload")]), st.binary())),
)
def test_nothing_makes_it_fail(
    octets: bytes, esm_class: int, data_coding: int, raw: list[tuple[Tag, bytes]]
) -> None:
    tlvs = Tlvs.from_raw(raw)
    parse(DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=octets, tlvs=tlvs))
    parse(DataSm(esm_class=esm_class, data_coding=data_coding, tlvs=tlvs))


KEYS = st.sampled_from(("id:", "stat:", "err:", "text:", "submit date:", "done date:", "sub:", "dlvrd:", " "))


@given(st.lists(KEYS | st.text(st.characters(codec="latin-1"), max_size=6), max_size=30).map("".join))
def test_no_text_makes_it_fail(text: str) -> None:
    receipt_of(text)
