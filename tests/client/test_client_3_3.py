"""`connect` as a client of SMPP 3.3."""

from __future__ import annotations

import anyio
import pytest
from anyio.abc import SocketStream

from smppcast.client import BindKind, connect
from smppcast.errors import BindRefused, FieldError, TextError, UsageError
from smppcast.receipts import Receipt
from smppcast.smpp import (
    DataSm,
    DeliverSm,
    SubmitSm,
    Tlvs,
    UnknownPdu,
    encode,
)
from smppcast.smpp.framing import Framer
from smppcast.smsc import Scenario, serve
from smppcast.text import LongMessages
from tests.smsc.raw_esme import BIND_RECEIVER, RESPONSE

pytestmark = pytest.mark.anyio

TO = "33612345678"
TLV_FORMS: list[LongMessages] = ["sar", "payload"]
PATIENCE_S = 10.0


@pytest.mark.parametrize("version", [0x00, 0x33])
async def test_it_submits_on_one_session_and_takes_receipts_on_another(version: int) -> None:
    receipts: list[Receipt] = []
    settled = anyio.Event()

    def on_receipt(receipt: Receipt) -> None:
        receipts.append(receipt)
        settled.set()

    async with (
        serve(Scenario().changed(message_ids={"start": 31})) as smsc,
        connect(smsc.url, bind="receiver", interface_version=version, on_receipt=on_receipt),
        connect(smsc.url, bind="transmitter", interface_version=version) as session,
    ):
        sent = await session.submit(TO, "é" * 200, receipt=True)
        assert sent.message_ids == ("1F", "20")
        with anyio.fail_after(PATIENCE_S):
            await settled.wait()
        assert receipts[0].message_id == "0000000031"
        assert receipts[0].message_id_tlv == ""


async def test_a_transceiver_is_refused_before_anything_connects() -> None:
    with pytest.raises(UsageError, match=r"SMPP 3\.3 has none; connect as transmitter"):
        async with connect("smpp://esme@127.0.0.1:1", interface_version=0x33):
            pass


@pytest.mark.parametrize("form", TLV_FORMS)
async def test_long_texts_in_tlvs_are_refused_before_anything_connects(form: LongMessages) -> None:
    with pytest.raises(UsageError, match=rf"long_messages = '{form}': SMPP 3\.3 has no TLVs"):
        async with connect(
            "smpp://esme@127.0.0.1:1", bind="transmitter", interface_version=0x33, long_messages=form
        ):
            pass


async def test_what_3_3_cannot_say_is_refused_and_the_session_goes_on() -> None:
    async with serve() as smsc, connect(smsc.url, bind="transmitter", interface_version=0x33) as session:
        for form in TLV_FORMS:
            assert (await session.submit(TO, "Bonjour", long_messages=form)).segments == 1
            with pytest.raises(TextError, match=r"SMPP 3\.3 has no TLVs"):
                await session.submit(TO, "é" * 200, long_messages=form)
        with pytest.raises(FieldError, match=r"SMPP 3\.3 has no TLVs"):
            await session.submit(TO, "Bonjour", tlvs={"user_message_reference": 7})
        with pytest.raises(FieldError, match=r"SMPP 3\.3 has no TLVs"):
            await session.request(SubmitSm(destination_addr=TO, tlvs=Tlvs({0x1400: b"x"})))
        with pytest.raises(TextError, match=r"SMPP 3\.3 has no TLVs"):
            await session.submit_multi([TO], "é" * 200)
        with pytest.raises(FieldError, match=r"a command of SMPP 3\.3"):
            await session.data(TO, "Bonjour")
        with pytest.raises(FieldError, match="at most 8 octets"):
            await session.query("123456789")
        assert len((await session.submit_multi([TO, TO], "Bonjour")).message_id or "") <= 8
        assert (await session.query("1")).message_id == "1"
        assert (await session.submit(TO, "Bonjour")).segments == 1
        assert smsc.account.refused == {}


async def test_an_smsc_that_knows_no_transceiver_refuses_it_by_generic_nack() -> None:
    async with serve(Scenario().changed(interface_version=0x33)) as smsc:
        with pytest.raises(BindRefused, match="ESME_RINVCMDID"):
            async with connect(smsc.url):
                pass


KINDS: list[BindKind] = ["transmitter", "receiver"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_modern_client_of_an_old_smsc(kind: BindKind) -> None:
    async with (
        serve(Scenario().changed(interface_version=0x33)) as smsc,
        connect(smsc.url, bind=kind) as session,
    ):
        assert session.smsc == "smppcast"


async def test_what_a_peer_sends_is_read_with_its_tlvs_and_answered_in_kind() -> None:
    receipts: list[Receipt] = []
    answered: list[tuple[int, int]] = []
    tlvs = Tlvs(receipted_message_id="2A", message_state=2)
    sent = [
        DeliverSm(sequence_number=7, source_addr=TO, esm_class=4, tlvs=tlvs),
        DataSm(sequence_number=8, source_addr=TO, esm_class=4, tlvs=tlvs),
    ]

    async def old_and_careless(stream: SocketStream) -> None:
        framer = Framer()
        async with stream:
            await stream.receive()
            # An SMSC of 3.3 that sends what only 3.4 has.
            bound = UnknownPdu(sequence_number=1, command_id=BIND_RECEIVER | RESPONSE, body=b"old\0")
            await stream.send(encode(bound) + b"".join(map(encode, sent)))
            while len(answered) < len(sent):
                for octets in framer.feed(await stream.receive()):
                    answered.append((octets[0], octets[15]))
                    kinds.append(octets[4:8])

    kinds: list[bytes] = []
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, old_and_careless)
            async with connect(
                f"smpp://esme@127.0.0.1:{port}",
                bind="receiver",
                interface_version=0x33,
                on_receipt=receipts.append,
                unbind_timeout_s=0.2,
            ) as session:
                with anyio.fail_after(PATIENCE_S):
                    await session.wait_ended()
            tasks.cancel_scope.cancel()
    assert [receipt.message_id for receipt in receipts] == ["2A", "2A"]
    assert kinds == [b"\x80\0\0\5", b"\x80\0\1\3"]
