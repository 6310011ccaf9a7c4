"""Recipients who go from one lane to another: their number moved, or their lane is down.

They leave their chunk for a new one of the other lane, by a fact; nothing else is told of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import anyio
import structlog

from smppcast.campaign.wording import Wording
from smppcast.errors import SmppcastError
from smppcast.ledger.board import Boards
from smppcast.ledger.facts import Chunk, Moved, Opened, chunk_key
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock
from smppcast.operators.lane import Lane
from smppcast.operators.routes import Routes
from smppcast.operators.settings import Reroute

__all__ = ["Elsewhere", "Given", "Handover", "HandoverSender"]

log = structlog.get_logger("smppcast.handover")

# How often lanes that are down are looked at; each time, a lane that has little left gets a chunk more.
POLL_S = 0.1


class Given(NamedTuple):
    """Recipients on their way to another lane.

    Args:
        refs: the first segment of each, where it was.
        texts: of a personalised campaign, else None.
        flags: an octet each, see `facts.Moved`.
    """

    refs: Sequence[int]
    numbers: Sequence[int]
    texts: Sequence[str] | None
    flags: bytes


class HandoverSender(Protocol):
    """What it needs of a lane's sender."""

    @property
    def idle(self) -> bool:
        """Nothing left to send."""

    @property
    def hungry(self) -> bool:
        """Little is left to send, and nothing waits."""

    def offer(self, chunk: Chunk) -> None:
        """Takes a chunk more."""

    def surrender(self) -> Given | None:
        """Some of its recipients that the SMSC does not hold for certain, which are its no more."""


class Elsewhere:
    """Where the recipients of one operator go whom it refuses as another network's."""

    def __init__(self, handover: Handover, operator: str, to: str) -> None:
        self._handover, self._operator, self._to = handover, operator, to

    def fits(self, text: str) -> bool:
        """Whether a personal text can be carried there."""
        return self._handover.fits(self._to, text)

    def give(self, given: Given) -> None:
        """Takes them over."""
        self._handover.reroute(self._operator, self._to, given)


class Handover:
    """Moves recipients of one campaign between its lanes.

    Args:
        numbers: counts the campaign's chunks up.

    Attributes:
        text: the campaign's, where it is the same for all, else None.
        senders: by lane.
    """

    def __init__(
        self,
        campaign: int,
        *,
        text: str | None,
        boards: Boards,
        writer: Writer,
        wordings: Mapping[str, Wording],
        routes: Routes,
        lanes: Mapping[str, Lane],
        numbers: Iterator[int],
        clock: Clock,
        wall: Clock,
    ) -> None:
        self.senders: Mapping[str, HandoverSender] = {}
        self.text = text
        self._campaign = campaign
        self._boards, self._writer, self._wordings = boards, writer, wordings
        self._routes, self._lanes, self._numbers = routes, lanes, numbers
        self._clock, self._wall = clock, wall
        self._down: dict[str, float] = {}

    async def run(self) -> None:
        """Looks after lanes that share a route, until cancelled."""
        while self._routes.shared:
            await anyio.sleep(POLL_S)
            self.look(self._clock())

    def look(self, now: float) -> None:
        """Hands over what lanes hold that have been down for long, to whom has little left to do."""
        for name, sender in self.senders.items():
            if self._up(name):
                self._down.pop(name, None)
                continue
            since = self._down.setdefault(name, now)
            if now - since < self._lanes[name].settings.failover or sender.idle:
                continue
            for other in self._routes.substitutes(name, self._up):
                if self.senders[other].hungry and (given := sender.surrender()) is not None:
                    log.info("failed_over", operator=name, to=other, recipients=len(given.refs))
                    self._move(name, other, given, ported=False)

    def reroute_of(self, operator: str, setting: Reroute | None) -> tuple[Sequence[int], Elsewhere] | None:
        """What an operator's sender is told of numbers that moved."""
        return None if setting is None else (setting.statuses, Elsewhere(self, operator, setting.to))

    def fits(self, to: str, text: str) -> bool:
        """Whether an operator, or a route, can carry a personal text."""
        try:
            self._wordings[self._routes.choose(to, self._up)].count(text)
        except SmppcastError:
            return False
        return True

    def reroute(self, operator: str, to: str, given: Given) -> None:
        """Gives recipients whom `operator` serves no more to another one, or to a route."""
        self._move(operator, self._routes.choose(to, self._up), given, ported=True)

    def _up(self, name: str) -> bool:
        return self._lanes[name].sending

    def _move(self, operator: str, to: str, given: Given, *, ported: bool) -> None:
        chunk = Chunk(
            key=chunk_key(self._campaign, next(self._numbers)),
            operator=to,
            numbers=array("q", given.numbers),
            segments=self._segments(to, given.texts),
            texts=None if given.texts is None else tuple(given.texts),
        )
        facts = (
            Opened(chunk),
            Moved(operator, self._wall(), given.refs, chunk.key, given.flags, ported),
        )
        for fact in facts:
            self._boards.apply(fact)
        self._writer.add_together(facts)
        self.senders[to].offer(chunk)

    def _segments(self, to: str, texts: Sequence[str] | None) -> int | bytes:
        count = self._wordings[to].count
        return count(self.text or "") if texts is None else bytes(map(count, texts))
