"""smppcast through its public face: `submit_many`, or `submit` from 100 tasks (a sixth argument, "submit").

Receipts come to `on_receipts`, a read's worth at a time.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

import smppcast
from bench.peers.span import HOST, PASSWORD, SOURCE, TEXT, Job, Span

TASKS = 100


class Receipts:
    """Counts them."""

    def __init__(self) -> None:
        self.count = 0
        self._until, self._done = 0, asyncio.Event()

    def __call__(self, batch: smppcast.ReceiptBatch) -> None:
        self.count += len(batch)
        if self.count >= self._until:
            self._done.set()

    async def until(self, count: int) -> None:
        """Returns once there were so many."""
        self._until, self._done = count, asyncio.Event()
        if self.count < count:
            await self._done.wait()


async def in_bulk(session: smppcast.ClientSession, numbers: list[str], *, receipt: bool) -> int:
    """One text to many numbers, results by the batch; returns how many were accepted."""
    accepted = 0
    async for batch in session.submit_many(numbers, text=TEXT, source=SOURCE, receipt=receipt):
        accepted += batch.statuses.count(0)
    return accepted


async def one_by_one(session: smppcast.ClientSession, numbers: list[str], *, receipt: bool) -> int:
    """A call for each message, from 100 tasks; returns how many were accepted: it raises otherwise."""
    rows, accepted = iter(numbers), 0

    async def work() -> None:
        nonlocal accepted
        for number in rows:
            await session.submit(to=number, text=TEXT, source=SOURCE, receipt=receipt)
            accepted += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(TASKS):
            tasks.create_task(work())
    return accepted


async def main() -> None:
    job, receipts = Job.told(), Receipts()
    cast = one_by_one if "submit" in sys.argv[7:] else in_bulk
    url = f"smpp://{job.system_id}:{PASSWORD}@{HOST}:{job.port}"
    async with smppcast.connect(url, window=job.window, on_receipts=receipts) as session:
        for numbers, measured in job.casts():
            span, before = Span(), receipts.count
            accepted = await cast(session, numbers, receipt=job.receipts)
            await receipts.until(before + len(numbers) * job.receipts)
            if measured:
                span.tell(job, accepted, receipts.count - before)


if __name__ == "__main__":
    uvloop.run(main())
