"""The simulated SMSC as SMPP 3.3 has it, to clients that say so and as such an SMSC itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FieldError
from smppcast.smpp import CommandId, DataSm, DeliverSm, Pdu, Tlvs, encode
from smppcast.smsc import Scenario, serve
from smppcast.smsc.dialect import without_tlvs
from smppcast.smsc.ids import Ids, ids_of_3_3
from smppcast.smsc.scenario import IdStyle, MessageIds
from tests.smpp.pdu_strategies import pdus_of
from tests.smsc.raw_esme import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESPONSE,
    SUBMIT_SM,
    RawEsme,
    raw_esme,
    read_receipt,
    submit_body,
)

pytestmark = pytest.mark.anyio

ROK, RINVBNDSTS, RINVCMDID, RINVMSGID = 0, 4, 3, 0x0C
QUERY_SM, DATA_SM = 3, 0x103
PARAM_RETRIEVE, QUERY_LAST_MSGS, QUERY_MSG_DETAILS, BROADCAST_SM = 0x22, 0x23, 0x24, 0x111
REFERENCE = b"\x02\x04\0\2\0\7"
TO = "33612345678"


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


async def bound_pair(transmitter: RawEsme, receiver: RawEsme, version: int = 0x33) -> None:
    assert (await receiver.bind(BIND_RECEIVER, version=version)).status == ROK
    assert (await transmitter.bind(BIND_TRANSMITTER, version=version)).status == ROK


@pytest.mark.parametrize("version", [0x00, 0x32, 0x33])
@pytest.mark.parametrize("kind", [BIND_TRANSMITTER, BIND_RECEIVER])
async def test_a_bind_of_3_3_or_older_is_answered_without_a_tlv(kind: int, version: int) -> None:
    async with serve() as smsc, raw_esme(smsc.port) as esme:
        answer = await esme.bind(kind, version=version)
        assert (answer.command_id, answer.status, answer.body) == (kind | RESPONSE, ROK, b"smppcast\0")


@pytest.mark.parametrize("version", [0x34, 0x50])
async def test_an_smsc_of_3_3_tells_nobody_a_version(version: int) -> None:
    async with serve(made(interface_version=0x33)) as smsc, raw_esme(smsc.port) as esme:
        assert (await esme.bind(BIND_TRANSMITTER, version=version)).body == b"smppcast\0"


@pytest.mark.parametrize(("ours", "theirs"), [(0x50, 0x33), (0x50, 0x00), (0x33, 0x34), (0x33, 0x33)])
async def test_a_transceiver_is_unknown_where_either_side_speaks_3_3(ours: int, theirs: int) -> None:
    async with serve(made(interface_version=ours)) as smsc, raw_esme(smsc.port) as esme:
        answer = await esme.bind(BIND_TRANSCEIVER, version=theirs)
        assert (answer.command_id, answer.status, answer.body) == (RESPONSE, RINVCMDID, b"")
        assert (await esme.bind(BIND_TRANSMITTER, version=theirs)).status == ROK


@pytest.mark.parametrize("command_id", [DATA_SM, BROADCAST_SM])
async def test_what_3_4_and_5_0_brought_is_unknown_to_it(command_id: int) -> None:
    body = encode(DataSm(destination_addr=TO))[16:]
    async with serve() as smsc, raw_esme(smsc.port) as esme:
        await esme.bind(BIND_TRANSMITTER, version=0x33)
        answer = await esme.ask(command_id, body)
        assert (answer.command_id, answer.status) == (RESPONSE, RINVCMDID)
        assert smsc.account.submitted == 0
    async with serve() as smsc, raw_esme(smsc.port) as esme:
        # The one that 3.4 knows is answered in its own response there.
        await esme.bind(BIND_TRANSMITTER, version=0x34)
        assert (await esme.ask(DATA_SM, body)).command_id == DATA_SM | RESPONSE


@pytest.mark.parametrize("command_id", [PARAM_RETRIEVE, QUERY_LAST_MSGS, QUERY_MSG_DETAILS])
@pytest.mark.parametrize("version", [0x33, 0x34])
async def test_what_3_4_dropped_is_not_offered(command_id: int, version: int) -> None:
    async with serve() as smsc, raw_esme(smsc.port) as esme:
        await esme.bind(BIND_TRANSMITTER, version=version)
        answer = await esme.ask(command_id, b"\0\0\0\0")
        assert (answer.command_id, answer.status) == (RESPONSE, RINVCMDID)


@pytest.mark.parametrize(
    ("message_ids", "response", "text"),
    [
        ({}, "1F", "0000000031"),
        ({"source": "random16"}, "1F", "0000000031"),
        ({"response": "uuid"}, "1F", "0000000031"),
        ({"response": {"style": "hex", "width": 8}}, "0000001f", "0000000031"),
        ({"response": {"style": "decimal", "width": 20}, "text": "hex"}, "0000001F", "1f"),
    ],
)
async def test_a_message_id_has_eight_hexadecimal_digits_and_its_receipt_ten_decimal_ones(
    message_ids: dict[str, Any], response: str, text: str
) -> None:
    scenario = made(message_ids={"start": 31, **message_ids})
    async with serve(scenario) as smsc, raw_esme(smsc.port) as esme, raw_esme(smsc.port) as receiver:
        await bound_pair(esme, receiver)
        answer = await esme.ask(SUBMIT_SM, submit_body(TO, tlvs=REFERENCE))
        assert answer.text == response
        receipt = read_receipt(await receiver.read())
        assert receipt.text.startswith(f"id:{text} ")
        assert "stat:DELIVRD" in receipt.text
        assert receipt.tlvs == {}


async def test_a_message_is_found_by_its_short_id_and_by_no_longer_one() -> None:
    async with serve(made(message_ids={"response": "uuid"})) as smsc, raw_esme(smsc.port) as esme:
        await esme.bind(BIND_TRANSMITTER, version=0x33)
        assert (await esme.ask(SUBMIT_SM, submit_body(TO, registered=0))).text == "1"
        found = await esme.ask(QUERY_SM, b"1\0\0\0\0")
        assert (found.status, found.text) == (ROK, "1")
        missed = await esme.ask(QUERY_SM, b"000000001\0\0\0\0")
        assert (missed.status, missed.body) == (RINVMSGID, b"")


async def test_receipts_of_a_tlv_form_are_written_as_text() -> None:
    scenario = made(receipts={"form": "tlv"})
    async with serve(scenario) as smsc, raw_esme(smsc.port) as esme, raw_esme(smsc.port) as receiver:
        await bound_pair(esme, receiver)
        await esme.submit(TO)
        assert read_receipt(await receiver.read()).text.startswith("id:0000000001 ")


async def test_a_receipt_that_another_client_did_not_take_loses_its_tlvs() -> None:
    scenario = made(receipts={"retry_ms": 0})
    async with serve(scenario) as smsc, raw_esme(smsc.port) as modern, raw_esme(smsc.port) as old:
        assert (await modern.bind(BIND_TRANSCEIVER)).status == ROK
        await modern.ask(SUBMIT_SM, submit_body(TO, tlvs=REFERENCE))
        first = await modern.read()
        assert read_receipt(first).tlvs.keys() == {0x001E, 0x0427, 0x0204}
        await modern.stream.aclose()
        assert (await old.bind(BIND_RECEIVER, version=0x33)).status == ROK
        again = await old.read()
        assert again.command_id == DELIVER_SM
        assert first.body.startswith(again.body)
        assert read_receipt(again).text == read_receipt(first).text
        assert read_receipt(again).tlvs == {}


async def test_an_inbound_message_with_tlvs_is_not_for_it() -> None:
    async with serve() as smsc, raw_esme(smsc.port) as esme:
        await esme.bind(BIND_RECEIVER, version=0x33)
        with pytest.raises(FieldError, match=r"SMPP 3\.3"):
            smsc.deliver(DeliverSm(source_addr=TO, tlvs=Tlvs(user_message_reference=7)))
        with pytest.raises(FieldError, match=r"SMPP 3\.3"):
            smsc.deliver(DataSm(source_addr=TO))
        assert smsc.deliver(DeliverSm(source_addr=TO, short_message=b"hi"))
        assert (await esme.read()).body.endswith(b"\2hi")


async def test_an_unbound_client_of_an_smsc_of_3_3_is_told_what_is_unknown() -> None:
    async with serve(made(interface_version=0x33)) as smsc, raw_esme(smsc.port) as esme:
        answer = await esme.ask(DATA_SM, encode(DataSm(destination_addr=TO))[16:])
        assert (answer.command_id, answer.status) == (RESPONSE, RINVCMDID)
        assert (await esme.ask(QUERY_SM, b"1\0\0\0\0")).status == RINVBNDSTS
        malformed = await esme.ask(BIND_TRANSCEIVER, b"no NUL")
        assert malformed.command_id == RESPONSE


@given(pdus_of(CommandId.DELIVER_SM))
def test_taking_off_tlvs_leaves_the_rest(pdu: Pdu) -> None:
    assert without_tlvs(encode(pdu)[16:]) == encode(replace(pdu, tlvs=Tlvs()))[16:]


SETTINGS = st.builds(
    MessageIds,
    source=st.sampled_from(["counter", "random16"]),
    start=st.integers(0, 2**40),
    wrap=st.none() | st.integers(1, 2**40),
    response=st.builds(
        IdStyle, style=st.sampled_from(["decimal", "hex", "hex_upper", "uuid"]), width=st.integers(0, 64)
    ),
)


@given(SETTINGS, st.integers(0, 2**34))
def test_no_scenario_gives_longer_ids(settings: MessageIds, first: int) -> None:
    ids = Ids(ids_of_3_3(settings))
    written = ids.response.write(ids.numbers(first, 3))
    assert all(1 <= len(each) <= 8 and int(each, 16) < 2**32 for each in written)
