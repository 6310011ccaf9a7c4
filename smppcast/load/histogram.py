"""Latencies as counts: any number of them in some 180 KB, each known to a thousandth of itself.

The buckets are those of an HdrHistogram of three significant digits that counts microseconds up
to an hour, so that percentiles agree with its, which a test holds it to. The package of that name
would do; but it has no wheel for Linux on ARM, where whoever installs smppcast would need a compiler,
and it brings setuptools along.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

__all__ = ["PERCENTILES", "Histogram"]

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9, 99.99)

# Values below 2,048 µs have a bucket each; above, each doubling has 1,024 of them.
_HALF_BITS: Final = 10
_HALF: Final = 1 << _HALF_BITS
_MOST_US: Final = 3_600_000_000


def _bucket(us: int) -> int:
    doublings = max(0, us.bit_length() - _HALF_BITS - 1)
    return (doublings << _HALF_BITS) + (us >> doublings)


def _highest(bucket: int) -> int:
    """The highest µs that the bucket counts."""
    doublings = max(0, (bucket >> _HALF_BITS) - 1)
    return ((bucket - (doublings << _HALF_BITS) + 1) << doublings) - 1


class Histogram:
    """Counts of latencies.

    Attributes:
        count: of all that were recorded.
        max_s: the highest, exactly; 0 where there is none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.max_s = 0.0
        self._sum_s = 0.0
        self._counts = array("Q", bytes(8 * (_bucket(_MOST_US) + 1)))

    def __repr__(self) -> str:
        return f"<Histogram [{self.count} | p50 {self.percentile(50):.6f} s | max {self.max_s:.6f} s]>"

    def record(self, latency_s: float, count: int = 1) -> None:
        """Counts `count` equal latencies; a negative one as none, one of more than an hour as that."""
        us = min(max(0, round(latency_s * 1e6)), _MOST_US)
        self._counts[_bucket(us)] += count
        self.count += count
        self._sum_s += latency_s * count
        if latency_s > self.max_s:
            self.max_s = latency_s

    @property
    def mean_s(self) -> float:
        return self._sum_s / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """Seconds within which that share of them was; 0 where there is none."""
        return next(self.percentiles((percent,)))

    def percentiles(self, percents: Sequence[float]) -> Iterator[float]:
        """As `percentile`, of several that rise, in one pass."""
        buckets = enumerate(accumulate(self._counts))
        at, reached = next(buckets)
        for percent in percents:
            # As HdrHistogram counts: to the nearest, and one at least.
            wanted = min(max(1, int(percent / 100 * self.count + 0.5)), self.count)
            while reached < wanted:
                at, reached = next(buckets)
            yield min(_highest(at) / 1e6, self.max_s)

    def curve(self) -> list[tuple[float, float]]:
        """Percent and seconds, denser towards 100: ten points for each further halving of what is
        left, down to one latency."""
        left, percents = 1.0, [0.0]
        while left * self.count >= 1:
            percents += [100 * (1 - left * (1 - step / 20)) for step in range(1, 11)]
            left /= 2
        percents = [percent for percent in percents if percent < 100] + [100.0]
        return list(zip(percents, self.percentiles(percents), strict=True)) if self.count else []
