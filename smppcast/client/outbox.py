"""What waits to be sent, and who gets the answers: single messages in turn, then bulk streams."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from smppcast.client.awaiting import Awaiting
from smppcast.client.sent import Sent
from smppcast.client.wording import Wording
from smppcast.errors import LinkLost, OutcomeUnknown, SmppcastError, SubmitRefused
from smppcast.smpp.session import Answers, Session
from smppcast.smpp.vocabulary import status_name

__all__ = ["NO_RESPONSE", "Outbox", "Stream", "Submission"]

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

    def answered(self, keys: Sequence[Any], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        """Takes answers; `statuses` is empty where all are ESME_ROK."""

    def end(self, unanswered: Sequence[Any], cause: SmppcastError | None) -> None:
        """Learns that the session ended, and what it will never be told."""


class Submission:
    """One message on its way; `future` becomes its `Sent` or the error. Nothing else waits.

    Attributes:
        sent: segments that have left.
    """

    __slots__ = (
        "_awaiting",
        "_digits",
        "_left",
        "_message_ids",
        "_statuses",
        "bodies",
        "future",
        "sent",
        "to",
    )

    awaited: ClassVar[bool] = True

    def __init__(
        self, to: str, digits: bytes, wording: Wording, awaiting: Awaiting, future: asyncio.Future[Sent]
    ) -> None:
        self.to, self.future, self.sent = to, future, 0
        self._digits = digits
        self._awaiting = awaiting if wording.receipts else None
        self._statuses: list[int] | None = None
        if len(wording.parts) == 1:  # as most have, which need no columns
            ((before, behind),) = wording.parts
            self.bodies = [before + digits + behind]
        else:
            self.bodies = [before + digits + behind for before, behind in wording.parts]
            self._left = len(self.bodies)
            self._statuses, self._message_ids = [NO_RESPONSE] * self._left, [""] * self._left

    def leaves(self) -> None:
        """Its first bytes are about to be written."""
        if self._awaiting is not None:
            self._awaiting.submitted()

    def answer(self, segment: int, status: int, message_id: str) -> None:
        """Takes the answer of a segment, or NO_RESPONSE."""
        if self._statuses is None:
            if status or self._awaiting is not None or self.future.done():
                self._finish((status,), ("" if status else message_id,), None)
            else:
                self.future.set_result(Sent(self.to, (message_id,)))
            return
        self._statuses[segment] = status
        if not status:
            self._message_ids[segment] = message_id
        self._left -= 1
        if not self._left:
            self._finish(self._statuses, self._message_ids, None)

    def end(self, cause: SmppcastError | None) -> None:
        """The session ended before all was answered."""
        if self.sent:
            if self._statuses is None:
                self._finish((NO_RESPONSE,), ("",), cause)
            else:
                self._finish(self._statuses, self._message_ids, cause)
        elif not self.future.done():
            self.future.set_exception(_caused(LinkLost("the session ended; nothing was sent"), cause))

    def _finish(
        self, statuses: Sequence[int], message_ids: Sequence[str], cause: SmppcastError | None
    ) -> None:
        awaited = None
        if self._awaiting is not None:
            awaited = self._awaiting.answered(self._digits.decode("ascii"), message_ids)
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


def _caused(error: SmppcastError, cause: SmppcastError | None) -> SmppcastError:
    error.__cause__ = cause
    return error


class Outbox:
    """All that a session's callers want sent.

    Single messages go first, in the order in which they were given: a code for a login does not
    wait behind a million others. The queue is as long as there are callers waiting in it. Streams
    share what room is left by turns.
    """

    def __init__(self) -> None:
        self.submitted = 0
        self._awaited = 0  # unanswered submits that somebody waits for
        self._woke = False
        self._queue: deque[Submission] = deque()
        self._streams: deque[Stream] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, submission: Submission) -> bool:
        """Queues a message; whether it is the only one there, so that the link has to be woken."""
        self._queue.append(submission)
        return len(self._queue) == 1

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

    def fill(self, session: Session, now: float) -> bool:
        """Queues what there is room for, as one batch a kind.

        Returns:
            Whether to ask again in the next turn of the event loop: whoever has just got an answer may send
            the next message, which goes before those of streams.
        """
        room = session.window.room if session.can_submit else 0
        if room and self._queue:
            room -= self._fill_single(session, room, now)
        woke, self._woke = self._woke and bool(self._streams), False
        if woke:
            return True
        for _ in range(len(self._streams)):
            if room <= 0:
                break
            stream = self._streams[0]
            sent = stream.fill(session, room, now)
            self.submitted += sent
            self._awaited += sent * stream.awaited
            room -= sent
            self._streams.rotate(-1)
            if stream.over:
                self._streams.remove(stream)
        return False

    def _fill_single(self, session: Session, room: int, now: float) -> int:
        queue = self._queue
        bodies: list[bytes] = []
        tokens: list[tuple[Submission, int]] = []
        while queue and len(bodies) < room:
            submission = queue.popleft()
            first, of_it = submission.sent, submission.bodies
            if not first:
                if submission.future.done():
                    continue  # cancelled while it waited: nothing of it leaves
                submission.leaves()
            if len(of_it) == 1:
                submission.sent = 1
                bodies.append(of_it[0])
                tokens.append((submission, 0))
                continue
            submission.sent = after = min(first + room - len(bodies), len(of_it))
            bodies += of_it[first:after]
            tokens += [(submission, segment) for segment in range(first, after)]
            if after < len(of_it):
                queue.appendleft(submission)
        if bodies:
            session.submit(bodies, tokens, now)
        self.submitted += len(bodies)
        self._awaited += len(bodies)
        return len(bodies)

    def answered(self, answers: Answers) -> None:
        """Hands answers to their owners; those of one stream in one piece."""
        if not answers.tokens:
            return
        tokens = answers.tokens
        statuses = answers.statuses
        first = tokens[0][0]
        if type(first) is not Submission:
            owners, keys = zip(*tokens, strict=True)
            if owners.count(first) == len(owners):
                self._awaited -= len(owners) * first.awaited
                first.answered(keys, statuses, answers.message_ids)
                return
        apart: dict[Stream, tuple[list[Any], list[int], list[str]]] = {}
        for (owner, key), status, message_id in zip(
            tokens, statuses or [0] * len(tokens), answers.message_ids, strict=True
        ):
            if type(owner) is Submission:
                owner.answer(key, status, message_id)
                continue
            its_keys, its_statuses, its_message_ids = apart.setdefault(owner, ([], [], []))
            its_keys.append(key)
            its_statuses.append(status)
            its_message_ids.append(message_id)
        singles = len(tokens)
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
            if type(owner) is Submission:
                owner.end(cause)
            else:
                owner.end(keys, cause)
