"""What the benchmarks share: the machine they ran on, a campaign to cast, and a table."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio

from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.ledger.facts import Fact
from smppcast.ledger.sqlite import SqliteStore
from smppcast.operators.settings import OperatorSettings

T = TypeVar("T")

# 204 septets: two segments with the UDH of a concatenation.
TWO_SEGMENTS = "Bonjour à tous, restez chez vous! " * 6
# Receipts that a slow disk leaves behind are waited for: they are part of what is measured.
SETTLE_S = 120.0
FIRST_NUMBER = 33_600_000_000


class CountingStore(SqliteStore):
    """The durable ledger, which counts its commits and knows the longest."""

    commits = 0
    longest_s = 0.0

    def commit(self, facts: Sequence[Fact]) -> None:
        began = time.perf_counter()
        super().commit(facts)
        self.longest_s = max(self.longest_s, time.perf_counter() - began)
        self.commits += 1


@asynccontextmanager
async def engine_at(
    url: str, folder: Path, *, window: int, binds: int = 1
) -> AsyncIterator[tuple[Engine, CountingStore]]:
    """An engine with one operator and a fresh ledger in `folder`, SQLite at synchronous=FULL."""
    operator = {"url": url, "password": "x", "window": window, "binds": binds}
    settings = EngineSettings(
        {"operator": OperatorSettings.model_validate(operator)}, settle_s=SETTLE_S, rejects=folder
    )
    store = CountingStore(folder / "ledger.db")
    try:
        async with Engine.open(settings, store) as engine:
            yield engine, store
    finally:
        store.close()


def write_feed(path: Path, rows: int) -> None:
    """Writes a CSV of that many different numbers."""
    with path.open("w", encoding="ascii") as file:
        file.write("msisdn\n")
        file.writelines(f"{FIRST_NUMBER + index}\n" for index in range(rows))


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs it on anyio's asyncio backend, on uvloop where there is one."""
    return anyio.run(main, backend_options={"use_uvloop": has_uvloop()})


def has_uvloop() -> bool:
    return importlib.util.find_spec("uvloop") is not None


def child(name: str, *arguments: object) -> dict[str, Any]:
    """Runs a benchmark's inside in a fresh process; returns the JSON object of its last line.

    Raises:
        SystemExit: it failed; its own standard error says why.
    """
    command = [sys.executable, "-m", "bench", name, *map(str, arguments)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"bench {name}: a measured process ended with exit status {ended.returncode}")
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def machine() -> str:
    """One line of what every figure depends on."""
    loop = f"uvloop {importlib.metadata.version('uvloop')}" if has_uvloop() else "asyncio's own loop"
    return (
        f"machine: {len(os.sched_getaffinity(0))} cores, {_processor()}; {platform.system()} "
        f"{platform.release()}; Python {platform.python_version()}; {loop}; load before "
        f"{os.getloadavg()[0]:.2f}"
    )


def _processor() -> str:
    names = (
        line.partition(":")[2] for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")
    )
    return next(names, platform.machine()).strip()


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def written() -> int:
    """Octets that this process has had written to disks, as the kernel counts them."""
    fields = dict(line.split(": ") for line in _lines(Path("/proc/self/io")))
    return int(fields["write_bytes"])


def thread_cpu() -> dict[str, float]:
    """CPU seconds of each living thread by its name, and of the whole process as "all"."""
    clocks = {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }
    return {**clocks, "all": time.process_time()}


def process_cpu(pid: int) -> float:
    """CPU seconds of another process, in the ticks of 10 ms that Linux tells them in."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb() -> float:
    """Resident memory of this process now, in MB of 10**6 octets."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows under their first one, in columns; the first column leans left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
