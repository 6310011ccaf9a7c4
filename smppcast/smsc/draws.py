"""Seeded chance, drawn ahead into tables, so that a batch costs a slice.

What befalls the message of index i is the entry i (modulo the table's length) of a table made
from the scenario's seed: it does not depend on how TCP cut the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from smppcast.smsc.scenario import Latency

__all__ = ["Delays", "Table"]

# A prime, so that the tables keep no step with a feed's own periods; 64 kB each.
SIZE: Final = 65_521


class Table:
    """Choices among up to 256 kinds, by weight; kind 0 takes what the others leave."""

    __slots__ = ("_kinds", "constant")

    def __init__(self, weights: Sequence[float], random: Random) -> None:
        """`weights` of kinds 0, 1, 2 ...; only their ratios count."""
        whole = sum(weights)
        kinds = bytearray()
        for kind, weight in enumerate(weights[1:], 1):
            # A share above 0 happens: at least once in the table.
            kinds += bytes((kind,)) * (max(1, round(weight / whole * SIZE)) if weight else 0)
        kinds = kinds[:SIZE] + bytes(max(0, SIZE - len(kinds)))
        self.constant = kinds[0] if kinds.count(kinds[0]) == SIZE else None
        if self.constant is None:
            mixed = list(kinds)
            random.shuffle(mixed)
            kinds[:] = bytes(mixed)
        self._kinds = bytes(kinds)

    def slice(self, first: int, count: int) -> bytes:
        """The kinds of indexes first to first + count, an octet each."""
        start = first % SIZE
        if start + count <= SIZE:
            return self._kinds[start : start + count]
        repeats = (start + count) // SIZE + 1
        return (self._kinds * repeats)[start : start + count]


class Delays:
    """Draws from a latency, in seconds."""

    __slots__ = ("_latency", "_random", "fixed")

    def __init__(self, latency: Latency, random: Random) -> None:
        self._latency, self._random = latency, random
        varies = latency.uniform or latency.lognormal
        self.fixed = None if varies else (latency.fixed or 0.0) / 1000

    def draw(self) -> float:
        """One delay."""
        if self.fixed is not None:
            return self.fixed
        if self._latency.uniform:
            return self._random.uniform(*self._latency.uniform) / 1000
        median, sigma = self._latency.lognormal or (0.0, 0.0)
        return median * self._random.lognormvariate(0.0, sigma) / 1000
