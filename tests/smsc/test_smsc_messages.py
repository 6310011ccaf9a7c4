"""query_sm, cancel_sm and replace_sm: of which message, by whom, when."""

from __future__ import annotations

import pytest

from smppcast.smpp import CancelSm, Pdu, QuerySm, ReplaceSm, encode
from smppcast.smsc import serve
from tests.smsc.made import timed
from tests.smsc.raw_esme import SUBMIT_SM, Frame, RawEsme, bound_esme, read_receipt, submit_body

pytestmark = pytest.mark.anyio

ROK, RINVSRCADR, RINVDSTADR, RINVMSGID, RCANCELFAIL, RREPLACEFAIL = 0, 0x0A, 0x0B, 0x0C, 0x11, 0x13
ENROUTE, DELIVERED, DELETED = 1, 2, 4


async def ask(esme: RawEsme, pdu: Pdu) -> Frame:
    return await esme.ask(pdu.command_id, encode(pdu)[16:])


async def state(esme: RawEsme, message_id: str) -> int:
    answer = await ask(esme, QuerySm(message_id=message_id))
    assert answer.status == ROK
    return answer.body[-2]


@pytest.mark.parametrize("command", [QuerySm, CancelSm, ReplaceSm])
async def test_a_message_is_found_by_its_id_and_sender_or_by_its_id_alone(command: type[Pdu]) -> None:
    async with timed(receipt_latency=60_000) as made, bound_esme(made.smsc.port) as esme:
        await esme.submit("33600001", "33600002", "33600003")
        await esme.read_many(3)
        wrong = command(message_id="2", source_addr="OTHER")  # type: ignore[call-arg]
        assert (await ask(esme, wrong)).status == RINVSRCADR
        assert (await ask(esme, command(message_id="4"))).status == RINVMSGID  # type: ignore[call-arg]
        assert (await ask(esme, command(message_id=""))).status != ROK  # type: ignore[call-arg]
        right = command(message_id="2", source_addr="GOUV")  # type: ignore[call-arg]
        assert (await ask(esme, right)).status == ROK
        assert (await ask(esme, command(message_id="3"))).status == ROK  # type: ignore[call-arg]


async def test_a_cancelled_message_is_deleted_and_its_receipt_says_so() -> None:
    async with timed(receipt_latency=60_000) as made, bound_esme(made.smsc.port) as esme:
        await esme.submit("33600001", "33600002")
        await esme.read_many(2)
        elsewhere = CancelSm(message_id="1", destination_addr="33600002")
        assert (await ask(esme, elsewhere)).status == RINVDSTADR
        right = CancelSm(message_id="1", source_addr="GOUV", destination_addr="33600001")
        assert (await ask(esme, right)).status == ROK
        assert (await state(esme, "1"), await state(esme, "2")) == (DELETED, ENROUTE)
        made.passes(60)
        texts = [read_receipt(frame).text for frame in await esme.read_many(2)]
        assert ["stat:DELETED" in text for text in texts] == [True, False]
        assert (await ask(esme, CancelSm(message_id="2"))).status == RCANCELFAIL
        assert (await ask(esme, ReplaceSm(message_id="2"))).status == RREPLACEFAIL
        assert await state(esme, "2") == DELIVERED


async def test_without_an_id_all_of_a_sender_to_a_number_are_cancelled() -> None:
    group = CancelSm(source_addr="GOUV", destination_addr="33600001")
    async with timed(receipt_latency=60_000) as made, bound_esme(made.smsc.port) as esme:
        assert (await ask(esme, group)).status == RCANCELFAIL
        await esme.submit("33600001", "33600002", "33600001", registered=0)
        await esme.send(SUBMIT_SM, submit_body("33600001", source="OTHER", registered=0))
        await esme.read_many(4)
        assert (await ask(esme, CancelSm(destination_addr="33600001"))).status == RCANCELFAIL
        assert (await ask(esme, group)).status == ROK
        assert [await state(esme, name) for name in "1234"] == [DELETED, ENROUTE, DELETED, ENROUTE]
        assert (await ask(esme, group)).status == RCANCELFAIL


async def test_messages_are_found_again_under_each_style_of_ids() -> None:
    for style in ("decimal", "hex", "hex_upper", "uuid"):
        async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
            smsc.change(message_ids={"response": {"style": style, "width": 20}, "start": 0xABCDE})
            await esme.submit("33600001", "33600002", registered=0)
            ids = [frame.text for frame in await esme.read_many(2)]
            assert [await state(esme, name) for name in ids] == [DELIVERED, DELIVERED]
