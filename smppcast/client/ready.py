"""Submits that are encoded before there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smppcast.smpp.batch import submit_sms_alike
from smppcast.smpp.session import SEQUENCE_MAX, Session

__all__ = ["Ready"]


class Ready:
    """One text to some numbers, encoded while answers are awaited: then nothing waits for it.

    The PDUs bear the sequence_numbers that are next. Where something else takes those, what is left is
    encoded again.

    Args:
        around, digits, width: as `Session.submit_alike` takes them.
        tokens: likewise; of one or more.
    """

    __slots__ = ("_around", "_at", "_digits", "_first", "_length", "_octets", "_tokens", "_width")

    def __init__(
        self,
        session: Session,
        around: tuple[bytes, bytes],
        digits: bytes,
        width: int,
        tokens: Sequence[tuple[Any, Any]],
    ) -> None:
        self._around, self._digits, self._width, self._tokens = around, digits, width, tokens
        self._at, self._first = 0, session.next_sequence_number
        if self._first + len(tokens) - 1 > SEQUENCE_MAX:
            self._first = -len(tokens)  # the numbers begin again among them: that is nobody's turn
            return
        self._octets = submit_sms_alike(self._first, around[0], digits, width, around[1])
        self._length = len(self._octets) // len(tokens)

    @property
    def keys(self) -> list[Any]:
        """Of those that are left."""
        return [key for _, key in self._tokens[self._at :]]

    def submit(self, session: Session, count: int, now: float) -> tuple[int, bool]:
        """Queues the next of them, at most `count`; returns how many, and whether some are left."""
        at, total = self._at, len(self._tokens)
        in_turn = session.next_sequence_number == self._first + at
        if in_turn and not at and count >= total:  # as with a window that is answered whole
            self._at = total
            session.submit_encoded(self._octets, self._tokens, now)
            return total, False
        self._at = stop = min(at + count, total)
        tokens = self._tokens[at:stop]
        if in_turn:
            length = self._length
            session.submit_encoded(self._octets[at * length : stop * length], tokens, now)
        else:
            width = self._width
            session.submit_alike(self._around, self._digits[at * width : stop * width], width, tokens, now)
        return stop - at, stop < total
