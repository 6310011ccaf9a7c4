from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import smpplib.exceptions
import smpplib.smpp
from hypothesis import given, settings
from hypothesis import strategies as st
from smpplib.ptypes import ostr

from smppcast.errors import FieldError
from smppcast.smpp.codec import decode, encode
from smppcast.smpp.fields import LAYOUTS, CString
from smppcast.smpp.interop import from_smpplib
from smppcast.smpp.pdu import (
    BindTransceiver,
    DeliverSm,
    EnquireLink,
    Pdu,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
)
from smppcast.smpp.tlv import TLV_FORMS, CText, Form, Integer, Octets, Tlvs
from smppcast.smpp.vocabulary import CommandId, Tag
from tests.smpp.pdu_strategies import pdus_of, tlv_values


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


# --- every PDU that it has, both ways -----------------------------------------------------

WITHOUT = {
    *(CommandId.OUTBIND, CommandId.SUBMIT_MULTI, CommandId.SUBMIT_MULTI_RESP),
    *(CommandId.REPLACE_SM, CommandId.REPLACE_SM_RESP, CommandId.CANCEL_SM, CommandId.CANCEL_SM_RESP),
    *(CommandId.BROADCAST_SM, CommandId.BROADCAST_SM_RESP),
    *(CommandId.QUERY_BROADCAST_SM, CommandId.QUERY_BROADCAST_SM_RESP),
    *(CommandId.CANCEL_BROADCAST_SM, CommandId.CANCEL_BROADCAST_SM_RESP),
}
COMMANDS = [command for command in CommandId if command not in WITHOUT]

# Octets that it takes for C-octet strings: it adds a NUL, or drops the last octet for one.
TEXT_TO_IT = {"source_subaddress", "dest_subaddress", "callback_num_atag"}
TYPED_OTHERWISE = {
    CommandId.SUBMIT_SM: {
        *(TEXT_TO_IT - {"callback_num_atag"}),
        "source_addr_subunit",  # two octets to it, though one in data_sm
        "alert_on_message_delivery",  # never written, and its value not skipped when read
    },
    CommandId.DELIVER_SM: TEXT_TO_IT - {"callback_num_atag"},
    CommandId.DATA_SM: {
        *TEXT_TO_IT,
        "source_telematics_id",  # two octets to it, as dest_telematics_id has
        "alert_on_message_delivery",
    },
    CommandId.DATA_SM_RESP: {"delivery_failure_reason", "network_error_code"},  # strings to it
}


def its_tlvs(command: CommandId) -> dict[str, Form]:
    """The TLVs of that PDU there, in its order, that are in a form of ours: the first one.

    its_session_info has a second one for its sake.
    """
    its = made(command.name.lower())
    found: dict[str, Form] = {}
    for name in its.params_order:
        if its.field_is_optional(name):
            form = TLV_FORMS[Tag[name]][-1 if name == "its_session_info" else 0]
            if same_form(its.params[name], form):
                found[name] = form
    return found


def same_form(its: Any, form: Form) -> bool:
    match form:
        case Integer(size=size):
            return its.type is int and its.size == size
        case CText():
            return its.type is str
        case Octets():
            return its.type is ostr


@pytest.mark.parametrize("command", CommandId, ids=str)
def test_what_it_has_and_has_otherwise(command: CommandId) -> None:
    if command in WITHOUT:
        with pytest.raises(smpplib.exceptions.UnknownCommandError):
            made(command.name.lower())
        return
    its = made(command.name.lower())
    mandatory = [field.name for field in LAYOUTS[command]]
    tlvs = [name for name in its.params_order if its.field_is_optional(name)]
    assert [name for name in its.params_order if name not in {*tlvs, "sm_length"}] == mandatory
    assert set(tlvs) - its_tlvs(command).keys() == TYPED_OTHERWISE.get(command, set())


@st.composite
def shared_pdus(draw: st.DrawFn, command: CommandId) -> Pdu:
    """Any PDU of that command, with TLVs that both type alike."""
    pdu = draw(pdus_of(command))
    forms = its_tlvs(command)
    taken = draw(st.sets(st.sampled_from(list(forms)), max_size=6)) if forms else set()
    tlvs = {name: draw(values(Tag[name], form)) for name, form in forms.items() if name in taken}
    return replace(pdu, tlvs=Tlvs(tlvs))


def values(tag: Tag, form: Form) -> st.SearchStrategy[Any]:
    if isinstance(form, Integer):
        return st.integers(0, 256**form.size - 1)
    return tlv_values(tag).filter(lambda value: form.write(value) is not None)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@settings(max_examples=20)
@given(data=st.data())
def test_what_we_write_it_reads_as_we_do(command: CommandId, data: st.DataObject) -> None:
    octets = encode(data.draw(shared_pdus(command)))
    assert from_smpplib(smpplib.smpp.parse_pdu(octets, client=_Client())) == decode(octets)


def writable(pdu: Pdu) -> Pdu:
    """What of `pdu` it writes as we do.

    - It always writes the body, after an error too.
    - It refuses a query_sm without message_id, and a short_message beside a message_payload.
    - It cuts addresses at 20 octets in data_sm and alert_notification too, where they may have 64.
    - It leaves out TLVs that are empty.
    """
    change: dict[str, Any] = {}
    for field in LAYOUTS[CommandId(pdu.command_id)]:
        value = getattr(pdu, field.name)
        if isinstance(field, CString):
            change[field.name] = (value or "")[: 20 if field.name.endswith("_addr") else None]
    if isinstance(pdu, QuerySm):
        change["message_id"] = pdu.message_id or "1"
    if "message_payload" in pdu.tlvs and isinstance(pdu, SubmitSm | DeliverSm):
        change["short_message"] = b""
    kept = {name: value for name, value in pdu.tlvs.items() if value not in {"", b""}}
    return replace(pdu, tlvs=Tlvs(kept), **change)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@settings(max_examples=20)
@given(data=st.data())
def test_what_it_writes_we_write_and_take_over(command: CommandId, data: st.DataObject) -> None:
    ours = writable(data.draw(shared_pdus(command)))
    mandatory = {field.name: getattr(ours, field.name) for field in LAYOUTS[command]}
    forms = its_tlvs(command)
    tlvs = {name: forms[name].read(ours.tlvs.octets(name) or b"") for name in forms if name in ours.tlvs}
    theirs = made(ours.command, **mandatory, **tlvs)
    theirs.status, theirs.sequence = ours.command_status, ours.sequence_number
    if "interface_version" in mandatory:
        theirs.interface_version = mandatory["interface_version"]  # it insists on 3.4 when made
    assert from_smpplib(theirs) == ours
    octets = theirs.generate()
    assert octets == encode(ours)
    assert decode(octets, strict=True) == ours


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(FieldError):
        from_smpplib(made("submit_sm", user_message_reference=70_000))
    odd = made("submit_sm")
    odd.command = "no_such_command"
    with pytest.raises(FieldError):
        from_smpplib(odd)
    with pytest.raises(FieldError):
        encode(from_smpplib(made("submit_sm", short_message="€")))
