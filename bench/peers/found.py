"""What a session of measurements found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from bench.peers.sides import Side

__all__ = ["Found", "Run", "Setting"]


class Setting(NamedTuple):
    """What is varied."""

    window: int
    receipts: bool
    latency_ms: int = 0

    @property
    def possible(self) -> int:
        """The most submits a second that window and latency allow."""
        return self.window * 1000 // self.latency_ms


class Run(NamedTuple):
    """What one run took, a message each.

    Attributes:
        smsc_us: processor time of the SMSC, but for what it spent awake and waiting.
    """

    rate: float
    cpu_us: float
    smsc_us: float

    @property
    def smsc_share(self) -> float:
        """Of the run's time, that in which the SMSC worked."""
        return self.rate * self.smsc_us / 1e6


@dataclass
class Found:
    """All that was measured.

    Args:
        runs: by side and setting; None where the side stood still.
        counts: submits of a run.
        latency: in seconds, of each round.
        absent: sides that could not be installed, and why.
    """

    machine: str
    command: str
    rounds: int
    sides: Sequence[Side]
    windows: Sequence[int]
    runs: dict[tuple[str, Setting], list[Run | None]] = field(default_factory=dict)
    counts: dict[tuple[str, Setting], int] = field(default_factory=dict)
    latency: list[dict[str, float]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def median(self, side: str, setting: Setting) -> Run | None:
        """Each figure's own median over the rounds that came to an end."""
        runs = [run for run in self.runs.get((side, setting), ()) if run]
        return Run(*map(median, zip(*runs, strict=True))) if runs else None

    def stalls(self, side: str, setting: Setting) -> int:
        return self.runs.get((side, setting), []).count(None)

    def spread(self, side: str, setting: Setting) -> float:
        """Between the highest and the lowest rate, as a share of the median."""
        rates = [run.rate for run in self.runs.get((side, setting), ()) if run]
        return (max(rates) - min(rates)) / median(rates) if rates else 0.0
