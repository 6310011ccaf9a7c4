"""Ctrl-C and SIGTERM: the first one asks to end in order, the second one insists."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus

__all__ = ["Interrupt", "interruptible"]


class Interrupt:
    """What the user asked for so far.

    Attributes:
        asked: set by the first signal.
        insisted: by the second one, which cancels the block.
    """

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.insisted = False
        self.scope = anyio.CancelScope()

    async def listen(self, *, task_status: TaskStatus[None]) -> None:
        """Waits for signals until cancelled; it has started once they are handled."""
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                if self.asked.is_set():
                    self.insisted = True
                    self.scope.cancel()
                self.asked.set()


@asynccontextmanager
async def interruptible() -> AsyncIterator[Interrupt]:
    """Handles signals within the block, which the second one cancels without raising."""
    interrupt = Interrupt()
    async with anyio.create_task_group() as tasks:
        await tasks.start(interrupt.listen)
        with interrupt.scope:
            yield interrupt
        tasks.cancel_scope.cancel()
