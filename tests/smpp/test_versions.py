"""What SMPP 3.3 cannot say: tables, codec and session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from smppcast.errors import FieldError, UsageError
from smppcast.smpp import (
    PDU_CLASSES,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    CommandId,
    DataSmResp,
    DeliverSmResp,
    EnquireLink,
    InterfaceVersion,
    Overlong,
    Pdu,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
    Tlvs,
    UnknownPdu,
    decode,
    encode,
)
from smppcast.smpp.session import Session, Timers
from smppcast.smpp.states import State
from smppcast.smpp.versions import LATER_THAN_3_3, has_command, speaks_3_3
from tests.smpp.pdu_strategies import PDUS, as_read

V3_3 = InterfaceVersion.V3_3
# SMPP 3.3 chapter 6, without those that 3.4 dropped.
IN_3_3 = {
    *("bind_receiver", "bind_transmitter", "unbind", "enquire_link"),
    *("submit_sm", "submit_multi", "deliver_sm", "query_sm", "cancel_sm", "replace_sm"),
}


@pytest.mark.parametrize("version", [0x00, 0x30, 0x32, 0x33])
def test_all_below_0x34_is_3_3(version: int) -> None:
    assert speaks_3_3(version)
    assert not has_command(version, CommandId.DATA_SM)


@pytest.mark.parametrize("version", [0x34, 0x50, 0xFF])
def test_all_above_is_not(version: int) -> None:
    assert not speaks_3_3(version)
    assert all(has_command(version, command_id) for command_id in CommandId)


def test_its_commands_are_those_of_its_specification() -> None:
    names = {command_id.name.lower() for command_id in CommandId if command_id not in LATER_THAN_3_3}
    assert names == IN_3_3 | {f"{name}_resp" for name in IN_3_3} | {"generic_nack"}


@given(PDUS)
def test_a_pdu_goes_out_whole_or_is_refused(pdu: Pdu) -> None:
    message_id = getattr(pdu, "message_id", None) or ""
    sayable = pdu.command_id not in LATER_THAN_3_3 and not pdu.tlvs.raw and len(message_id) <= 8
    if sayable:
        assert decode(encode(pdu, interface_version=V3_3)) == as_read(pdu)
    else:
        with pytest.raises(FieldError, match=r"SMPP 3\.3"):
            encode(pdu, interface_version=V3_3)


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (BindTransceiver(), "command_id"),
        (SubmitSm(tlvs=Tlvs(user_message_reference=1)), "tlvs"),
        (UnknownPdu(command_id=0x22, tlvs=Tlvs({0x1400: b""})), "tlvs"),
        (QuerySm(message_id="123456789"), "message_id"),
    ],
)
def test_the_error_names_the_field(pdu: Pdu, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        encode(pdu, interface_version=V3_3)
    assert caught.value.field == field
    assert encode(pdu) == encode(pdu, interface_version=InterfaceVersion.V3_4)


def test_an_id_that_came_too_long_may_be_repeated() -> None:
    pdu = QuerySm(message_id=Overlong("123456789"))
    assert encode(pdu, interface_version=V3_3) == encode(pdu)


# --- the session -------------------------------------------------------------------------------


def bound() -> Session:
    session = Session(10, Timers(), 0, interface_version=V3_3)
    session.request(BindReceiver(interface_version=V3_3), "bind", 0)
    session.receive(encode(BindReceiverResp(sequence_number=1, system_id="old")), 0)
    assert session.state is State.BOUND_RX
    session.take()
    return session


def test_a_refused_request_takes_no_sequence_number() -> None:
    session = Session(10, Timers(), 0, interface_version=V3_3)
    with pytest.raises(FieldError):
        session.request(BindTransceiver(), "bind", 0)
    assert session.take() == b""
    session.request(BindReceiver(), "bind", 0)
    assert decode(session.take()) == BindReceiver(sequence_number=1)


def test_requests_keep_to_the_state_as_before() -> None:
    with pytest.raises(UsageError):
        bound().request(SubmitSm(), "submit", 1)


def test_responses_are_held_to_it_too_but_for_an_answer_in_kind() -> None:
    session = bound()
    with pytest.raises(FieldError):
        session.respond(DeliverSmResp(sequence_number=5, tlvs=Tlvs(congestion_state=80)))
    answer = DataSmResp(sequence_number=6, message_id="")
    session.respond(answer)
    assert decode(session.take()) == answer


def test_what_comes_is_read_whatever_its_version() -> None:
    session = Session(10, Timers(), 0, interface_version=V3_3)
    session.request(BindReceiver(), "bind", 0)
    tlvs = Tlvs(sc_interface_version=0x50)
    (event,) = session.receive(encode(BindReceiverResp(sequence_number=1, system_id="", tlvs=tlvs)), 0)
    assert event.pdu.tlvs == tlvs  # type: ignore[union-attr]  # an Answer


@pytest.mark.parametrize("command_id", sorted(PDU_CLASSES))
def test_every_command_is_in_one_of_the_two(command_id: int) -> None:
    pdu = replace(PDU_CLASSES[command_id](), sequence_number=1)
    if command_id in LATER_THAN_3_3:
        with pytest.raises(FieldError):
            encode(pdu, interface_version=V3_3)
    else:
        assert encode(pdu, interface_version=V3_3) == encode(pdu)


def test_plain_pdus_cost_no_more_than_a_comparison() -> None:
    assert encode(EnquireLink(), interface_version=V3_3) == encode(EnquireLink())
    assert encode(SubmitSmResp(message_id="FFFFFFFF"), interface_version=V3_3)
