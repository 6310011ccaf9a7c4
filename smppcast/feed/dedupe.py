"""A number fed twice gets one message: the exact set of the numbers seen."""

from __future__ import annotations

from array import array

from pyroaring import BitMap64

__all__ = ["Seen"]


class Seen:
    """The numbers seen so far, in about 4 octets each for a national plan (roaring bitmap).

    Exact, never a guess. Asking for each number and adding all at once (0.7 µs a number at three
    million) beats a set made of each batch and intersected, which is three passes (1.1 µs).
    """

    def __init__(self) -> None:
        self._seen = BitMap64()

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, number: int) -> bool:
        return number in self._seen

    def duplicates(self, numbers: array[int]) -> list[int]:
        """The positions of numbers seen before, in this batch or an earlier one; all are seen now.

        The first occurrence wins. Zeros stand for refused rows and are neither kept nor reported.

        Args:
            numbers: array of type 'q', as `normalise` gives it.
        """
        seen = self._seen
        again = set(filter(seen.__contains__, numbers))
        before = len(seen)
        seen.update(memoryview(numbers).cast("B").cast("Q"))
        seen.discard(0)
        if not again and len(seen) - before + numbers.count(0) == len(numbers):
            return []
        return _repeats(numbers, again)


def _repeats(numbers: array[int], known: set[int]) -> list[int]:
    """Positions of numbers in `known`, which grows by each number passed."""
    positions = []
    for at, number in enumerate(numbers):
        if number in known:
            positions.append(at)
        elif number:
            known.add(number)
    return positions
