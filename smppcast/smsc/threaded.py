"""The simulated SMSC in a thread, for programs and tests that have no event loop, or one of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from smppcast.receipts import InboundMessage
from smppcast.smpp.pdu import Pdu
from smppcast.smsc.account import SmscAccount
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.server import Smsc, serve

__all__ = ["SmscThread", "serve_in_thread"]

T = TypeVar("T")

# What is asked for takes ms; an SMSC that does not answer is a fault to be seen.
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.002


class SmscThread:
    """A running SMSC, from another thread. Calls wait until they are done.

    Attributes:
        url: where a client binds; `port` of 127.0.0.1.
    """

    def __init__(self, smsc: Smsc, loop: asyncio.AbstractEventLoop) -> None:
        self._smsc, self._loop = smsc, loop
        self.url, self.port = smsc.url, smsc.port

    def __repr__(self) -> str:
        return f"<SmscThread {self._smsc!r}>"

    def _ask(self, what: Callable[[], T]) -> T:
        async def answer() -> T:
            return what()

        return self._wait(answer())

    def _wait(self, answer: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result(PATIENCE_S)

    # --- what it knows --------------------------------------------------------------------

    @property
    def account(self) -> SmscAccount:
        """What it took in so far: a copy, which stays as it is."""
        return self._ask(lambda: deepcopy(self._smsc.account))

    @property
    def scenario(self) -> Scenario:
        """What it goes by now."""
        return self._ask(lambda: self._smsc.scenario)

    @property
    def receipts_owed(self) -> int:
        """As `Smsc.receipts_owed`."""
        return self._ask(lambda: self._smsc.receipts_owed)

    @property
    def inbound_owed(self) -> int:
        """As `Smsc.inbound_owed`."""
        return self._ask(lambda: self._smsc.inbound_owed)

    def messages(self, system_id: str | None = None) -> list[InboundMessage]:
        """The texts that clients submitted, as `Smsc.messages`."""
        return self._ask(lambda: self._smsc.messages(system_id))

    def requests(self, system_id: str | None = None) -> list[Pdu]:
        """The PDUs that clients sent, as `Smsc.requests`."""
        return self._ask(lambda: self._smsc.requests(system_id))

    def wait(self, holds: Callable[[SmscThread], object], timeout_s: float = 10.0) -> None:
        """Returns when `holds` of it does.

        It blocks its thread: a coroutine that waits for the same event loop to do something must not.

        Raises:
            TimeoutError: it did not in time.
        """
        end = time.monotonic() + timeout_s
        while not holds(self):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {timeout_s:g} s: {self!r}")
            time.sleep(POLL_S)

    # --- what it does ---------------------------------------------------------------------

    def change(self, **changes: Any) -> None:
        """As `Smsc.change`."""
        self._ask(lambda: self._smsc.change(**changes))

    def cut(self, system_id: str | None = None) -> int:
        """As `Smsc.cut`."""
        return self._wait(self._smsc.cut(system_id))

    def unbind(self, system_id: str | None = None) -> int:
        """As `Smsc.unbind`."""
        return self._ask(lambda: self._smsc.unbind(system_id))

    def inject(self, text: str | bytes, *, source: str, to: str, **options: Any) -> int:
        """As `Smsc.inject`."""
        return self._ask(lambda: self._smsc.inject(text, source=source, to=to, **options))

    def alert(self, source: str, *, to: str, **options: Any) -> bool:
        """As `Smsc.alert`."""
        return self._ask(lambda: self._smsc.alert(source, to=to, **options))

    def outbind(self, host: str, port: int, **options: Any) -> bool:
        """As `Smsc.outbind`."""
        return self._wait(self._smsc.outbind(host, port, **options))


@contextmanager
def serve_in_thread(scenario: Scenario | str | Path = "ideal", **options: Any) -> Iterator[SmscThread]:
    """Runs a simulated SMSC in a thread of its own, ready when the block is entered, ended with it.

    Args:
        options: as `serve` has them.

    Raises:
        ConfigError: the scenario is none.
        OSError: the port cannot be had.
    """
    started: Future[SmscThread] = Future()
    ending = asyncio.Event()

    async def run() -> None:
        try:
            async with serve(scenario, **options) as smsc:
                started.set_result(SmscThread(smsc, asyncio.get_running_loop()))
                await ending.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = Thread(target=lambda: asyncio.run(run()), name="smsc", daemon=True)
    thread.start()
    smsc = started.result()
    try:
        yield smsc
    finally:
        smsc._loop.call_soon_threadsafe(ending.set)  # noqa: SLF001 - its own
        thread.join()
