"""A number of examples of a strategy, the same in every run: for oracles that take them in bulk."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

__all__ = ["draw"]

Example = TypeVar("Example")


def draw(strategy: st.SearchStrategy[Example], number: int, *, start: int = 0) -> list[Example]:
    """`number` examples, or fewer where the strategy has no more; others for another `start`."""
    drawn: list[Example] = []

    @seed(start)
    @settings(
        database=None,
        deadline=None,
        max_examples=number,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Example) -> None:
        drawn.append(example)

    collect()
    return drawn
