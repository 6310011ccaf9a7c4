"""What the SMSC says by itself: messages of subscribers, alerts, unbind, outbind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from smppcast.errors import ConnectFailed, FieldError, TextError, UsageError
from smppcast.receipts import Reassembler
from smppcast.smpp import DeliverSm, decode
from smppcast.smsc import serve
from smppcast.smsc.center import INBOUND_MAX
from tests.smsc.made import made, timed
from tests.smsc.raw_esme import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESPONSE,
    UNBIND,
    Frame,
    RawEsme,
    bound_esme,
    pdu,
    raw_esme,
    read_receipt,
)

pytestmark = pytest.mark.anyio

OUTBIND, ALERT_NOTIFICATION, RINVBNDSTS = 0x0B, 0x102, 4
SUBSCRIBER, SERVICE = "33612345678", "36105"


def texts(*frames: Frame) -> list[str]:
    """The messages that these deliver_sm carry, put together as our own client does."""
    reassembler = Reassembler()
    found = []
    for frame in frames:
        read = decode(pdu(DELIVER_SM, frame.body, number=frame.number), strict=True)
        assert isinstance(read, DeliverSm)
        whole = reassembler.add(read, 0.0)
        found += [whole.text] if whole else []
    return found


@pytest.mark.parametrize("long_messages", ["udh8", "udh16", "sar", "payload"])
async def test_a_subscriber_writes(long_messages: str) -> None:
    short, long = "Stop ! €", "À tous 🌲 " * 30
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        assert smsc.inject(short, source="+" + SUBSCRIBER, to=SERVICE) == 1
        count = smsc.inject(long, source=SUBSCRIBER, to="GOUV", long_messages=long_messages)  # type: ignore[arg-type]
        assert (count > 1) == (long_messages != "payload")
        frames = await esme.read_many(1 + count)
        assert texts(*frames) == [short, long]
        first = decode(pdu(DELIVER_SM, frames[0].body), strict=True)
        assert isinstance(first, DeliverSm)
        assert (first.source_addr, first.source_addr_ton, first.source_addr_npi) == (SUBSCRIBER, 1, 1)
        assert (first.destination_addr, first.dest_addr_ton, first.dest_addr_npi) == (SERVICE, 3, 1)
        assert first.esm_class == 0
        assert smsc.inbound_owed == 1 + count
        await esme.acknowledge(*frames)
        await esme.settle()
        assert smsc.inbound_owed == smsc.account.receipts_sent == smsc.account.receipts_acknowledged == 0
        assert smsc.account.inbound_sent == smsc.account.inbound_acknowledged == 1 + count


async def test_octets_go_as_they_are() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        smsc.inject(b"\0\xff", source=SUBSCRIBER, to=SERVICE)
        read = decode(pdu(DELIVER_SM, (await esme.read()).body), strict=True)
        assert isinstance(read, DeliverSm)
        assert (read.data_coding, read.short_message) == (4, b"\0\xff")


async def test_a_message_is_kept_until_a_bind_acknowledges_it() -> None:
    async with serve("ideal") as smsc:
        async with bound_esme(smsc.port, BIND_TRANSMITTER) as esme:
            smsc.inject("STOP", source=SUBSCRIBER, to=SERVICE)
            await esme.settle()
        async with bound_esme(smsc.port, BIND_RECEIVER) as esme:
            assert texts(await esme.read()) == ["STOP"]
        async with bound_esme(smsc.port) as esme:
            again = await esme.read()
            assert texts(again) == ["STOP"]
            await esme.acknowledge(again)
            await esme.settle()
        assert (smsc.account.inbound_sent, smsc.account.inbound_acknowledged, smsc.inbound_owed) == (2, 1, 0)


async def test_a_message_that_is_refused_comes_again_where_the_status_says_so() -> None:
    async with timed(receipts={"retry_ms": 5000}) as made, bound_esme(made.smsc.port) as esme:
        made.smsc.inject("STOP", source=SUBSCRIBER, to=SERVICE)
        await esme.acknowledge(await esme.read(), status=0x64)
        await esme.settle()
        assert (made.smsc.account.inbound_sent, made.smsc.inbound_owed) == (1, 1)
        made.passes(5)
        await esme.acknowledge(await esme.read(), status=0x65)
        await esme.settle()
        assert (made.smsc.account.inbound_refused, made.smsc.inbound_owed) == (1, 0)


async def test_the_window_holds_receipts_and_messages_together() -> None:
    async with serve(made(receipts={"window": 2})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        _, receipt = await esme.read_many(2)
        for text in ("1", "2", "3"):
            smsc.inject(text, source=SUBSCRIBER, to=SERVICE)
        first = await esme.read()
        await esme.settle()
        await esme.acknowledge(receipt, first)
        assert texts(first, *await esme.read_many(2)) == ["1", "2", "3"]


async def test_whom_a_message_is_for() -> None:
    async with serve("ideal") as smsc:
        with pytest.raises(UsageError, match="name its system_id"):
            smsc.inject("?", source=SUBSCRIBER, to=SERVICE)
        smsc.inject("for b", source=SUBSCRIBER, to=SERVICE, system_id="b")
        async with bound_esme(smsc.port, system_id="a") as one, bound_esme(smsc.port, system_id="b") as two:
            smsc.inject("for the first", source=SUBSCRIBER, to=SERVICE)
            assert texts(await one.read()) == ["for the first"]
            assert texts(await two.read()) == ["for b"]
    async with serve(made(accounts=[{"system_id": "gouv"}])) as smsc:
        smsc.inject("for it", source=SUBSCRIBER, to=SERVICE)
        async with bound_esme(smsc.port, system_id="gouv") as esme:
            assert texts(await esme.read()) == ["for it"]


async def test_what_cannot_be_said_is_refused() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        with pytest.raises(TextError):
            smsc.inject("🌲", source=SUBSCRIBER, to=SERVICE, encoding="gsm")
        with pytest.raises(FieldError):
            smsc.inject("x", source="3" * 21, to=SERVICE)
        with pytest.raises(FieldError):
            smsc.alert("3" * 65, to=SERVICE)
        await esme.settle()
        assert smsc.inbound_owed == 0


async def test_messages_to_nobody_are_bounded() -> None:
    async with serve("ideal") as smsc:
        client = smsc.center.client("nobody")
        smsc.center.inject(client, [b"%d" % number for number in range(INBOUND_MAX + 2)])
        assert (len(client.inbound), client.inbound[0]) == (INBOUND_MAX, b"2")
        assert (smsc.inbound_owed, smsc.account.inbound_dropped) == (INBOUND_MAX, 2)


async def test_a_client_of_3_3_gets_them_without_tlvs() -> None:
    async with serve("ideal") as smsc, raw_esme(smsc.port) as esme:
        await esme.bind(BIND_RECEIVER, version=0x33)
        smsc.inject("x" * 200, source=SUBSCRIBER, to=SERVICE, long_messages="sar")
        assert [read_receipt(frame).tlvs for frame in await esme.read_many(2)] == [{}, {}]


# --- alerts and links ---------------------------------------------------------------------


async def test_an_alert_is_sent_to_who_can_take_it() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port, BIND_TRANSMITTER) as sender:
        assert not smsc.alert(SUBSCRIBER, to=SERVICE)
        async with raw_esme(smsc.port) as old, bound_esme(smsc.port, BIND_RECEIVER) as receiver:
            assert (await old.bind(BIND_RECEIVER, version=0x33)).status == 0
            assert smsc.alert(SUBSCRIBER, to=SERVICE, ms_availability_status=2)
            frame = await receiver.read()
            assert frame.command_id == ALERT_NOTIFICATION
            assert (
                frame.body == b"\1\1" + SUBSCRIBER.encode() + b"\0\3\1" + SERVICE.encode() + b"\0\4\x22\0\1\2"
            )
            await old.settle()
            await sender.settle()


async def test_one_account_is_unbound_or_cut_and_the_others_stay() -> None:
    async with (
        serve("ideal") as smsc,
        bound_esme(smsc.port, system_id="a") as one,
        bound_esme(smsc.port, system_id="b") as two,
        bound_esme(smsc.port, system_id="c") as three,
        raw_esme(smsc.port) as unbound,
    ):
        assert smsc.unbind("a") == 1
        asked = await one.read()
        assert asked.command_id == UNBIND
        await one.stream.send(pdu(UNBIND | RESPONSE, number=asked.number))
        assert await one.ended()
        await smsc.cut("b")
        assert await two.ended()
        await unbound.settle()
        assert smsc.unbind() == 1
        assert (await three.read()).command_id == UNBIND


# --- outbind ------------------------------------------------------------------------------


@asynccontextmanager
async def listening(answers: Callable[[RawEsme], Awaitable[None]]) -> AsyncIterator[int]:
    """A client that waits to be dialled; yields its port."""

    async def taken(stream: SocketStream) -> None:
        async with stream:
            await answers(RawEsme(stream))

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, taken)
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("kind", [BIND_RECEIVER, BIND_TRANSCEIVER])
async def test_a_client_that_listens_is_asked_to_bind(kind: int) -> None:
    heard = []

    async def client(esme: RawEsme) -> None:
        asked = await esme.read()
        assert (asked.command_id, asked.status, asked.body) == (OUTBIND, 0, b"centre\0secret\0")
        assert (await esme.bind(BIND_TRANSMITTER)).status == RINVBNDSTS
        assert (await esme.bind(kind)).status == 0
        heard.append(texts(await esme.read()))

    async with serve(made(system_id="centre")) as smsc, listening(client) as port:
        assert await smsc.outbind("127.0.0.1", port, password="secret")
        smsc.inject("STOP", source=SUBSCRIBER, to=SERVICE, system_id="esme")
        (link,) = smsc.links
        await link.gone.wait()
    assert heard == [["STOP"]]


async def test_a_client_that_hangs_up_or_is_not_there() -> None:
    async def client(esme: RawEsme) -> None:
        await esme.read()

    async with serve("ideal") as smsc:
        async with listening(client) as port:
            assert not await smsc.outbind("127.0.0.1", port)
        with pytest.raises(ConnectFailed):
            await smsc.outbind("127.0.0.1", port)
        assert smsc.account.binds == 0


async def test_a_client_that_does_not_answer_is_given_up() -> None:
    async def client(esme: RawEsme) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead):
            while True:
                await esme.read()

    async with serve("ideal") as smsc, listening(client) as port:
        assert not await smsc.outbind("127.0.0.1", port, timeout_s=0)


async def test_smpp_3_3_has_no_outbind() -> None:
    async with serve(made(interface_version=0x33)) as smsc:
        with pytest.raises(FieldError, match=r"SMPP 3\.3"):
            await smsc.outbind("127.0.0.1", 1)
