"""The simulated SMSC as a process: `run` is its inside, `spawn` starts and ends it from another.

Parent and child speak JSON, a line each way: the child first says where it listens, then answers
each command in turn. When its standard input ends, so does the child: it never outlives its parent.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from smppcast.errors import SmppcastError
from smppcast.smsc.commands import perform
from smppcast.smsc.loading import load_scenario
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.server import Smsc, serve

__all__ = ["SmscProcess", "command", "run", "spawn"]

# An account with its destinations, 20 octets each: some ten million of them.
LINE_MAX: Final = 1 << 28
# A child that does not end by itself in this time is killed.
GRACE_S: Final = 5.0


async def run(
    scenario: Scenario | str | Path,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[Smsc], object] = lambda _: None,
) -> None:
    """Serves until it is cancelled; prints nothing.

    Args:
        ready: called once the port is open.

    Raises:
        ConfigError: the scenario is none.
        OSError: the port cannot be had.
    """
    async with serve(scenario, host=host, port=port) as smsc:
        ready(smsc)
        await anyio.sleep_forever()


async def command(smsc: Smsc, line: bytes) -> dict[str, Any]:
    """Does what a line of the parent asks, and returns the answer."""
    try:
        asked = json.loads(line)
        return await perform(smsc, asked.pop("do", ""), asked)
    except (ValueError, TypeError, AttributeError, SmppcastError) as error:
        return {"error": str(error)}


class SmscProcess:
    """A simulated SMSC in a child process.

    Attributes:
        url: where a client binds; `port` and `pid` of the child.
    """

    def __init__(self, process: Process, lines: BufferedByteReceiveStream, hello: dict[str, Any]) -> None:
        self._process, self._lines, self._turn = process, lines, anyio.Lock()
        self.pid = process.pid
        self.url: str = hello["url"]
        self.port: int = hello["port"]

    def __repr__(self) -> str:
        return f"<SmscProcess {self.pid} {self.url}>"

    async def account(self, *, destinations: bool = False) -> dict[str, Any]:
        """What it took in, as `SmscAccount.as_dict`, with `receipts_owed` and `inbound_owed`. It walks all
        destinations: poll `totals` instead."""
        return await self.do("account", destinations=destinations)

    async def totals(self) -> dict[str, Any]:
        """The counters of `account`, without its destinations and rates: quick at any size."""
        return await self.do("totals")

    async def change(self, **changes: Any) -> None:
        """As `Smsc.change`.

        Raises:
            SmppcastError: the child refused.
        """
        await self.do("change", changes=changes)

    async def cut(self) -> None:
        """As `Smsc.cut`."""
        await self.do("cut")

    async def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Any of the commands, as `smppcast.smsc.commands` lists them: inject, alert, unbind, outbind...

        Raises:
            SmppcastError: the child refused.
        """
        asked = {"do": command} | arguments
        # Cancelled in the middle, it would shift the answers.
        assert self._process.stdin is not None  # noqa: S101 - open_process was told so
        async with self._turn:
            with anyio.CancelScope(shield=True):
                await self._process.stdin.send(json.dumps(asked).encode() + b"\n")
                answer: dict[str, Any] = json.loads(await self._lines.receive_until(b"\n", LINE_MAX))
        if "error" in answer:
            raise SmppcastError(answer["error"])
        return answer


@asynccontextmanager
async def spawn(
    scenario: Scenario | str | Path = "ideal", *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[SmscProcess]:
    """Runs a simulated SMSC in a child process, ready when the block is entered, ended with it.

    Raises:
        ConfigError: the scenario is none.
        SmppcastError: the child did not start; its standard error is the parent's and says why.
    """
    settings = load_scenario(scenario).model_dump_json()
    arguments = ["--scenario-json", settings, "--host", host, "--port", str(port), "--commands"]
    command_line = [sys.executable, "-m", "smppcast.smsc", *arguments]
    # In a session of its own: a Ctrl-C in the parent's terminal is the parent's matter, which may
    # want to drain before its SMSC is gone.
    process = await anyio.open_process(command_line, stderr=None, start_new_session=True)
    try:
        assert process.stdout is not None  # noqa: S101 - open_process makes pipes by default
        lines = BufferedByteReceiveStream(process.stdout)
        try:
            hello = json.loads(await lines.receive_until(b"\n", LINE_MAX))
        except anyio.IncompleteRead as error:
            raise SmppcastError("the simulated SMSC did not start") from error
        yield SmscProcess(process, lines, hello)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _end(process: Process) -> None:
    if process.stdin is not None:
        await process.stdin.aclose()
    with anyio.move_on_after(GRACE_S):
        await process.wait()
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.aclose()
