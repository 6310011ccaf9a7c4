"""A campaign killed with SIGKILL ten times and resumed each time, then held against the SMSC's account.

The real command line casts to a simulated SMSC that lives through it all in a process of its own.
Most kills come when a drawn number of segments has been submitted, one in four at a drawn time after
the start of the command, wherever that finds it: while it loads, replays, binds or sends again. The
draws are seeded; what the kill finds in flight is not.

Then each recipient must have been submitted once at least, and whoever got more than their segments
must be flagged `possible_duplicate` in the ledger. A kill may leave unanswered what was in the
windows and the intents ahead of them, so there are at most so many of them a kill.

With `--unknowns hold` nobody is sent anything twice; whom a kill left unanswered, and no receipt
settled, is unknown in the ledger, and of those alone some may have got nothing.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
from anyio.abc import Process

import smppcast
from bench._common import TWO_SEGMENTS, machine, run, table, write_feed
from smppcast.campaign.sender import AHEAD_MOST
from smppcast.ledger.outcomes import outcomes
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Outcome
from smppcast.smsc import SmscProcess, spawn

NAME = "crash"
UNKNOWNS = {"resend": "resend", "hold": "{hold: 3s}"}
SEGMENTS = 2
# A kill behind its threshold by up to so long: some thousands of segments, and several commits.
DELAY_S = 0.2
# The command is at work within a second; in three it has resent what was unknown.
EARLY_S, EARLY_SHARE = 3.0, 0.25
# Thresholds end here, so that the last kills find something left.
LAST_SHARE = 0.85
# The SMSC counts its destinations whenever it is asked, which is not free.
POLL_S = 0.1


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench crash", description=__doc__)
    parser.add_argument("--rows", type=int, help="default 200,000; 20,000 with --quick")
    parser.add_argument("--kills", type=int, help="default 10; 3 with --quick")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--binds", type=int, default=1)
    parser.add_argument("--unknowns", choices=["resend", "hold"], default="resend")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    options.rows = options.rows or (20_000 if options.quick else 200_000)
    options.kills = options.kills or (3 if options.quick else 10)
    print(machine())
    print(
        f"setup: {options.rows:,} rows of {SEGMENTS} segments, {options.kills} kills, seed {options.seed}, "
        f"{options.binds} bind(s) of window {options.window}, policy {options.unknowns}",
        flush=True,
    )
    return run(partial(_crash, options))


async def _crash(options: Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_feed(folder / "feed.csv", options.rows)
        async with spawn("ideal") as smsc:
            _write_config(folder, smsc.url, options)
            await _kill_and_resume(folder, smsc, options)
            account = await _finish(folder)
            theirs = await smsc.account(destinations=True)
        print(f"account: {json.dumps(account)}")
        assert account["fed"] == account["accepted"] + account["unknown"] == options.rows, account
        assert account["accepted"] == account["delivered"], account
        bound = options.kills * (options.binds * options.window + AHEAD_MOST)
        return _judge(_compare(folder, theirs["destinations"]), bound, options.unknowns)


def _write_config(folder: Path, url: str, options: Namespace) -> None:
    (folder / "smppcast.yaml").write_text(
        f"ledger: sqlite:///ledger.db\n"
        f"unknowns: {UNKNOWNS[options.unknowns]}\n"
        f"operators:\n"
        f"  operator:\n"
        f"    url: {url}\n"
        f"    binds: {options.binds}\n"
        f"    window: {options.window}\n"
        # A small feed is done before it can be killed often: at this rate it takes some seconds.
        f"    rate: {options.rows * SEGMENTS // 5}\n",
        "utf-8",
    )


# --- kills -----------------------------------------------------------------------------------


async def _kill_and_resume(folder: Path, smsc: SmscProcess, options: Namespace) -> None:
    random = Random(options.seed)
    last = int(options.rows * SEGMENTS * LAST_SHARE)
    thresholds = sorted(random.randrange(last) for _ in range(options.kills))
    for number, threshold in enumerate(thresholds, 1):
        early, delay = random.random() < EARLY_SHARE, random.uniform(0, DELAY_S)
        before = (await smsc.account())["submitted"]
        began = time.perf_counter()
        async with _casting(folder) as process:
            if early:
                await anyio.sleep(random.uniform(0, EARLY_S))
            else:
                await _submitted(smsc, process, max(threshold, before + 1))
                await anyio.sleep(delay)
            if process.returncode == 0 and number > 1:
                print(f"finished before kill {number}", flush=True)
                return
            assert process.returncode is None, f"it ended before kill {number}: {_errors(folder)}"
            process.kill()
            await process.wait()
        seconds = time.perf_counter() - began
        submitted = (await smsc.account())["submitted"]
        print(
            f"kill {number:2}: {seconds:5.2f} s after its start, {submitted - before:8,} submits later, "
            f"{submitted:9,} in all",
            flush=True,
        )


async def _submitted(smsc: SmscProcess, process: Process, threshold: int) -> None:
    # Another process is asked, which tells nothing by itself.
    while process.returncode is None and (await smsc.account())["submitted"] < threshold:  # noqa: ASYNC110
        await anyio.sleep(POLL_S)


# --- the command -----------------------------------------------------------------------------


@asynccontextmanager
async def _casting(folder: Path) -> AsyncIterator[Process]:
    """`smppcast cast`, killed on leaving if it still runs."""
    arguments = ["--feed", "feed.csv", "--text", TWO_SEGMENTS, "--name", NAME, "--settle", "60s", "--json"]
    root = str(Path(smppcast.__file__).parent.parent)
    with (folder / "out.txt").open("w") as out, (folder / "errors.txt").open("w") as errors:
        process = await anyio.open_process(
            [sys.executable, "-m", "smppcast", "cast", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": root},
            stdin=None,
            stdout=out,
            stderr=errors,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.aclose()


async def _finish(folder: Path) -> dict[str, Any]:
    """Resumes once more, to the end; returns the account that the command printed."""
    began = time.perf_counter()
    async with _casting(folder) as process:
        status = await process.wait()
    assert status == 0, f"the last run ended with exit status {status}: {_errors(folder)}"
    print(f"finished: {time.perf_counter() - began:.2f} s after its last start")
    account: dict[str, Any] = json.loads((folder / "out.txt").read_text("utf-8").splitlines()[-1])
    return account


def _errors(folder: Path) -> str:
    return (folder / "errors.txt").read_text("utf-8", errors="replace")[-2000:]


# --- the verdict -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """Recipients, the SMSC's account of them beside the ledger's.

    Args:
        repeated: submitted more often than they have segments.
        silent: of these, not flagged in the ledger.
        flagged: in the ledger; more than `repeated` where an intent's bytes never left.
        unknown: in the ledger, for want of an answer and of a receipt.
        missed: submitted less often than they have segments, and not unknown.
        strangers: submitted, and in no row of the ledger.
    """

    recipients: int
    submits: int
    repeated: int
    silent: int
    flagged: int
    unknown: int
    missed: int
    strangers: int


def _compare(folder: Path, submitted: dict[str, int]) -> Verdict:
    counts = Counter(submitted)
    recipients = repeated = silent = flagged = unknown = missed = 0
    store = SqliteStore(folder / "ledger.db", read_only=True)
    try:
        campaign = store.campaign(NAME)
        assert campaign is not None, "the ledger does not know the campaign"
        for row in outcomes(store, campaign.id):
            seen = counts.pop(str(row.number), 0)
            more = seen > row.segments
            recipients += 1
            repeated += more
            silent += more and not row.possible_duplicate
            flagged += row.possible_duplicate
            unknown += row.state is Outcome.UNKNOWN
            missed += seen < row.segments and row.state is not Outcome.UNKNOWN
    finally:
        store.close()
    total = sum(submitted.values())
    return Verdict(recipients, total, repeated, silent, flagged, unknown, missed, len(counts))


def _judge(verdict: Verdict, bound: int, unknowns: str) -> int:
    again, held = (bound, 0) if unknowns == "resend" else (0, bound)
    rows = [
        ["recipients", "", "allowed"],
        ["in the ledger", f"{verdict.recipients:,}", ""],
        ["submitted less often than their segments", f"{verdict.missed:,}", "0"],
        ["submitted more often", f"{verdict.repeated:,}", f"{again:,}"],
        ["... and not flagged possible_duplicate", f"{verdict.silent:,}", "0"],
        ["flagged possible_duplicate in all", f"{verdict.flagged:,}", f"{again:,}"],
        ["unknown for good", f"{verdict.unknown:,}", f"{held:,}"],
        ["at the SMSC and not in the ledger", f"{verdict.strangers:,}", "0"],
    ]
    print(table(rows))
    print(f"submit_sm at the SMSC: {verdict.submits:,} for {verdict.recipients * SEGMENTS:,} segments")
    never = verdict.missed or verdict.silent or verdict.strangers
    wrong = never or verdict.flagged > again or verdict.repeated > again or verdict.unknown > held
    print("VIOLATED" if wrong else "held")
    return 1 if wrong else 0
