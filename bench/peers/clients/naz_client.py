"""naz on uvloop: a broker of our own is the window, and what scans or limits is off.

As with aiosmpplib, which is its descendant: no window of its own, a correlater that walks all that it
keeps at every message, a rate limiter and a throttle handler that are asked before each, and a logger
that formats; all are replaced through the interfaces that it has for it. The text is ASCII, which
Python encodes in C; its GSM codec goes a character at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

import naz  # type: ignore[import-not-found]
import uvloop

from bench.peers.span import HOST, PASSWORD, SOURCE, SOURCE_TON, TEXT, Job, Span


class Window(naz.broker.BaseBroker, naz.hooks.BaseHook):  # type: ignore[misc]
    """Gives out messages while the window has room, and counts what comes back.

    naz sends its responses through the broker too: they go first.
    """

    def __init__(self, job: Job) -> None:
        self._registered_delivery, self._size = int(job.receipts), job.window
        self._rows: Iterator[str] = iter(())
        self._responses: deque[Any] = deque()
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

    async def dequeue(self) -> Any:
        while not self._responses:
            number = next(self._rows, None) if self.sent - self.answered < self._size else None
            if number is not None:
                return self._submit(number)
            if (self.answered, self.receipts) == self._until:
                self._done.set()
            self._wake.clear()
            await self._wake.wait()
        return self._responses.popleft()

    def _submit(self, number: str) -> Any:
        self.sent += 1
        return naz.protocol.SubmitSM(
            short_message=TEXT,
            source_addr=SOURCE,
            destination_addr=number,
            log_id=number,
            service_type="",
            source_addr_ton=SOURCE_TON,
            source_addr_npi=0,
            esm_class=0,
            registered_delivery=self._registered_delivery,
            encoding="ascii",
        )

    async def from_smsc(
        self, smpp_command: str, log_id: str, hook_metadata: str, status: Any, pdu: bytes
    ) -> None:
        del log_id, hook_metadata, pdu
        if smpp_command == "submit_sm_resp":
            self.answered += 1
            self.accepted += status.value == 0
        elif smpp_command == "deliver_sm":
            self.receipts += 1
        self._wake.set()

    async def to_smsc(self, smpp_command: str, log_id: str, hook_metadata: str, pdu: bytes) -> None:
        pass

    async def enqueue(self, message: Any) -> None:
        self._responses.append(message)


class Correlater(naz.correlater.SimpleCorrelater):  # type: ignore[misc]
    """Its own, which forgets nothing by time: that costs a walk over everything at every message."""

    async def _delete_after_ttl(self) -> None:
        pass


class Unthrottled(naz.throttle.BaseThrottleHandler, naz.ratelimiter.BaseRateLimiter):  # type: ignore[misc]
    """Lets everything through, at any rate."""

    async def throttled(self) -> None:
        pass

    async def not_throttled(self) -> None:
        pass

    async def allow_request(self) -> bool:
        return True

    async def throttle_delay(self) -> float:
        return 0.0

    async def limit(self) -> None:
        pass


async def main() -> None:
    job = Job.told()
    window, free, quiet = Window(job), Unthrottled(), logging.getLogger("quiet")
    quiet.disabled = True
    client = naz.Client(
        HOST,
        job.port,
        job.system_id,
        PASSWORD,
        broker=window,
        hook=window,
        rate_limiter=free,
        throttle_handler=free,
        correlation_handler=Correlater(),
        logger=quiet,
        drain_duration=0.01,
    )
    await client.connect()
    await client.tranceiver_bind()
    tasks = [asyncio.create_task(each) for each in (client.dequeue_messages(), client.receive_data())]
    for numbers, measured in job.casts():
        span, accepted, receipts = Span(), window.accepted, window.receipts
        await window.cast(numbers)
        if measured:
            span.tell(job, window.accepted - accepted, window.receipts - receipts)
    await client.shutdown()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
