"""A web server that keeps what it is asked: a gateway's callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import anyio

from tests.interop.peers import LIMIT_S, LOOPBACK


@dataclass(frozen=True)
class Call:
    """One request: its path, and the fields of its query."""

    path: str
    fields: dict[str, str]


class Hooks:
    """What was asked so far, in order."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: list[Call] = []
        self._more = asyncio.Event()

    async def called(self, path: str, count: int, **fields: str) -> list[Call]:
        """Waits for so many requests of a path with these fields."""
        with anyio.fail_after(LIMIT_S):
            while True:
                found = [
                    call for call in self.calls if call.path == path and fields.items() <= call.fields.items()
                ]
                if len(found) >= count:
                    return found
                await self._more.wait()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        target = urlsplit(head.split(b" ", 2)[1].decode("ascii"))
        fields = dict(parse_qsl(target.query, keep_blank_values=True))
        self.calls.append(Call(target.path, fields))
        self._more.set()
        self._more = asyncio.Event()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def hooks() -> AsyncIterator[Hooks]:
    """Serves on a port of its own."""
    kept = Hooks()
    server = await asyncio.start_server(kept.take, LOOPBACK, 0)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
