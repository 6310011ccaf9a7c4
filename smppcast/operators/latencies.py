"""Latencies of a lane, by samples: what percentiles need, and nothing a message."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Latencies", "Percentiles", "ReceiptSamples"]

# A minute of a busy lane; a percentile of a hundred needs several hundreds.
KEPT = 1_000
# Messages whose receipt is waited for at once, and for how long: then another has its place.
OPEN_MAX, OPEN_S = 256, 3_600.0


class Percentiles(NamedTuple):
    """Seconds."""

    p50: float
    p90: float
    p99: float
    most: float


class Latencies:
    """The last samples of one kind."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """One more; the oldest goes."""
        self._samples.append(seconds)

    def percentiles(self) -> Percentiles | None:
        """Of the samples kept, the nearest ranks; None without any."""
        if not self._samples:
            return None
        ordered = sorted(self._samples)
        last = len(ordered) - 1
        return Percentiles(*(ordered[round(share * last)] for share in (0.5, 0.9, 0.99, 1.0)))


class ReceiptSamples(Latencies):
    """From acceptance to receipt: one message a batch is watched, by its key."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, float] = {}

    def accepted(self, keys: Sequence[str], now: float) -> None:
        """These were accepted."""
        if len(self._open) >= OPEN_MAX:
            oldest = next(iter(self._open))
            if now - self._open[oldest] < OPEN_S:
                return
            del self._open[oldest]
        if keys and keys[0]:
            self._open[keys[0]] = now

    def received(self, keys: Iterable[str], now: float) -> None:
        """Receipts came that match under these."""
        if self._open:
            for key in self._open.keys() & keys:
                self.add(now - self._open.pop(key))
