"""One text to many numbers: bodies by the batch out, results by the batch back.

No task, future or lock a message: numbers are taken from their iterable a window at a time, and encoded
while the answers to the window before are awaited; answers become rows of columns. At a window of 1,000 a
message costs less than 1 µs of CPU in all (``python -m bench peers``, one slow core, Python 3.11, uvloop), of
which some 0.2 are spent here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar

from smppcast.client.addresses import destinations_alike, destinations_of
from smppcast.client.numbers import NOTHING, Feed
from smppcast.client.outbox import NO_RESPONSE
from smppcast.client.ready import Alike, Bodies, Ready
from smppcast.client.wording import Wording
from smppcast.errors import OutcomeUnknown, SmppcastError
from smppcast.smpp.session import Session
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["Bulk", "Submitted"]

READY_OCTETS = 200_000
"""Of submits that are encoded ahead: a window of a thousand texts of one segment."""


@dataclass(frozen=True, slots=True, repr=False)
class Submitted:
    """What became of some messages: columns of one length, in the order of the answers.

    Attributes:
        numbers: destinations, as they were given.
        statuses: the command_status of each: 0 accepted; else refused, throttled ones as they are
            (nothing is sent again), a number that is none with ESME_RINVDSTADR, unsent;
            `NO_RESPONSE` where no answer came in time. Of several segments the first that is not 0.
        message_ids: of each, one a segment, "" where a segment has none.
    """

    numbers: Sequence[str]
    statuses: Sequence[int]
    message_ids: Sequence[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        accepted = self.statuses.count(0)
        return f"<Submitted {len(self)} [{accepted} accepted | {len(self) - accepted} not]>"


class _Message:
    """One of several segments, until all are answered."""

    __slots__ = ("left", "message_ids", "number", "sent", "status")

    def __init__(self, number: str, segments: int) -> None:
        self.number, self.left, self.sent, self.status = number, segments, 0, 0
        self.message_ids = [""] * segments


class Bulk:
    """One text on its way to many numbers; a `Stream` of the outbox on one side, batches on the other.

    At most two windows of results wait to be fetched: behind a consumer that is slower than the link,
    nothing more is sent. Keys of single segments are the numbers themselves, those of several are
    pairs of a message and a segment.

    Args:
        ahead: results that may wait to be fetched.
        ton: dest_addr_ton.
        wake: called when there is room to send again.
    """

    awaited: ClassVar[bool] = False

    def __init__(
        self, feed: Feed, wording: Wording, ton: int, ahead: int, wake: Callable[[], object]
    ) -> None:
        self.feed = feed
        self._parts, self._ton, self._ahead, self._wake = wording.parts, ton, ahead, wake
        self._in_flight = 0
        self._held_back = False  # by results that nobody has fetched yet
        self._behind: deque[tuple[bytes, tuple[_Message, int]]] = deque()  # segments without room
        self._ready: Ready | None = None  # of single segments
        self._numbers: list[str] = []
        self._statuses: list[int] = []
        self._message_ids: list[tuple[str, ...]] = []
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False
        self._cause: SmppcastError | None = None
        self._unanswered: Sequence[Any] = ()

    # --- the outbox's side -----------------------------------------------------------------

    def fill(self, session: Session, room: int, now: float) -> int:
        """Takes numbers and queues their submits; at most `room`."""
        wanted, self._held_back = room, False
        # Most often even all that was sent would not be too much, and need not be counted further.
        if len(self._numbers) + self._in_flight + room > self._ahead:
            # Answers that wait to be handled are results as well.
            waiting = len(self._numbers) + max(0, self._in_flight - len(session.window))
            wanted = min(room, max(self._ahead - waiting, len(self._behind)))
            self._held_back = wanted < room
            if wanted <= 0:
                return 0
        results = len(self._numbers)
        queued = (
            self._segments(session, wanted, now)
            if len(self._parts) > 1
            else self._whole(session, wanted, now)
        )
        self._in_flight += queued
        if not queued and (self.over or self._numbers):
            self._tell()
        if not queued and len(self._numbers) > results:
            self._wake()  # those were no numbers: nothing else may come to ask for more
        return queued

    def prepare(self, session: Session) -> None:
        """Encodes what the next answers will make room for."""
        if self._ready is not None or len(self._parts) > 1:
            return
        results = len(self._numbers)
        most = READY_OCTETS // sum(map(len, self._parts[0])) + 1
        self._make_ready(session, min(session.window.size, most))
        if len(self._numbers) > results:
            self._tell()

    def _whole(self, session: Session, wanted: int, now: float) -> int:
        queued = 0
        while queued < wanted and (self._ready is not None or self._make_ready(session, wanted - queued)):
            assert self._ready is not None  # noqa: S101 - the condition of the loop
            sent, left = self._ready.submit(session, wanted - queued, now)
            self._ready = self._ready if left else None
            queued += sent
        return queued

    def _make_ready(self, session: Session, count: int) -> bool:
        """Takes up to `count` numbers; False where there are none now that can be sent."""
        numbers = self.feed.take(count)
        digits, width = destinations_alike(numbers, self._ton)
        if digits:
            self._ready = Alike(session, self._parts[0], digits, width, self._tokens(numbers))
            return True
        numbers, each = self._valid(numbers)
        if numbers:
            before, behind = self._parts[0]
            self._ready = Bodies([before + number + behind for number in each], self._tokens(numbers))
        return bool(numbers)

    def _tokens(self, keys: Sequence[Any]) -> list[tuple[Bulk, Any]]:
        return list(zip(repeat(self), keys))

    def _segments(self, session: Session, wanted: int, now: float) -> int:
        behind, parts = self._behind, self._parts
        missing = wanted - len(behind)
        if missing > 0:
            numbers, digits = self._valid(self.feed.take(-(-missing // len(parts))))
            for number, octets in zip(numbers, digits, strict=True):
                message = _Message(number, len(parts))
                behind.extend(
                    (head + octets + tail, (message, segment)) for segment, (head, tail) in enumerate(parts)
                )
        leaving = [behind.popleft() for _ in range(min(wanted, len(behind)))]
        for _, (message, _) in leaving:
            message.sent += 1
        if leaving:
            bodies, keys = zip(*leaving, strict=True)
            session.submit(bodies, self._tokens(keys), now)
        return len(leaving)

    def _valid(self, numbers: list[str]) -> tuple[list[str], list[bytes]]:
        """Numbers with their digits; what is no number is a result at once."""
        digits = destinations_of(numbers, self._ton) if numbers else []
        if b"" in digits:
            for number, octets in zip(numbers, digits, strict=True):
                if not octets:
                    self._result(number, CommandStatus.ESME_RINVDSTADR, ("",) * len(self._parts))
            numbers = [number for number, octets in zip(numbers, digits, strict=True) if octets]
            digits = [octets for octets in digits if octets]
        return numbers, digits

    @property
    def over(self) -> bool:
        """Whether nothing more will be queued."""
        return self.feed.ended and not self._behind and self._ready is None

    def stop(self) -> None:
        """Takes no more numbers; a message of which segments have left is sent to its end."""
        self.feed, self._ready = NOTHING, None
        self._behind = deque(entry for entry in self._behind if entry[1][0].sent)

    def answered(self, keys: Sequence[Any], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        """Makes rows of answers."""
        self._in_flight -= len(keys)
        if len(self._parts) > 1:
            self._assemble(keys, statuses or [0] * len(keys), message_ids)
        else:
            self._numbers.extend(keys)
            self._statuses.extend(statuses or [0] * len(keys))
            self._message_ids.extend(zip(message_ids))
        self._tell()

    def _assemble(self, keys: Sequence[Any], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        for (message, segment), status, message_id in zip(keys, statuses, message_ids, strict=True):
            message.left -= 1
            message.message_ids[segment] = message_id
            # An unanswered segment says more of the message than a refused one: unknown is worse.
            if status == NO_RESPONSE or not message.status:
                message.status = status
            if not message.left:
                self._result(message.number, message.status, tuple(message.message_ids))

    def _result(self, number: str, status: int, message_ids: tuple[str, ...]) -> None:
        self._numbers.append(number)
        self._statuses.append(status)
        self._message_ids.append(message_ids)

    def end(self, unanswered: Sequence[Any], cause: SmppcastError | None) -> None:
        """The session ended: what is unanswered stays unknown."""
        self._ended, self._cause, self._unanswered = True, cause, unanswered
        self._tell()

    def _tell(self) -> None:
        """The consumer may look again."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _unknown(self) -> OutcomeUnknown:
        numbers, unsent = self._unanswered, self._ready.keys if self._ready is not None else []
        if len(self._parts) > 1:
            # A message of which some segments left is unknown, whatever came for those.
            waiting = dict.fromkeys(message for _, (message, _) in self._behind)
            begun = dict.fromkeys(message for message, _ in self._unanswered)
            begun.update(dict.fromkeys(message for message in waiting if message.sent))
            numbers = [message.number for message in begun]
            unsent = [message.number for message in waiting if not message.sent]
        unsent += await self.feed.finish()
        problem = f"the session ended with {len(numbers)} message(s) unanswered"
        error = OutcomeUnknown(problem, numbers=numbers, unsent=unsent)
        error.__cause__ = self._cause
        return error

    # --- the consumer's side ---------------------------------------------------------------

    def fetch(self) -> Submitted:
        """The results that are there."""
        batch = Submitted(self._numbers, self._statuses, self._message_ids)
        self._numbers, self._statuses, self._message_ids = [], [], []
        return batch

    async def batches(self) -> AsyncIterator[Submitted]:
        """Results as they come, until all are there.

        Raises:
            OutcomeUnknown: the session ended first; results were given before.
        """
        while True:
            if self._numbers:
                batch = self.fetch()
                if self._held_back:
                    self._wake()
                yield batch
            elif self.over and not self._in_flight:
                if self.feed.error is not None:
                    raise self.feed.error
                return
            elif self._ended:
                raise await self._unknown()
            else:
                # A future, since an event costs a turn of ten messages a tenth of its time.
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
