from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

import smppcast.smpp
from smppcast.smpp import pdu, vocabulary
from smppcast.smpp.pdu import (
    PDU_CLASSES,
    BindTransceiver,
    BindTransceiverResp,
    DistributionList,
    EnquireLink,
    GenericNack,
    Overlong,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    UnknownPdu,
    UnsuccessSme,
    response_class,
)


def test_the_package_exports_every_name() -> None:
    for name in (*pdu.__all__, *vocabulary.__all__, "decode", "encode", "Tlvs"):
        assert name in smppcast.smpp.__all__
        assert hasattr(smppcast.smpp, name)


@pytest.mark.parametrize("cls", PDU_CLASSES.values())
def test_all_are_frozen_and_slotted(cls: type[pdu.Pdu]) -> None:
    made = cls()
    assert not hasattr(made, "__dict__")
    with pytest.raises(FrozenInstanceError):
        made.sequence_number = 1  # type: ignore[misc]  # that it cannot be is the point
    assert made == cls()
    assert hash(made) == hash(cls())
    assert made.command == made.command_id.name.lower()  # type: ignore[attr-defined]  # they are CommandIds


def test_counts_follow_from_their_lists() -> None:
    assert SubmitSm(short_message=b"12345").sm_length == 5
    multi = SubmitMulti(dest_address=(SmeAddress(), DistributionList()), short_message=b"1")
    assert (multi.number_of_dests, multi.sm_length) == (2, 1)
    assert [one.dest_flag for one in multi.dest_address] == [1, 2]
    assert SubmitMultiResp(unsuccess_sme=(UnsuccessSme(),)).no_unsuccess == 1


def test_requests_know_what_answers_them() -> None:
    assert response_class(SubmitSm.command_id) is SubmitSmResp
    assert response_class(BindTransceiver.command_id) is BindTransceiverResp
    assert response_class(pdu.Outbind.command_id) is None
    assert response_class(pdu.AlertNotification.command_id) is None
    assert response_class(SubmitSmResp.command_id) is None
    assert response_class(0x00010200) is None
    assert response_class(0) is None


def test_responses_know_themselves() -> None:
    assert SubmitSmResp().is_response
    assert GenericNack().is_response
    assert not EnquireLink().is_response
    assert UnknownPdu(command_id=0x80010200).is_response
    assert UnknownPdu(command_id=0x00010200).command == "0x00010200"


def test_an_overlong_string_is_a_string() -> None:
    assert Overlong("smscsim") == "smscsim"
    assert hash(Overlong("smscsim")) == hash("smscsim")
