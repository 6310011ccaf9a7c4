"""Numbers that get no message, whatever the feed says: opt-out lists, and who was reached before."""

from __future__ import annotations

from array import array
from pathlib import Path

from pyroaring import BitMap64

from smppcast.errors import FeedError
from smppcast.feed.msisdn import normalise
from smppcast.feed.reader import open_feed
from smppcast.model import masked

__all__ = ["Suppression", "read_list"]


class Suppression:
    """An exact set of numbers, in about 4 octets each for a national plan (roaring bitmap)."""

    def __init__(self) -> None:
        self._numbers = BitMap64()

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"<Suppression [{len(self):,} numbers]>"

    def add(self, numbers: array[int]) -> None:
        """Adds numbers: an array of type 'q', as `normalise` gives it."""
        self._numbers.update(memoryview(numbers).cast("B").cast("Q"))

    def positions(self, numbers: array[int]) -> list[int]:
        """The positions of numbers that are to be left out."""
        known = self._numbers
        if not known or not any(map(known.__contains__, numbers)):
            return []
        return [at for at, number in enumerate(numbers) if number in known]


async def read_list(suppression: Suppression, path: str | Path, country: str | None = None) -> None:
    """Adds the numbers of a file: one a line, or a CSV or NDJSON with `msisdn`; gzipped or not.

    A row that is no number is an error, not a row to be left out: whoever it was would get a message.

    Args:
        country: as `normalise` takes it.

    Raises:
        FeedError: the file cannot be read, or a row of it is no number; nothing is known of the rest.
    """
    async with open_feed(path, bare=True) as feed:
        async for batch in feed:
            numbers, bad = normalise(batch.msisdns, country)
            if faults := {**bad, **batch.bad}:
                at = min(faults)
                problem = f"is no number ({faults[at].value}): {masked(batch.rows[at])}"
                raise FeedError(problem, feed=feed.name, line=batch.lines[at])
            suppression.add(numbers)
