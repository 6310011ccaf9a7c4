"""What every client is told, and the one way in which all are measured.

Standard library alone: clients run in environments that hold their peer and nothing of ours.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
PASSWORD: Final = "x"  # noqa: S105 - the simulated SMSC lets anybody in
SOURCE: Final = "GOUV"
SOURCE_TON: Final = 5
TEXT: Final = "x" * 160
FIRST_NUMBER: Final = 33_600_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what the command line of a client says, in this order.

    Args:
        system_id: an account for each run, so that none is sent the receipts of a run before.
        count: submits that are measured; `warm` others go before them on the same bind, unmeasured,
            so that code is compiled, caches are filled and threads are up, as they are in a service.
        window: the most that may await their response.
        receipts: whether each submit asks for a receipt, and the run ends with the last of them.
    """

    port: int
    system_id: str
    count: int
    warm: int
    window: int
    receipts: bool

    @classmethod
    def told(cls) -> Job:
        """By the command line."""
        count, warm, window, receipts = map(int, sys.argv[3:7])
        return cls(int(sys.argv[1]), sys.argv[2], count, warm, window, bool(receipts))

    @property
    def arguments(self) -> list[str]:
        """What `told` reads."""
        numbers = (self.count, self.warm, self.window, int(self.receipts))
        return [str(self.port), self.system_id, *map(str, numbers)]

    def casts(self) -> Iterator[tuple[list[str], bool]]:
        """The numbers of the warm-up, then those that are measured, and which of it they are."""
        first = FIRST_NUMBER + self.count
        yield [str(first + index) for index in range(self.warm)], False
        yield [str(FIRST_NUMBER + index) for index in range(self.count)], True


class Span:
    """Wall time and CPU time of this process, all of its threads, between two moments."""

    def __init__(self) -> None:
        self._cpu, self._began = _cpu(), time.perf_counter()

    def tell(self, job: Job, accepted: int, receipts: int) -> None:
        """Prints what the run took, as one line of JSON.

        Raises:
            AssertionError: it was not all accepted, or not every receipt came.
        """
        seconds, cpu = time.perf_counter() - self._began, _cpu() - self._cpu
        assert accepted == job.count, f"{accepted} of {job.count} were accepted"
        assert receipts == (job.count if job.receipts else 0), f"{receipts} receipts of {job.count}"
        print(json.dumps({"seconds": seconds, "cpu": cpu}), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def no_delay(port: int) -> None:
    """Turns Nagle's algorithm off on this process's connection to `port`, for peers that leave it on.

    It holds small PDUs back until the SMSC's kernel acknowledges those before, which that delays: at
    a window of 10 with receipts such a peer stands still 40 ms at a time. None of them offers it.
    """
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as found:
                if found.getpeername()[1:] == (port,):
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
