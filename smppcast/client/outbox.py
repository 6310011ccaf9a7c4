"""What waits to be sent, and who gets the answers: single messages in turn, then bulk streams."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, ClassVar, Protocol

from smppcast.client.awaiting import Awaited, Awaiting
from smppcast.client.sent import Sent
from smppcast.client.wording import Wording
from smppcast.errors import LinkLost, OutcomeUnknown, SmppcastError, SubmitRefused
from smppcast.smpp.session import Answers, Session
from smppcast.smpp.vocabulary import status_name

__all__ = ["NO_RESPONSE", "Outbox", "Stream", "Submission", "TrackedSubmission"]

NO_RESPONSE = -1
"""In the place of a command_status: none came in time, so that the outcome is unknown."""


class Stream(Protocol):
    """A source of many submits. Its tokens are pairs of itself and a key of its own.

    Attributes:
        awaited: whether somebody waits for each answer, as with all that is no stream of many.
    """

    awaited: ClassVar[bool]

    @property
    def over(self) -> bool:
        """Whether nothing more will be queued; answers may come still."""

    def fill(self, session: Session, room: int, now: float) -> int:
        """Queues at most `room` submits; returns how many."""

    def prepare(self, session: Session) -> None:
        """Makes ready what it will queue next, while answers are awaited; it need not."""

    def answered(self, keys: Sequence[Any], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        """Takes answers; `statuses` is empty where all are ESME_ROK."""

    def end(self, unanswered: Sequence[Any], cause: SmppcastError | None) -> None:
        """Learns that the session ended, and what it will never be told."""


class Submission:
    """One message on its way; `future` becomes its `Sent` or the error. Nothing else waits.

    This one is of one segment, and nobody waits for its receipt, as with most: one acceptance is all.

    Attributes:
        bodies: of its segments.
    """

    __slots__ = ("bodies", "future", "to")

    awaited: ClassVar[bool] = True

    def __init__(self, to: str, digits: bytes, wording: Wording, future: asyncio.Future[Sent]) -> None:
        self.to, self.future = to, future
        ((before, behind),) = wording.parts
        self.bodies = [before + digits + behind]

    def leaves(self) -> None:
        """Its first bytes are about to be written."""

    def answer(self, segment: int, status: int, message_id: str) -> None:  # noqa: ARG002 - it has one
        """Takes the answer of a segment, or NO_RESPONSE."""
        self._finish((status,), ("" if status else message_id,), None)

    def end(self, cause: SmppcastError | None, *, unanswered: bool) -> None:
        """The session ended before all was answered; `unanswered` tells that some had left."""
        if unanswered:
            self._finish(*self._known(), cause)
        elif not self.future.done():
            self.future.set_exception(_caused(LinkLost("the session ended; nothing was sent"), cause))

    def _known(self) -> tuple[Sequence[int], Sequence[str]]:
        """Statuses and message_ids, as far as they came."""
        return (NO_RESPONSE,), ("",)

    def _awaited(self, message_ids: Sequence[str]) -> Awaited | None:  # noqa: ARG002 - it asked for none
        """The receipts that will come."""
        return None

    def _finish(
        self, statuses: Sequence[int], message_ids: Sequence[str], cause: SmppcastError | None
    ) -> None:
        awaited = self._awaited(message_ids)
        if self.future.done():  # cancelled: nobody waits for it any more
            return
        if any(statuses):
            self.future.set_exception(_caused(self._error(statuses, message_ids), cause))
        else:
            self.future.set_result(Sent(self.to, tuple(message_ids), awaited))

    def _error(self, statuses: Sequence[int], message_ids: Sequence[str]) -> SmppcastError:
        if NO_RESPONSE in statuses:
            problem = f"{statuses.count(NO_RESPONSE)} of {len(statuses)} segment(s) unanswered"
            return OutcomeUnknown(problem, numbers=(self.to,), message_ids=message_ids)
        refused = next(filter(None, statuses))
        name = status_name(refused)
        return SubmitRefused("submit_sm", refused, name, statuses=statuses, message_ids=message_ids)


class TrackedSubmission(Submission):
    """One of several segments, or whose receipts are waited for.

    Attributes:
        sent: segments that have left.
    """

    __slots__ = ("_awaiting", "_digits", "_left", "_message_ids", "_statuses", "sent")

    def __init__(
        self, to: str, digits: bytes, wording: Wording, future: asyncio.Future[Sent], awaiting: Awaiting
    ) -> None:
        self.to, self.future = to, future
        self.bodies = [before + digits + behind for before, behind in wording.parts]
        self.sent, self._left, self._digits = 0, len(self.bodies), digits
        self._awaiting = awaiting if wording.receipts else None
        self._statuses, self._message_ids = [NO_RESPONSE] * self._left, [""] * self._left

    def leaves(self) -> None:
        if self._awaiting is not None:
            self._awaiting.submitted()

    def answer(self, segment: int, status: int, message_id: str) -> None:
        self._statuses[segment] = status
        if not status:
            self._message_ids[segment] = message_id
        self._left -= 1
        if not self._left:
            self._finish(*self._known(), None)

    def end(self, cause: SmppcastError | None, *, unanswered: bool) -> None:
        super().end(cause, unanswered=unanswered or self.sent > 0)

    def _known(self) -> tuple[Sequence[int], Sequence[str]]:
        return self._statuses, self._message_ids

    def _awaited(self, message_ids: Sequence[str]) -> Awaited | None:
        if self._awaiting is None:
            return None
        return self._awaiting.answered(self._digits.decode("ascii"), message_ids)


_PLAIN = {Submission}


def _caused(error: SmppcastError, cause: SmppcastError | None) -> SmppcastError:
    error.__cause__ = cause
    return error


class Outbox:
    """All that a session's callers want sent.

    Single messages go first, in the order in which they were given: a code for a login does not
    wait behind a million others. The queue is as long as there are callers waiting in it. Streams
    share what room is left by turns.

    Args:
        wake: called when there is something to send.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self.submitted = 0
        self._awaited = 0  # unanswered submits that somebody waits for
        self._woke = False
        self._queue: deque[Submission] = deque()
        self._streams: deque[Stream] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, submission: Submission) -> None:
        """Queues a message; its future tells the rest."""
        self._queue.append(submission)
        if len(self._queue) == 1:
            self._wake()

    @property
    def streaming(self) -> bool:
        """Whether a stream has more to send."""
        return bool(self._streams)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for an answer of their own."""
        return bool(self._awaited or self._queue)

    def open(self, stream: Stream) -> None:
        """Lets a stream have its turns, until it is over."""
        self._streams.append(stream)
        self._wake()

    def fill(self, session: Session, now: float) -> bool:
        """Queues what there is room for, as one batch a kind.

        Returns:
            Whether to ask again in the next turn of the event loop: whoever has just got an answer may send
            the next message, which goes before those of streams.
        """
        room = session.window.room if session.can_submit else 0
        if room and self._queue:
            room -= self._fill_single(session, room, now)
        streams = self._streams
        if self._woke:
            self._woke = False
            if streams:
                return True
        for _ in range(len(streams)):
            if room <= 0:
                break
            stream = streams[0]
            sent = stream.fill(session, room, now)
            room -= sent
            self.submitted += sent
            if stream.awaited:
                self._awaited += sent
            if stream.over:
                streams.popleft()
            else:
                streams.rotate(-1)
        return False

    def prepare(self, session: Session) -> None:
        """Has a stream that is alone do what need not wait for answers: others would take the
        sequence_numbers that it counts on."""
        if len(self._streams) == 1 and not self.awaited:
            self._streams[0].prepare(session)

    def _fill_single(self, session: Session, room: int, now: float) -> int:
        queue = self._queue
        if len(queue) <= room and set(map(type, queue)) == _PLAIN:
            # What is cancelled while it waits never leaves.
            waiting = [submission for submission in queue if not submission.future.done()]
            queue.clear()
            bodies, tokens = [submission.bodies[0] for submission in waiting], list(zip(waiting, repeat(0)))
        else:
            bodies, tokens = self._taken(room)
        if bodies:
            session.submit(bodies, tokens, now)
        self.submitted += len(bodies)
        self._awaited += len(bodies)
        return len(bodies)

    def _taken(self, room: int) -> tuple[list[bytes], list[tuple[Submission, int]]]:
        """Of the first in the queue, as many segments as there is room for."""
        queue = self._queue
        bodies: list[bytes] = []
        tokens: list[tuple[Submission, int]] = []
        while queue and len(bodies) < room:
            submission = queue[0]
            first = submission.sent if isinstance(submission, TrackedSubmission) else 0
            of_it = submission.bodies
            if not first:
                if submission.future.done():
                    queue.popleft()
                    continue
                submission.leaves()
            after = min(first + room - len(bodies), len(of_it))
            bodies += of_it[first:after]
            tokens += [(submission, segment) for segment in range(first, after)]
            if after == len(of_it):
                queue.popleft()
            if isinstance(submission, TrackedSubmission):
                submission.sent = after
        return bodies, tokens

    def answered(self, answers: Answers) -> None:
        """Hands answers to their owners; those of one stream in one piece."""
        if not answers.tokens:
            return
        statuses, message_ids = answers.statuses, answers.message_ids
        owners, keys = zip(*answers.tokens, strict=True)
        first = owners[0]
        if isinstance(first, Submission):
            if not statuses and set(map(type, owners)) == _PLAIN:
                self._awaited -= len(owners)
                self._woke = True
                for owner, message_id in zip(owners, message_ids, strict=True):
                    if not owner.future.done():
                        owner.future.set_result(Sent(owner.to, (message_id,)))
                return
        elif owners.count(first) == len(owners):
            self._awaited -= len(owners) * first.awaited
            first.answered(keys, statuses, message_ids)
            return
        apart: dict[Stream, tuple[list[Any], list[int], list[str]]] = {}
        for owner, key, status, message_id in zip(
            owners, keys, statuses or [0] * len(keys), message_ids, strict=True
        ):
            if isinstance(owner, Submission):
                owner.answer(key, status, message_id)
                continue
            its_keys, its_statuses, its_message_ids = apart.setdefault(owner, ([], [], []))
            its_keys.append(key)
            its_statuses.append(status)
            its_message_ids.append(message_id)
        singles = len(keys)
        for stream, columns in apart.items():
            singles -= len(columns[0])
            self._awaited -= len(columns[0]) * stream.awaited
            stream.answered(*columns)
        self._awaited -= singles
        self._woke = self._woke or singles > 0

    def expired(self, tokens: Sequence[Any]) -> None:
        """No answer came in time for these."""
        self.answered(Answers(tokens, [NO_RESPONSE] * len(tokens), [""] * len(tokens)))

    def end(self, unanswered: Sequence[Any], cause: SmppcastError | None) -> None:
        """The session ended: everybody learns what becomes of theirs."""
        lost: dict[Any, list[Any]] = {}
        for owner, key in unanswered:
            lost.setdefault(owner, []).append(key)
        queue, self._queue = self._queue, deque()
        for submission in queue:
            lost.setdefault(submission, [])
        for stream in self._streams:
            lost.setdefault(stream, [])
        self._streams.clear()
        for owner, keys in lost.items():
            if isinstance(owner, Submission):
                owner.end(cause, unanswered=bool(keys))
            else:
                owner.end(keys, cause)
