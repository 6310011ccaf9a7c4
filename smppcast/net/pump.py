"""The pump around a session: receive, feed, send what there is to send.

Two tasks a link and none a message. The reader never waits for the writer, so a peer that stops
reading still gets its answers read; the writer asks the owner for submits only when it may write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import anyio
from anyio.abc import ByteStream

from smppcast.errors import LinkLost, ResponseTimeout, SmppcastError
from smppcast.net.clock import Clock
from smppcast.smpp.session import Ended, Event, Session
from smppcast.smpp.states import State

__all__ = ["Owner", "Pump"]

# One read takes what the kernel has; at 40 octets a response this is some thousand of them.
READ_MAX = 0x40000

# How many queued pieces (a batch of responses or receipts' acknowledgements each) may wait for a
# peer that does not read; then reading stops, so its own sending stops in turn.
OWED_MAX = 256

# How often timers are looked at; they are seconds long.
TICK_S = 0.25


class Owner(Protocol):
    """Who uses the session. Both methods are synchronous and quick."""

    def fill(self, session: Session, now: float) -> None:
        """Queues submits as window and pace allow; called whenever the writer can write."""

    def handle(self, events: Sequence[Event], now: float) -> None:
        """Takes what the link brought, or what time did."""


class Pump:
    """Runs one session over one connected stream, until either ends.

    Args:
        stall_s: how long a write may wait for the peer to read before the link is given up.
    """

    def __init__(
        self, stream: ByteStream, session: Session, owner: Owner, clock: Clock, stall_s: float = 60.0
    ) -> None:
        self.session = session
        self._stream, self._owner, self._clock, self._stall_s = stream, owner, clock, stall_s
        self._more = anyio.Event()
        self._taken = anyio.Event()
        self._writing_since: float | None = None
        self._error: SmppcastError | None = None
        self._scope = anyio.CancelScope()

    def wake(self) -> None:
        """Something changed: there may be something to write."""
        self._more.set()

    def stop(self, error: SmppcastError | None = None) -> None:
        """Ends `run` at once; what is queued is not written."""
        self._error = self._error or error
        self._scope.cancel()

    async def run(self) -> SmppcastError | None:
        """Pumps until the session or the link ends; returns why (None: an orderly end).

        The stream is closed on return. Cancelling is safe: the owner then closes the session and
        learns what was unanswered.
        """
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._read)
                    tasks.start_soon(self._write)
                    tasks.start_soon(self._tick)
        finally:
            with anyio.move_on_after(1, shield=True):
                await anyio.aclose_forcefully(self._stream)
        return self._error

    async def _read(self) -> None:
        clock, session = self._clock, self.session
        while True:
            try:
                data = await self._stream.receive(READ_MAX)
            except (anyio.EndOfStream, anyio.BrokenResourceError, OSError) as error:
                over = session.state in (State.UNBOUND, State.CLOSED)
                self.stop(None if over else _lost(error))
                return
            now = clock()
            self._handle(session.receive(data, now), now)
            # The writer fills: what is queued while it waits for the peer would leave all at once when the
            # peer reads again, whatever the rate.
            self._more.set()
            while session.owed > OWED_MAX:
                self._taken = anyio.Event()
                await self._taken.wait()

    async def _write(self) -> None:
        clock, session, owner = self._clock, self.session, self._owner
        while True:
            owner.fill(session, clock())
            data = session.take()
            self._taken.set()
            if data:
                self._writing_since = clock()
                try:
                    await self._stream.send(data)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
                    self.stop(_lost(error))
                    return
                self._writing_since = None
                continue
            if session.state in (State.UNBOUND, State.CLOSED):
                self._scope.cancel()
                return
            self._more = anyio.Event()
            await self._more.wait()

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(TICK_S)
            now = self._clock()
            if self._writing_since is not None and now - self._writing_since > self._stall_s:
                self.stop(ResponseTimeout(f"the peer read nothing for {self._stall_s:g} s"))
                return
            events = self.session.tick(now)
            self._handle(events, now)
            if events or self.session.owed:
                # What expired made room in the window, and nothing else may come to tell the writer.
                self._more.set()

    def _handle(self, events: Sequence[Event], now: float) -> None:
        if not events:
            return
        self._owner.handle(events, now)
        for event in events:
            if isinstance(event, Ended):
                self._error = self._error or event.error
                self._more.set()


def _lost(error: BaseException) -> LinkLost:
    if isinstance(error, anyio.EndOfStream):
        return LinkLost("the link ended: the peer closed it")
    # What the socket said stands behind anyio's own error, which says nothing.
    return LinkLost(f"the link ended: {str(error) or str(error.__cause__ or '') or type(error).__name__}")
