"""Where the numbers of a stream come from: any iterable, asynchronous or not."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol

import anyio

__all__ = ["NOTHING", "Feed", "IterableFeed", "StreamFeed", "feed_of"]

STAGED_MAX = 1000
"""Numbers taken ahead of the window from an asynchronous iterable, so that it is awaited while
others are sent; a few ms of the highest rates, some 60 KB."""


class Feed(Protocol):
    """Numbers, taken as they are wanted.

    Attributes:
        error: why the iterable failed, once it is `ended`.
    """

    error: Exception | None

    @property
    def ended(self) -> bool:
        """Whether no more will come."""

    def take(self, count: int) -> list[str]:
        """Up to `count` of those that can be had now; none once it is `ended`."""

    async def finish(self) -> list[str]:
        """Takes no more from the iterable; returns what was taken from it, and from nobody here."""


class IterableFeed:
    """Numbers of an ordinary iterable."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._rows: Iterator[str] = iter(numbers)
        self.ended = False
        self.error: Exception | None = None

    def take(self, count: int) -> list[str]:
        taken: list[str] = []
        if self.ended:  # an iterator that failed or ended is not asked again: it might have more
            return taken
        try:
            taken.extend(islice(self._rows, count))
        except Exception as error:  # noqa: BLE001 - the caller's own, raised where the caller awaits
            self.error = error
        self.ended = len(taken) < count
        return taken

    async def finish(self) -> list[str]:
        return []


NOTHING = IterableFeed(())
NOTHING.ended = True


class StreamFeed:
    """Numbers of an asynchronous iterable, staged by `run`.

    Args:
        staged: called when there are more to take.
    """

    def __init__(self, numbers: AsyncIterable[str], staged: Callable[[], object]) -> None:
        self._numbers, self._told = numbers, staged
        self._staged: deque[str] = deque()
        self._taken = anyio.Event()
        self._scope, self._finished = anyio.CancelScope(), anyio.Event()
        self.error: Exception | None = None

    @property
    def ended(self) -> bool:
        return self._finished.is_set() and not self._staged

    def take(self, count: int) -> list[str]:
        staged = self._staged
        taken = [staged.popleft() for _ in range(min(count, len(staged)))]
        self._taken.set()
        return taken

    async def finish(self) -> list[str]:
        self.stop()
        await self._finished.wait()
        return list(self._staged)

    async def run(self) -> None:
        """Awaits the iterable, as long as what it gave is taken."""
        staged = self._staged
        try:
            with self._scope:
                async for number in self._numbers:
                    staged.append(number)
                    self._told()
                    while len(staged) >= STAGED_MAX:
                        self._taken = anyio.Event()
                        await self._taken.wait()
        except Exception as error:  # noqa: BLE001 - the caller's own, raised where the caller awaits
            self.error = error
        finally:
            self._finished.set()
            self._told()

    def stop(self) -> None:
        """Ends `run`: nobody wants more."""
        self._scope.cancel()


def feed_of(numbers: Iterable[str] | AsyncIterable[str], staged: Callable[[], object]) -> Feed:
    """The feed that `numbers` are."""
    if isinstance(numbers, AsyncIterable):
        return StreamFeed(numbers, staged)
    return IterableFeed(numbers)
