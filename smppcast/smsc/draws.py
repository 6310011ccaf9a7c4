"""Seeded chance, drawn ahead into tables, so that a batch costs a slice.

What befalls the message of index i is the entry i (modulo the table's length) of a table made
from the scenario's seed: it does not depend on how TCP cut the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random
from statistics import NormalDist
from typing import Final

from smppcast.smsc.scenario import Latency

__all__ = ["Delays", "Table"]

# A prime, so that the tables keep no step with a feed's own periods; 64 kB each.
SIZE: Final = 65_521

_normal: Final = NormalDist().inv_cdf
# The normal distribution has no value at 0 and 1.
_EDGE: Final = 1e-12


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
        return self.draws(1)[0]

    def draws(self, count: int) -> list[float]:
        """One delay from each of `count` equally likely parts of the distribution, in random order: each by
        itself is as one that is drawn alone, and together they have the distribution's percentiles."""
        if self.fixed is not None:
            return [self.fixed] * count
        random = self._random
        levels = [(part + random.random()) / count for part in range(count)]
        random.shuffle(levels)
        if self._latency.uniform:
            low, high = self._latency.uniform
            return [(low + (high - low) * level) / 1000 for level in levels]
        median, sigma = self._latency.lognormal or (0.0, 0.0)
        return [median * exp(sigma * _normal(min(max(level, _EDGE), 1 - _EDGE))) / 1000 for level in levels]
