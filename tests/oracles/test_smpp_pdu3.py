"""A second codec beside smpplib's: what it writes we read, and what we write it reads, by meaning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpp.pdu import constants  # type: ignore[import-untyped]

from smppcast.smpp import codec
from smppcast.smpp.vocabulary import CommandId, CommandStatus, Npi, Tag, Ton, command_name
from tests.oracles.smpp_pdu3 import COMMANDS, decode, encode, from_its, its_tlvs, pdus, to_its

EXAMPLES = 25


@pytest.mark.parametrize("command", COMMANDS, ids=command_name)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_what_we_write_it_reads(command: CommandId, data: st.DataObject) -> None:
    pdu = data.draw(pdus(command))
    assert from_its(decode(codec.encode(pdu))) == pdu


@pytest.mark.parametrize("command", COMMANDS, ids=command_name)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_what_it_writes_we_read_and_write(command: CommandId, data: st.DataObject) -> None:
    pdu = data.draw(pdus(command))
    octets = encode(to_its(pdu))
    assert codec.decode(octets, strict=True) == pdu
    assert codec.encode(pdu) == octets


# --- what it has --------------------------------------------------------------------------


def test_it_has_every_command_of_3_4_but_three() -> None:
    without = {
        # It has the lists' names, and nothing to read or write them with.
        *(CommandId.SUBMIT_MULTI, CommandId.SUBMIT_MULTI_RESP),
        # It takes sm_length for a parameter of its own there.
        CommandId.REPLACE_SM,
    }
    of_5_0 = {command for command in CommandId if "BROADCAST" in command.name}
    assert set(COMMANDS) == set(CommandId) - without - of_5_0


def test_the_tlvs_that_it_names_and_cannot_read() -> None:
    unable = {name for command in COMMANDS for name in its_tlvs(command)[1]}
    assert unable == {
        *("callback_num_pres_ind", "callback_num_atag", "dpf_result", "set_dpf", "ussd_service_op"),
        *("ms_validity", "ms_msg_wait_facilities", "its_reply_type", "its_session_info"),
        "alert_on_msg_delivery",  # for alert_on_message_delivery, so that it refuses that
    }


def test_the_same_names_for_the_same_numbers() -> None:
    of_3_4 = [command for command in CommandId if "BROADCAST" not in command.name]
    assert constants.command_id_name_map == {command_name(command): command for command in of_3_4}
    # Negative numbers stand for ranges.
    statuses = {name: number for name, number in constants.command_status_name_map.items() if number >= 0}
    assert statuses == {status.name: status for status in CommandStatus}
    tags = {name: number for name, number in constants.tag_name_map.items() if number >= 0}
    assert tags.items() <= {tag.name: tag for tag in Tag}.items()
    assert constants.addr_ton_name_map == {ton.name: ton for ton in Ton}
    assert constants.addr_npi_name_map == {npi.name: npi for npi in Npi}
