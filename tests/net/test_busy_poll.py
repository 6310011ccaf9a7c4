"""The loop that stays awake while an answer is due, and no longer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint

from smppcast.net import busy_poll
from smppcast.net.busy_poll import BusyPoll

pytestmark = pytest.mark.anyio

MOST_S = 3.0


class Loop:
    """The running loop, counting what is scheduled."""

    def __init__(self) -> None:
        self.scheduled = 0
        self.now = 100.0
        self._loop = asyncio.get_running_loop()

    def call_soon(self, work: Callable[[], object]) -> None:
        self.scheduled += 1
        self._loop.call_soon(work)

    def poll(self, *, useful: bool = True) -> BusyPoll:
        return BusyPoll(
            self,  # type: ignore[arg-type]  # it has what is called
            MOST_S,
            lambda: self.now,
            lambda: useful,
        )

    async def turns(self, count: int) -> int:
        """How many of so many turns were kept from sleeping."""
        before = self.scheduled
        for _ in range(count):
            await checkpoint()
        return self.scheduled - before


async def test_it_keeps_the_loop_awake_for_a_bounded_time() -> None:
    loop = Loop()
    poll = loop.poll()
    for _ in range(3):
        poll.expect()
    assert loop.scheduled == 1  # whoever expects meanwhile adds no turns of their own
    assert await loop.turns(50) == 50
    loop.now += MOST_S
    assert await loop.turns(50) == 0


async def test_what_came_ends_it_and_the_next_begins_it_again() -> None:
    loop = Loop()
    poll = loop.poll()
    poll.expect()
    assert await loop.turns(5) == 5
    poll.stop()
    poll.expect()
    assert await loop.turns(5) == 5
    poll.stop()
    assert await loop.turns(5) == 0


async def test_time_that_is_only_waited_is_told_from_work() -> None:
    loop = Loop()
    poll = loop.poll()
    poll.expect()
    await checkpoint()
    assert poll.idle_s == 0  # the turn that wrote
    for seconds in (0.000004, 0.000006, 0.25):  # in the last somebody else had the processor
        loop.now += seconds
        await checkpoint()
    assert poll.idle_s == pytest.approx(0.00001)
    for work in (poll.worked, poll.expect, poll.stop):
        work()
        loop.now += 0.000005
        await checkpoint()
    assert poll.idle_s == pytest.approx(0.00001)


async def test_on_the_only_core_it_lets_the_peer_have_it() -> None:
    loop = Loop()
    loop.poll(useful=False).expect()
    assert await loop.turns(5) == 0


@pytest.mark.parametrize(
    ("cores", "quota", "expected"),
    [
        (8, "max 100000", True),
        (8, "200000 100000", True),
        (8, "150000 100000", False),
        (1, "max 100000", False),
        (8, "nonsense", True),
        (8, None, True),
    ],
)
def test_it_is_of_use_on_more_than_one_core(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cores: int, quota: str | None, expected: bool
) -> None:
    file = tmp_path / "cpu.max"
    if quota is not None:
        file.write_text(quota, "ascii")
    monkeypatch.setattr(busy_poll, "_QUOTA", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores), raising=False)
    assert busy_poll._other_cores() is expected
