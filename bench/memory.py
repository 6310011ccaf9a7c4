"""Resident memory while feeds of 200,000 and of 2,000,000 rows are cast: flat, if we keep our word.

Each feed is a CSV file on disk, and each cast a fresh process, so that neither leaves memory to the
other; the simulated SMSC is another process and not counted. Receipts and ledger are on.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench._common import TWO_SEGMENTS, child, engine_at, machine, rss_mb, run, table, write_feed
from smppcast.smsc import spawn

ROWS, QUICK_ROWS = (200_000, 2_000_000), (20_000, 100_000)
LIMIT_MB = 200.0


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench memory", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", help="of each feed")
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="20,000 and 100,000 rows")
    parser.add_argument("--cast", type=int, help="cast so many rows in this process, print JSON")
    options = parser.parse_args(argv)
    if options.cast:
        print(json.dumps(run(partial(_cast, options.cast, options.window))))
        return 0
    feeds: Sequence[int] = options.rows or (QUICK_ROWS if options.quick else ROWS)
    print(machine())
    print(f"setup: a CSV feed, two segments a row, window {options.window}, receipts and ledger on")
    found = [child("memory", "--cast", rows, "--window", options.window) for rows in feeds]
    _print(found)
    peak = max(each["peak"] for each in found)
    if peak >= LIMIT_MB:
        print(f"bench memory: {peak:.0f} MB is over the bound of {LIMIT_MB:.0f} MB")
        return 1
    return 0


async def _cast(rows: int, window: int) -> dict[str, Any]:
    """Casts once; returns this process's memory before, at its peak and at its end, in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = folder / "feed.csv"
        write_feed(feed, rows)
        async with spawn("ideal") as smsc, engine_at(smsc.url, folder, window=window) as (engine, _):
            before, began = rss_mb(), time.perf_counter()
            campaign = await engine.cast(TWO_SEGMENTS, feed, name="bench")
            account = await campaign.wait()
            seconds, end = time.perf_counter() - began, rss_mb()
            theirs = await smsc.account()
    assert account.closes, account
    assert account.fed == account.delivered == rows, (account, theirs)
    # ru_maxrss counts in KiB on Linux (getrusage(2)).
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"rows": rows, "before": before, "peak": peak, "end": end, "seconds": seconds}


def _print(found: Sequence[dict[str, Any]]) -> None:
    rows = [["rows", "before, MB", "peak, MB", "end, MB", "x the first's peak", "rows/s"]]
    for each in found:
        ratio = each["peak"] / found[0]["peak"]
        sizes = (f"{each[key]:.0f}" for key in ("before", "peak", "end"))
        rows.append([f"{each['rows']:,}", *sizes, f"{ratio:.2f}", f"{each['rows'] / each['seconds']:,.0f}"])
    print(table(rows))
