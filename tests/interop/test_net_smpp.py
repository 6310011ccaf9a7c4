"""Perl's Net::SMPP: its examples as they come, and as an SMSC and an ESME that do more."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smppcast import connect
from smppcast.model import MessageState
from smppcast.receipts import InboundMessage
from smppcast.smpp import DeliverSm, SubmitSm, SubmitSmResp
from smppcast.smpp.session import Timers
from smppcast.smpp.vocabulary import CommandStatus
from smppcast.smsc import Scenario, serve
from smppcast.text import split
from tests.interop.peers import LIMIT_S, LOOPBACK, SCRIPTS, Peer, installed, running, until
from tests.interop.tap import tapped
from tests.interop.wordings import ACCENTED, CYRILLIC, LONG, LONG_UCS2, SHORT
from tests.ports import free_port

pytestmark = pytest.mark.anyio


def copied(name: str, folder: Path, port: int, **changes: str) -> str:
    """A copy of an example that talks on `port`, and says at once what it says.

    `changes` are values of fields, wherever it gives them.
    """
    text = Path(installed("net-smpp", name)).read_text("latin-1")
    text, ports = re.subn(r"^\$port = \d+;", f"$port = {port}; $| = 1;", text, flags=re.MULTILINE)
    text, hosts = re.subn(r"^\$host = '\w+';", f"$host = '{LOOPBACK}';", text, flags=re.MULTILINE)
    assert (ports, hosts) == (1, 1)
    for field, value in changes.items():
        text, fields = re.subn(rf"\b{field}\s*=>\s*\w+", f"{field} => {value}", text)
        assert fields, field
    copy = folder / name
    copy.write_text(text, "latin-1")
    return str(copy)


@asynccontextmanager
async def perl(script: str, *arguments: str) -> AsyncIterator[Peer]:
    async with running(installed("bin", "perl"), script, *arguments, name=Path(script).name) as peer:
        yield peer


# --- its examples -------------------------------------------------------------------------


async def test_our_client_on_its_example(tmp_path: Path) -> None:
    port = free_port()
    texts = {"33600000001": SHORT, "33600000002": ACCENTED, "33600000003": CYRILLIC, "33600000004": LONG}
    async with perl(copied("smsc.pl", tmp_path, port), "34") as server:
        await server.listens(port)
        url = f"smpp://gouv:secret@{LOOPBACK}:{port}"
        async with connect(url, source="GOUV", timers=Timers(enquire_link_s=0.1)) as session:
            assert session.smsc == "GSMSGW"
            for to, text in texts.items():
                sent = await session.submit(to, text)
                # It gives every message the same one.
                assert set(sent.message_ids) == {"123456789"}
            await server.said("enquire_link")
        await server.said("Remote sent unbind")
        assert sum("submit_sm" in line for line in server.lines) == 5


async def test_its_example_on_our_smsc(tmp_path: Path) -> None:
    # What SMPP has no such value for: TON 9, a validity_period of one digit.
    changes = {"dest_addr_ton": "2", "source_addr_ton": "2", "addr_ton": "2", "validity_period": "''"}
    async with serve() as smsc, tapped(smsc.port) as tap:
        async with perl(copied("esme.pl", tmp_path, tap.port, **changes), "34") as client:
            await client.finished()
        (submit,) = tap.from_esme(SubmitSm)
        # Eight TLVs, six of which no specification has.
        assert (submit.short_message, len(submit.tlvs.raw)) == (b"Hello", 8)
        assert [pdu.command_status for pdu in tap.from_smsc(SubmitSmResp)] == [CommandStatus.ESME_ROK]
        assert smsc.account.destinations(accepted=True) == {"077747772777": 1}
        assert smsc.account.other_requests == {"bind_transmitter": 1, "unbind": 1}
        await until(lambda: not smsc.links)


# --- an SMSC and an ESME made of it -------------------------------------------------------

SERVER, CLIENT = str(SCRIPTS / "net_smpp_server.pl"), str(SCRIPTS / "net_smpp_client.pl")


async def test_our_client_on_its_server() -> None:
    received: list[InboundMessage] = []
    async with perl(SERVER) as server:
        (listening,) = await server.told("listening")
        url = f"smpp://gouv:secret@{LOOPBACK}:{listening['port']}"
        timers = Timers(enquire_link_s=0.1)
        async with connect(url, source="GOUV", on_message=received.append, timers=timers) as session:
            assert session.smsc == "perl"
            # The first gets its receipts before its responses.
            for to, text in {"33600000001": LONG, "33600000002": ACCENTED, "33600000003": LONG_UCS2}.items():
                sent = await session.submit(to, text, receipt=True)
                assert (await sent.receipt(LIMIT_S)).state is MessageState.DELIVERED
            sent = await session.submit("33600007777", CYRILLIC, receipt=True)
            assert (await sent.receipt(LIMIT_S)).state is MessageState.EXPIRED
            found = await session.query("47")
            assert sent.message_ids == ("47",)
            assert (found.message_id, found.message_state) == ("47", MessageState.DELIVERED)
            await server.told("enquire_link")
            await server.told("enquire_link_resp", status=0)
        await server.told("unbind")
        await server.told("close")
        # Three parts and seven receipts, each acknowledged.
        assert len(server.all("deliver_sm_resp", status=0)) == 10
        async with connect(url, bind="transmitter") as session:
            await session.submit("33600000000", SHORT)
            assert await session.wait_ended() is None
        await server.told("unbind_resp", status=0)
    (message,) = received
    assert (message.text, message.parts) == ("Bonjour _€", 3)


async def test_its_client_on_our_smsc() -> None:
    scenario = Scenario().changed(
        accounts=[{"system_id": "perl", "password": "secret"}],
        numbers=[
            {"suffix": "7777", "state": "undeliverable", "err": "011"},
            {"suffix": "8888", "status": "ESME_RINVDSTADR"},
        ],
        message_ids={"response": {"style": "hex", "width": 16}},
        receipts={"form": "text", "early": 0.5, "dates": "seconds"},
    )
    texts = {
        "33600000001": SHORT,
        "33600000002": ACCENTED,
        "33600000003": CYRILLIC,
        "33600000004": LONG,
        "33600000005": LONG_UCS2,
        "33600007777": SHORT,
        "33600008888": SHORT,
    }
    messages = [
        (to, 0x40 if segment.esm_class_udhi else 0, cut.data_coding, segment.short_message.hex())
        for to, text in texts.items()
        for cut in (split(text),)
        for segment in cut.segments
    ]
    inbound = DeliverSm(source_addr="33612345678", destination_addr="36180", short_message=b"STOP")
    async with serve(scenario) as smsc, tapped(smsc.port) as tap:
        async with perl(CLIENT, str(tap.port), "secret", json.dumps(messages), "1") as client:
            await client.told("bound", status=0, system_id="smppcast")
            await until(lambda: smsc.deliver(inbound))
            await client.finished()
            answered = {one["message_id"]: one["to"] for one in client.all("answered", status=0)}
            assert len(answered) == len(messages) - 1
            assert len(client.all("answered", status=0x0B, to="33600008888")) == 1
            receipts = {one["text"].split()[0]: one for one in client.all("receipt")}
            assert {f"id:{message_id}" for message_id in answered} == set(receipts)
            for message_id, to in answered.items():
                receipt = receipts[f"id:{message_id}"]
                assert (receipt["from"], receipt["to"]) == (to, "GOUV")
                failed = to.endswith("7777")
                assert f"stat:{'UNDELIV err:011' if failed else 'DELIVRD err:000'}" in receipt["text"]
            assert [one["text"] for one in client.all("inbound")] == ["STOP"]
            states = [one["message_state"] for one in client.all("queried")]
            assert states == [MessageState.UNDELIVERABLE]
            assert client.all("unbound")
        assert tap.texts() == texts
        assert (smsc.account.malformed, smsc.receipts_owed) == (0, 0)
        await until(lambda: not smsc.links)


async def test_our_smsc_refuses_its_client() -> None:
    scenario = Scenario().changed(accounts=[{"system_id": "perl", "password": "secret"}])
    async with serve(scenario) as smsc:
        async with perl(CLIENT, str(smsc.port), "wrong", "[]", "0") as client:
            await client.told("bound", status=0x0E)
            await client.finished()
        assert smsc.account.binds_refused == {0x0E: 1}
