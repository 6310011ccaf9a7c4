"""What a lane's tests are made of: lanes on simulated SMSCs, and sources that note what becomes of theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

from smppcast.ledger.facts import CAMPAIGN_SHIFT, ParkedReceipt
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock, monotonic, wall
from smppcast.operators.lane import Lane
from smppcast.operators.settings import OperatorSettings
from smppcast.operators.sources import Batch, Taken
from smppcast.smpp import SubmitSm, encode
from smppcast.smsc import Smsc

PATIENCE_S = 30.0


@dataclass
class Shelf:
    """A source with a given number of submits; it notes what becomes of them."""

    lane: Lane
    count: int
    campaign: int = 1
    priority: int = 10
    weight: float = 1.0
    next: int = 0
    taken: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)
    answered_late: list[tuple[int, int]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def pull(self, room: int) -> Batch | None:
        count = min(room, self.count - self.next)
        if not count:
            return None
        refs = [(self.campaign << CAMPAIGN_SHIFT) + self.next + at for at in range(count)]
        self.next += count
        bodies = [
            encode(SubmitSm(destination_addr=f"336{ref & 0xFFFFFF:08d}", short_message=b"x"))[16:]
            for ref in refs
        ]
        return bodies, refs

    def accepted(self, refs: Sequence[int], message_ids: Sequence[str]) -> Sequence[int]:
        self.taken.update(zip(refs, message_ids, strict=True))
        return [33_600_000_000 + (ref & 0xFFFFFF) for ref in refs]

    def refused(self, refs: Sequence[int], statuses: Sequence[int]) -> None:
        self.statuses.update(zip(refs, statuses, strict=True))

    def lost(self, refs: Sequence[int], *, expired: bool = False) -> None:
        self.unknown += refs

    def late(
        self, refs: Sequence[int], statuses: Sequence[int], message_ids: Sequence[str], taken: Taken
    ) -> None:
        self.answered_late += list(zip(refs, statuses, strict=True))

    def destinations(self, refs: Sequence[int]) -> Sequence[int]:
        return [33_600_000_000 + (ref & 0xFFFFFF) for ref in refs]

    def settled_by(self, receipt: ParkedReceipt) -> Sequence[int]:
        return [ref for ref in self.held if str(self.destinations([ref])[0]) == receipt.source_addr]

    def settle(self, ref: int) -> int:
        self.held.remove(ref)
        return self.destinations([ref])[0]

    def offer(self, count: int) -> None:
        self.count += count
        self.lane.wake()


def settings(smsc: Smsc | str, **changes: Any) -> OperatorSettings:
    return OperatorSettings.model_validate(
        {"url": smsc if isinstance(smsc, str) else smsc.url, "window": 20, **changes}
    )


@asynccontextmanager
async def running(
    operator: OperatorSettings, count: int = 0, clock: Clock = monotonic, wall: Clock = wall
) -> AsyncIterator[tuple[Lane, Shelf]]:
    """A lane in work, closed in order at the end; the test fails rather than hang."""
    store = MemoryStore()
    writer = Writer(store)
    writer.start()
    resolver = Resolver("orange", writer, store)
    lane = Lane("orange", operator, resolver, writer, lambda _: None, clock=clock, wall=wall)
    shelf = Shelf(lane, count)
    lane.sources.add(shelf)
    with anyio.fail_after(2 * PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.run)
            yield lane, shelf
            await lane.close(PATIENCE_S)
        await writer.aclose()


async def until(holds: Any) -> None:
    with anyio.fail_after(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what a peer does sets no event of ours
            await anyio.sleep(0.001)
