"""Taking in a feed: rows become chunks of one operator each, durable with the cursor behind them.

It runs ahead of the lanes, so that a slow one never keeps a fast one waiting for recipients; what
is ahead lies in the ledger and not in memory.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import anyio

from smppcast.campaign.wording import Wording
from smppcast.errors import FeedError, TextError
from smppcast.feed import Batch, Feed, FeedDigest, Reason, Rejects, Seen, Suppression, Template, normalise
from smppcast.ledger.contract import Cursor
from smppcast.ledger.facts import CHUNK_SIZE, Chunk, TakenIn, chunk_key
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock
from smppcast.net.timers import Timers
from smppcast.operators.routes import Routes
from smppcast.operators.routing import Router

__all__ = ["Intake"]

# A step is written when it has this many rows, or after this time: what trickles in is not kept waiting
# for rows that may never come. One step at a time is on its way to the disk: longer commits would hold up
# intents and receipts, which wait for the same disk (20,000 segments a second became 13,000).
STEP_ROWS = 2 * CHUNK_SIZE
STEP_S = 0.25

# With so many chunks waiting for the lane that has least, reading the feed is in no hurry: it then takes one
# part in REST of the time, and the further ahead, the less (a slow lane's answers are late by what it takes).
FAR_AHEAD, REST, REST_MOST = 50, 10, 50


@dataclass(slots=True)
class _Part:
    """What a step has for one operator."""

    numbers: array[int] = field(default_factory=lambda: array("q"))
    segments: bytearray = field(default_factory=bytearray)
    texts: list[str] = field(default_factory=list)


class Intake:
    """Takes a feed into the ledger, from the cursor of an earlier run where there is one.

    Args:
        suppression: who gets no message. It holds for rows taken in from now on: of those of an earlier
            run it changes nothing but what the rejects file, written anew, says of them.
        cursor: rows before it are only compared with those taken in before, by their digest.
        chunks: counts the campaign's chunks up.
        taken: called with each step as it is given to the ledger.
        ahead: chunks that wait for the lane that has least to send.

    Attributes:
        fed: rows so far, of this and earlier runs.
        suppression: numbers may be added while rows are taken in; a row of theirs that comes later is left
            out. Of rows before it nothing changes, in a later run neither: the account closes as it was.
    """

    def __init__(
        self,
        campaign: int,
        feed: Feed,
        template: Template,
        *,
        router: Router,
        routes: Routes,
        chunks: Iterator[int],
        wordings: Mapping[str, Wording],
        country: str | None,
        cursor: Cursor,
        rejects: Rejects,
        suppression: Suppression,
        writer: Writer,
        taken: Callable[[TakenIn], None],
        ahead: Callable[[], int],
        clock: Clock,
        wall: Clock,
    ) -> None:
        self.fed = cursor.fed
        self._campaign, self._feed, self._template = campaign, feed, template
        self._router, self._routes, self._chunks = router, routes, chunks
        self._wordings, self._country = wordings, country
        self._cursor, self._rejects, self.suppression, self._writer = cursor, rejects, suppression, writer
        self._taken, self._ahead, self._clock, self._wall = taken, ahead, clock, wall
        self._plain = (
            {name: wording.count(template.plain) for name, wording in wordings.items()}
            if (template.plain is not None)
            else {}
        )
        self._digest, self._seen = FeedDigest(), Seen()
        self._invalid: Counter[str] = Counter(cursor.invalid)
        self._duplicate, self._suppressed = cursor.duplicate, cursor.suppressed
        self._parts: dict[str, _Part] = {}
        self._texts: dict[int, tuple[str, int]] = {}
        self._rows = 0
        self._stepped = float("-inf")
        self._writing = False
        self._rested = clock()
        self._written = anyio.Event()
        self._timers = Timers()

    async def run(self) -> None:
        """Reads the feed to its end.

        Raises:
            FeedError: it cannot be read, or is not the feed taken in before.
            LedgerError: nothing can be kept any more.
        """
        try:
            with self._rejects:
                async with self._feed as feed:
                    await self._read(feed)
                if not self._cursor.complete:
                    self._step(complete=True)
        finally:
            self._timers.cancel()

    async def _read(self, feed: Feed) -> None:
        cursor = self._cursor
        async for batch in feed:
            await self._writer.room()
            if self._writing:
                await self._rest()
            left = cursor.rows - self._digest.rows
            if left > 0:
                known, batch = batch.split(left)  # noqa: PLW2901 - the known rows are off
                self._know_again(known)
            if batch:
                self._take(batch)
        if self._digest.rows < cursor.rows:
            raise FeedError(
                f"has {self._digest.rows} rows; the campaign took in {cursor.rows} before",
                feed=self._feed.name,
            )

    async def _rest(self) -> None:
        """Until the last step is written, and longer where nobody waits for the next one."""
        took_s = self._clock() - self._rested
        while self._writing:
            await self._written.wait()
        if (ahead := self._ahead()) >= FAR_AHEAD:
            await anyio.sleep(took_s * min(REST_MOST, REST * ahead / FAR_AHEAD))
        self._rested = self._clock()

    def _know_again(self, batch: Batch) -> None:
        """Rows of an earlier run: they only fill the set of numbers seen, and the rejects."""
        self._digest.update(batch)
        self._sort(batch)
        if self._digest.rows == self._cursor.rows:
            self._digest.require(self._cursor.digest, feed=self._feed.name)

    def _take(self, batch: Batch) -> None:
        if self._cursor.complete:
            raise FeedError(
                f"has more rows than the {self._cursor.rows} that the campaign took in to its end",
                feed=self._feed.name,
                line=batch.first_line,
            )
        self._digest.update(batch)
        numbers, routes, bad, suppressed, duplicates = self._sort(batch)
        self._rows += len(batch)
        self._invalid.update(reason.value for reason in bad.values())
        self._suppressed += suppressed
        self._duplicate += duplicates
        self._add(numbers, routes)
        self.fed += len(batch)
        if self._rows >= STEP_ROWS or self._clock() - self._stepped >= STEP_S:
            self._step(complete=False)
        elif not self._timers:
            self._timers.after(STEP_S, lambda: self._step(complete=False))

    def _sort(self, batch: Batch) -> tuple[array[int], list[str | None], dict[int, Reason], int, int]:
        """Numbers (0 for a row that gets no message), routes, why not; how many are suppressed, how many
        are duplicates."""
        numbers, bad = normalise(batch.msisdns, self._country)
        for at in batch.bad:
            numbers[at] = 0
        routes, unrouted = self._router.route(batch.operators, numbers)
        routes = self._routes.spread(routes)
        bad = {**bad, **batch.bad, **unrouted}
        for at in unrouted:
            numbers[at] = 0
        suppressed = self.suppression.positions(numbers)
        for at in suppressed:
            numbers[at] = 0
        if self._template.columns:
            self._write(batch, numbers, routes, bad)
        duplicates = self._seen.duplicates(numbers)
        for at in duplicates:
            numbers[at] = 0
        if bad or suppressed:
            self._rejects.write(batch, {**bad, **dict.fromkeys(suppressed, Reason.SUPPRESSED)})
        return numbers, routes, bad, len(suppressed), len(duplicates)

    def _write(
        self, batch: Batch, numbers: array[int], routes: list[str | None], bad: dict[int, Reason]
    ) -> None:
        """Writes each row's own text, to know its segments; one that no segment can carry is refused
        here, before anything of it is sent."""
        self._texts.clear()
        texts = self._template.render_batch(batch.columns, len(batch))
        for at, number in enumerate(numbers):
            route = routes[at]
            if not number or route is None:
                continue
            try:
                self._texts[at] = (texts[at], self._wordings[route].count(texts[at]))
            except TextError:
                bad[at] = Reason.UNTEXTABLE
                numbers[at] = 0

    def _add(self, numbers: array[int], routes: list[str | None]) -> None:
        names = set(routes)
        if len(names) == 1 and 0 not in numbers and not self._texts:
            self._part(names.pop()).numbers.extend(numbers)
            return
        for at, number in enumerate(numbers):
            if number:
                part = self._part(routes[at])
                part.numbers.append(number)
                if self._texts:
                    text, segments = self._texts[at]
                    part.texts.append(text)
                    part.segments.append(segments)

    def _part(self, operator: str | None) -> _Part:
        return self._parts.setdefault(operator or "", _Part())

    # --- steps -----------------------------------------------------------------------------

    def _step(self, *, complete: bool) -> None:
        """Gives the ledger what came since the last step, and the cursor behind it."""
        if not self._rows and not complete:
            return
        chunks = [chunk for name, part in self._parts.items() for chunk in self._cut(name, part)]
        fact = TakenIn(
            campaign=self._campaign,
            at=self._wall(),
            rows=self._digest.rows,
            digest=self._digest.digest(),
            fed=self.fed,
            invalid=dict(self._invalid),
            duplicate=self._duplicate,
            suppressed=self._suppressed,
            complete=complete,
            chunks=tuple(chunks),
        )
        self._writing = True
        self._writer.add(fact, self._on_written)
        self._taken(fact)
        self._parts = {}
        self._rows = 0
        self._timers.cancel()
        self._stepped = self._clock()

    def _on_written(self) -> None:
        self._writing = False
        written, self._written = self._written, anyio.Event()
        written.set()

    def _cut(self, operator: str, part: _Part) -> list[Chunk]:
        chunks = []
        for start in range(0, len(part.numbers), CHUNK_SIZE):
            cut = slice(start, start + CHUNK_SIZE)
            segments: int | bytes = bytes(part.segments[cut]) if part.texts else self._plain[operator]
            chunks.append(
                Chunk(
                    key=chunk_key(self._campaign, next(self._chunks)),
                    operator=operator,
                    numbers=part.numbers[cut],
                    segments=segments,
                    texts=tuple(part.texts[cut]) if part.texts else None,
                )
            )
        return chunks
