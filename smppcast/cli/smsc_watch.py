"""How a simulated SMSC stands while it runs: a live table on a terminal, else a plain line now and then.

Both go to standard error: standard output is for machines.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import anyio
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from smppcast.cli.progress import LIVE_S, PLAIN_S, RATE_OVER_S
from smppcast.smpp.vocabulary import status_name
from smppcast.smsc import Smsc
from smppcast.smsc.link import Link

__all__ = ["View", "watch"]

# A line for each bind that a terminal can show; the others are in the sums.
ROWS_MAX = 30
# Columns of a terminal that holds the clients' addresses.
WIDE = 110


_Counts = tuple[int, int]  # submits, deliver_sm


@dataclass(frozen=True, slots=True)
class _Sample:
    """What was counted by one moment, of all links and of those that were bound then."""

    at: float
    total: _Counts
    links: dict[Link, _Counts]


class View:
    """Samples an SMSC, and words what it sees.

    Rates are all over the same seconds, so that those of links, ended ones included, make up the sum's.
    """

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._samples: deque[_Sample] = deque()

    def _sample(self, now: float) -> _Sample:
        account, samples = self._smsc.account, self._samples
        links = {}
        for link in self._bound():
            counts = link.statistics()
            links[link] = counts.submitted, counts.delivered
        total = account.submitted, account.receipts_sent + account.inbound_sent
        samples.append(_Sample(now, total, links))
        while len(samples) > 2 and samples[1].at <= now - RATE_OVER_S:
            samples.popleft()
        return samples[-1]

    def _bound(self) -> list[Link]:
        return [link for link in self._smsc.links if link.system_id is not None]

    def _rates(self, link: Link | None = None) -> tuple[float, float]:
        """Submits and deliver_sm a second, of one link or of all. One that came meanwhile began with none."""
        first, last = self._samples[0], self._samples[-1]
        then, now = (
            (first.total, last.total) if link is None else (first.links.get(link, (0, 0)), last.links[link])
        )
        seconds = last.at - first.at
        if seconds <= 0:
            return 0.0, 0.0
        return (now[0] - then[0]) / seconds, (now[1] - then[1]) / seconds

    def line(self, now: float) -> str:
        """All of it in one line."""
        smsc, account, sample = self._smsc, self._smsc.account, self._sample(now)
        submits, deliveries = self._rates()
        parts = [
            f"{len(sample.links)} binds",
            f"{account.submitted:,} submits",
            f"{submits:,.0f}/s in",
            f"{account.receipts_sent + account.inbound_sent:,} delivered",
            f"{deliveries:,.0f}/s out",
            f"{smsc.receipts_owed:,} receipts owed",
            *self._refusals(),
        ]
        return f"{smsc.scenario.name}: {', '.join(parts)}"

    def table(self, now: float, *, wide: bool = True) -> Table:
        """A row a bind, and the sums; `wide` has the clients' addresses too."""
        sample = self._sample(now)
        # Text, since what clients call themselves may look like rich's markup.
        title = Text(f"{self._smsc.scenario.name}: {self._smsc.url}")
        table = Table(
            title=title,
            title_justify="left",
            caption=Text(self._caption()),
            caption_justify="left",
            collapse_padding=not wide,
        )
        for name in ("account", "bind", "client") if wide else ("account", "bind"):
            table.add_column(name)
        for name in ("submits", "in/s", "window", "most", "delivered", "out/s", "unacked", "owed"):
            table.add_column(name, justify="right")
        for link in list(sample.links)[:ROWS_MAX]:
            table.add_row(*self._row(link, wide=wide))
        blank = [""] * (2 if wide else 1)
        self._add_ended(table, sample, blank)
        table.add_section()
        self._add_sums(table, sample, blank)
        return table

    def _row(self, link: Link, *, wide: bool) -> list[str | Text]:
        counts = link.statistics()
        submits, deliveries = self._rates(link)
        return [
            Text(counts.system_id),
            counts.state.removeprefix("bound_"),
            *([counts.peer] if wide else []),
            f"{counts.submitted:,}",
            f"{submits:,.0f}",
            f"{counts.unanswered:,}",
            f"{counts.window:,}",
            f"{counts.delivered:,}",
            f"{deliveries:,.0f}",
            f"{counts.unacknowledged:,}",
            "",
        ]

    def _add_ended(self, table: Table, sample: _Sample, blank: list[str]) -> None:
        """What the sums have of links that ended, or never were bound."""
        ended = [whole - part for whole, part in zip(sample.total, _sums(sample.links.values()), strict=True)]
        if not any(ended):
            return
        known = _sums(self._rates(link) for link in sample.links)
        # Of floats, whose difference may fall short of 0.
        submits, deliveries = (
            max(0.0, whole - part) for whole, part in zip(self._rates(), known, strict=True)
        )
        cells = [f"{ended[0]:,}", f"{submits:,.0f}", "", "", f"{ended[1]:,}", f"{deliveries:,.0f}"]
        table.add_row("ended", *blank, *cells)

    def _add_sums(self, table: Table, sample: _Sample, blank: list[str]) -> None:
        links = [link.statistics() for link in sample.links]
        more = len(links) - ROWS_MAX
        submits, deliveries = self._rates()
        table.add_row(
            f"{len(links)} binds" + (f", {more} not shown" if more > 0 else ""),
            *blank,
            f"{sample.total[0]:,}",
            f"{submits:,.0f}",
            f"{sum(link.unanswered for link in links):,}",
            f"{self._smsc.account.window:,}",
            f"{sample.total[1]:,}",
            f"{deliveries:,.0f}",
            f"{sum(link.unacknowledged for link in links):,}",
            f"{self._smsc.receipts_owed + self._smsc.inbound_owed:,}",
        )

    def _caption(self) -> str:
        smsc = self._smsc
        lines = [
            f"{smsc.account.accepted:,} accepted, {smsc.receipts_owed:,} receipts owed"
            + (f", {smsc.inbound_owed:,} inbound owed" if smsc.inbound_owed else ""),
            *self._refusals(),
        ]
        if smsc.recorder is not None and smsc.recorder.stopped is not None:
            lines.append(f"recording stopped: {smsc.recorder.stopped}")
        return "\n".join(lines)

    def _refusals(self) -> list[str]:
        refused = self._smsc.account.refused.most_common(4)
        return [f"refused {count:,} {status_name(status)}" for status, count in refused]


def _sums(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    pairs = list(pairs)
    return sum(first for first, _ in pairs), sum(second for _, second in pairs)


async def watch(smsc: Smsc) -> None:
    """Shows it until cancelled."""
    view = View(smsc)
    await (_live(view) if sys.stderr.isatty() else _plain(view))


async def _plain(view: View) -> None:
    view.line(time.monotonic())  # the first sample: a rate needs two
    while True:
        await anyio.sleep(PLAIN_S)
        print(view.line(time.monotonic()), file=sys.stderr, flush=True)


async def _live(view: View) -> None:
    console = Console(stderr=True)

    def table() -> Table:
        return view.table(time.monotonic(), wide=console.width >= WIDE)

    with Live(table(), console=console, auto_refresh=False) as live:
        try:
            while True:
                await anyio.sleep(LIVE_S)
                live.update(table(), refresh=True)
        finally:
            live.update(table(), refresh=True)
