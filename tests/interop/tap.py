"""A relay between an ESME and an SMSC that keeps every PDU as it passed, either way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from smppcast.receipts import Reassembler
from smppcast.smpp import DeliverSm, Pdu, SubmitSm, decode
from tests.interop.peers import LOOPBACK

P = TypeVar("P", bound=Pdu)


class Tap:
    """What passed, in order, of all connections that came through `port`."""

    def __init__(self) -> None:
        self.port = 0
        self._of_esme: list[bytearray] = []
        self._of_smsc: list[bytearray] = []

    def from_esme(self, kind: type[P]) -> list[P]:
        """PDUs of one kind that the ESME sent."""
        return _of(kind, self._of_esme)

    def from_smsc(self, kind: type[P]) -> list[P]:
        """PDUs of one kind that the SMSC sent."""
        return _of(kind, self._of_smsc)

    def texts(self) -> dict[str, str]:
        """What the submits of the ESME say, whole, by destination."""
        whole, found = Reassembler(), {}
        for submit in self.from_esme(SubmitSm):
            message = whole.add(_as_inbound(submit), 0.0)
            if message is not None:
                found[message.destination_addr] = message.text
        return found

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        ahead, back = await asyncio.open_connection(LOOPBACK, port)
        sent, got = bytearray(), bytearray()
        self._of_esme.append(sent)
        self._of_smsc.append(got)
        await asyncio.gather(_pass(reader, back, sent), _pass(ahead, writer, got))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    try:
        with suppress(ConnectionError):
            while data := await reader.read(0x10000):
                kept += data
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


def _of(kind: type[P], streams: list[bytearray]) -> list[P]:
    pdus = (decode(octets) for stream in streams for octets in _frames(bytes(stream)))
    return [pdu for pdu in pdus if isinstance(pdu, kind)]


def _frames(stream: bytes) -> list[bytes]:
    frames = []
    while stream:
        length = int.from_bytes(stream[:4], "big")
        frames.append(stream[:length])
        stream = stream[length:]
    return frames


def _as_inbound(submit: SubmitSm) -> DeliverSm:
    return DeliverSm(
        source_addr=submit.source_addr,
        destination_addr=submit.destination_addr,
        esm_class=submit.esm_class,
        data_coding=submit.data_coding,
        short_message=submit.short_message,
        tlvs=submit.tlvs,
    )


@asynccontextmanager
async def tapped(port: int) -> AsyncIterator[Tap]:
    """Relays connections to its own port to `port`."""
    tap, relays = Tap(), set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.ensure_future(tap.relay(reader, writer, port))
        relays.add(relay)

    server = await asyncio.start_server(connected, LOOPBACK, 0)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
