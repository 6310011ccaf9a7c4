"""The raw ceiling: submit_sm PDUs encoded beforehand, a bare protocol on uvloop, responses counted by length.

Nothing is parsed, matched or kept, and nothing else is done: what any client in Python could reach with
this event loop and this SMSC. It polls for its answers, as smppcast does over loopback. All PDUs have one
length (the SMSC is told to write its message_ids with ten digits), so that what one read brings is divided
by it, and as many are written from one buffer.
"""

from __future__ import annotations

import asyncio
from struct import pack
from typing import Final, cast

import uvloop

from bench.peers.span import FIRST_NUMBER, HOST, PASSWORD, SOURCE, SOURCE_TON, TEXT, Job, Span
from smppcast.net.busy_poll import BusyPoll
from smppcast.net.pump import POLL_S

BIND_TRANSCEIVER: Final = 0x09
SUBMIT_SM: Final = 0x04
ROUND: Final = 2000
RESPONSE_LENGTH: Final = 16 + 10 + 1  # header, ten digits of message_id, NUL


def pdu(command_id: int, sequence_number: int, body: bytes) -> bytes:
    return pack(">IIII", 16 + len(body), command_id, 0, sequence_number) + body


def bind(system_id: str) -> bytes:
    names = b"%s\0%s\0\0" % (system_id.encode(), PASSWORD.encode())
    return pdu(BIND_TRANSCEIVER, 1, names + bytes((0x34, 0, 0, 0)))


def submits(count: int) -> bytes:
    """That many PDUs in one buffer."""
    before = b"\0%c\0%s\0\1\1" % (SOURCE_TON, SOURCE.encode())
    # From the NUL of destination_addr to sm_default_msg_id; no receipts.
    after = bytes(10) + bytes((len(TEXT),)) + TEXT.encode()
    return b"".join(
        pdu(SUBMIT_SM, 2 + index, before + str(FIRST_NUMBER + index).encode() + after)
        for index in range(count)
    )


class Ceiling(asyncio.Protocol):
    """Writes as many PDUs as it got responses, from a buffer that goes round."""

    def __init__(self, system_id: str, window: int) -> None:
        self.bound: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._system_id, self._window = system_id, window
        # A window more than it takes to go round: no write has to be put together.
        pdus = submits(ROUND)
        self._length = len(pdus) // ROUND
        self._pdus = memoryview(pdus + pdus[: window * self._length])
        self._sent = self._octets = self._total = 0
        self._done = asyncio.Event()
        self._busy_poll = BusyPoll(asyncio.get_running_loop(), POLL_S)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self.transport.write(bind(self._system_id))

    async def cast(self, count: int) -> int:
        """Returns the number of responses when all are there."""
        self._sent = self._octets = 0
        self._total, self._done = count, asyncio.Event()
        self._write(min(count, self._window))
        await self._done.wait()
        return self._octets // RESPONSE_LENGTH

    def data_received(self, data: bytes) -> None:
        if not self.bound.done():
            self.bound.set_result(data)
            return
        before, self._octets = self._octets // RESPONSE_LENGTH, self._octets + len(data)
        answered = self._octets // RESPONSE_LENGTH
        if self._sent < self._total:
            self._write(min(answered - before, self._total - self._sent))
        elif answered == self._total:
            self._done.set()

    def _write(self, count: int) -> None:
        begin = self._sent % ROUND * self._length
        self._sent += count
        self.transport.write(self._pdus[begin : begin + count * self._length])
        self._busy_poll.expect()


async def main() -> None:
    job = Job.told()
    assert not job.receipts, "receipts have more than one length, and want an answer"
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: Ceiling(job.system_id, job.window), HOST, job.port)
    bound = await protocol.bound
    assert bound[8:12] == bytes(4), "it did not bind"
    await protocol.cast(job.warm)
    span = Span()
    answered = await protocol.cast(job.count)
    span.tell(job, answered, 0)
    protocol.transport.close()


if __name__ == "__main__":
    uvloop.run(main())
