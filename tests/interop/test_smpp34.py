"""The PyPI package smpp34, as an SMSC to our client and as an ESME to the simulated SMSC."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from smppcast import connect
from smppcast.ledger.memory import MemoryStore
from smppcast.model import MessageState
from smppcast.receipts import InboundMessage, Reassembler
from smppcast.smpp import DeliverSm
from smppcast.smpp.tlv import Tlvs
from smppcast.smsc import Scenario, serve
from smppcast.text import LongMessages, split
from tests.interop.lanes import lane, template
from tests.interop.peers import LIMIT_S, SCRIPTS, Event, Peer, installed, running, until
from tests.interop.tap import tapped
from tests.interop.wordings import ACCENTED, CYRILLIC, LONG, LONG_UCS2, SHORT
from tests.ports import free_port

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def smpp34(script: str, *arguments: str) -> AsyncIterator[Peer]:
    command = (installed("smpp34", "bin", "python"), str(SCRIPTS / script), *arguments)
    async with running(*command, name=script) as peer:
        yield peer


def tlvs_of(event: Event) -> Tlvs:
    """As the peer read them."""
    return Tlvs.from_raw([(int(tag), bytes.fromhex(value)) for tag, value in event["tlvs"].items()])


def texts(submits: list[Event]) -> dict[str, str]:
    """What the peer read of our submits, by destination."""
    whole, found = Reassembler(), {}
    for one in submits:
        pdu = DeliverSm(
            destination_addr=one["to"],
            esm_class=one["esm_class"],
            data_coding=one["data_coding"],
            short_message=bytes.fromhex(one["short_message"]),
            tlvs=tlvs_of(one),
        )
        message = whole.add(pdu, 0.0)
        if message is not None:
            found[message.destination_addr] = message.text
    return found


async def test_our_client_on_its_server() -> None:
    received: list[InboundMessage] = []
    port = free_port()
    async with smpp34("smpp34_server.py", str(port)) as server:
        await server.told("listening")
        url = f"smpp://gouv:secret@127.0.0.1:{port}"
        async with connect(url, on_message=received.append, source="GOUV") as session:
            assert session.smsc == "smpp34"
            ways: dict[str, tuple[str, LongMessages]] = {
                "33600000001": (SHORT, "udh8"),
                "33600000002": (ACCENTED, "udh8"),
                "33600000003": (CYRILLIC, "udh8"),
                "33600000004": (LONG, "udh8"),
                "33600000005": (LONG, "sar"),
                "33600000006": (LONG_UCS2, "udh16"),
                "33600000007": (LONG_UCS2, "payload"),
                "33600007777": (SHORT, "udh8"),
            }
            for to, (text, way) in ways.items():
                sent = await session.submit(to, text, receipt=True, long_messages=way)
                state = MessageState.UNDELIVERABLE if to.endswith("7777") else MessageState.DELIVERED
                assert (await sent.receipt(LIMIT_S)).state is state
            await server.told("delivered", 2, status=0)
        await server.told("unbound")
        submits = server.all("submit_sm")
        assert texts(submits) == {to: text for to, (text, _) in ways.items()}
        assert {(one["source_addr"], one["source_addr_ton"]) for one in submits} == {("GOUV", 5)}
        assert server.all("bound") == [{"event": "bound", "system_id": "gouv", "receives": True}]
        assert len(submits) == 12
        await server.told("receipted", 12, status=0)
    assert [one.text for one in received] == ["STOP", "Où ? 🌲"]


async def test_our_transmitter_casts_on_its_server() -> None:
    port = free_port()
    async with smpp34("smpp34_server.py", str(port)) as server:
        await server.told("listening")
        async with connect(f"smpp://gouv:secret@127.0.0.1:{port}", bind="transmitter", window=50) as session:
            numbers = [f"336{number:08d}" for number in range(1000)]
            statuses: Counter[int] = Counter()
            async for batch in session.submit_many(numbers, SHORT, "GOUV"):
                statuses.update(batch.statuses)
                for number, (message_id,) in zip(batch.numbers, batch.message_ids, strict=True):
                    assert message_id.endswith(number)
        assert statuses == {0: 1000}
        await server.told("unbound")
        assert sorted(one["to"] for one in server.all("submit_sm")) == numbers


async def test_our_engine_on_its_server(tmp_path: Path) -> None:
    numbers = [f"336{number:08d}" for number in range(7700, 7850)]
    store = MemoryStore()
    port = free_port()
    async with smpp34("smpp34_server.py", str(port)) as server:
        await server.told("listening")
        url = f"smpp://gouv:secret@127.0.0.1:{port}"
        async with lane(tmp_path, store, url, window=20, long_messages="sar") as engine:
            campaign = await engine.cast(template(LONG), numbers, name="alert")
            account = await campaign.wait()
            await server.told("delivered", 2, status=0)
        await server.told("unbound")
        await server.told("receipted", 2 * len(numbers), status=0)
        assert texts(server.all("submit_sm")) == dict.fromkeys(numbers, LONG)
    assert account.closes
    assert (account.delivered, account.undelivered) == (len(numbers) - 1, 1)
    assert account.receipts.matched == 2 * len(numbers)
    assert len(store.inbound) == 2


def messages() -> list[list[Any]]:
    """Texts in PDUs: destination, esm_class, data_coding, octets, whether in message_payload."""
    found: list[list[Any]] = []
    plain = {"33600000001": SHORT, "33600000002": ACCENTED, "33600000003": CYRILLIC}
    for to, text in {**plain, "33600000004": LONG, "33600000005": LONG_UCS2, "33600007777": SHORT}.items():
        cut = split(text)
        for segment in cut.segments:
            esm_class = 0x40 if segment.esm_class_udhi else 0
            found.append([to, esm_class, cut.data_coding, segment.short_message.hex(), False])
    found.append(["33600000006", 0, 8, LONG_UCS2.encode("utf-16-be").hex(), True])
    return found


async def test_its_client_on_our_smsc() -> None:
    scenario = Scenario().changed(
        accounts=[{"system_id": "gouv", "password": "secret"}],
        numbers=[{"suffix": "7777", "state": "undeliverable", "err": "011"}],
        message_ids={"source": "random16"},
        receipts={"form": "tlv"},
    )
    inbound = DeliverSm(source_addr="33612345678", destination_addr="36180", short_message=b"STOP")
    async with serve(scenario) as smsc, tapped(smsc.port) as tap:
        login = (str(tap.port), "gouv", "secret")
        async with smpp34("smpp34_client.py", *login, json.dumps(messages()), "1") as client:
            await client.told("bound")
            assert smsc.deliver(inbound)
            await client.finished()
            assert client.all("unbound")
            answered = {one["message_id"]: one["to"] for one in client.all("answered", status=0)}
            assert len(answered) == len(messages()) == 10
            receipts = client.all("deliver_sm", esm_class=4)
            ids = {tlvs_of(one)["receipted_message_id"]: one["source_addr"] for one in receipts}
            assert ids == answered
            for one in receipts:
                state = 5 if one["source_addr"].endswith("7777") else 2
                assert tlvs_of(one)["message_state"] == state
            (message,) = client.all("deliver_sm", esm_class=0)
            assert bytes.fromhex(message["short_message"]) == b"STOP"
        assert tap.texts()["33600000004"] == LONG
        assert tap.texts()["33600000006"] == LONG_UCS2
        assert (smsc.account.malformed, smsc.receipts_owed) == (0, 0)
        await until(lambda: not smsc.links)


async def test_our_smsc_refuses_its_client() -> None:
    scenario = Scenario().changed(accounts=[{"system_id": "gouv", "password": "secret"}])
    async with serve(scenario) as smsc:
        # It takes a refusal for silence, and would wait for ten seconds more.
        async with smpp34("smpp34_client.py", str(smsc.port), "gouv", "wrong", "[]", "0") as client:
            await until(lambda: smsc.account.binds_refused)
            assert not client.events
        assert smsc.account.binds_refused == {0x0E: 1}
