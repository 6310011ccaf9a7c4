"""A campaign's report as a page, made by a process of its own: the lanes keep this one's interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import anyio

from smppcast.daemon.problems import Problem

__all__ = ["Reports"]

# A page is made anew once it is older.
FRESH_S = 60.0
# Each reads a ledger from end to end.
AT_ONCE = 2
# So much behind the lanes.
NICE = 10


class Reports:
    """The pages, kept as files.

    Args:
        folder: where they lie.
        config: the daemon's configuration file.
    """

    def __init__(self, folder: Path, config: Path) -> None:
        self._folder, self._config = folder, config
        self._making: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._room = anyio.CapacityLimiter(AT_ONCE)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def page(self, name: str) -> Path:
        """The page's file; of a campaign of millions it takes minutes.

        Raises:
            Problem: it cannot be made.
        """
        path = self._folder / f"{name}.html"
        async with self._making[name]:
            if path.exists() and time.time() - path.stat().st_mtime < FRESH_S:
                return path
            command = ["report", name, "--config", str(self._config), "--html", str(path)]
            async with self._room:
                status, told = await _run([sys.executable, "-m", "smppcast", *command])
        if status:
            raise Problem(409, told.splitlines()[-1] if told else f"the report ended with status {status}")
        return path


async def _run(command: list[str]) -> tuple[int, str]:
    """Its status, and what it said was wrong; cancelled, it ends as well."""
    env = {**os.environ, "NO_COLOR": "1"}
    async with await anyio.open_process(command, stdout=subprocess.DEVNULL, env=env) as process:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        assert process.stderr is not None  # noqa: S101 - a pipe unless it is said otherwise
        told = b"".join([octets async for octets in process.stderr])
        return await process.wait(), told.decode(errors="replace").strip()
