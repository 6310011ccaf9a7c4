"""data_sm, submit_multi and rare kinds of submit_sm: transaction and datagram mode, pending flags."""

from __future__ import annotations

from typing import Any

import pytest

from smppcast.smpp import (
    AlertNotification,
    DataSm,
    DataSmResp,
    DistributionList,
    Pdu,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlvs,
    UnsuccessSme,
    decode,
    encode,
)
from tests.smsc.made import timed
from tests.smsc.raw_esme import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    Frame,
    RawEsme,
    bound_esme,
    pdu,
    read_receipt,
)

pytestmark = pytest.mark.anyio

TRANSACTION, DATAGRAM = 2, 1
REACHED, GONE, LATE = "33600000001", "33600007777", "33600008888"
NUMBERS = [
    {"suffix": "7777", "state": "undeliverable", "err": "011"},
    {"suffix": "8888", "state": "expired"},
]


def one(cls: type[Pdu], to: str, **fields: Any) -> Pdu:
    return cls(
        **{"source_addr": "GOUV", "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": to, **fields}
    )


async def send(esme: RawEsme, asked: Pdu) -> int:
    return await esme.send(asked.command_id, encode(asked)[16:])


def typed(frame: Frame) -> Pdu:
    return decode(pdu(frame.command_id, frame.body, number=frame.number, status=frame.status), strict=True)


@pytest.mark.parametrize(("cls", "answer"), [(DataSm, DataSmResp), (SubmitSm, SubmitSmResp)])
async def test_in_transaction_mode_the_response_is_the_outcome(cls: type[Pdu], answer: type[Pdu]) -> None:
    async with timed(numbers=NUMBERS, receipt_latency=5000) as made, bound_esme(made.smsc.port) as esme:
        for to in (REACHED, GONE, LATE):
            await send(esme, one(cls, to, esm_class=TRANSACTION, registered_delivery=1))
        await esme.settle()  # nothing came before
        made.passes(5)
        answers = [typed(frame) for frame in await esme.read_many(3)]
        assert answers == [
            answer(0, 2, message_id="1"),  # type: ignore[call-arg]
            answer(0xFE, 3, Tlvs(delivery_failure_reason=2, network_error_code=b"\x03\x00\x0b"), ""),  # type: ignore[call-arg]
            answer(0xFE, 4, Tlvs(delivery_failure_reason=0), ""),  # type: ignore[call-arg]
        ]
        await esme.settle()  # and no receipt after
        assert made.smsc.receipts_owed == 0


async def test_a_datagram_is_never_reported() -> None:
    async with timed() as made, bound_esme(made.smsc.port) as esme:
        await send(esme, one(DataSm, REACHED, esm_class=DATAGRAM, registered_delivery=1))
        await send(esme, one(SubmitSm, REACHED, esm_class=DATAGRAM, registered_delivery=1))
        assert [frame.text for frame in await esme.read_many(2)] == ["1", "2"]
        await esme.settle()
        assert made.smsc.account.receipts_sent == 0


@pytest.mark.parametrize("cls", [DataSm, SubmitSm])
async def test_who_set_the_flag_is_alerted_when_the_handset_is_back(cls: type[Pdu]) -> None:
    flag = Tlvs(set_dpf=1)
    async with (
        timed(numbers=NUMBERS, receipt_latency=5000, alert_latency=60_000) as made,
        bound_esme(made.smsc.port) as esme,
    ):
        for to in (REACHED, LATE):
            await send(esme, one(cls, to, tlvs=flag, registered_delivery=1))
        reached, late = map(typed, await esme.read_many(2))
        assert (reached.tlvs["dpf_result"], late.tlvs["dpf_result"]) == (0, 1)
        made.passes(5)
        receipts = await esme.read_many(2)
        assert [frame.command_id for frame in receipts] == [DELIVER_SM, DELIVER_SM]
        made.passes(59)
        await esme.settle()
        made.passes(1)
        assert typed(await esme.read()) == AlertNotification(
            sequence_number=3,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=LATE,
            esme_addr="GOUV",
            tlvs=Tlvs(ms_availability_status=0),
        )


async def test_an_alert_needs_a_bind_that_receives() -> None:
    async with (
        timed(numbers=NUMBERS, alert_latency=0) as made,
        bound_esme(made.smsc.port, BIND_TRANSMITTER) as esme,
    ):
        await send(esme, one(SubmitSm, LATE, tlvs=Tlvs(set_dpf=1)))
        assert typed(await esme.read()).tlvs["dpf_result"] == 1
        await esme.settle()
        async with bound_esme(made.smsc.port, BIND_RECEIVER) as receiver:
            await receiver.settle()
            await send(esme, one(SubmitSm, LATE, tlvs=Tlvs(set_dpf=1)))
            assert typed(await receiver.read()).command == "alert_notification"


async def test_a_refusal_comes_before_all_of_that() -> None:
    refuse = [{"match": "^", "status": "ESME_RSUBMITFAIL"}]
    async with timed(numbers=refuse) as made, bound_esme(made.smsc.port) as esme:
        await send(esme, one(DataSm, LATE, esm_class=TRANSACTION, tlvs=Tlvs(set_dpf=1)))
        assert typed(await esme.read()) == DataSmResp(0x45, 2)
        assert made.smsc.account.refused == {0x45: 1}


async def test_submit_multi_to_lists_and_numbers() -> None:
    lists = {"friends": ["33600001", "33600002"], "enemies": ["33600009"]}
    refuse = [{"suffix": "9", "status": 0x0B}]
    to = (DistributionList("friends"), SmeAddress(1, 1, "33600003"), DistributionList("enemies"))
    async with timed(distribution_lists=lists, numbers=refuse) as made, bound_esme(made.smsc.port) as esme:
        multi = SubmitMulti(
            source_addr="GOUV", dest_address=to, registered_delivery=1, tlvs=Tlvs(user_message_reference=7)
        )
        number = await send(esme, multi)
        refused = (UnsuccessSme(1, 1, "33600009", 0x0B),)
        assert typed(await esme.read()) == SubmitMultiResp(0, number, message_id="1", unsuccess_sme=refused)
        receipts = [read_receipt(frame) for frame in await esme.read_many(3)]
        assert [receipt.source for receipt in receipts] == ["33600001", "33600002", "33600003"]
        assert {receipt.tlvs[0x204] for receipt in receipts} == {b"\0\7"}
        # Refused whole, whoever else it names.
        strangers = (SmeAddress(1, 1, "33600003"), DistributionList("strangers"))
        number = await send(esme, SubmitMulti(source_addr="GOUV", dest_address=strangers))
        assert typed(await esme.read()) == SubmitMultiResp(0x34, number)
        account = made.smsc.account
        assert (account.submitted, account.accepted, account.refused) == (5, 3, {0x0B: 1, 0x34: 1})
        assert account.order()[-1] == ""
