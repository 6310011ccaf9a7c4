"""A link: one connection's octets, read by a callback and written without awaiting.

The event loop's own protocol, not a stream to await: of a window of ten a turn (read, answer, write)
costs half as much without the tasks and wake-ups of streams (`python -m bench peers` prints it).
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

import anyio

__all__ = ["Link", "Taker"]


class Taker(Protocol):
    """Who reads a link. All methods are synchronous and quick."""

    def received(self, data: bytes) -> None:
        """Takes what was read."""

    def writable(self) -> None:
        """Learns that what waited to be written is with the kernel."""

    def lost(self, error: Exception | None) -> None:
        """Learns that the link is gone; None where the peer closed it, or we did."""


class Link(asyncio.Protocol):
    """One connection, plain or TLS. It reads nothing until it has its taker.

    Attributes:
        blocked: whether something waits for the peer to read. What is written meanwhile is kept too, so
            whoever writes had better wait.
    """

    def __init__(self) -> None:
        self.blocked = False
        self._transport: asyncio.Transport | None = None
        self._taker: Taker | None = None
        self._error: Exception | None = None
        self._gone = anyio.Event()

    def begin(self, taker: Taker) -> None:
        """Starts reading."""
        self._taker = taker
        if self._transport is None:
            taker.lost(self._error)
        else:
            self.resume_reading()

    def write(self, data: bytes) -> None:
        """Hands it to the kernel, or keeps what the kernel does not take; nothing once the link is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def info(self, name: str) -> Any:
        """What asyncio's transports tell of themselves by that name: "socket", "ssl_object" and so on."""
        return None if self._transport is None else self._transport.get_extra_info(name)

    def abort(self) -> None:
        """Ends it at once, if it ever began."""
        if self._transport is not None:
            self._transport.abort()

    async def aclose(self, timeout_s: float = 1.0) -> None:
        """Ends it at once; waits until it is gone, for `timeout_s` at most. Cancelling is safe."""
        self.abort()
        with anyio.move_on_after(timeout_s, shield=True):
            await self._gone.wait()

    # --- asyncio.Protocol -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # As soon as the kernel does not take all, we are told. TLS transports take a 0 for "always full".
        self._transport.set_write_buffer_limits(high=1, low=0)
        self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self._taker is not None:
            self._taker.received(data)

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        if self._taker is not None:
            self._taker.writable()

    def connection_lost(self, error: Exception | None, /) -> None:
        self._transport, self._error = None, error
        self._gone.set()
        if self._taker is not None:
            self._taker.lost(error)
