from __future__ import annotations

from dataclasses import fields

import pytest
import smpplib.smpp

from smppcast.smpp.fields import LAYOUTS, CString, Octet
from smppcast.smpp.pdu import PDU_CLASSES
from smppcast.smpp.vocabulary import CommandId, CommandStatus


class _Client:
    sequence = 1

    def next_sequence(self) -> int:
        return 1


def test_every_command_has_a_layout_and_a_class() -> None:
    assert set(LAYOUTS) == set(CommandId) == set(PDU_CLASSES)


@pytest.mark.parametrize("command", CommandId, ids=str)
def test_a_class_has_the_fields_of_its_layout_in_their_order(command: CommandId) -> None:
    names = [field.name for field in fields(PDU_CLASSES[command])]
    assert names == ["command_status", "sequence_number", "tlvs", *(f.name for f in LAYOUTS[command])]


@pytest.mark.parametrize(
    "name", ["bind_transceiver", "submit_sm", "deliver_sm", "data_sm", "query_sm", "submit_sm_resp"]
)
def test_sizes_agree_with_smpplib(name: str) -> None:
    params = smpplib.smpp.make_pdu(name, client=_Client()).params
    for field in LAYOUTS[CommandId[name.upper()]]:
        if isinstance(field, CString):
            # smpplib gives data_sm's addresses the 21 octets of submit_sm; SMPP 3.4 4.7.1 says 65.
            addresses = name == "data_sm" and field.name in {"source_addr", "destination_addr"}
            assert field.size == (65 if addresses else params[field.name].max)
        elif isinstance(field, Octet):
            assert params[field.name].size == 1


def test_a_string_that_is_too_long_is_answered_by_its_own_status() -> None:
    statuses = {f.name: f.status for f in LAYOUTS[CommandId.SUBMIT_SM] if isinstance(f, CString)}
    assert statuses["source_addr"] == CommandStatus.ESME_RINVSRCADR
    assert statuses["destination_addr"] == CommandStatus.ESME_RINVDSTADR
    assert statuses["validity_period"] == CommandStatus.ESME_RINVEXPIRY
