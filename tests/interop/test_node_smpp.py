"""The npm package `smpp`, as an SMSC to our client and as an ESME to the simulated SMSC."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from smppcast import connect
from smppcast.errors import BindRefused, ConnectFailed
from smppcast.ledger.memory import MemoryStore
from smppcast.model import MessageState
from smppcast.net.dialling import Tls
from smppcast.receipts import InboundMessage, Receipt
from smppcast.smpp import DeliverSm
from smppcast.smpp.session import Timers
from smppcast.smsc import Scenario, serve
from smppcast.text import LongMessages
from tests.interop.lanes import lane, template
from tests.interop.peers import LIMIT_S, SCRIPTS, Event, Peer, installed, running, until
from tests.interop.tap import tapped
from tests.interop.wordings import ACCENTED, CYRILLIC, LONG, LONG_UCS2, SHORT

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def node(script: str, **options: Any) -> AsyncIterator[Peer]:
    modules = installed("node", "node_modules")
    command = [installed("bin", "node"), str(SCRIPTS / script), json.dumps(options)]
    async with running(*command, name=script, env={"NODE_PATH": modules}) as peer:
        yield peer


def joined(submits: list[Event], to: str) -> str:
    """The text that the peer read, of all parts in their order."""
    parts = sorted((one["part"], one["text"]) for one in submits if one["to"] == to)
    assert [part for part, _ in parts] == [[len(parts), number] for number in range(1, len(parts) + 1)]
    return "".join(text for _, text in parts)


# --- its server ---------------------------------------------------------------------------


@pytest.mark.parametrize("receipt_id", ["decimal", "tlv"])
@pytest.mark.parametrize("early", [False, True], ids=["late", "early"])
async def test_our_client_on_its_server(receipt_id: str, early: bool) -> None:
    received: list[InboundMessage] = []
    async with node("node_server.js", receipt_id=receipt_id, early=early) as server:
        (listening,) = await server.told("listening")
        url = f"smpp://gouv:secret@127.0.0.1:{listening['port']}"
        timers = Timers(enquire_link_s=0.1)
        async with connect(url, on_message=received.append, timers=timers, source="GOUV") as session:
            assert session.smsc == "node"
            texts = {"33600000001": SHORT, "33600000002": ACCENTED, "33600000003": CYRILLIC}
            for to, text in texts.items():
                sent = await session.submit(to, text, receipt=True)
                assert (await sent.receipt(LIMIT_S)).state is MessageState.DELIVERED
            long: dict[str, LongMessages] = {
                "33600000011": "udh8",
                "33600000012": "udh16",
                "33600000013": "sar",
                "33600000014": "payload",
            }
            for to, way in long.items():
                sent = await session.submit(to, LONG, receipt=True, long_messages=way)
                assert sent.segments == (1 if way == "payload" else 2)
                assert (await sent.receipt(LIMIT_S)).state is MessageState.DELIVERED
            sent = await session.submit("33600000021", LONG_UCS2)
            assert sent.segments == 3
            failed = await session.submit("33600007777", SHORT, receipt=True)
            receipt = await failed.receipt(LIMIT_S)
            assert (receipt.state, receipt.error) == (MessageState.UNDELIVERABLE, "011")
            assert (await session.query(sent.message_id)).message_state == MessageState.DELIVERED
            await server.told("enquire_link")
            await server.told("delivered", 4, status=0)
        await server.told("unbind")
        await server.told("close")
        submits = server.all("submit_sm")
        for to, text in texts.items():
            assert joined(submits, to) == text
        assert {joined(submits, to) for to in long} == {LONG}
        assert joined(submits, "33600000021") == LONG_UCS2
        assert {one["source_addr"] for one in submits} == {"GOUV"}
        assert server.all("bind_transceiver") == [
            {"event": "bind_transceiver", "system_id": "gouv", "version": 0x34}
        ]
        assert len(server.all("enquired")) == 1
        assert len(server.all("receipted", status=0)) == 3 + 7 + 1
        assert not server.all("error")
    assert [(one.text, one.parts) for one in received] == [
        ("STOP", 1),
        ("Où êtes-vous ? 🌲", 2),
        ("çà et là", 1),
    ]
    statistics = session.statistics()
    assert (statistics.submitted, statistics.accepted, statistics.late) == (14, 14, 0)
    assert (statistics.receipts, statistics.malformed) == (11, 0)


async def test_our_transmitter_and_receiver_on_its_server() -> None:
    receipts: list[Receipt] = []
    async with node("node_server.js", receipt_id="tlv") as server:
        (listening,) = await server.told("listening")
        url = f"smpp://gouv:secret@127.0.0.1:{listening['port']}"
        async with connect(url, bind="transmitter") as session:
            numbers = [f"336{number:08d}" for number in range(500)]
            statuses: Counter[int] = Counter()
            ids: set[tuple[str, ...]] = set()
            async for batch in session.submit_many(numbers, SHORT, "GOUV"):
                statuses.update(batch.statuses)
                ids.update(batch.message_ids)
        assert (statuses, len(ids)) == ({0: 500}, 500)
        assert sorted(one["to"] for one in server.all("submit_sm")) == numbers
        async with connect(url, bind="receiver", on_receipt=receipts.append):
            # Without a handler messages are refused, as nobody would keep them.
            await server.told("delivered", 4, status=0x66)
        assert not server.all("error")
    assert receipts == []


async def test_our_engine_on_its_server(tmp_path: Path) -> None:
    numbers = [f"336{number:08d}" for number in range(7700, 7850)]
    store = MemoryStore()
    async with node("node_server.js", receipt_id="decimal", early=True) as server:
        (listening,) = await server.told("listening")
        url = f"smpp://gouv:secret@127.0.0.1:{listening['port']}"
        async with lane(tmp_path, store, url, binds=2, window=20) as engine:
            campaign = await engine.cast(template(LONG), numbers, name="alert")
            account = await campaign.wait()
            await server.told("delivered", 8, status=0)
        await server.told("unbind", 2)
        await server.told("close", 2)
        assert len(server.all("receipted", status=0)) == 2 * len(numbers)
        assert Counter(one["to"] for one in server.all("submit_sm")) == dict.fromkeys(numbers, 2)
    assert account.closes
    assert (account.fed, account.accepted) == (len(numbers), len(numbers))
    assert (account.delivered, account.undelivered) == (len(numbers) - 1, 1)
    assert (account.receipts.received, account.receipts.matched) == (2 * len(numbers), 2 * len(numbers))
    assert len(store.inbound) == 8


async def test_its_server_refuses_a_password() -> None:
    async with node("node_server.js") as server:
        (listening,) = await server.told("listening")
        with pytest.raises(BindRefused, match="ESME_RINVPASWD"):
            async with connect(f"smpp://gouv:wrong@127.0.0.1:{listening['port']}"):
                pass


async def test_our_client_on_its_server_by_tls(certificate: Path) -> None:
    async with node("node_server.js", certificate=str(certificate), receipt_id="tlv") as server:
        (listening,) = await server.told("listening")
        url = f"smpps://gouv:secret@127.0.0.1:{listening['port']}"
        tls = Tls(ca=str(certificate), server_name="localhost")
        async with connect(url, tls=tls, source="GOUV") as session:
            sent = await session.submit("33600000001", LONG, receipt=True)
            assert (await sent.receipt(LIMIT_S)).state is MessageState.DELIVERED
        await server.told("unbind")
        await server.told("close")
        assert joined(server.all("submit_sm"), "33600000001") == LONG
        with pytest.raises(ConnectFailed, match="certificate"):
            async with connect(url):
                pass


# --- its client ---------------------------------------------------------------------------

MESSAGES = [
    {"to": "33600000001", "text": SHORT, "coding": 0, "by": "short"},
    {"to": "33600000002", "text": ACCENTED, "coding": 0, "by": "short"},
    {"to": "33600000003", "text": CYRILLIC, "coding": 8, "by": "short"},
    {"to": "33600000004", "text": LONG, "coding": 0, "by": "udh"},
    {"to": "33600000005", "text": LONG_UCS2, "coding": 8, "by": "sar"},
    {"to": "33600000006", "text": LONG_UCS2, "coding": 8, "by": "payload"},
    {"to": "33600007777", "text": SHORT, "coding": 3, "by": "short"},
]
INBOUND = DeliverSm(
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr="33612345678",
    destination_addr="36180",
    data_coding=8,
    short_message="Где? 🌲".encode("utf-16-be"),
)


def scenario(**changes: Any) -> Scenario:
    return Scenario().changed(
        accounts=[{"system_id": "gouv", "password": "secret"}],
        numbers=[{"suffix": "7777", "state": "undeliverable", "err": "011"}],
        **changes,
    )


def check_receipts(client: Peer) -> None:
    """Every submit was accepted, and has one receipt of its own id and number."""
    answered = [(one["message_id"], one["to"]) for one in client.all("answered", status=0)]
    receipts = client.all("receipt")
    assert sorted((one["receipted_message_id"], one["source_addr"]) for one in receipts) == sorted(answered)
    assert len(answered) == len(set(answered)) == len(client.all("answered"))
    for one in receipts:
        failed = one["source_addr"].endswith("7777")
        assert f"stat:{'UNDELIV err:011' if failed else 'DELIVRD err:000'}" in one["text"]
        assert one["message_state"] == (5 if failed else 2)
        assert one["destination_addr"] == "GOUV"


async def test_its_client_on_our_smsc() -> None:
    identifiers = {"response": {"style": "hex_upper", "width": 12}}
    async with serve(scenario(message_ids=identifiers)) as smsc, tapped(smsc.port) as tap:
        options = {"port": tap.port, "system_id": "gouv", "password": "secret", "inbound": 1}
        async with node("node_client.js", messages=MESSAGES, **options) as client:
            await client.told("bound", status=0, system_id="smppcast", version=0x50)
            assert smsc.deliver(INBOUND)
            await client.finished()
            check_receipts(client)
            assert [one["text"] for one in client.all("inbound")] == ["Где? 🌲"]
            assert len(client.all("queried", status=0)) == 1
            assert client.all("enquired", status=0)
            assert client.all("unbound", status=0)
        assert tap.texts() == {one["to"]: one["text"] for one in MESSAGES}
        assert smsc.account.destinations(accepted=True).total() == len(client.all("answered"))
        assert (smsc.receipts_owed, smsc.account.malformed) == (0, 0)
        await until(lambda: not smsc.links)


async def test_its_client_on_our_smsc_by_tls(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with serve(scenario(receipt_latency=20), tls=context) as smsc:
        options = {"port": smsc.port, "system_id": "gouv", "password": "secret", "inbound": 0}
        async with node("node_client.js", messages=MESSAGES, ca=str(certificate), **options) as client:
            await client.finished()
            check_receipts(client)
        assert (smsc.receipts_owed, smsc.account.malformed) == (0, 0)
        await until(lambda: not smsc.links)


async def test_our_smsc_refuses_its_client() -> None:
    async with serve(scenario()) as smsc:
        options = {"port": smsc.port, "system_id": "gouv", "password": "wrong", "inbound": 0}
        async with node("node_client.js", messages=[], **options) as client:
            await client.told("bound", status=0x0E)
            await client.finished()
        assert smsc.account.binds_refused == {0x0E: 1}
