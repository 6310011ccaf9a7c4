"""Messages that an operator refused as another network's, until all their segments are answered.

Only whole messages go elsewhere: a handset could not join segments of two senders' references, and
what an SMSC holds in part it may still deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from smppcast.ledger.board import Boards
from smppcast.ledger.facts import SEGMENT_BITS, chunk_of
from smppcast.ledger.rules import Cell

__all__ = ["Sorted", "Strays"]

# What another segment of the message may be, for this one to wait for it.
_PENDING = (Cell.NOT_SENT, Cell.IN_FLIGHT)


class Sorted(NamedTuple):
    """Pairs of ref and status."""

    away: list[tuple[int, int]]  # all segments of messages that go elsewhere
    refused: list[tuple[int, int]]  # of messages that stay: this is their end


class Strays:
    """What is refused with certain statuses.

    Args:
        statuses: the command_status values that mean another network.
        fits: whether another operator can take the message of a ref.
    """

    def __init__(self, statuses: Collection[int], boards: Boards, fits: Callable[[int], bool]) -> None:
        self._statuses, self._boards, self._fits = frozenset(statuses), boards, fits
        self._waiting: dict[int, dict[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def takes(self, ref: int, status: int) -> bool:
        """Whether it may go elsewhere: once for each recipient."""
        return status in self._statuses and not self._boards.board(chunk_of(ref)).ported

    def sort(self, pairs: Sequence[tuple[int, int]]) -> Sorted:
        """Adds refused segments, and says what is to be done by now."""
        for ref, status in pairs:
            self._waiting.setdefault(ref >> SEGMENT_BITS, {})[ref] = status
        return self.look([ref for ref, _ in pairs])

    def look(self, refs: Iterable[int]) -> Sorted:
        """Looks again at messages of which a segment was answered or lost."""
        done = Sorted([], [])
        for message in {ref >> SEGMENT_BITS for ref in refs}:
            if message in self._waiting:
                self._look(message, done)
        return done

    def _look(self, message: int, done: Sorted) -> None:
        refused = self._waiting[message]
        states = self._boards.message(message << SEGMENT_BITS)
        others = [state for ref, state in states.items() if ref not in refused]
        if any(state not in _PENDING for state in others):
            done.refused.extend(self._waiting.pop(message).items())
        elif not others:
            pairs = self._waiting.pop(message).items()
            (done.away if self._fits(min(refused)) else done.refused).extend(pairs)

    def drop(self) -> Sequence[tuple[int, int]]:
        """All that wait, which it forgets: they are to be sent again another time."""
        waiting, self._waiting = self._waiting, {}
        return [pair for refused in waiting.values() for pair in refused.items()]
