"""What an earlier run left open, chunk by chunk."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from smppcast.ledger.board import Boards
from smppcast.ledger.facts import chunk_of

__all__ = ["Leftover", "leftovers"]


class Leftover(NamedTuple):
    """One chunk that is not done.

    Args:
        key: the chunk's.
        below: offsets from here on were never in an intent.
        end: offsets from here on are another lane's.
        not_sent: refs below it that the SMSC is known not to hold.
        in_flight: refs below it that were written, perhaps, and never answered.
        unknown: refs known to have been lost by the run that wrote them.
    """

    key: int
    below: int
    end: int
    not_sent: Sequence[int]
    in_flight: Sequence[int]
    unknown: Sequence[int]


def leftovers(boards: Boards, operator: str, counts: Mapping[int, int]) -> list[Leftover]:
    """All chunks of an operator that are not done, in feed order.

    Args:
        counts: recipients of each chunk, by its key.
    """
    unknown = {chunk_of(refs[0]): refs for refs in boards.unknown(operator)}
    found = {
        left.chunk.key: Leftover(
            left.chunk.key,
            left.below,
            boards.board(left.chunk.key).end,
            left.not_sent,
            left.in_flight,
            unknown.pop(left.chunk.key, array("q")),
        )
        for left in boards.unfinished(operator)
    }
    for key, refs in unknown.items():
        # Nothing of it waits to be sent, so all of it was in an intent.
        found[key] = Leftover(key, counts[key], counts[key], (), (), refs)
    return [found[key] for key in sorted(found)]
