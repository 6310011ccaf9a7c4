"""aiosmpplib on uvloop: a broker of our own is the window, and what scans or limits is off.

It has no window of its own, so that its broker gives out messages as responses come. Its correlator
walks all that it keeps at every message, its throttle handler and logger count and format: they are
replaced through the interfaces that it has for it. The text is ASCII, which Python encodes in C;
its GSM codec goes a character at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import uvloop
from aiosmpplib import ESME, AbstractBroker, AbstractHook, PhoneNumber  # type: ignore[import-not-found]
from aiosmpplib.correlator import SimpleCorrelator  # type: ignore[import-not-found]
from aiosmpplib.protocol import DeliverSm, SubmitSm, SubmitSmResp  # type: ignore[import-not-found]
from aiosmpplib.state import NPI, TON  # type: ignore[import-not-found]
from aiosmpplib.throttle import AbstractThrottleHandler  # type: ignore[import-not-found]

from bench.peers.span import HOST, PASSWORD, SOURCE, TEXT, Job, Span

QUIET = 100  # above every level of Python's logging


class Window(AbstractBroker, AbstractHook):  # type: ignore[misc]
    """Gives out messages while the window has room, and counts what comes back."""

    def __init__(self, job: Job) -> None:
        self._registered_delivery, self._size = int(job.receipts), job.window
        self._source = PhoneNumber(SOURCE, TON.ALPHANUMERIC, NPI.UNKNOWN)
        self._rows: Iterator[str] = iter(())
        self._wake, self._done = asyncio.Event(), asyncio.Event()
        self.sent = self.answered = self.accepted = self.receipts = 0
        self._until = (0, 0)

    async def cast(self, numbers: list[str]) -> None:
        """Submits to all; returns when each has its response and its receipt."""
        count, self._done = len(numbers), asyncio.Event()
        self._until = (self.answered + count, self.receipts + count * self._registered_delivery)
        self._rows = iter(numbers)
        self._wake.set()
        await self._done.wait()

    async def dequeue(self) -> SubmitSm:
        while True:
            number = next(self._rows, None) if self.sent - self.answered < self._size else None
            if number is not None:
                return self._submit(number)
            self._wake.clear()
            await self._wake.wait()

    def _submit(self, number: str) -> SubmitSm:
        self.sent += 1
        return SubmitSm(
            short_message=TEXT,
            source=self._source,
            destination=PhoneNumber(number, TON.INTERNATIONAL, NPI.ISDN),
            encoding="ascii",
            registered_delivery=self._registered_delivery,
        )

    async def received(self, smpp_message: Any, _pdu: bytes, _client_id: str) -> None:
        if isinstance(smpp_message, SubmitSmResp):
            self.answered += 1
            self.accepted += smpp_message.command_status == 0
            self._wake.set()
        elif isinstance(smpp_message, DeliverSm):
            self.receipts += smpp_message.is_receipt()
        if (self.answered, self.receipts) == self._until:
            self._done.set()

    async def enqueue(self, message: Any) -> None:
        raise AssertionError(f"messages come from `cast` alone, not {message!r}")

    async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        pass

    async def send_error(self, _message: Any, error: Exception, _client_id: str) -> None:
        raise error


class Correlator(SimpleCorrelator):  # type: ignore[misc]
    """Its own, which forgets nothing by time: that costs a walk over everything at every message."""

    async def _remove_expired(self) -> None:
        pass


class Unthrottled(AbstractThrottleHandler):  # type: ignore[misc]
    """Lets everything through."""

    async def throttled(self) -> None:
        pass

    async def not_throttled(self) -> None:
        pass

    async def allow_request(self) -> bool:
        return True

    async def throttle_delay(self) -> float:
        return 0.0


async def main() -> None:
    job = Job.told()
    window = Window(job)
    esme = ESME(
        HOST,
        job.port,
        job.system_id,
        PASSWORD,
        broker=window,
        hook=window,
        correlator=Correlator(job.system_id),
        throttle_handler=Unthrottled(),
        log_level=QUIET,
    )
    running = asyncio.create_task(esme.start())
    for numbers, measured in job.casts():
        span, accepted, receipts = Span(), window.accepted, window.receipts
        await window.cast(numbers)
        if measured:
            span.tell(job, window.accepted - accepted, window.receipts - receipts)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
