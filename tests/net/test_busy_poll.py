"""The loop that stays awake while an answer is due, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from anyio.lowlevel import checkpoint

from smppcast.net.busy_poll import TURNS_MAX, BusyPoll

pytestmark = pytest.mark.anyio


class Loop:
    """The running loop, counting what is scheduled."""

    def __init__(self) -> None:
        self.scheduled = 0
        self._loop = asyncio.get_running_loop()

    def call_soon(self, work: Callable[[], object]) -> None:
        self.scheduled += 1
        self._loop.call_soon(work)


async def test_it_keeps_the_loop_awake_for_a_bounded_time() -> None:
    loop = Loop()
    poll = BusyPoll(loop, lambda: True)  # type: ignore[arg-type]  # it has what is called
    for _ in range(3):
        poll.expect()
    assert loop.scheduled == 1  # whoever expects meanwhile adds no turns of their own
    for _ in range(TURNS_MAX + 10):
        await checkpoint()
    assert loop.scheduled == TURNS_MAX
    poll.expect()
    for _ in range(5):
        await checkpoint()
    poll.stop()
    for _ in range(10):
        await checkpoint()
    assert TURNS_MAX + 5 <= loop.scheduled <= TURNS_MAX + 7


async def test_on_the_only_core_it_lets_the_peer_have_it() -> None:
    loop = Loop()
    BusyPoll(loop, lambda: False).expect()  # type: ignore[arg-type]  # it has what is called
    await checkpoint()
    assert loop.scheduled == 0
