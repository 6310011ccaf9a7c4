"""A thousand reconnects leave nothing behind: no task, no timer, no socket, no memory."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from smppcast.net.backoff import Backoff
from smppcast.operators import bind as bind_module
from smppcast.operators.lane import Lane
from smppcast.operators.settings import OperatorSettings
from smppcast.smsc import Smsc, serve
from tests.operators.shelves import Shelf, running, until

pytestmark = pytest.mark.anyio

BINDS, WARM, CUTS = 2, 25, 525  # the last two: times that every link is cut


class Held(NamedTuple):
    """What this process holds."""

    tasks: int
    timers: int
    sockets: int
    objects: int


def held() -> Held:
    gc.collect()
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("/proc tells of open sockets, and is not here")
    sockets = [entry for entry in descriptors.iterdir() if _target(entry).startswith("socket:")]
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    timers = [handle for handle in scheduled if not handle.cancelled()]
    return Held(len(asyncio.all_tasks()), len(timers), len(sockets), len(gc.get_objects()))


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # what listed the folder is gone
        return ""


async def cut(smsc: Smsc, lane: Lane, shelf: Shelf, times: int) -> None:
    """Cuts all links in the middle of their work, and waits until they are back."""
    for _ in range(times):
        before = lane.statistics().reconnects
        shelf.offer(10)
        lane.wake()
        await smsc.cut()
        await until(_back(lane, before))


def _back(lane: Lane, before: int) -> Callable[[], bool]:
    def is_back() -> bool:
        now = lane.statistics()
        return now.reconnects == before + BINDS and now.bound == BINDS and not now.in_flight

    return is_back


async def test_a_thousand_reconnects_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next", lambda _: 0.0)
    monkeypatch.setattr(bind_module.log, "warning", lambda *_, **__: None)
    monkeypatch.setattr(bind_module.log, "info", lambda *_, **__: None)
    async with serve() as smsc:
        settings = OperatorSettings.model_validate({"url": smsc.url, "binds": BINDS, "window": 10})
        async with running(settings, 10) as (lane, shelf):
            await until(lambda: lane.statistics().bound == BINDS)
            await cut(smsc, lane, shelf, WARM)
            before = held()
            await cut(smsc, lane, shelf, CUTS - WARM)
            after = held()
            assert lane.statistics().reconnects == BINDS * CUTS >= 1000
            assert after[:3] == before[:3]
            # What is submitted in between is kept by the test's own shelf: numbers, and a few strings.
            assert after.objects - before.objects < BINDS * (CUTS - WARM)
