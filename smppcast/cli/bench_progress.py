"""How a benchmark stands while it runs: a live line on a terminal, else a plain one now and then."""

from __future__ import annotations

import sys

import anyio
from rich.console import Console
from rich.live import Live
from rich.text import Text

from smppcast.cli.progress import LIVE_S, PLAIN_S, Meter
from smppcast.load import Load, Step

__all__ = ["show_progress", "show_step"]


def show_step(step: Step) -> None:
    """Tells what came of one rate of a search, where there is no terminal."""
    if not sys.stderr.isatty():
        held = f"not held: {step.broken}" if step.broken else "held"
        print(f"{step.per_s:,g}/s: {held}", file=sys.stderr, flush=True)


async def show_progress(load: Load, *, steps: bool) -> None:
    """Shows it until cancelled.

    Args:
        steps: whether `show_step` tells enough where there is no terminal.
    """
    if sys.stderr.isatty():
        await _live(load)
    elif not steps:
        await _plain(load)


async def _plain(load: Load) -> None:
    meter = Meter()
    meter.add(load.clock(), 0)  # the first sample: a rate needs two
    while True:
        await anyio.sleep(PLAIN_S)
        rate = meter.add(load.clock(), load.measured.acknowledged)
        print(_line(load, rate), file=sys.stderr, flush=True)


async def _live(load: Load) -> None:
    meter, measured = Meter(), load.measured
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        while True:
            if measured is not load.measured:  # another run began
                meter, measured = Meter(), load.measured
            rate = meter.add(load.clock(), measured.acknowledged)
            live.update(Text(_line(load, rate)), refresh=True)
            await anyio.sleep(LIVE_S)


def _line(load: Load, rate: float) -> str:
    measured = load.measured
    schedule, refused = measured.schedule, measured.acknowledged - measured.statuses[0]
    asked = f" of {schedule.per_s:,g}/s" if schedule.per_s is not None else ""
    parts = [
        f"{max(0.0, load.clock() - schedule.began):.0f} of {schedule.ends - schedule.began:g} s",
        f"{rate:,.0f}/s{asked}",
        f"{measured.sent:,} sent",
        f"{measured.acknowledged:,} acknowledged",
        f"{refused:,} of them refused" if refused else "",
        f"{measured.receipts:,} receipts" if measured.receipts else "",
        f"{load.in_flight:,} in flight",
        f"{load.waiting:,} late" if load.waiting else "",
        f"p99 {measured.latency.percentile(99) * 1e3:,.1f} ms",
        f"{measured.links_lost} links lost" if measured.links_lost else "",
        "stopping: Ctrl-C again ends at once" if load.stopping else "",
    ]
    return ", ".join(filter(None, parts))
