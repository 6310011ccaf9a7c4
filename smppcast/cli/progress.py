"""How a campaign stands while it runs: a live table on a terminal, else a plain line now and then.

Both go to standard error: standard output is for machines.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass

import anyio
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine
from smppcast.model import Account
from smppcast.operators.lane import LaneStatistics

__all__ = ["Meter", "duration", "show_progress"]

LIVE_S, PLAIN_S = 0.25, 5.0
# The rate shown is that of the last seconds: steady enough to read, quick enough to follow.
RATE_OVER_S = 4.0


def duration(seconds: float) -> str:
    """As people read it: "8 s", "4 min", "5 h 40 min"."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


class Meter:
    """A rate over the last seconds, from a count that grows."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> float:
        samples = self._samples
        samples.append((at, count))
        while len(samples) > 2 and samples[1][0] <= at - RATE_OVER_S:
            samples.popleft()
        (began, first), (ended, last) = samples[0], samples[-1]
        return (last - first) / (ended - began) if ended > began else 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    """A lane at one moment; `left_s` is None while nothing moves."""

    lane: LaneStatistics
    open: int
    rate: float
    left_s: float | None


class _View:
    """Samples lanes and account, and words what it sees."""

    def __init__(self, engine: Engine, campaign: Campaign, asked: anyio.Event) -> None:
        self._engine, self._campaign, self._asked = engine, campaign, asked
        self._segments: dict[str, Meter] = {}
        self._recipients: dict[str, Meter] = {}

    def rows(self) -> tuple[list[_Row], Account]:
        now = time.monotonic()
        parts, rows = self._campaign.by_operator(), []
        for lane in self._engine.statistics():
            part = parts.get(lane.name) or Account(self._campaign.name)
            open_ = part.not_sent + part.in_flight
            rate = self._segments.setdefault(lane.name, Meter()).add(now, lane.sent)
            done = self._recipients.setdefault(lane.name, Meter()).add(now, part.fed - open_)
            left = 0.0 if not open_ else open_ / done if done else None
            rows.append(_Row(lane, open_, rate, left))
        return rows, self._campaign.account()

    def line(self) -> str:
        rows, account = self.rows()
        sent = sum(row.lane.sent for row in rows)
        parts = [
            f"{account.fed:,} fed",
            f"{sent:,} segments sent",
            f"{account.accepted:,} accepted",
            f"{sum(row.lane.receipts for row in rows):,} receipts",
            f"{sum(row.rate for row in rows):,.0f}/s",
        ]
        left = _longest(rows)
        if account.awaiting_receipt and not any(row.open for row in rows):
            parts.append(f"{account.awaiting_receipt:,} await their receipt")
        elif left is not None:
            parts.append(f"{duration(left)} left")
        if self._asked.is_set():
            parts.append("stopping: waiting for answers")
        down = (f"{row.lane.name} {_down(row.lane)}" for row in rows if row.lane.error)
        return f"{self._campaign.name}: " + "; ".join([", ".join(parts), *down])

    def table(self) -> Table:
        rows, account = self.rows()
        # Text, since names and errors may hold what rich takes for markup.
        title = Text(f"{self._campaign.name}: {account.fed:,} fed, {account.accepted:,} accepted")
        caption = Text(self._caption(rows, account))
        table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
        table.add_column("operator")
        for name in ("binds", "sent", "accepted", "refused", "receipts", "in flight", "per second", "left"):
            table.add_column(name, justify="right")
        for row in rows:
            lane = row.lane
            table.add_row(
                Text(lane.name),
                f"{lane.bound}/{lane.binds}",
                f"{lane.sent:,}",
                f"{lane.accepted:,}",
                f"{lane.refused:,}",
                f"{lane.receipts:,}",
                f"{lane.in_flight:,}/{lane.window:,}",
                f"{row.rate:,.0f}",
                _left(row),
            )
        return table

    def _caption(self, rows: list[_Row], account: Account) -> str:
        down = [f"{row.lane.name}: {_down(row.lane)}" for row in rows if row.lane.error]
        if self._asked.is_set():
            down.append("Stopping: waiting for answers; Ctrl-C again stops at once.")
        elif account.awaiting_receipt and not any(row.open for row in rows):
            down.append(f"All answered; {account.awaiting_receipt:,} await their receipt.")
        return "\n".join(down)


def _left(row: _Row) -> str:
    if not row.open:
        return "done" if row.lane.sent else ""
    return "" if row.left_s is None else duration(row.left_s)


def _longest(rows: list[_Row]) -> float | None:
    lefts = [row.left_s for row in rows if row.open]
    known = [left for left in lefts if left is not None]
    return max(known) if known and len(known) == len(lefts) else None


def _down(lane: LaneStatistics) -> str:
    return f"{lane.bound}/{lane.binds} bound, {lane.error}"


async def show_progress(engine: Engine, campaign: Campaign, asked: anyio.Event) -> None:
    """Shows it until cancelled.

    Args:
        asked: set when the user wants an end.
    """
    view = _View(engine, campaign, asked)
    await (_live(view) if sys.stderr.isatty() else _plain(view))


async def _plain(view: _View) -> None:
    view.rows()  # the first sample: a rate needs two
    while True:
        await anyio.sleep(PLAIN_S)
        print(view.line(), file=sys.stderr, flush=True)


async def _live(view: _View) -> None:
    with Live(view.table(), console=Console(stderr=True), auto_refresh=False) as live:
        try:
            while True:
                await anyio.sleep(LIVE_S)
                live.update(view.table(), refresh=True)
        finally:
            live.update(view.table(), refresh=True)
