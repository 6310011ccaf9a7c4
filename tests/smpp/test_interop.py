from __future__ import annotations

from typing import Any

import pytest
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FieldError
from smppcast.smpp.codec import decode, encode
from smppcast.smpp.fields import LAYOUTS
from smppcast.smpp.interop import from_smpplib
from smppcast.smpp.pdu import (
    BindTransceiver,
    DeliverSm,
    EnquireLink,
    Pdu,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
)
from smppcast.smpp.tlv import Tlvs
from smppcast.smpp.vocabulary import CommandId
from tests.smpp.pdu_strategies import as_read, pdus_of


class _Client:
    sequence = 7

    def next_sequence(self) -> int:
        return self.sequence


def made(name: str, **values: Any) -> Any:
    return smpplib.smpp.make_pdu(name, client=_Client(), **values)


def test_a_made_one() -> None:
    theirs = made(
        "submit_sm",
        source_addr="GOUV",
        source_addr_ton=5,
        destination_addr="33612345678",
        short_message=b"Bonjour",
        registered_delivery=1,
        user_message_reference=9,
    )
    ours = from_smpplib(theirs)
    assert ours == SubmitSm(
        sequence_number=7,
        tlvs=Tlvs(user_message_reference=9),
        source_addr="GOUV",
        source_addr_ton=5,
        destination_addr="33612345678",
        short_message=b"Bonjour",
        registered_delivery=1,
    )
    assert encode(ours) == theirs.generate()


def test_a_parsed_receipt_with_tlvs() -> None:
    tlvs = Tlvs(network_error_code=b"\x03\x00\x00", message_state=2, receipted_message_id="abc")
    receipt = DeliverSm(
        0, 3, tlvs, source_addr="33612345678", esm_class=4, short_message=b"id:abc stat:DELIVRD"
    )
    theirs = smpplib.smpp.parse_pdu(encode(receipt), client=_Client())
    assert from_smpplib(theirs) == receipt


def test_nothing_is_cut_on_the_way() -> None:
    theirs = made("submit_sm", source_addr="x" * 30)
    assert from_smpplib(theirs) == SubmitSm(sequence_number=7, source_addr="x" * 30)
    with pytest.raises(FieldError):
        encode(from_smpplib(theirs))


def test_responses() -> None:
    theirs = made("submit_sm_resp", message_id="abc")
    theirs.sequence = 5
    assert from_smpplib(theirs) == SubmitSmResp(0, 5, message_id="abc")
    refused = smpplib.smpp.parse_pdu(encode(SubmitSmResp(0x58, 5)), client=_Client())
    assert from_smpplib(refused) == SubmitSmResp(0x58, 5)
    queried = QuerySmResp(0, 5, message_id="abc", final_date="260102150405000+", message_state=2)
    theirs = smpplib.smpp.parse_pdu(encode(queried), client=_Client())
    assert from_smpplib(theirs) == queried


def test_binds_and_links() -> None:
    theirs = made("bind_transceiver", system_id="me", password="secret")
    assert from_smpplib(theirs) == BindTransceiver(sequence_number=7, system_id="me", password="secret")
    assert from_smpplib(made("enquire_link")) == EnquireLink(0, 7)


COMMANDS = [CommandId.SUBMIT_SM, CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.QUERY_SM]


@given(st.sampled_from(COMMANDS).flatmap(pdus_of))
def test_parsed_by_smpplib_or_by_us_is_the_same(pdu: Pdu) -> None:
    values = {field.name: getattr(pdu, field.name) for field in LAYOUTS[CommandId(pdu.command_id)]}
    data = encode(type(pdu)(pdu.command_status, pdu.sequence_number, **values))
    assert from_smpplib(smpplib.smpp.parse_pdu(data, client=_Client())) == as_read(decode(data))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(FieldError):
        from_smpplib(made("submit_sm", user_message_reference=70_000))
    odd = made("submit_sm")
    odd.command = "no_such_command"
    with pytest.raises(FieldError):
        from_smpplib(odd)
    with pytest.raises(FieldError):
        encode(from_smpplib(made("submit_sm", short_message="€")))
