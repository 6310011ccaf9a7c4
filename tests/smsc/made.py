"""What the tests of the simulated SMSC share: scenarios by their parts, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from smppcast.smsc import Scenario, Smsc, serve
from tests.smsc.raw_esme import PATIENCE_S


@dataclass
class Hands:
    """A clock that stands until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Timed:
    """An SMSC that goes by such a clock."""

    smsc: Smsc
    hands: Hands

    def passes(self, seconds: float) -> None:
        """Lets time pass, and what is due be done."""
        self.hands.now += seconds
        self.smsc.turn()


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


async def until(holds: Callable[[], bool]) -> None:
    """Returns when it holds: for what the kernel, not the clock, decides."""
    with anyio.fail_after(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - nothing tells when
            await anyio.sleep(0.001)


@asynccontextmanager
async def timed(**parts: Any) -> AsyncIterator[Timed]:
    hands = Hands()
    async with serve(made(**parts), clock=hands) as smsc:
        yield Timed(smsc, hands)
