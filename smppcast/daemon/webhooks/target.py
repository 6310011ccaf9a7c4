"""One program that is told: its events are read, posted until it takes them, and then its place is moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import anyio
import httpx
import structlog
from anyio import to_thread

from smppcast.config.hooks import WebhookSettings
from smppcast.daemon.cursors import Cursors
from smppcast.daemon.reader import Reader, Sleep
from smppcast.daemon.webhooks.batches import Batch
from smppcast.daemon.webhooks.post import client, post
from smppcast.daemon.webhooks.signature import signed
from smppcast.daemon.webhooks.streams import Piece, Stream
from smppcast.errors import LedgerError
from smppcast.ledger.tail import COUNTED, Position, TailReader
from smppcast.net.backoff import Backoff
from smppcast.net.clock import Clock

__all__ = ["FIRST_S", "LONGEST_S", "HookStatistics", "Means", "Target"]

log = structlog.get_logger("smppcast.webhooks")

# Between tries: at least a second, and at most five minutes, so that a target is found soon once it is back.
FIRST_S, LONGEST_S = 2.0, 300.0
# What a request of 500 events costs the loop, beside reading: signing, sending, waiting for its answer.
POST_S = 0.0011
# Rows that were looked at without an event among them, beyond which the next are looked at at once.
BARREN = 1_000


@dataclass(frozen=True, slots=True)
class Means:
    """What all targets share."""

    reader: Reader
    cursors: Cursors
    wall: Clock
    sleep: Sleep = anyio.sleep


class HookStatistics(NamedTuple):
    """How a target is.

    Attributes:
        url: scheme and host.
        pending: events that wait, about; None for more than 10,000.
        age_s: how long the oldest of them has waited.
        delivered, dropped: events since the daemon began; dropped ones became too old.
        failures: tries in a row that failed.
        failing_s: since the first of them.
        next_try: when it is tried again, unix seconds; None where it does not fail.
    """

    name: str
    url: str
    events: tuple[str, ...]
    pending: int | None
    age_s: float
    delivered: int
    dropped: int
    failures: int
    failing_s: float
    last_error: str
    next_try: float | None


class Target:
    """Use `run` in a task of its own: whatever the target does costs that task alone.

    Args:
        streams: what it is told, those of few events first.
        positions: where it stands in each.
    """

    def __init__(
        self,
        name: str,
        settings: WebhookSettings,
        streams: Mapping[str, Stream],
        positions: Mapping[str, Position],
        means: Means,
    ) -> None:
        self.name, self.settings = name, settings
        self.closing = self.posting = False
        self.delivered = self.dropped = 0
        self._streams, self._means = streams, means
        self._told = dict(positions)  # durable
        self._seen = dict(positions)  # behind what was looked at, and held nothing to tell
        self._batch: Batch | None = None
        self._pending: int | None = 0
        self._oldest = 0.0
        self._failures, self._failing_since, self._next_try = 0, 0.0, 0.0
        self._last_error = ""
        self._dropping = False
        self._backoff = Backoff(FIRST_S, LONGEST_S)

    def __repr__(self) -> str:
        return f"<Target {self.name} [{self.delivered} told | {self._failures} failures]>"

    async def run(self) -> None:
        """Until it is cancelled, or `closing` is set."""
        async with await to_thread.run_sync(client, self.settings) as http:
            while not self.closing:
                try:
                    await self._turn(http)
                except LedgerError as error:
                    await self._failed(str(error))
                except Exception as error:
                    log.exception("webhook_error", target=self.name)
                    await self._failed(type(error).__name__)

    async def _turn(self, http: httpx.AsyncClient) -> None:
        if self._batch is None:
            self._batch, barren = await self._means.reader.read(self._read)
            if self._batch is None:
                self._pending, self._oldest = 0, 0.0
                await self._means.sleep(0 if barren else self.settings.linger)
                return
        batch = self._batch = await self._without_old(self._batch)
        if not batch.count:
            self._batch = None
            return
        self.posting = True
        try:
            headers = signed(self.settings.key, batch.id, self._means.wall(), batch.body)
            answer = await post(http, self.settings, batch.body, headers, self._means.wall)
            self._means.reader.charge(POST_S)
            if not answer.problem:
                await self._move(batch.then)
        finally:
            self.posting = False
        if answer.problem:
            await self._failed(answer.problem, answer.wait_s)
            return
        self._batch = None
        self._took(batch.count)
        if batch.count < self.settings.batch:
            await self._means.sleep(self.settings.linger)

    def _read(self, tail: TailReader) -> tuple[Batch | None, bool]:
        """The next events; whether there may be more at once, where none were found."""
        found = dict[str, list[Piece]]()
        left, barren = self.settings.batch, False
        for name, stream in self._streams.items():
            pieces, seen = stream.read(tail, self._seen[name], left) if left else ([], self._seen[name])
            found[name] = pieces
            left -= sum(len(piece.events) for piece in pieces)
            barren = barren or seen.row - self._seen[name].row >= BARREN
            self._seen[name] = seen
        batch = Batch(self.name, self._told.copy(), found)
        if not batch.count:
            return None, barren
        _ = batch.body  # written here, on the reader's thread
        return batch, False

    async def _move(self, positions: Mapping[str, Position]) -> None:
        await to_thread.run_sync(self._means.cursors.move, self.name, positions)
        self._told.update(positions)

    async def _without_old(self, batch: Batch) -> Batch:
        """Drops what nobody took for too long."""
        old, rest = batch.without(self._means.wall() - self.settings.keep)
        if not old.count:
            return batch
        await self._move(old.then)
        self.dropped += old.count
        if not self._dropping:  # a target that is gone for weeks is told of once
            log.error("webhook_dropped", target=self.name, events=old.count, keep_s=self.settings.keep)
        self._dropping = True
        return rest

    def _took(self, count: int) -> None:
        if self._failures:
            log.warning("webhook_recovered", target=self.name, failures=self._failures)
        self._failures, self._failing_since, self._next_try, self._dropping = 0, 0.0, 0.0, False
        self._last_error = ""
        self._backoff.reset()
        self.delivered += count
        if count < self.settings.batch:
            self._pending, self._oldest = 0, 0.0

    async def _failed(self, problem: str, wait_s: float = 0.0) -> None:
        now = self._means.wall()
        if not self._failures:
            self._failing_since = now
            log.warning("webhook_failing", target=self.name, error=problem)
        self._failures += 1
        self._last_error = problem
        wait_s = max(self._backoff.next(), min(wait_s, LONGEST_S))
        self._next_try = now + wait_s
        await self._means.sleep(wait_s)

    # --- how it is ---

    @property
    def behind(self) -> bool:
        """Whether something waits longer than it should, so that it is worth counting."""
        return self._batch is not None

    def measure(self, tail: TailReader) -> None:
        """Counts what waits; on the reader's thread."""
        found = [stream.waiting(tail, self._told[name]) for name, stream in self._streams.items()]
        pending = sum(count for count, _ in found)
        self._pending = None if pending > COUNTED else pending
        self._oldest = min((oldest for count, oldest in found if count and oldest), default=0.0)

    def statistics(self) -> HookStatistics:
        """At this moment; what waits is counted every few seconds."""
        now = self._means.wall()
        return HookStatistics(
            self.name,
            self.settings.shown,
            tuple(self._streams),
            self._pending,
            max(0.0, now - self._oldest) if self._oldest else 0.0,
            self.delivered,
            self.dropped,
            self._failures,
            max(0.0, now - self._failing_since) if self._failures else 0.0,
            self._last_error,
            self._next_try if self._failures else None,
        )
