"""Single messages as they come: a campaign without a feed, which takes in what is handed to it.

It stands where an `Intake` would; whoever hands a message in is told its ref once that is durable, and
from there it is a recipient like any other: sent, resent and followed to its receipt, through crashes.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

from smppcast.campaign.wording import Wording
from smppcast.errors import CampaignError, LedgerError, TextError
from smppcast.feed import Reason, Suppression, normalise
from smppcast.ledger.contract import Cursor
from smppcast.ledger.facts import Chunk, TakenIn, chunk_key, make_ref
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock
from smppcast.operators.routes import Routes
from smppcast.operators.routing import Router

__all__ = ["Post", "Posting"]


@dataclass(frozen=True, slots=True)
class Post:
    """One message to one number.

    Args:
        operator: by which it goes; "" for the one whose prefixes say so.
    """

    msisdn: str
    text: str
    operator: str = ""


class Posting:
    """Takes messages in until it is closed; `Engine.post_office` opens one.

    Args:
        chunks: counts the campaign's chunks up.
        taken: called with each step as it is given to the ledger.

    Attributes:
        fed: messages so far, of this and earlier runs.
        suppression: who gets none, from now on.
    """

    def __init__(
        self,
        campaign: int,
        *,
        router: Router,
        routes: Routes,
        chunks: Iterator[int],
        wordings: Mapping[str, Wording],
        country: str | None,
        cursor: Cursor,
        suppression: Suppression,
        writer: Writer,
        taken: Callable[[TakenIn], None],
        wall: Clock,
    ) -> None:
        self.fed = cursor.fed
        self._campaign, self._router, self._routes, self._chunks = campaign, router, routes, chunks
        self.suppression = suppression
        self._wordings, self._country = wordings, country
        self._writer, self._taken, self._wall = writer, taken, wall
        self._suppressed = cursor.suppressed
        self._invalid = dict(cursor.invalid)
        self._closed = anyio.Event()

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        """Takes nothing more; its campaign finishes once all of it is answered and settled."""
        self._closed.set()

    async def run(self) -> None:
        """Until it is closed."""
        await self._closed.wait()
        self._step((), 0)

    async def post(self, posts: Sequence[Post], *, suppressed_too: bool = False) -> list[int | Reason]:
        """Takes messages in; returns once they are durable, and then sends them.

        Args:
            suppressed_too: whoever asked for no more messages is told once that there will be none.

        Returns:
            For each the ref of its first segment, or why it is not sent.

        Raises:
            CampaignError: it is closed.
            LedgerError: they cannot be kept; nothing of them is sent.
        """
        if self.closed:
            raise CampaignError("no more messages are taken in here")
        numbers, bad = normalise([post.msisdn for post in posts], self._country)
        routes, unrouted = self._router.route([post.operator for post in posts], numbers)
        routes = self._routes.spread(routes)
        found: list[int | Reason] = [0] * len(posts)
        for at, reason in {**bad, **unrouted}.items():
            found[at], numbers[at] = reason, 0
        for at in () if suppressed_too else self.suppression.positions(numbers):
            found[at], numbers[at] = Reason.SUPPRESSED, 0
        parts: dict[str, list[tuple[int, int]]] = {}
        for at, (number, route) in enumerate(zip(numbers, routes, strict=True)):
            if not number or route is None:
                continue
            try:
                parts.setdefault(route, []).append((at, self._wordings[route].count(posts[at].text)))
            except TextError:
                found[at] = Reason.UNTEXTABLE
        chunks = [self._chunk(route, part, posts, numbers, found) for route, part in parts.items() if part]
        suppressed = sum(reason is Reason.SUPPRESSED for reason in found)
        for why in found:
            if isinstance(why, Reason) and why is not Reason.SUPPRESSED:
                self._invalid[why.value] = self._invalid.get(why.value, 0) + 1
        self._suppressed += suppressed
        await self._durable(self._step(chunks, len(posts)))
        return found

    def _chunk(
        self,
        route: str,
        part: Sequence[tuple[int, int]],
        posts: Sequence[Post],
        numbers: array[int],
        found: list[int | Reason],
    ) -> Chunk:
        key = chunk_key(self._campaign, next(self._chunks))
        for offset, (at, _) in enumerate(part):
            found[at] = make_ref(key, offset)
        return Chunk(
            key=key,
            operator=route,
            numbers=array("q", [numbers[at] for at, _ in part]),
            segments=bytes(count for _, count in part),
            texts=tuple(posts[at].text for at, _ in part),
        )

    def _step(self, chunks: Sequence[Chunk], count: int) -> asyncio.Future[None]:
        self.fed += count
        fact = TakenIn(
            campaign=self._campaign,
            at=self._wall(),
            rows=self.fed,
            digest=b"",
            fed=self.fed,
            invalid=dict(self._invalid),
            duplicate=0,
            suppressed=self._suppressed,
            complete=self.closed,
            chunks=tuple(chunks),
        )
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.add(fact, partial(_resolve, durable))
        self._taken(fact)
        return durable

    async def _durable(self, step: asyncio.Future[None]) -> None:
        while not step.done():
            await asyncio.wait((step,), timeout=1.0)
            if self._writer.failed is not None:
                raise LedgerError("the message cannot be kept") from self._writer.failed


def _resolve(durable: asyncio.Future[None]) -> None:
    if not durable.done():  # who waited was cancelled
        durable.set_result(None)
