"""A TCP proxy between binds and their SMSC that spoils links as it is told."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from struct import pack

import anyio

# So small that a peer which stops reading is felt after some tens of KiB, not after megabytes.
SMALL_BUFFER = 4096
SMALL_SEGMENT = 1000


class _End(asyncio.Protocol):
    """One of the two sockets of a link: what it brings goes to the other, in order, after a delay."""

    def __init__(self, link: Link, name: str) -> None:
        self.link, self.name = link, name
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.waiting: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.link.made(self)

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self.link.proxy.delay()
        if self.waiting:
            due = max(due, self.waiting[-1][0])  # TCP keeps the order
        self.waiting.append((due, data))
        self.forward()

    def forward(self) -> None:
        loop = asyncio.get_running_loop()
        sink = self.other.transport if self.other is not None else None
        while sink is not None and self.waiting and self.waiting[0][0] <= loop.time():
            sink.write(self.waiting.popleft()[1])
        if self.waiting and sink is not None and self._timer is None:
            self._timer = loop.call_at(self.waiting[0][0], self._due)

    def _due(self) -> None:
        self._timer = None
        self.forward()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.link.lost()


class Link:
    """One client's connection and the one to the SMSC that belongs to it."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.client, self.smsc = _End(self, "client"), _End(self, "smsc")
        self.client_port = 0
        self._dialling: asyncio.Task[None] | None = None

    def made(self, end: _End) -> None:
        if end is self.client:
            assert end.transport is not None
            self.client_port = end.transport.get_extra_info("peername")[1]
            self.proxy.links.append(self)
            self.proxy.accepted += 1
            self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.smsc, "127.0.0.1", self.proxy.target)
        except OSError:
            self.cut()
            return
        self.client.other, self.smsc.other = self.smsc, self.client
        self.client.forward()

    def cut(self) -> None:
        """Resets both connections; what was on its way is gone."""
        if self._dialling is not None:
            self._dialling.cancel()
        for end in (self.client, self.smsc):
            end.waiting.clear()
            if end.transport is not None and not end.transport.is_closing():
                # Lingering for no time sends RST (socket(7)); a close would send FIN and flush.
                raw = end.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
                end.transport.abort()
        if self in self.proxy.links:
            self.proxy.links.remove(self)

    def stop_reading(self) -> None:
        """Reads nothing more from the client, whose link stays open."""
        assert self.client.transport is not None
        self.client.transport.pause_reading()

    def lost(self) -> None:
        """Either end is gone: so goes the other."""
        self.cut()


class FaultProxy:
    """Listens for binds and passes them on to the SMSC at `target`.

    Attributes:
        links: those of now, in the order of their coming.
        accepted: how many came in all.
        jitter_s: each piece is delayed by anything between 0 and this.
    """

    def __init__(self, target: int, seed: int = 1) -> None:
        self.target = target
        self.links: list[Link] = []
        self.accepted = 0
        self.jitter_s = 0.0
        self.port = 0
        self.host = ""
        self._random = Random(seed)

    @property
    def url(self) -> str:
        return f"smpp://esme@{self.host}:{self.port}"

    def delay(self) -> float:
        return self._random.uniform(0, self.jitter_s) if self.jitter_s else 0.0

    def cut(self) -> None:
        """Resets every link."""
        for link in list(self.links):
            link.cut()


def listener(host: str = "127.0.0.1") -> socket.socket:
    """A listening socket with small buffers, which those that it accepts inherit (tcp(7))."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
    made.bind((host, 0))
    made.listen()
    made.setblocking(False)
    return made


@asynccontextmanager
async def proxied(target: int, sock: socket.socket | None = None) -> AsyncIterator[FaultProxy]:
    """A proxy in the background, on a socket of one's own if there is one."""
    proxy = FaultProxy(target)
    listening = sock or listener()
    proxy.host, proxy.port = listening.getsockname()
    server = await asyncio.get_running_loop().create_server(lambda: Link(proxy).client, sock=listening)
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(0)  # connection_lost is called in the loop's next turn
