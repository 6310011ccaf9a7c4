"""rusmppyc on uvloop: a task for each place in the window, since it has none, and one for receipts.

It speaks SMPP 5.0 and refuses to bind to less unless told not to look.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import rusmppyc  # type: ignore[import-not-found]
import uvloop

from bench.peers.span import HOST, PASSWORD, SOURCE, TEXT, Job, Span, no_delay

# Made once: each is an object that its constructor would make anew at every submit.
ALPHANUMERIC, INTERNATIONAL = rusmppyc.Ton.Alphanumeric(), rusmppyc.Ton.International()
UNKNOWN, ISDN = rusmppyc.Npi.Unknown(), rusmppyc.Npi.Isdn()
# Its connection handles five requests a turn and may then sleep on the others until a timer or the
# SMSC wakes it, so that both sides end up waiting for each other. A timer that never rests helps.
ENQUIRE_LINK_INTERVAL_MS = 1


async def submits(
    client: rusmppyc.Client, numbers: Iterator[str], registered_delivery: rusmppyc.RegisteredDelivery
) -> int:
    """One after the other; returns how many were accepted: it raises for those that were not."""
    accepted, text = 0, TEXT.encode()
    for number in numbers:
        await client.submit_sm(
            source_addr_ton=ALPHANUMERIC,
            source_addr_npi=UNKNOWN,
            source_addr=SOURCE,
            dest_addr_ton=INTERNATIONAL,
            dest_addr_npi=ISDN,
            destination_addr=number,
            registered_delivery=registered_delivery,
            short_message=text,
        )
        accepted += 1
    return accepted


async def receipts(client: rusmppyc.Client, events: rusmppyc.Events, count: int) -> int:
    """Answers so many deliver_sm."""
    if not count:
        return 0
    found = 0
    async for event in events:
        command = event._0  # noqa: SLF001 - where its own examples find it
        await client.deliver_sm_resp(command.sequence_number)
        found += 1
        if found == count:
            break
    return found


async def main() -> None:
    job = Job.told()
    client, events = await rusmppyc.Client.connect(
        f"smpp://{HOST}:{job.port}",
        enquire_link_interval=ENQUIRE_LINK_INTERVAL_MS,
        response_timeout=None,
        interface_version_check=False,
    )
    no_delay(job.port)
    await client.bind_transceiver(system_id=job.system_id, password=PASSWORD)
    final = rusmppyc.MCDeliveryReceipt.McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure()
    registered_delivery = rusmppyc.RegisteredDelivery.default()
    if job.receipts:
        registered_delivery = rusmppyc.RegisteredDelivery(mc_delivery_receipt=final)
    for numbers, measured in job.casts():
        span, rows = Span(), iter(numbers)
        taking = asyncio.create_task(receipts(client, events, len(numbers) * job.receipts))
        workers = (submits(client, rows, registered_delivery) for _ in range(job.window))
        accepted = sum(await asyncio.gather(*workers))
        received = await taking
        if measured:
            span.tell(job, accepted, received)
    await client.unbind()


if __name__ == "__main__":
    uvloop.run(main())
    os._exit(0)
