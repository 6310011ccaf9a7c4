"""Kannel's drive_smpp, a hostile SMSC: sequence_numbers from 0, an enquire_link after every message,
receipted_message_id in messages that are no receipts, no message_ids, and no answer to bind_transceiver.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smppcast import connect
from smppcast.campaign.options import CampaignOptions
from smppcast.errors import ConnectFailed, UsageError
from smppcast.ledger.memory import MemoryStore
from smppcast.receipts import InboundMessage
from tests.interop.lanes import lane
from tests.interop.peers import LOOPBACK, Peer, installed, running, until
from tests.interop.wordings import SHORT
from tests.ports import free_port

pytestmark = pytest.mark.anyio

COUNT = 40
NUMBERS = [f"336{number:08d}" for number in range(COUNT)]
# It also plays the box behind a gateway and gives up in seconds where nobody listens for it there.
BOX_PORT = 13001


@pytest.fixture
def gateway() -> Iterator[None]:
    """Somebody who listens, says nothing and hears nothing."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, BOX_PORT))
            listener.listen()
        except OSError:
            pass  # somebody listens already, which will do
        yield


@asynccontextmanager
async def drive_smpp(folder: Path) -> AsyncIterator[tuple[Peer, str]]:
    """It, and the url to bind with."""
    port = free_port()
    command = (installed("bin", "drive_smpp"), "-v", "0", "-p", str(port), "-m", str(COUNT))
    async with running(*command, cwd=folder) as peer:
        await peer.listens(port)
        yield peer, f"smpp://gouv:secret@{LOOPBACK}:{port}"


def handled(peer: Peer, command: str) -> int:
    """How many PDUs of a kind it took in."""
    return sum(line.endswith(f"Handling SMPP PDU of type {command}") for line in peer.lines)


async def answered(peer: Peer) -> None:
    """Behind its last message comes one more enquire_link."""
    await peer.until(lambda: handled(peer, "enquire_link_resp") == COUNT, "the last enquire_link_resp")


def check(peer: Peer) -> None:
    """Everything was answered once, and nothing was refused."""
    assert handled(peer, "submit_sm") == COUNT
    assert handled(peer, "deliver_sm_resp") == handled(peer, "enquire_link_resp") == COUNT
    assert handled(peer, "generic_nack") == 0


async def test_our_client(tmp_path: Path, gateway: None) -> None:
    received: list[InboundMessage] = []
    async with drive_smpp(tmp_path) as (peer, url):
        async with (
            connect(url, bind="transmitter", source="GOUV") as session,
            connect(url, bind="receiver", on_message=received.append) as receiver,
        ):
            sent = await session.submit(NUMBERS[0], SHORT, receipt=True)
            assert sent.message_ids == ("",)
            with pytest.raises(UsageError, match="no final receipt can come"):
                await sent.receipt(1)
            async for batch in session.submit_many(NUMBERS[1:], SHORT, receipt=True):
                assert set(batch.statuses) == {0}
                assert set(batch.message_ids) == {("",)}
            await until(lambda: len(received) == COUNT)
            await answered(peer)
        await peer.finished()
        check(peer)
    assert [one.text for one in received] == [str(number) for number in range(1, COUNT + 1)]
    statistics = session.statistics()
    assert (statistics.accepted, statistics.refused, statistics.late) == (COUNT, 0, 0)
    assert receiver.statistics().malformed == 0


async def test_our_engine(tmp_path: Path, gateway: None) -> None:
    store = MemoryStore()
    async with drive_smpp(tmp_path) as (peer, url):
        async with lane(tmp_path, store, url, binds={"transmitter": 1, "receiver": 1}) as engine:
            options = CampaignOptions(receipts=False)
            campaign = await engine.cast(SHORT, NUMBERS, name="alert", options=options)
            account = await campaign.wait()
            await until(lambda: len(store.inbound) == COUNT)
            await answered(peer)
        await peer.finished()
        check(peer)
    assert account.closes
    assert (account.fed, account.accepted, account.awaiting_receipt) == (COUNT, COUNT, COUNT)
    assert (account.segments.submitted, account.segments.unknown) == (COUNT, 0)


async def test_it_answers_no_transceiver(tmp_path: Path, gateway: None) -> None:
    async with drive_smpp(tmp_path) as (peer, url):
        with pytest.raises(ConnectFailed, match="no answer to bind_transceiver"):
            async with connect(url, bind_timeout_s=2):
                pass
        await peer.finished()
        assert handled(peer, "bind_transceiver") == 1
