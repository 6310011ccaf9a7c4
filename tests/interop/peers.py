"""Runs the independent programs that `prepare` installed, and listens to what they say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import anyio
import pytest

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
LOOPBACK = "127.0.0.1"

# A test takes some seconds; a peer that hangs must not hang the suite.
LIMIT_S = 60.0
POLL_S = 0.01

Event = dict[str, Any]


# --- where they are -----------------------------------------------------------------------


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def folder() -> Path:
    """The folder that was given to `prepare`; without one the test is skipped, and fails in CI."""
    named = os.environ.get("SMPPCAST_PEERS")
    if not named:
        _absent("SMPPCAST_PEERS is not set: `tests/interop/prepare FOLDER` fills the folder that it names")
    return Path(named).resolve()


def installed(*path: str) -> str:
    """A program or file of the peers."""
    found = folder().joinpath(*path)
    if not found.exists():
        _absent(f"{'/'.join(path)} is not in SMPPCAST_PEERS: run tests/interop/prepare")
    return str(found)


# --- as processes -------------------------------------------------------------------------


class Peer:
    """A running program. Lines of its output that are JSON objects are events, the others its log."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name, self._process = name, process
        self.lines: list[str] = []
        self.events: list[Event] = []
        self.ended = False
        self.awaited = "nothing"
        self._more = asyncio.Event()

    @property
    def code(self) -> int | None:
        """Its exit code, once it ended."""
        return self._process.returncode

    async def read(self) -> None:
        """Takes in its output until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            text = line.decode("utf-8", "replace").rstrip("\n")
            self.lines.append(text)
            if text.startswith("{"):
                self.events.append(json.loads(text))
            self._told()
        await self._process.wait()
        self.ended = True
        self._told()

    def _told(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Waits for its output to make something hold."""
        self.awaited = what
        while not holds():
            assert not self.ended, f"{self.name} ended with {self.code} before: {what}"
            await self._more.wait()
        self.awaited = "nothing"

    async def said(self, text: str) -> None:
        """Waits for a line that contains `text`."""
        await self.until(lambda: any(text in line for line in self.lines), text)

    def all(self, event: str, **fields: object) -> list[Event]:
        """Its events of one kind so far, with these fields."""
        found = (one for one in self.events if one["event"] == event)
        return [one for one in found if fields.items() <= one.items()]

    async def told(self, event: str, count: int = 1, **fields: object) -> list[Event]:
        """Waits for so many events of one kind."""
        what = f"{count} of {event} {fields}"
        await self.until(lambda: len(self.all(event, **fields)) >= count, what)
        return self.all(event, **fields)

    async def listens(self, port: int) -> None:
        """Waits until it listens, without connecting: to some peers that were a session."""
        self.awaited = f"a listener on port {port}"
        while not _listens(port):
            assert not self.ended, f"{self.name} ended with {self.code} before it listened"
            await anyio.sleep(POLL_S)
        self.awaited = "nothing"

    async def finished(self) -> None:
        """Waits for its own end, which has to be an orderly one."""
        self.awaited = "its end"
        while not self.ended:
            await self._more.wait()
        assert self.code == 0, f"{self.name} ended with {self.code}"

    def signal(self, number: signal.Signals) -> None:
        """To it and to what it forked; nothing where all of them have ended."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@asynccontextmanager
async def running(
    *command: str, name: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> AsyncIterator[Peer]:
    """Runs a program in a process group of its own, and kills that group on leaving.

    What it wrote goes to the test's output, which pytest shows where the test fails. The block is
    bounded in time.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    peer = Peer(name or Path(command[0]).name, process)
    reader = asyncio.ensure_future(peer.read())
    try:
        with anyio.fail_after(LIMIT_S):
            yield peer
    except TimeoutError as error:
        error.add_note(f"{peer.name} ran {LIMIT_S:g} s; awaited of it: {peer.awaited}")
        raise
    finally:
        peer.signal(signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await reader
        sys.stdout.write("\n".join((f"--- {peer.name}, exit code {peer.code}", *peer.lines, "")))


def _listens(port: int) -> bool:
    # Of each line: number, local address, remote address, state; 0A is TCP_LISTEN.
    tables = (Path("/proc/net", name).read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table.splitlines()]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


async def until(holds: Callable[[], object]) -> None:
    """Lets the loop turn until it holds."""
    with anyio.fail_after(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - what a peer does sets no event of ours
            await anyio.sleep(POLL_S)
