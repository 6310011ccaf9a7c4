"""Reads the ledger for those who follow it, on a thread, and takes the interpreter from nobody."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from smppcast.ledger.tail import TailReader
from smppcast.net.clock import Clock, monotonic

__all__ = ["SHARE", "Reader", "Sleep"]

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

# Part of one core that reading, and what comes of it, takes while messages are sent. Python runs one thread
# at a time: what a reader computes, the lanes wait for. Events may be late; a campaign should not be.
SHARE = 0.1
# How often it is looked whether the lanes still work.
NAP_S = 0.1


class Reader:
    """One connection for all followers; one of them reads at a time.

    Args:
        busy: whether the lanes work.
    """

    def __init__(
        self,
        ledger: Path,
        busy: Callable[[], bool],
        *,
        clock: Clock = monotonic,
        cpu: Clock = time.thread_time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._ledger, self._busy = ledger, busy
        self._clock, self._cpu, self._sleep = clock, cpu, sleep
        self._turn = anyio.Lock()
        self._rests_until = float("-inf")
        self._tail: TailReader | None = None
        self._closed = False

    async def read(self, work: Callable[[TailReader], T]) -> T:
        """Does a read on a thread, after a rest that the reads before it call for.

        Once it is closed, waits to be cancelled.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        if self._closed:
            await anyio.sleep_forever()
        async with self._turn:
            while self._busy() and (left := self._rests_until - self._clock()) > 0:
                await self._sleep(min(left, NAP_S))
            took_s, found = await to_thread.run_sync(self._timed, work)
            self._rest(took_s)
            return found

    def charge(self, took_s: float) -> None:
        """What came of a read took so long on the loop's own thread: it is rested from likewise."""
        self._rest(took_s)

    def _rest(self, took_s: float) -> None:
        self._rests_until = max(self._rests_until, self._clock()) + took_s * (1 / SHARE - 1)

    def _timed(self, work: Callable[[TailReader], T]) -> tuple[float, T]:
        began = self._cpu()
        if self._tail is None:
            self._tail = TailReader(self._ledger)
        found = work(self._tail)
        return self._cpu() - began, found

    async def close(self) -> None:
        """Reads nothing more, once what is read now is read."""
        self._closed = True
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if self._tail is not None:
                    self._tail.close()
                    self._tail = None
