"""What vendors make of receipts: their words, their command, and notifications on the way."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given

from smppcast.errors import ConfigError
from smppcast.model import MessageState
from smppcast.receipts import parse
from smppcast.smpp import CommandId, DataSm, DeliverSm, Pdu, decode, encode
from smppcast.smsc import serve
from smppcast.smsc.dialect import as_data_sm
from tests.smpp.pdu_strategies import pdus_of
from tests.smsc.made import made, timed
from tests.smsc.raw_esme import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESPONSE,
    SUBMIT_SM,
    Frame,
    bound_esme,
    pdu,
    raw_esme,
    read_receipt,
    submit_body,
)

pytestmark = pytest.mark.anyio

DATA_SM = 0x103


async def test_the_words_are_the_vendors() -> None:
    receipts = {"text": "{stat} 100% {id}/{id_}".replace("{id_}", "{err} on {done}"), "dates": "seconds"}
    outcomes = [{"state": "undeliverable", "err": "0%A", "stat": "FAILED"}]
    async with serve(made(receipts=receipts, outcomes=outcomes)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", "33600002")
        frames = await esme.read_many(4)
        texts = [read_receipt(frame).text for frame in frames if frame.command_id == DELIVER_SM]
        assert [text.rpartition(" ")[0] for text in texts] == [
            "FAILED 100% 1/0%A on",
            "FAILED 100% 2/0%A on",
        ]
        assert len(texts[0].rpartition(" ")[2]) == 12


@pytest.mark.parametrize(
    "text", ["", "{stat}", "{id} {id}", "{id} {nonsense}", "{id} {", "{id} {}", "é{id}", "{id:5}"]
)
def test_words_without_an_id_or_with_unknown_places_are_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(receipts={"text": text})
    assert caught.value.key == "receipts.text"


async def test_receipts_come_by_data_sm_and_are_acknowledged_so() -> None:
    scenario = made(receipts={"command": "data_sm", "retry_ms": 0})
    async with serve(scenario) as smsc, bound_esme(smsc.port) as esme:
        await esme.send(SUBMIT_SM, submit_body("33600001", tlvs=b"\x02\x04\0\2\0\7"))
        _, first = await esme.read_many(2)
        receipt = decode(pdu(first.command_id, first.body), strict=True)
        assert isinstance(receipt, DataSm)
        assert (receipt.source_addr, receipt.destination_addr, receipt.esm_class) == ("33600001", "GOUV", 4)
        assert receipt.tlvs["receipted_message_id"] == "1"
        assert receipt.tlvs["user_message_reference"] == 7
        found = parse(receipt)
        assert found is not None
        assert found.state is MessageState.DELIVERED

        async def answer(frame: Frame, status: int) -> None:
            body = b"" if status else b"\0"
            await esme.stream.send(pdu(DATA_SM | RESPONSE, body, number=frame.number, status=status))

        await answer(first, 0x64)
        again = await esme.read()
        assert again.body == first.body
        assert smsc.receipts_owed == 1
        await answer(again, 0)
        await esme.settle()
        assert (smsc.receipts_owed, smsc.account.receipts_acknowledged) == (0, 1)


async def test_a_client_of_3_3_knows_no_data_sm() -> None:
    async with (
        serve(made(receipts={"command": "data_sm"})) as smsc,
        bound_esme(smsc.port, BIND_TRANSMITTER) as sender,
        raw_esme(smsc.port) as receiver,
    ):
        await sender.submit("33600001")
        await sender.read()
        await receiver.bind(BIND_RECEIVER, version=0x33)
        assert read_receipt(await receiver.read()).source == "33600001"


@given(pdus_of(CommandId.DELIVER_SM))
def test_as_data_sm_says_the_same(given_pdu: Pdu) -> None:
    pdu_ = cast("DeliverSm", given_pdu)
    body = as_data_sm(encode(pdu_)[16:])
    told = decode(pdu(DATA_SM, body))
    assert isinstance(told, DataSm)
    for name in DataSm.__dataclass_fields__:
        if name not in ("command_id", "command_status", "sequence_number", "tlvs"):
            assert getattr(told, name) == getattr(pdu_, name)
    text = [(0x424, pdu_.short_message)] if pdu_.short_message else []
    assert told.tlvs.raw == (*text, *pdu_.tlvs.raw)


async def test_who_asks_is_notified_on_the_way() -> None:
    async with timed(receipt_latency=10_000) as made, bound_esme(made.smsc.port) as esme:
        await esme.submit("33600001", registered=0x11)
        await esme.submit("33600002", registered=0x10)
        await esme.read_many(2)
        made.passes(5)
        frames = await esme.read_many(2)
        for frame in frames:
            notification = read_receipt(frame)
            assert (notification.esm_class, notification.tlvs[0x427]) == (0x20, b"\1")
            assert "stat:ENROUTE" in notification.text
        made.passes(5)
        final = await esme.read()
        assert (read_receipt(final).esm_class, read_receipt(final).source) == (4, "33600001")
        await esme.acknowledge(*frames, final)
        await esme.settle()
        assert made.smsc.receipts_owed == 0


async def test_an_operator_may_call_enroute_final() -> None:
    async with serve(made(outcomes=[{"state": "enroute"}])) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        _, frame = await esme.read_many(2)
        assert (read_receipt(frame).esm_class, "stat:ENROUTE" in read_receipt(frame).text) == (4, True)
