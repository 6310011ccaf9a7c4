"""Calls that are due later, and may all be called off at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Timers"]


class Timers:
    """Timers of one owner on the running event loop."""

    def __init__(self) -> None:
        self._handles: set[asyncio.TimerHandle] = set()

    def __len__(self) -> int:
        return len(self._handles)

    def after(self, delay_s: float, run: Callable[[], object]) -> None:
        """Calls `run` once, `delay_s` from now, unless cancelled before."""

        def due() -> None:
            self._handles.discard(handle)
            run()

        handle = asyncio.get_running_loop().call_later(delay_s, due)
        self._handles.add(handle)

    def cancel(self) -> None:
        """Calls all of them off."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
