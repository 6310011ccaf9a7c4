"""Drives the real command line as a process, against a simulated SMSC beside the test."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from smppcast.smsc import Scenario, Smsc, serve

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
POLL_S = 0.02


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "SECRET": "s3cret", "NO_COLOR": "1"}


def until(true: Callable[[], object], what: str) -> None:
    """Polls until it is true; fails the test at a deadline."""
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(POLL_S)


class SimulatedSmsc:
    """A simulated SMSC on a thread of this process, asked from the test's."""

    def __init__(self, portal: BlockingPortal, running: Smsc, ahead: list[float]) -> None:
        self.port = running.port
        self._portal, self._running, self._ahead = portal, running, ahead

    def destinations(self, *, accepted: bool = False) -> dict[str, int]:
        return dict(self._portal.call(partial(self._running.account.destinations, accepted=accepted)))

    def links(self) -> int:
        return self._running.account.links

    def refused(self) -> int:
        return sum(self._running.account.refused.values())

    def submitted(self) -> int:
        return self._running.account.submitted

    def inject(self, text: str, *, source: str, to: str) -> None:
        self._portal.call(partial(self._running.inject, text, source=source, to=to))

    def change(self, **changes: Any) -> None:
        self._portal.call(partial(self._running.change, **changes))

    def pass_time(self, seconds: float) -> None:
        """What would be due by then is due."""
        self._ahead[0] += seconds
        self._portal.call(self._running.turn)


@contextmanager
def smsc(**scenario: Any) -> Iterator[SimulatedSmsc]:
    ahead = [0.0]
    with start_blocking_portal() as portal:
        served = serve(Scenario.model_validate(scenario), clock=lambda: time.monotonic() + ahead[0])
        with portal.wrap_async_context_manager(served) as running:
            yield SimulatedSmsc(portal, running, ahead)


@dataclass
class Done:
    """What a command left."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        last: dict[str, Any] = json.loads(self.stdout.splitlines()[-1])
        return last


@dataclass
class Home:
    """A folder with a configuration, where commands are run."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    _logs: dict[int, Path] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def configure(self, *, further: str = "", **ports: int) -> None:
        """One operator for each port, with the settings of `further` in common."""
        operators = "".join(
            f"  {name}:\n    url: smpp://user@127.0.0.1:{port}\n    password: ${{SECRET}}\n{further}"
            for name, port in ports.items()
        )
        self.write("smppcast.yaml", f"ledger: sqlite:///ledger.db\noperators:\n{operators}")

    def start(self, *args: str, stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
        log = self.folder / f"{len(self.started)}.log"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "smppcast", *args],
                cwd=self.folder,
                env=environment(),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.started.append(process)
        self._logs[process.pid] = log
        return process

    def log(self, process: subprocess.Popen[str]) -> str:
        """What it wrote to standard error so far."""
        return self._logs[process.pid].read_text()

    def run(self, *args: str, stdin: str | None = None, within_s: float = DEADLINE_S) -> Done:
        process = self.start(*args, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        return self.finish(process, stdin, within_s)

    def finish(
        self, process: subprocess.Popen[str], stdin: str | None = None, within_s: float = DEADLINE_S
    ) -> Done:
        out, _ = process.communicate(stdin, timeout=within_s)
        return Done(process.returncode, out, self.log(process))

    def outcomes(self, name: str) -> list[dict[str, str]]:
        done = self.run("report", name, "--outcomes", "outcomes.csv")
        assert done.code == 0, done.stderr
        with (self.folder / "outcomes.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.communicate()


def numbers(count: int, first: int = 33_670_000_000) -> list[str]:
    return [str(first + index) for index in range(count)]


def csv_feed(numbers: list[str]) -> str:
    return "\n".join(["msisdn", *numbers, ""])


def closes(account: dict[str, Any]) -> bool:
    fed = ("invalid", "duplicate", "suppressed", "not_sent", "in_flight", "unknown", "rejected", "accepted")
    accepted = ("delivered", "undelivered", "expired", "awaiting_receipt")
    sums: tuple[int, int] = sum(account[term] for term in fed), sum(account[term] for term in accepted)
    return sums == (account["fed"], account["accepted"])
