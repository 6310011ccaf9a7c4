"""Links that are listened to, into a recording or a keeper; other links pay nothing for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from smppcast.smsc.keep import Keeper
from smppcast.smsc.link import Link, Server
from smppcast.smsc.record import Conversation, Recorder, address

__all__ = ["TappedLink"]


class _Tee:
    """A transport whose writes are recorded; all else is its own."""

    def __init__(self, transport: asyncio.Transport, conversation: Conversation) -> None:
        self._transport, self._conversation = transport, conversation
        self.aborted = False

    def write(self, data: bytes) -> None:
        """Records, and writes."""
        self._conversation.went(data)
        self._transport.write(data)

    def abort(self) -> None:
        """The link is reset."""
        self.aborted = True
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class TappedLink(Link):
    """A link with a recorder, a keeper or both."""

    def __init__(
        self, smsc: Server, recorder: Recorder | None, keeper: Keeper | None, *, dialled: bool
    ) -> None:
        super().__init__(smsc)
        self._recorder, self._keeper, self._dialled = recorder, keeper, dialled
        self._conversation: Conversation | None = None
        self._aborted: Callable[[], bool] = lambda: False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._recorder is not None:
            client, server = (address(transport.get_extra_info(name)) for name in ("peername", "sockname"))
            self._conversation = Conversation(self._recorder, client, server, dialled=self._dialled)
            tee = _Tee(cast("asyncio.Transport", transport), self._conversation)
            self._aborted = lambda: tee.aborted
            transport = cast("asyncio.Transport", tee)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._conversation is not None:
            self._conversation.came(data)
        super().data_received(data)

    def take(self, data: bytes) -> None:
        buffer = self._rest + data
        super().take(data)
        if self._keeper is not None:
            self._keeper.add(self.system_id or "", buffer[: len(buffer) - len(self._rest)])

    def connection_lost(self, error: Exception | None, /) -> None:
        if self._conversation is not None:
            self._conversation.ended(reset=error is not None or self._aborted())
        super().connection_lost(error)
