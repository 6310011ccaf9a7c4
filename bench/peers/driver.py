"""`python -m bench peers`: runs every client in turns, and writes what they did."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio

import bench.peers
from bench._common import machine, run
from bench.peers import report
from bench.peers.environments import Environments, InstallFailed, cache_folder
from bench.peers.found import Found, Run, Setting
from bench.peers.sides import CEILING, OURS, ROOT, SIDES, Side
from bench.peers.span import Job
from smppcast.smsc import SmscProcess, spawn
from smppcast.smsc.loading import load_scenario
from smppcast.smsc.scenario import Scenario

RESULTS: Final = Path(bench.peers.__file__).parent.parent / "RESULTS.md"
WINDOWS: Final = (10, 100, 1000)
COUNT: Final = 100_000
# A shorter run is noise, a longer one teaches nothing.
RUN_S: Final = (1.0, 2.0)
PILOT: Final = 3000
WARM: Final = 10_000
# A run takes some seconds; some peers stand still now and then, and their rounds are counted.
LIMIT_S: Final = 30.0

DISTANT_MS: Final = 50
DISTANT_WINDOW: Final = 100
DISTANT_S: Final = 3
LATENCY_S: Final = 5
LATENCY_WINDOW: Final = 100


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    command = " ".join(["python -m bench peers", *argv])
    found = Found(machine(), command, options.rounds, options.sides, options.windows)
    print(found.machine)
    run(partial(_measure, options, found))
    text = report.markdown(found)
    print(text)
    if options.results:
        options.results.write_text(text, "utf-8")
    return 0


def _options(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m bench peers", description=bench.peers.__doc__)
    parser.add_argument("--rounds", type=int, help="default 5; 1 with --quick")
    parser.add_argument(
        "--count", type=int, default=COUNT, help=f"submits a run (default {COUNT:,}), fitted to {RUN_S} s"
    )
    parser.add_argument("--windows", type=int, nargs="+", default=WINDOWS)
    parser.add_argument("--sides", nargs="+", help="names, or parts of them; default all")
    parser.add_argument("--cache", type=Path, default=cache_folder(), help="environments (%(default)s)")
    parser.add_argument("--results", type=Path, help="the file to write; default RESULTS.md for a full run")
    parser.add_argument("--quick", action="store_true", help="ours and the ceiling, once, nothing installed")
    options = parser.parse_args(argv)
    full = not (options.quick or options.sides)
    parts = ["smppcast", "ceiling"] if options.quick else options.sides
    options.sides = [side for side in SIDES if not parts or any(part in side.name for part in parts)]
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.results = options.results or (RESULTS if full else None)
    return options


# --- the session --------------------------------------------------------------------------


def _scenario() -> Scenario:
    # Ten digits: responses of one length, as they are from an operator whose counter is not new. A
    # session of many million submits need not be remembered. It stays awake, so that no client waits for its
    # core to wake.
    ids = {"response": {"style": "decimal", "width": 10}}
    return load_scenario("ideal").changed(message_ids=ids, remember=100_000, busy_poll=True)


async def _measure(options: Namespace, found: Found) -> None:
    commands = _commands(options, found)
    async with spawn(_scenario()) as smsc:
        bench_session = _Session(smsc, commands, found)
        near = [Setting(window, receipts) for receipts in (False, True) for window in options.windows]
        await bench_session.fit(near, options.count, quick=options.quick)
        await bench_session.rounds(near)
        await bench_session.latency(1 if options.quick else LATENCY_S)
        # So far away nobody waits for a core to wake, and its timers are as ever.
        await smsc.change(response_latency={"fixed": DISTANT_MS}, busy_poll=False)
        distant = Setting(DISTANT_WINDOW, receipts=False, latency_ms=DISTANT_MS)
        seconds = 1 if options.quick else DISTANT_S
        for side in commands:
            found.counts[side.name, distant] = distant.possible * seconds
        await bench_session.rounds([distant])


def _commands(options: Namespace, found: Found) -> dict[Side, list[str]]:
    environments, commands = Environments(options.cache), {}
    for side in options.sides:
        try:
            commands[side] = side.command(environments)
        except InstallFailed as error:
            print(f"{side.name} is left out: {error}", flush=True)
            found.absent[side.name] = str(error)
    found.versions = report.versions(commands)
    return commands


class _Session:
    """One simulated SMSC, and the clients that take turns at it."""

    def __init__(self, smsc: SmscProcess, commands: dict[Side, list[str]], found: Found) -> None:
        self._smsc, self._commands, self._found = smsc, commands, found
        self._numbers = iter(range(1, 1 << 30))

    async def fit(self, settings: Sequence[Setting], count: int, *, quick: bool) -> None:
        """Finds how many submits a run takes: `count`, but for a side that is too quick or too slow."""
        for side, setting in self._pairs(settings, 0):
            pilot = await self._run(side, setting, PILOT)
            rate = pilot.rate if pilot else 0.0
            if quick:
                count = PILOT
            fitted = max(PILOT, int(min(max(count, rate * RUN_S[0]), rate * RUN_S[1])))
            self._found.counts[side.name, setting] = count if quick else fitted

    async def rounds(self, settings: Sequence[Setting]) -> None:
        """Every side at every setting, as often as there are rounds, in another order each."""
        for number in range(self._found.rounds):
            for side, setting in self._pairs(settings, number):
                ended = await self._run(side, setting, self._found.counts[side.name, setting])
                self._found.runs.setdefault((side.name, setting), []).append(ended)
                told = f"{ended.rate:>9,.0f}/s {ended.cpu_us:6.2f} us" if ended else "stands still"
                print(f"  round {number + 1}  {side.name:<32} {setting!s:<60} {told}", flush=True)

    async def latency(self, seconds: int) -> None:
        """Of our `submit`."""
        if OURS not in self._commands:
            return
        command = [*self._commands[OURS][:-1], "bench.peers.clients.latency_client"]
        for _ in range(self._found.rounds):
            job = self._job(Setting(LATENCY_WINDOW, receipts=False), 1000 * seconds, 1000)
            told = await _told(command, job.arguments)
            assert told is not None, "our latency was not measured: the client stands still"
            self._found.latency.append(told)

    def _pairs(self, settings: Sequence[Setting], first: int) -> Iterator[tuple[Side, Setting]]:
        sides = list(self._commands)
        turned = sides[first % len(sides) :] + sides[: first % len(sides)]
        for setting in settings:
            yield from ((side, setting) for side in turned if side.receipts or not setting.receipts)

    async def _run(self, side: Side, setting: Setting, count: int) -> Run | None:
        """One run; None where the client stood still.

        Raises:
            AssertionError: not everything was accepted and acknowledged.
        """
        warm = 2 * setting.window
        if not setting.latency_ms:
            warm = max(warm, min(WARM, count // 10))
        job = self._job(setting, count, warm)
        before = await self._smsc.totals()
        told = await _told([*self._commands[side], *job.arguments, *side.arguments], [])
        if told is None:
            assert side not in (OURS, CEILING), f"{side.name} stood still"
            return None
        after = await self._acknowledged(job, before, side)
        rate, each_us = count / told["seconds"], 1e6 / count
        worked_us = (after["work_s"] - before["work_s"]) / (count + warm) * 1e6
        return Run(rate, told["cpu"] * each_us, worked_us)

    def _job(self, setting: Setting, count: int, warm: int) -> Job:
        system_id = f"bench{next(self._numbers)}"
        return Job(self._smsc.port, system_id, count, warm, setting.window, setting.receipts)

    async def _acknowledged(self, job: Job, before: dict[str, Any], side: Side) -> dict[str, Any]:
        """Holds the SMSC's account against what the client said; returns it. Its last answers may be on their
        way."""
        submits = job.count + job.warm
        expected = {"accepted": submits, "receipts_acknowledged": submits * job.receipts}
        seen: dict[str, int] = {}
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            account = await self._smsc.totals()
            seen = {name: account[name] - before[name] for name in expected}
            if seen == expected:
                return account
            await anyio.sleep(0.01)
        raise AssertionError(f"{side.name}: the SMSC counts {seen}, expected {expected}")


async def _told(command: Sequence[str], arguments: Sequence[str]) -> dict[str, float] | None:
    """What a client prints; None where it does not end.

    Raises:
        SystemExit: it failed; its own standard error says why.
    """
    process = await anyio.open_process([*command, *arguments], cwd=ROOT, stderr=None)
    try:
        assert process.stdout is not None
        output = b""
        with anyio.move_on_after(LIMIT_S):
            async for chunk in process.stdout:
                output += chunk
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.aclose()
    if process.returncode is None or process.returncode < 0:
        return None
    if process.returncode:
        raise SystemExit(f"bench peers: {' '.join(command)} ended with {process.returncode}")
    told: dict[str, float] = json.loads(output.splitlines()[-1])
    return told
