"""The latency of smppcast's `submit` at an even 1,000 calls a second, from the call to its return."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

import uvloop

import smppcast
from bench.peers.span import HOST, PASSWORD, SOURCE, TEXT, Job

RATE_PER_S: Final = 1000


async def paced(session: smppcast.ClientSession, numbers: list[str]) -> list[float]:
    """Seconds of each call, the quickest first."""
    took: list[float] = []

    async def submit(number: str) -> None:
        began = time.perf_counter()
        await session.submit(to=number, text=TEXT, source=SOURCE)
        took.append(time.perf_counter() - began)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for index, number in enumerate(numbers):
            ahead = begun + index / RATE_PER_S - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            tasks.create_task(submit(number))
    return sorted(took)


async def main() -> None:
    job = Job.told()
    url = f"smpp://{job.system_id}:{PASSWORD}@{HOST}:{job.port}"
    async with smppcast.connect(url, window=job.window) as session:
        _, took = [await paced(session, numbers) for numbers, _ in job.casts()]
    assert len(took) == job.count, f"{len(took)} of {job.count} were accepted"
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    print(json.dumps({name: took[int(share * len(took))] for name, share in shares.items()}))


if __name__ == "__main__":
    uvloop.run(main())
