"""Two results side by side, as ratios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

__all__ = ["Compared", "compared"]

_FIGURES = ("rate_per_s", "cpu_us_per_message", "sent", "acknowledged", "throttled", "unknown", "receipts")
_LATENCIES = ("latency_ms", "receipt_latency_ms")
# What has to be the same for figures to say something of the SMSC.
_SETTINGS = (
    *("rate_asked_per_s", "duration_asked_s", "latency_from", "binds", "window"),
    *("smpp", "receipts_asked", "text", "encoding"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both.

    Attributes:
        ratio: new by old; None where the old one is 0.
    """

    name: str
    old: float
    new: float

    @property
    def ratio(self) -> float | None:
        return self.new / self.old if self.old else None


def compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[Compared], list[str]]:
    """The figures that both have, and the settings in which they differ, as sentences."""
    figures = [Compared(name, *pair) for name in _FIGURES if (pair := _numbers(old, new, name))]
    for latency in _LATENCIES:
        befores, afters = old.get(latency), new.get(latency)
        if isinstance(befores, Mapping) and isinstance(afters, Mapping):
            figures += _under(latency, befores, afters)
    differing = [
        f"{name}: {_worded(old[name])} before, {_worded(new[name])} now"
        for name in _SETTINGS
        if name in old and name in new and old[name] != new[name]
    ]
    return figures, differing


def _worded(value: object) -> str:
    """A setting; no rate is as many as go."""
    match value:
        case None:
            return "max"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _under(latency: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Compared]:
    for name in new:
        pair = _numbers(old, new, name)
        if pair:
            yield Compared(f"{latency} {name}", *pair)


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    before, after = old.get(name), new.get(name)
    if _is_number(before) and _is_number(after):
        return float(before), float(after)
    return None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
