"""Follows users' messages for keywords: who wants no more is suppressed, for good, before they are answered.

Its place among the messages is moved between the two: a crash may have someone suppressed twice, which is
once, and may leave an answer out, but nobody is answered twice.
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import anyio
import structlog
from anyio import to_thread

from smppcast.config.hooks import KeywordSettings
from smppcast.daemon.campaigns import Campaigns
from smppcast.daemon.cursors import Cursors
from smppcast.daemon.feeds import Lists
from smppcast.daemon.inbound import Whole
from smppcast.daemon.keywords import Keyword, Keywords
from smppcast.daemon.messages import Messages
from smppcast.daemon.reader import Reader, Sleep
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.tokens import Person, Role
from smppcast.daemon.webhooks.streams import Inbound
from smppcast.errors import FeedError, SmppcastError
from smppcast.ledger.tail import Position, TailReader
from smppcast.model import masked
from smppcast.net.backoff import Backoff
from smppcast.net.clock import Clock, wall

__all__ = ["Opting", "Parts"]

log = structlog.get_logger("smppcast.keywords")

_US, _STREAM = "", "keywords"
_PERSON = Person("keywords", "keywords", Role.SENDER)
_DONE = {Keyword.STOP: "opt out", Keyword.START: "opt in", Keyword.HELP: "help"}

# How often it is looked for messages, and how many segments are read at once.
LOOK_S = 1.0
PAGE = 100
# Two machines that answer each other stop here: one answer to a keyword of a number in so long a time.
ONCE_S = 3_600.0
# Numbers that are remembered for it, some 200 octets each: the oldest is forgotten before its time.
REMEMBERED = 50_000
# Who wrote longer ago does not wait for an answer any more; that they are suppressed holds for any age.
LATE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What it works with."""

    reader: Reader
    store: DaemonStore
    lists: Lists
    messages: Messages
    campaigns: Campaigns
    wall: Clock = wall
    sleep: Sleep = anyio.sleep


class _Asked(NamedTuple):
    message: Whole
    keyword: Keyword
    number: int


class Opting:
    """Use `run` in a task of its own.

    Attributes:
        counts: of each keyword, `answers`, and `failed` ones of these.
        problem: why it does not get on, "" while it does.
    """

    def __init__(self, settings: KeywordSettings | None, parts: Parts) -> None:
        self.counts: Counter[str] = Counter()
        self.problem = ""
        self._parts = parts
        self._cursors = Cursors(parts.store.path, durable=True)
        self._inbound = Inbound()
        self._position: Position | None = None  # behind all that was looked at
        self._answered: OrderedDict[tuple[int, Keyword], float] = OrderedDict()
        self._backoff = Backoff(LOOK_S, 60.0)
        self._scope = anyio.CancelScope()
        self._ended: anyio.Event | None = None
        self._settings, self._keywords = settings, None if settings is None else Keywords(settings)

    async def apply(self, settings: KeywordSettings | None) -> None:
        """These words and answers from now on; None to look at nothing.

        Raises:
            LedgerError: its place among the messages cannot be read or kept.
        """
        if settings is not None and self._position is None:
            self._position = await self._parts.reader.read(self._place)
        self._settings, self._keywords = settings, None if settings is None else Keywords(settings)

    async def run(self) -> None:
        """Until it is closed."""
        self._ended = anyio.Event()
        try:
            with self._scope:
                await self._follow()
        finally:
            self._ended.set()

    async def _follow(self) -> None:
        while True:
            try:
                more = await self.look()
            except Exception as error:
                if not self.problem:
                    log.exception("keywords_failing")
                self.problem = str(error) if isinstance(error, SmppcastError) else type(error).__name__
                await self._parts.sleep(self._backoff.next())
                continue
            self.problem = ""
            self._backoff.reset()
            await self._parts.sleep(0 if more else LOOK_S)

    async def close(self) -> None:
        """Ends; a message that it works on is looked at again."""
        with anyio.CancelScope(shield=True):
            self._scope.cancel()
            if self._ended is not None:
                await self._ended.wait()
            self._cursors.close()

    async def look(self) -> bool:
        """Looks at the next messages; whether there may be more.

        Raises:
            SmppcastError: they cannot be read, or nobody can be suppressed; it is tried again.
        """
        settings, keywords, before = self._settings, self._keywords, self._position
        if settings is None or keywords is None or before is None:
            return False
        read = partial(self._inbound.messages, after=before, most=PAGE)
        messages, after = await self._parts.reader.read(read)
        asked = [found for each in messages if (found := self._asked(keywords, each)) is not None]
        await self._suppress(settings, asked)
        for each in asked:
            await to_thread.run_sync(self._audit, each)
        if messages:
            await to_thread.run_sync(self._cursors.move, _US, {_STREAM: after})
        self._position = after
        self.counts.update(each.keyword.value for each in asked)
        for each in asked:
            await self._answer(settings, each)
        return after != before

    def _place(self, tail: TailReader) -> Position:
        kept = self._cursors.of(_US).get(_STREAM)
        place = self._inbound.end(tail) if kept is None else self._inbound.settled(tail, kept)
        self._cursors.move(_US, {_STREAM: place})
        return place

    def _asked(self, keywords: Keywords, message: Whole) -> _Asked | None:
        keyword = keywords.find(message.text)
        if keyword is None:
            return None
        try:
            (number,) = self._parts.lists.numbers([message.sender])
        except FeedError:  # a name, or a short code
            self.counts["strangers"] += 1
            return None
        return _Asked(message, keyword, number)

    async def _suppress(self, settings: KeywordSettings, asked: Sequence[_Asked]) -> None:
        wanted = {each.number: each.keyword for each in asked if each.keyword is not Keyword.HELP}
        stop = {number for number, keyword in wanted.items() if keyword is Keyword.STOP}
        start = wanted.keys() - stop
        if not wanted:
            return
        lists, messages = self._parts.lists, self._parts.messages
        await to_thread.run_sync(lists.change, settings.list, stop, start)
        if stop:
            await messages.suppress(array("q", stop))
            self._parts.campaigns.suppress(array("q", stop))
        if start:
            await messages.load_lists()

    def _audit(self, asked: _Asked) -> None:
        detail = {"operator": asked.message.operator, "to": asked.message.destination}
        self._parts.store.audit(_PERSON, _DONE[asked.keyword], masked(str(asked.number)), detail)

    async def _answer(self, settings: KeywordSettings, asked: _Asked) -> None:
        text: str | None = getattr(settings.answers, asked.keyword.value)
        if text is None or not self._may_answer(asked):
            return
        message = asked.message
        try:
            sent = await self._parts.messages.answer(
                asked.number,
                text,
                operator=message.operator,
                source=(message.destination, message.ton, message.npi),
            )
        except SmppcastError as error:
            log.warning("not_answered", keyword=asked.keyword.value, error=str(error))
            sent = False
        self.counts["answers" if sent else "failed"] += 1

    def _may_answer(self, asked: _Asked) -> bool:
        now, key = self._parts.wall(), (asked.number, asked.keyword)
        if now - asked.message.at > LATE_S or now - self._answered.get(key, float("-inf")) < ONCE_S:
            return False
        self._answered[key] = now
        self._answered.move_to_end(key)
        if len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        return True
