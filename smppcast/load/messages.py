"""The bodies of the submits: one text to the numbers of a range, round and round."""

from __future__ import annotations

from collections.abc import Sequence

from smppcast.errors import UsageError
from smppcast.feed.msisdn import MAX_DIGITS, MIN_DIGITS

__all__ = ["Messages", "numbers_of"]


def numbers_of(text: str) -> range:
    """The numbers of FIRST-LAST, both included, or of one number.

    Raises:
        UsageError: it is no such range, or its numbers are not those of handsets.
    """
    first, dash, last = (part.strip().removeprefix("+") for part in text.partition("-"))
    last = last if dash else first
    plain = all(part.isascii() and part.isdigit() and part[0] != "0" for part in (first, last))
    if not plain or not MIN_DIGITS <= len(first) == len(last) <= MAX_DIGITS or int(first) > int(last):
        raise UsageError(
            f"numbers {text!r}: expected FIRST-LAST, international numbers of {MIN_DIGITS} to "
            f"{MAX_DIGITS} digits, as in 33639980000-33639989999"
        )
    return range(int(first), int(last) + 1)


# Bodies of a whole turn are kept where they are no more than that (some 4 MB), and else written anew.
_KEPT_MAX = 16_384


class Messages:
    """What is sent: submit_sm number `index` is a segment of the text to a number of the range.

    Args:
        parts: of each segment what stands before and behind the destination's digits.
        numbers: destinations, in turn.
    """

    def __init__(self, parts: Sequence[tuple[bytes, bytes]], numbers: range) -> None:
        self._parts, self._numbers = parts, numbers
        self._turn = len(parts) * len(numbers)
        self._kept = self._written(0, self._turn) if self._turn <= _KEPT_MAX else None

    def bodies(self, index: int, count: int) -> list[bytes]:
        """What follows the header of submits `index` to `index + count`."""
        bodies: list[bytes] = []
        while len(bodies) < count:
            at = (index + len(bodies)) % self._turn
            end = min(self._turn, at + count - len(bodies))
            bodies += self._written(at, end) if self._kept is None else self._kept[at:end]
        return bodies

    def _written(self, at: int, end: int) -> list[bytes]:
        """The bodies of one turn from `at` to `end`."""
        segments = len(self._parts)
        numbers = self._numbers[at // segments : -(-end // segments)]
        bodies = [before + b"%d" % number + behind for number in numbers for before, behind in self._parts]
        return bodies[at % segments :][: end - at]
