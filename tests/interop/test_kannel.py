"""Kannel, the gateway, as an ESME to the simulated SMSC: submits by HTTP, receipts and messages back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from smppcast.smpp import DeliverSm
from smppcast.smsc import Scenario, serve
from smppcast.text import split
from tests.interop.hooks import Hooks, hooks
from tests.interop.peers import LOOPBACK, Peer, installed, running, until
from tests.interop.tap import tapped
from tests.interop.wordings import ACCENTED, CYRILLIC, LONG, LONG_UCS2, SHORT
from tests.ports import free_port
from tests.smsc.made import timed

pytestmark = pytest.mark.anyio

# msg-id-type: ids of submit_sm_resp are hexadecimal with bit 0, those of receipts with bit 1.
CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
dlr-storage = internal

{links}
group = smsbox
smsbox-id = box
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {http}
sendsms-interface = 127.0.0.1
mo-recode = true

group = smsbox-route
smsbox-id = box
smsc-id = smsc

group = sendsms-user
username = gouv
password = secret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
get-url = "http://127.0.0.1:{hooks}/inbound?from=%p&to=%P&text=%a"
max-messages = 0
"""


LINK = """\
group = smsc
smsc = smpp
smsc-id = smsc
host = 127.0.0.1
{binds}
smsc-username = kannel
smsc-password = secret
system-type = ""
msg-id-type = {msg_id_type}
enquire-link-interval = 1
reconnect-delay = 1

"""
TRANSCEIVER = ("port = {smsc}\ntransceiver-mode = true\ninterface-version = 34",)
# No TLVs, and no transceiver to carry both ways.
TWO_LINKS_OF_3_3 = ("port = {smsc}\ninterface-version = 33", "receive-port = {smsc}\ninterface-version = 33")


@dataclass(frozen=True)
class Gateway:
    """A running Kannel: its router, and the port that takes messages by HTTP."""

    bearerbox: Peer
    http: int
    hooks: Hooks

    async def send(self, to: str, text: str, coding: int, *, reports: int) -> None:
        """Submits a text; callbacks of the kinds in `reports` come to the hooks."""
        report = f"http://{LOOPBACK}:{self.hooks.port}/report?" + urlencode({"to": to}) + "&type=%d&answer=%A"
        query = {
            "username": "gouv",
            "password": "secret",
            "from": "GOUV",
            "to": to,
            "text": text,
            "coding": coding,
            "charset": "UTF-8",
            "dlr-mask": reports,
            "dlr-url": report,
        }
        reader, writer = await asyncio.open_connection(LOOPBACK, self.http)
        writer.write(f"GET /cgi-bin/sendsms?{urlencode(query)} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b" 202 " in answer.partition(b"\r\n")[0], answer


@asynccontextmanager
async def kannel(
    folder: Path, smsc: int, hooks: Hooks, *, msg_id_type: int = 0, binds: tuple[str, ...] = TRANSCEIVER
) -> AsyncIterator[Gateway]:
    ports = {"admin": free_port(), "boxes": free_port(), "http": free_port()}
    links = "".join(LINK.format(binds=bind.format(smsc=smsc), msg_id_type=msg_id_type) for bind in binds)
    configuration = folder / "kannel.conf"
    configuration.write_text(CONFIGURATION.format(links=links, hooks=hooks.port, **ports))
    bearerbox, smsbox = (installed("bin", box) for box in ("bearerbox", "smsbox"))
    async with running(bearerbox, "-v", "0", str(configuration), cwd=folder) as router:
        await router.listens(ports["boxes"])
        async with running(smsbox, "-v", "1", str(configuration), cwd=folder):
            # It listens, and says so, before it is ready; a request in between is its end.
            await router.said("got boxc_id <box>")
            yield Gateway(router, ports["http"], hooks)


# By destination: the text and Kannel's coding of it (0: GSM, 2: UCS-2), in how many segments.
TEXTS = {
    "33600000001": (SHORT, 0, 1),
    "33600000002": (ACCENTED, 0, 1),
    "33600000003": (CYRILLIC, 2, 1),
    "33600000004": (LONG, 0, 2),
    "33600000005": (LONG_UCS2, 2, 3),
    "33600007777": (SHORT, 0, 1),
    "33600008888": (SHORT, 0, 1),
}
# Kinds of its reports: delivered, not delivered, on its way, taken by the SMSC, refused by it.
DELIVERED, UNDELIVERED, BUFFERED, TAKEN, REFUSED, ALL = "1", "2", "4", "8", "16", 31


@pytest.mark.parametrize(
    ("message_ids", "form", "msg_id_type"),
    [
        ({"source": "random16"}, "both", 0),
        ({"start": 0xABCDEF, "response": "hex", "text": "decimal", "tlv": "decimal"}, "text", 1),
        ({"start": 0xABCDEF, "response": "hex_upper"}, "tlv", 3),
    ],
    ids=["as they are", "hexadecimal, decimal in the text", "hexadecimal, in TLVs"],
)
async def test_it_on_our_smsc(
    tmp_path: Path, message_ids: dict[str, object], form: str, msg_id_type: int
) -> None:
    scenario = Scenario().changed(
        accounts=[{"system_id": "kannel", "password": "secret"}],
        numbers=[
            {"suffix": "7777", "state": "undeliverable", "err": "011"},
            {"suffix": "8888", "status": "ESME_RINVDSTADR"},
        ],
        message_ids=message_ids,
        receipts={"form": form},
        receipt_latency=100,
    )
    async with (
        serve(scenario) as smsc,
        tapped(smsc.port) as tap,
        hooks() as asked,
        kannel(tmp_path, tap.port, asked, msg_id_type=msg_id_type) as gateway,
    ):
        await until(lambda: smsc.account.binds)
        for to, (text, coding, _) in TEXTS.items():
            await gateway.send(to, text, coding, reports=ALL)
        final = dict.fromkeys(TEXTS, DELIVERED) | {"33600007777": UNDELIVERED, "33600008888": REFUSED}
        # It asks for intermediate notifications too; and it calls back from several threads.
        taken = [(to, kind) for to in final if final[to] != REFUSED for kind in (TAKEN, BUFFERED)]
        expected = sorted([*final.items(), *taken])
        for to, kind in expected:
            await asked.called("/report", 1, to=to, type=kind)
        assert sorted((call.fields["to"], call.fields["type"]) for call in asked.calls) == expected
        await until(lambda: not smsc.receipts_owed)
        # Its own timer, a second: the bind is alive without a message.
        await until(lambda: smsc.account.other_requests["enquire_link"])
        gateway.bearerbox.signal(signal.SIGTERM)
        await gateway.bearerbox.finished()
        await until(lambda: not smsc.links)
        assert tap.texts() == {to: text for to, (text, _, _) in TEXTS.items()}
        assert smsc.account.destinations() == {to: segments for to, (_, _, segments) in TEXTS.items()}
        assert smsc.account.other_requests["unbind"] == 1
        # Of a long message it asks for the receipt of one segment alone.
        assert smsc.account.receipts_acknowledged == 2 * (len(TEXTS) - 1)
        assert (smsc.account.malformed, smsc.receipts_owed) == (0, 0)


def inbound(**fields: Any) -> DeliverSm:
    return DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="33612345678",
        dest_addr_ton=3,
        destination_addr="36180",
        **fields,
    )


async def test_messages_of_our_smsc_reach_it(tmp_path: Path) -> None:
    async with serve() as smsc, hooks() as asked, kannel(tmp_path, smsc.port, asked) as gateway:
        await until(lambda: any(link.receives for link in smsc.links))
        assert smsc.deliver(inbound(short_message=b"STOP \x1b\x65"))
        assert smsc.deliver(inbound(data_coding=8, short_message="Где вы ? 🌲".encode("utf-16-be")))
        cut = split(LONG, reference=42)
        for segment in cut.segments:
            assert smsc.deliver(inbound(esm_class=0x40, short_message=segment.short_message))
        calls = await asked.called("/inbound", 3)
        # One PDU after the other, but it calls back from several threads.
        assert {call.fields["text"] for call in calls} == {"STOP €", "Где вы ? 🌲", LONG}
        assert {(call.fields["from"], call.fields["to"]) for call in calls} == {("+33612345678", "36180")}
        gateway.bearerbox.signal(signal.SIGTERM)
        await gateway.bearerbox.finished()


async def test_a_lost_link_is_bound_again_and_owed_receipts_follow(tmp_path: Path) -> None:
    async with (
        serve(Scenario().changed(receipt_latency=1500)) as smsc,
        hooks() as asked,
        kannel(tmp_path, smsc.port, asked) as gateway,
    ):
        await until(lambda: smsc.account.binds)
        await gateway.send("33600000001", SHORT, 0, reports=ALL)
        await asked.called("/report", 1, type=TAKEN)
        await smsc.cut()
        await asked.called("/report", 1, type=DELIVERED)
        await until(lambda: smsc.account.binds == 2 and not smsc.receipts_owed)


async def test_it_speaks_3_3_on_our_smsc(tmp_path: Path) -> None:
    async with (
        timed(receipt_latency=1000) as made,
        tapped(made.smsc.port) as tap,
        hooks() as asked,
        kannel(tmp_path, tap.port, asked, binds=TWO_LINKS_OF_3_3) as gateway,
    ):
        smsc = made.smsc
        await until(lambda: smsc.account.binds == 2)
        await gateway.send("33600000001", ACCENTED, 0, reports=ALL)
        await gateway.send("33600000002", LONG_UCS2, 2, reports=ALL)
        # A receipt that overtakes its response, on the other link, is lost on it.
        await asked.called("/report", 2, type=TAKEN)
        made.passes(1)
        await asked.called("/report", 2, type=DELIVERED)
        assert smsc.deliver(inbound(short_message=b"STOP"))
        await asked.called("/inbound", 1, text="STOP")
        gateway.bearerbox.signal(signal.SIGTERM)
        await gateway.bearerbox.finished()
        assert tap.texts() == {"33600000001": ACCENTED, "33600000002": LONG_UCS2}
        deliveries = tap.from_smsc(DeliverSm)
        assert len(deliveries) == 3
        assert not any(pdu.tlvs for pdu in deliveries)
        assert smsc.account.malformed == 0
