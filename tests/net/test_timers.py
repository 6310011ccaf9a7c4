from __future__ import annotations

import asyncio

import anyio
import pytest

from smppcast.net.timers import Timers

pytestmark = pytest.mark.anyio


async def test_a_timer_calls_once_in_the_order_of_its_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    timers, called, done = Timers(), list[str](), anyio.Event()
    loop = asyncio.get_running_loop()
    now = loop.time()
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: now)  # all are set at one moment
        timers.after(0.02, done.set)
        timers.after(0.01, lambda: called.append("second"))
        timers.after(0.0, lambda: called.append("first"))
    assert len(timers) == 3
    with anyio.fail_after(10):
        await done.wait()
    assert called == ["first", "second"]
    assert len(timers) == 0


async def test_cancelled_timers_never_call() -> None:
    timers, called, done = Timers(), list[str](), anyio.Event()
    timers.after(0.0, lambda: called.append("cancelled"))
    timers.cancel()
    assert len(timers) == 0
    timers.after(0.01, done.set)  # one may be set again after
    with anyio.fail_after(10):
        await done.wait()
    assert called == []
