"""A small SMPP client of the tests' own: struct and a TCP stream, nothing of the product."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM, UNBIND = 1, 2, 4, 5, 6
BIND_TRANSCEIVER, ENQUIRE_LINK = 9, 0x15
RESPONSE = 0x80000000
# A guard against a hang: a machine may stand still for seconds.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Frame:
    """A PDU as it came."""

    command_id: int
    status: int
    number: int
    body: bytes

    @property
    def text(self) -> str:
        """The body's first C-octet string: message_id or system_id."""
        return self.body.partition(b"\0")[0].decode()


def pdu(command_id: int, body: bytes = b"", *, number: int = 1, status: int = 0) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command_id, status, number) + body


def submit_body(
    destination: str,
    *,
    registered: int = 1,
    source: str = "GOUV",
    text: bytes = b"Bonjour",
    tlvs: bytes = b"",
) -> bytes:
    head = b"\0\5\0" + source.encode() + b"\0\1\1" + destination.encode() + b"\0"
    return head + bytes((0, 0, 0, 0, 0, registered, 0, 0, 0, len(text))) + text + tlvs


class RawEsme:
    """One connection; requests count their sequence_number from 1."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream, self.number = stream, 0
        self._buffered = BufferedByteReceiveStream(stream)

    async def send(self, command_id: int, body: bytes = b"") -> int:
        self.number += 1
        await self.stream.send(pdu(command_id, body, number=self.number))
        return self.number

    async def read(self) -> Frame:
        with anyio.fail_after(PATIENCE_S):
            header = await self._buffered.receive_exactly(16)
            length, command_id, status, number = struct.unpack(">IIII", header)
            return Frame(command_id, status, number, await self._buffered.receive_exactly(length - 16))

    async def read_many(self, count: int) -> list[Frame]:
        return [await self.read() for _ in range(count)]

    async def ended(self) -> bool:
        """Waits for the other side's end; anything still sent fails the test."""
        with anyio.fail_after(PATIENCE_S):
            try:
                await self._buffered.receive(1)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return True
        return False

    async def ask(self, command_id: int, body: bytes = b"") -> Frame:
        """Sends a request and reads one PDU, which has to be its response."""
        number = await self.send(command_id, body)
        answer = await self.read()
        assert answer.number == number
        assert answer.command_id in (command_id | RESPONSE, RESPONSE)
        return answer

    async def bind(
        self,
        kind: int = BIND_TRANSCEIVER,
        *,
        system_id: str = "esme",
        password: str = "",
        version: int = 0x34,
    ) -> Frame:
        strings = system_id.encode() + b"\0" + password.encode() + b"\0\0"
        return await self.ask(kind, strings + bytes((version, 0, 0, 0)))

    async def submit(self, *destinations: str, registered: int = 1) -> None:
        """Sends submits in one write."""
        bodies = [submit_body(destination, registered=registered) for destination in destinations]
        first, self.number = self.number + 1, self.number + len(bodies)
        await self.stream.send(
            b"".join(pdu(SUBMIT_SM, body, number=first + at) for at, body in enumerate(bodies))
        )

    async def acknowledge(self, *receipts: Frame, status: int = 0) -> None:
        """Answers deliver_sm PDUs."""
        answers = [pdu(DELIVER_SM | RESPONSE, b"\0", number=one.number, status=status) for one in receipts]
        await self.stream.send(b"".join(answers))

    async def settle(self) -> None:
        """Returns when the SMSC has handled all that was sent before."""
        number = await self.send(ENQUIRE_LINK)
        answer = await self.read()
        assert (answer.command_id, answer.number) == (ENQUIRE_LINK | RESPONSE, number)


@asynccontextmanager
async def raw_esme(port: int) -> AsyncIterator[RawEsme]:
    """Connects, and lets go at the end."""
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield RawEsme(stream)


@asynccontextmanager
async def bound_esme(
    port: int, kind: int = BIND_TRANSCEIVER, *, system_id: str = "esme", version: int = 0x34
) -> AsyncIterator[RawEsme]:
    """Connects and binds."""
    async with raw_esme(port) as esme:
        assert (await esme.bind(kind, system_id=system_id, version=version)).status == 0
        yield esme


@dataclass(frozen=True)
class Receipt:
    """What a deliver_sm says, cut by hand."""

    source: str
    destination: str
    esm_class: int
    text: str
    tlvs: dict[int, bytes]


def read_receipt(frame: Frame) -> Receipt:
    assert frame.command_id == DELIVER_SM
    body = frame.body
    _, rest = body.split(b"\0", 1)
    source, rest = rest[2:].split(b"\0", 1)
    destination, rest = rest[2:].split(b"\0", 1)
    esm_class = rest[0]
    _, _, rest = rest[3:].split(b"\0", 2)
    length = rest[4]
    text, rest = rest[5 : 5 + length], rest[5 + length :]
    tlvs = {}
    while rest:
        tag, size = struct.unpack(">HH", rest[:4])
        tlvs[tag], rest = rest[4 : 4 + size], rest[4 + size :]
    return Receipt(source.decode(), destination.decode(), esm_class, text.decode("ascii"), tlvs)
