"""How a simulated SMSC stands while it runs: a live table on a terminal, else a plain line now and then.

Both go to standard error: standard output is for machines.
"""

from __future__ import annotations

import sys
import time
from weakref import WeakKeyDictionary

import anyio
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from smppcast.cli.progress import LIVE_S, PLAIN_S, Meter
from smppcast.smpp.vocabulary import status_name
from smppcast.smsc import Smsc
from smppcast.smsc.link import Link

__all__ = ["View", "watch"]

# A line for each bind that a terminal can show; the others are in the sums.
ROWS_MAX = 30
# Columns of a terminal that holds the clients' addresses.
WIDE = 110


class View:
    """Samples an SMSC, and words what it sees."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._in, self._out = Meter(), Meter()
        self._links: WeakKeyDictionary[Link, tuple[Meter, Meter]] = WeakKeyDictionary()

    def _rates(self, now: float) -> tuple[float, float]:
        """Submits and deliver_sm a second."""
        account = self._smsc.account
        delivered = account.receipts_sent + account.inbound_sent
        return self._in.add(now, account.submitted), self._out.add(now, delivered)

    def line(self, now: float) -> str:
        """All of it in one line."""
        smsc, account = self._smsc, self._smsc.account
        submits, deliveries = self._rates(now)
        bound = sum(link.system_id is not None for link in smsc.links)
        parts = [
            f"{bound} binds",
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
        submits, deliveries = self._rates(now)
        # Text, since what clients call themselves may look like rich's markup.
        title = Text(f"{self._smsc.scenario.name}: {self._smsc.url}")
        table = Table(
            title=title, title_justify="left", caption=Text(self._caption()), caption_justify="left"
        )
        for name in ("account", "bind", "client") if wide else ("account", "bind"):
            table.add_column(name)
        for name in ("submits", "in/s", "window", "most", "delivered", "out/s", "owed"):
            table.add_column(name, justify="right")
        links = [link for link in self._smsc.links if link.system_id is not None]
        for link in links[:ROWS_MAX]:
            table.add_row(*self._row(link, now, wide=wide))
        more = len(links) - ROWS_MAX
        account = self._smsc.account
        table.add_section()
        table.add_row(
            f"{len(links)} binds" + (f", {more} not shown" if more > 0 else ""),
            *[""] * (2 if wide else 1),
            f"{account.submitted:,}",
            f"{submits:,.0f}",
            f"{sum(link.statistics().unanswered for link in links):,}",
            f"{account.window:,}",
            f"{account.receipts_sent + account.inbound_sent:,}",
            f"{deliveries:,.0f}",
            f"{sum(link.statistics().unacknowledged for link in links):,}",
        )
        return table

    def _row(self, link: Link, now: float, *, wide: bool) -> list[str | Text]:
        counts = link.statistics()
        submits, deliveries = self._links.setdefault(link, (Meter(), Meter()))
        return [
            Text(counts.system_id),
            counts.state.removeprefix("bound_"),
            *([counts.peer] if wide else []),
            f"{counts.submitted:,}",
            f"{submits.add(now, counts.submitted):,.0f}",
            f"{counts.unanswered:,}",
            f"{counts.window:,}",
            f"{counts.delivered:,}",
            f"{deliveries.add(now, counts.delivered):,.0f}",
            f"{counts.unacknowledged:,}",
        ]

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
