"""The simulated SMSC on a socket: `serve` starts one inside a running asyncio program."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import anyio

from smppcast.smpp.codec import encode
from smppcast.smpp.pdu import Pdu
from smppcast.smsc.account import SmscAccount
from smppcast.smsc.center import Center
from smppcast.smsc.habits import Habits
from smppcast.smsc.link import Link
from smppcast.smsc.loading import load_scenario
from smppcast.smsc.scenario import Scenario

__all__ = ["Smsc", "serve"]

# Timers of event loops count in ms and fire late by up to one: set, and obeyed, half a ms early,
# latencies are right on average.
HALF_TICK_S: Final = 0.0005


class Smsc:
    """A running simulated SMSC.

    Attributes:
        account: what it took in so far; it goes on changing.
    """

    def __init__(self, scenario: Scenario, *, host: str, tls: bool) -> None:
        self._host, self._tls = host, tls
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._links: set[Link] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.port = 0
        self.center = Center(scenario, time.time() - time.monotonic())
        self.touched: list[Link] = []

    def __repr__(self) -> str:
        owed, name = self.receipts_owed, self.scenario.name
        traffic = f"{len(self._links)} links | {self.account.submitted} submits | {owed} receipts owed"
        return f"<Smsc {name} :{self.port} [{traffic}]>"

    @property
    def url(self) -> str:
        """An address that a client may bind with: of the first account, or of anybody."""
        scheme = "smpps" if self._tls else "smpp"
        host = f"[{self._host}]" if ":" in self._host else self._host
        accounts = self.scenario.accounts
        user = quote(accounts[0].system_id, safe="") if accounts else "esme"
        secret = f":{quote(accounts[0].password, safe='')}" if accounts and accounts[0].password else ""
        return f"{scheme}://{user}{secret}@{host}:{self.port}"

    @property
    def scenario(self) -> Scenario:
        """What it goes by now."""
        return self.center.habits.scenario

    @property
    def account(self) -> SmscAccount:
        """What it took in."""
        return self.center.account

    @property
    def receipts_owed(self) -> int:
        """Receipts not yet acknowledged, those not yet due included."""
        return self.center.receipts_owed

    @property
    def links(self) -> frozenset[Link]:
        """The connections of now."""
        return frozenset(self._links)

    def change(self, **changes: Any) -> None:
        """Changes parts of the scenario from here on; a mapping changes a part's named fields only.

        Messages taken in before keep their outcomes and delays.

        Raises:
            ConfigError: the scenario would be none; nothing is changed.
        """
        self.center.habits = Habits(self.scenario.changed(**changes))

    async def cut(self) -> None:
        """Drops every link without a word, and returns when they are gone."""
        for link in self._links:
            link.cut()
        await self._empty.wait()

    def deliver(self, pdu: Pdu, system_id: str | None = None) -> bool:
        """Sends a PDU (an inbound message, say) on the first bind that receives, of that account
        or of any; it gets a sequence_number of the bind's. False without such a bind.

        Raises:
            FieldError: the PDU does not fit the specification, or the version that the bind speaks.
        """
        for link in sorted(self._links, key=id):
            if link.receives and system_id in (None, link.client.system_id):
                link.request(encode(pdu, interface_version=link.interface_version))
                self.turn()
                return True
        return False

    # --- what links need ------------------------------------------------------------------

    def now(self) -> float:
        """Seconds on the clock that the centre goes by."""
        return time.monotonic()

    def joined(self, link: Link) -> None:
        """A connection began."""
        self._links.add(link)
        self._empty.clear()
        self.account.links += 1

    def left(self, link: Link) -> None:
        """A connection ended."""
        self._links.discard(link)
        if not self._links:
            self._empty.set()

    def turn(self) -> None:
        """Does what is due, writes what there is to write, and sets the alarm for the rest."""
        wheel = self.center.wheel
        wheel.run(self.now() + HALF_TICK_S)
        touched, self.touched = self.touched, []
        for link in touched:
            link.flush()
        due = wheel.next_due
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._loop.call_later(max(0.0, due - HALF_TICK_S - self.now()), self._alarm)

    def _alarm(self) -> None:
        self._timer = None
        self.turn()

    async def close(self) -> None:
        """Ends links and timer."""
        await self.cut()
        if self._timer is not None:
            self._timer.cancel()


@asynccontextmanager
async def serve(
    scenario: Scenario | str | Path = "ideal",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Smsc]:
    """Runs a simulated SMSC in the background of the running asyncio loop.

    Args:
        scenario: one, the name of a shipped one, or a YAML file.
        port: 0 takes a free one; see `Smsc.port` and `Smsc.url`.
        tls: a server's context, for TLS.

    Raises:
        ConfigError: the scenario is none.
        OSError: the port cannot be had.
    """
    smsc = Smsc(load_scenario(scenario), host=host, tls=tls is not None)
    listener = await asyncio.get_running_loop().create_server(lambda: Link(smsc), host, port, ssl=tls)
    smsc.port = listener.sockets[0].getsockname()[1]
    try:
        yield smsc
    finally:
        listener.close()
        with anyio.CancelScope(shield=True):
            await smsc.close()
