"""smpplib's client on the simulated SMSC: several of them at once, each in a thread, as they block."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import pytest
import smpplib.consts
import smpplib.smpp
from anyio import to_thread
from smpplib.client import Client  # noqa: TID251 - the peer of a test, not the product's transport
from smpplib.gsm import make_parts  # noqa: TID251 - the peer's own cut of a text is what is tested

from smppcast.smpp import DeliverSm, EnquireLinkResp
from smppcast.smsc import Scenario, serve
from tests.interop.peers import LIMIT_S, until
from tests.interop.tap import tapped
from tests.interop.wordings import ACCENTED, CYRILLIC, LONG, SHORT

pytestmark = pytest.mark.anyio

THREADS = 3
CLIENTS = 6
TEXTS = {"1": SHORT, "2": ACCENTED, "3": CYRILLIC, "4": LONG, "7777": SHORT}
INBOUND = DeliverSm(source_addr="33612345678", destination_addr="36180", short_message=b"STOP")


@dataclass
class Conversation:
    """What one client heard."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)

    def received(self, pdu: Any) -> int:
        if pdu.receipted_message_id is None:
            self.messages.append(pdu.short_message)
        else:
            self.receipts[pdu.receipted_message_id.decode()] = pdu.short_message.decode()
        return 0

    def answered(self, pdu: Any) -> None:
        self.answers.append((pdu.status, pdu.message_id.decode()))


def converse(port: int, number: int) -> Conversation:
    """Binds, submits every text, reads until each segment has its receipt, asks, unbinds."""
    heard = Conversation()
    client = Client("127.0.0.1", port, timeout=LIMIT_S, allow_unknown_opt_params=True)
    client.set_message_sent_handler(heard.answered)
    client.set_message_received_handler(heard.received)
    client.connect()
    try:
        client.bind_transceiver(system_id=f"gouv{number}", password="secret")
        segments = 0
        for suffix, text in TEXTS.items():
            parts, data_coding, esm_class = make_parts(text)
            segments += len(parts)
            for part in parts:
                client.send_message(
                    source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                    source_addr="GOUV",
                    dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                    dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                    destination_addr=f"336{number:04d}{suffix:>04}",
                    short_message=part,
                    data_coding=data_coding,
                    esm_class=esm_class,
                    registered_delivery=True,
                )
        while len(heard.answers) < segments or len(heard.receipts) < segments or not heard.messages:
            client.read_once()
        client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=client))
        assert client.read_pdu().command == "enquire_link_resp"
        client.unbind()
    finally:
        client.disconnect()
    return heard


async def test_its_clients_on_our_smsc() -> None:
    scenario = Scenario().changed(
        numbers=[{"suffix": "7777", "state": "undeliverable", "err": "011"}],
        message_ids={"response": "uuid"},
        receipt_latency={"uniform": [0, 30]},
    )
    heard: list[Conversation] = []
    threads = anyio.CapacityLimiter(THREADS)
    async with serve(scenario) as smsc, tapped(smsc.port) as tap:

        async def client(number: int) -> None:
            found = await to_thread.run_sync(converse, tap.port, number, limiter=threads)
            heard.append(found)

        async def deliver() -> None:
            # Each client waits for its message, so it is still bound when its turn comes.
            for number in range(CLIENTS):
                await until(partial(smsc.deliver, INBOUND, f"gouv{number}"))

        with anyio.fail_after(LIMIT_S):
            async with anyio.create_task_group() as tasks:
                for number in range(CLIENTS):
                    tasks.start_soon(client, number)
                tasks.start_soon(deliver)
        texts = {f"336{n:04d}{suffix:>04}": text for n in range(CLIENTS) for suffix, text in TEXTS.items()}
        assert tap.texts() == texts
        assert len(tap.from_smsc(EnquireLinkResp)) == CLIENTS
        assert smsc.account.binds == CLIENTS
        assert smsc.account.malformed == smsc.receipts_owed == 0
        await until(lambda: not smsc.links)
    for one in heard:
        assert {status for status, _ in one.answers} == {0}
        assert set(one.receipts) == {message_id for _, message_id in one.answers}
        states = [text.partition("stat:")[2][:7] for text in one.receipts.values()]
        assert sorted(states) == ["DELIVRD"] * 5 + ["UNDELIV"]
        assert one.messages == [b"STOP"]
