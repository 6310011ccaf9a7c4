"""Submits of a stream that are ready to leave, before there is room for them or as soon as there is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from smppcast.smpp.batch import submit_sms_alike
from smppcast.smpp.session import SEQUENCE_MAX, Session

__all__ = ["Alike", "Bodies", "Ready"]

Token = tuple[Any, Any]


class Ready(ABC):
    """Some submits, which leave in their order as there is room.

    Args:
        tokens: of each the stream and its key; of one or more.
    """

    __slots__ = ("_at", "_tokens")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def keys(self) -> list[Any]:
        """Of those that have not left."""
        return [key for _, key in self._tokens[self._at :]]

    def submit(self, session: Session, count: int, now: float) -> tuple[int, bool]:
        """Queues the next of them, at most `count`; returns how many, and whether some are left."""
        at, total = self._at, len(self._tokens)
        self._at = stop = min(at + count, total)
        self._queue(session, at, stop, now)
        return stop - at, stop < total

    @abstractmethod
    def _queue(self, session: Session, at: int, stop: int, now: float) -> None:
        """Queues those from `at` to `stop`."""


class Bodies(Ready):
    """Submits of any kind, by their bodies."""

    __slots__ = ("_bodies",)

    def __init__(self, bodies: Sequence[bytes], tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self._bodies = bodies

    def _queue(self, session: Session, at: int, stop: int, now: float) -> None:
        session.submit(self._bodies[at:stop], self._tokens[at:stop], now)


class Alike(Ready):
    """Submits that differ in their destinations alone, encoded already: while answers are awaited, that costs
    no time.

    They bear the sequence_numbers that are next. Where something else takes those, what is left is encoded
    again.

    Args:
        around, digits, width: as `Session.submit_alike` takes them.
    """

    __slots__ = ("_around", "_digits", "_first", "_length", "_octets", "_width")

    def __init__(
        self,
        session: Session,
        around: tuple[bytes, bytes],
        digits: bytes,
        width: int,
        tokens: Sequence[Token],
    ) -> None:
        super().__init__(tokens)
        self._around, self._digits, self._width = around, digits, width
        self._first, self._octets = session.next_sequence_number, b""
        if self._first + len(tokens) - 1 <= SEQUENCE_MAX:  # else the numbers begin again among them
            self._octets = submit_sms_alike(self._first, around[0], digits, width, around[1])
        self._length = len(self._octets) // len(tokens)

    def submit(self, session: Session, count: int, now: float) -> tuple[int, bool]:
        tokens, octets = self._tokens, self._octets
        if self._at or count < len(tokens) or not octets or session.next_sequence_number != self._first:
            return super().submit(session, count, now)
        self._at = len(tokens)  # as it is with a window that is answered whole
        session.submit_encoded(octets, tokens, now)
        return self._at, False

    def _queue(self, session: Session, at: int, stop: int, now: float) -> None:
        tokens = self._tokens[at:stop]
        if self._octets and session.next_sequence_number == self._first + at:
            octets = self._octets[at * self._length : stop * self._length]
            session.submit_encoded(octets, tokens, now)
        else:
            digits = self._digits[at * self._width : stop * self._width]
            session.submit_alike(self._around, digits, self._width, tokens, now)
