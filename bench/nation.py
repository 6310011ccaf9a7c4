"""The real engine on as much of a nation as some minutes allow, and what the whole would take.

80 million recipients get a text of three segments: ledger at synchronous=FULL, random message_ids of 16
digits, a receipt for each segment, acknowledged after its commit. The campaign is stopped when its time is
over. What a segment costs is measured in ten parts of the run; a line through them, and not their mean, is
drawn on to the end: a cost that grows shows.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

import anyio

from bench._common import (
    FIRST_NUMBER,
    CountingStore,
    child,
    machine,
    process_cpu,
    rss_mb,
    run,
    table,
    written,
)
from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.operators.settings import OperatorSettings
from smppcast.smsc import load_scenario, spawn

NATION, SEGMENTS = 80_000_000, 3
TEXT = "Bonjour à tous, restez chez vous! " * 12
PARTS = 10


@dataclass(frozen=True)
class Sample:
    """One moment; all but memory count from the start."""

    seconds: float
    fed: int  # recipients
    receipts: int
    cpu_s: float
    smsc_cpu_s: float
    written: int  # octets, as the kernel sends them to the disk
    rss_mb: float
    commits: int
    longest_s: float


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    if options.inside:
        print(json.dumps([asdict(sample) for sample in run(partial(_run, options))]))
        return 0
    print(machine())
    print(
        f"setup: {SEGMENTS} segments a recipient, {options.binds} binds, window {options.window}, receipts, "
        f"random message_ids, SQLite synchronous=FULL in {tempfile.gettempdir()}, {options.minutes:g} min"
    )
    settings = (
        "--inside",
        "--minutes",
        options.minutes,
        "--window",
        options.window,
        "--binds",
        options.binds,
    )
    found: Any = child("nation", *settings)
    return _report([Sample(**each) for each in found])


def _options(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m bench nation", description=__doc__)
    parser.add_argument("--minutes", type=float, help="default 5; a twentieth with --quick")
    parser.add_argument("--window", type=int, default=1_000)
    parser.add_argument("--binds", type=int, default=4)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--inside", action="store_true", help="measure in this process, print JSON")
    options = parser.parse_args(argv)
    options.minutes = options.minutes or (0.05 if options.quick else 5.0)
    return options


async def _run(options: Namespace) -> list[Sample]:
    scenario = load_scenario("ideal").changed(message_ids={"source": "random16"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = CountingStore(folder / "ledger.db")
        try:
            async with spawn(scenario) as smsc:
                binding = {"window": options.window, "binds": options.binds}
                operator = {"url": smsc.url, "password": "x", **binding}
                settings = EngineSettings(
                    {"operator": OperatorSettings.model_validate(operator)}, settle_s=120, rejects=folder
                )
                async with Engine.open(settings, store) as engine:
                    await engine.lanes["operator"].bound()
                    campaign = await engine.cast(TEXT, _numbers(), name="nation")
                    samples = await _watch(campaign, store, smsc.pid, 60 * options.minutes)
                    campaign.stop()
                    await campaign.over()
                    account = campaign.account()
                    assert account.closes, account
        finally:
            store.close()
    return samples


def _numbers() -> Iterator[str]:
    return map(str, range(FIRST_NUMBER, FIRST_NUMBER + NATION))


async def _watch(campaign: Campaign, store: CountingStore, smsc_pid: int, seconds: float) -> list[Sample]:
    began, cpu, smsc_cpu, written_before = (
        time.perf_counter(),
        time.process_time(),
        process_cpu(smsc_pid),
        written(),
    )
    samples = []
    for part in range(PARTS + 1):
        await anyio.sleep(max(0.0, began + seconds * part / PARTS - time.perf_counter()))
        account = campaign.account()
        samples.append(
            Sample(
                time.perf_counter() - began,
                account.fed,
                account.receipts.matched,
                time.process_time() - cpu,
                process_cpu(smsc_pid) - smsc_cpu,
                written() - written_before,
                rss_mb(),
                store.commits,
                store.longest_s,
            )
        )
    return samples


# --- what it comes to ------------------------------------------------------------------------


def _report(samples: Sequence[Sample]) -> int:
    rows = [["fed", "segments", "a second", "CPU us each", "SMSC's", "octets written", "RSS, MB"]]
    for before, after in pairwise(samples):
        done = max(1, after.receipts - before.receipts)
        rows.append(
            [
                f"{after.fed:,}",
                f"{after.receipts:,}",
                f"{done / (after.seconds - before.seconds):,.0f}",
                f"{(after.cpu_s - before.cpu_s) / done * 1e6:.1f}",
                f"{(after.smsc_cpu_s - before.smsc_cpu_s) / done * 1e6:.1f}",
                f"{(after.written - before.written) / done:.0f}",
                f"{after.rss_mb:.0f}",
            ]
        )
    print(table(rows))
    last = samples[-1]
    print(f"{last.commits:,} commits, the longest {last.longest_s * 1e3:.0f} ms; all accounts close")
    for line in extrapolated(samples, NATION * SEGMENTS):
        print(line)
    return 0


def extrapolated(samples: Sequence[Sample], segments: int) -> list[str]:
    """What so many segments would take, by a line through the cost of each part of the run.

    The first part is left out: it holds the start. A machine's pace drifts over minutes, a virtual one's
    above all, and a line drawn on to the end makes much of that; the SMSC does the same work for every
    segment, so the hours are given beside its cost too, which takes the drift out.
    """
    parts = list(pairwise(samples))[1:]
    middles = [(before.receipts + after.receipts) / 2 for before, after in parts]

    def whole(each: Sequence[float]) -> tuple[float, float]:
        """The cost of all segments, and of the last one beside the first."""
        slope, start = linear_regression(middles, each)
        return segments * start + slope * segments**2 / 2, (start + slope * segments) / start

    def cost(name: str) -> list[float]:
        return [
            (getattr(after, name) - getattr(before, name)) / max(1, after.receipts - before.receipts)
            for before, after in parts
        ]

    took, smsc = cost("seconds"), cost("smsc_cpu_s")
    seconds, growth = whole(took)
    steady, steady_growth = whole([each * fmean(smsc) / pace for each, pace in zip(took, smsc, strict=True)])
    octets, _ = whole(cost("written"))
    slope, start = linear_regression(middles, [after.rss_mb for _, after in parts])
    cores = os.cpu_count()
    return [
        f"{segments:,} segments: {seconds / 3600:.2f} hours on this machine's {cores} cores",
        f"cost of the last one: {growth:.2f} times that of the first",
        f"the machine's drift taken out: {steady / 3600:.2f} hours, {steady_growth:.2f} times",
        f"written to disk: {octets / 1e9:.0f} GB; memory at the end: {start + slope * segments:.0f} MB",
    ]
