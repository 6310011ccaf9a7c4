"""smpp34 on uvloop: a task for each place in its window, a task that takes receipts.

Its Rust core keeps the window and answers receipts by itself; room for all of them keeps it from
refusing any.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import smpp34  # type: ignore[import-not-found]
import uvloop

from bench.peers.span import HOST, PASSWORD, SOURCE, SOURCE_TON, TEXT, Job, Span, no_delay


async def submits(smsc: smpp34.Smsc, numbers: Iterator[str], registered_delivery: int) -> int:
    """One after the other; returns how many were accepted."""
    accepted, text = 0, TEXT.encode()
    for number in numbers:
        response = await smsc.submit_sm(
            number,
            text,
            source_addr=SOURCE,
            source_addr_ton=SOURCE_TON,
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=registered_delivery,
        )
        accepted += response.is_success
    return accepted


async def receipts(smsc: smpp34.Smsc, count: int) -> int:
    """Takes so many messages; returns how many of them were receipts."""
    found = 0
    for _ in range(count):
        event = await smsc.next()
        found += event.esm_class & 0x3C == 4
    return found


async def main() -> None:
    job = Job.told()
    room = job.count + job.warm
    client = smpp34.Client(
        HOST,
        job.port,
        job.system_id,
        PASSWORD,
        bind_type="TRX",
        window_size=job.window,
        inbound_capacity=room,
    )
    smsc = await client.connect()
    if job.receipts:  # without, it gains by what Nagle puts together
        no_delay(job.port)
    for numbers, measured in job.casts():
        span, rows = Span(), iter(numbers)
        taking = asyncio.create_task(receipts(smsc, len(numbers) * job.receipts))
        workers = (submits(smsc, rows, int(job.receipts)) for _ in range(job.window))
        accepted = sum(await asyncio.gather(*workers))
        received = await taking
        if measured:
            span.tell(job, accepted, received)
    await smsc.unbind()
    await client.stop()


if __name__ == "__main__":
    uvloop.run(main())
    # Its threads go on while the interpreter goes down, which now and then ends in a segmentation fault.
    os._exit(0)
