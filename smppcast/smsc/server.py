"""The simulated SMSC on a socket: `serve` starts one inside a running asyncio program."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import anyio
from anyio.lowlevel import checkpoint

from smppcast.errors import ConfigError, ConnectFailed, UsageError
from smppcast.net.busy_poll import BusyPoll
from smppcast.net.clock import Clock, monotonic, wall
from smppcast.receipts import InboundMessage
from smppcast.smpp.codec import encode
from smppcast.smpp.pdu import AlertNotification, Outbind, Pdu
from smppcast.smpp.tlv import Tlvs
from smppcast.smsc.account import SmscAccount
from smppcast.smsc.center import Center
from smppcast.smsc.client import Client
from smppcast.smsc.inbound import message, ton_npi
from smppcast.smsc.keep import Keeper
from smppcast.smsc.link import BOUND, Link
from smppcast.smsc.loading import load_scenario
from smppcast.smsc.record import Recorder
from smppcast.smsc.scenario import Scenario, Step
from smppcast.smsc.schedule import Schedule
from smppcast.smsc.tap import TappedLink
from smppcast.text import Encoding, LongMessages

__all__ = ["Smsc", "serve"]

# Timers of event loops count in ms and fire late by up to one, and what is read and written takes its time:
# set, and obeyed, a ms early, latencies are right on average (of 50 ms, 50.2 are measured).
TICK_S: Final = 0.001

# Longer than between two submits of a client that sends a thousand a second.
BUSY_POLL_S: Final = 0.002

# Turns of the event loop in which an accepted connection becomes a link: a task's first step, its transport's
# first call.
ACCEPTING_TURNS: Final = 4


class Smsc:
    """A running simulated SMSC.

    Attributes:
        account: what it took in so far; it goes on changing.
        recorder: what records its links, if it was asked to.
    """

    def __init__(
        self, scenario: Scenario, *, host: str = "127.0.0.1", tls: bool = False, clock: Clock = monotonic
    ) -> None:
        self._host, self._tls, self.now = host, tls, clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._busy_poll = BusyPoll(self._loop, BUSY_POLL_S)
        self._links: dict[Link, None] = {}  # in the order of their coming
        self._references = 0
        self.port = 0
        self.center = Center(scenario, wall() - clock())
        self.touched: list[Link] = []
        self.recorder: Recorder | None = None
        self._keeper: Keeper | None = None
        self._schedule = Schedule(self.center.wheel, clock, self)

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
    def inbound_owed(self) -> int:
        """Inbound messages, in segments, not yet acknowledged."""
        return self.center.inbound_owed

    @property
    def work_s(self) -> float:
        """Processor time of this process, which may do other things as well, but for what was spent awake and
        waiting (`busy_poll`)."""
        return time.process_time() - self._busy_poll.idle_s

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections of now, in the order of their coming."""
        return tuple(self._links)

    def change(self, **changes: Any) -> None:
        """Changes parts of the scenario from here on; a mapping changes a part's named fields only.

        Messages taken in before keep their outcomes and delays. A `schedule` counts from here.

        Raises:
            ConfigError: the scenario would be none; nothing is changed.
        """
        scenario = self.scenario.changed(**changes)
        self.center.adopt(scenario)
        if "schedule" in changes:
            self._schedule.begin(scenario.schedule)
        self.turn()

    def step(self, step: Step) -> None:
        """Does one step of the schedule; a change that no longer fits the scenario is left out, and told to
        the event loop's exception handler: what else is due at the time must not suffer for it."""
        if step.change:
            try:
                self.center.adopt(self.scenario.stepped(step))
            except ConfigError as error:
                left_out = (
                    f"the simulated SMSC leaves out a change of its schedule, due at {step.at:g} s: {error}"
                )
                self._loop.call_exception_handler({"message": left_out})
        for link in self._chosen(None) if step.do else ():
            if step.do == "cut":
                link.cut()
            elif link.state in BOUND:
                link.unbind()

    # --- what befalls links ---------------------------------------------------------------

    async def cut(self, system_id: str | None = None) -> int:
        """Drops every link without a word, or those of one account; returns how many, when they are gone."""
        chosen = self._chosen(system_id)
        for link in chosen:
            link.cut()
        self.turn()  # one that is cut in the middle of a PDU, and does not read, has a second
        for link in chosen:
            await link.gone.wait()
        return len(chosen)

    def unbind(self, system_id: str | None = None) -> int:
        """Unbinds every bind, or those of one account; returns how many. A link ends when its client has
        answered."""
        chosen = [link for link in self._chosen(system_id) if link.state in BOUND]
        for link in chosen:
            link.unbind()
        self.turn()
        return len(chosen)

    async def outbind(
        self,
        host: str,
        port: int,
        *,
        system_id: str | None = None,
        password: str = "",
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
    ) -> bool:
        """Dials a client that listens and asks it to bind (SMPP 5.0 section 4.1.1.7).

        Args:
            system_id, password: what the SMSC calls itself; the scenario's system_id unless told.

        Returns:
            Whether the client has bound; False if it hung up before, or took longer.

        Raises:
            ConnectFailed: nobody listens there.
            FieldError: system_id or password is too long, or the SMSC speaks SMPP 3.3, which has no outbind.
        """
        name = self.scenario.system_id if system_id is None else system_id
        pdu = encode(
            Outbind(system_id=name, password=password), interface_version=self.scenario.interface_version
        )
        try:
            _, link = await self._loop.create_connection(
                partial(self.link, dialled=True), host, port, ssl=tls
            )
        except OSError as error:
            raise ConnectFailed(f"{host}:{port}: {error.strerror or error}") from error
        settled = link.outbind(pdu)
        self.turn()
        with anyio.move_on_after(timeout_s):
            return await settled
        link.cut()
        self.turn()
        return False

    def _chosen(self, system_id: str | None) -> list[Link]:
        return [link for link in self._links if system_id is None or link.system_id == system_id]

    # --- what the SMSC sends by itself ----------------------------------------------------

    def inject(
        self,
        text: str | bytes,
        *,
        source: str,
        to: str,
        system_id: str | None = None,
        encoding: Encoding = "auto",
        long_messages: LongMessages = "udh8",
    ) -> int:
        """Has a subscriber write to an account. Each segment is a deliver_sm, sent on a bind that receives,
        kept while there is none, and sent again until it is acknowledged.

        Args:
            text: bytes go as they are, as binary.
            source: the subscriber's number.
            to: what the subscriber wrote to.
            system_id: the account; by default the first that has a bind that receives, else the first of
                the scenario.

        Returns:
            Segments.

        Raises:
            UsageError: no account is known yet; or the text does not fit the encoding, an address its field.
        """
        self._references += 1
        bodies = message(
            text,
            source=source,
            to=to,
            encoding=encoding,
            long_messages=long_messages,
            reference=self._references & 0xFF,
        )
        self.center.inject(self._client(system_id), bodies)
        self.turn()
        return len(bodies)

    def alert(
        self, source: str, *, to: str, system_id: str | None = None, ms_availability_status: int = 0
    ) -> bool:
        """Sends an alert_notification: the subscriber `source` can be reached again, which `to`, the
        client's address, had asked to know. False while no bind of the account receives.

        Args:
            ms_availability_status: 0 available, 1 denied, 2 unavailable.

        Raises:
            UsageError: no account is known yet, or a value does not fit its field.
        """
        source_ton, source_npi = ton_npi(source)
        esme_ton, esme_npi = ton_npi(to)
        pdu = AlertNotification(
            source_addr_ton=source_ton,
            source_addr_npi=source_npi,
            source_addr=source,
            esme_addr_ton=esme_ton,
            esme_addr_npi=esme_npi,
            esme_addr=to,
            tlvs=Tlvs(ms_availability_status=ms_availability_status),
        )
        sent = self.center.notify(self._client(system_id), pdu)
        self.turn()
        return sent

    def _client(self, system_id: str | None) -> Client:
        if system_id is not None:
            return self.center.client(system_id)
        receiving = [link.client for link in self._links if link.receives]
        if receiving:
            return receiving[0]
        names = [account.system_id for account in self.scenario.accounts] or list(self.center.clients)
        if not names:
            raise UsageError("no account is known before the first bind: name its system_id")
        return self.center.client(names[0])

    def deliver(self, pdu: Pdu, system_id: str | None = None) -> bool:
        """Sends a PDU (an inbound message, say) on the first bind that receives, of that account
        or of any; it gets a sequence_number of the bind's. False without such a bind.

        Raises:
            FieldError: the PDU does not fit the specification, or the version that the bind speaks.
        """
        for link in self._links:
            if link.receives and system_id in (None, link.client.system_id):
                link.request(encode(pdu, interface_version=link.interface_version))
                self.turn()
                return True
        return False

    def record(self, file: Path) -> None:
        """Writes the links that come from here on into a pcap file.

        Raises:
            OSError: it cannot be written.
        """
        self.recorder = Recorder(file, self.center.wheel, self.now, self.center.wall)

    def keep(self, octets_max: int) -> None:
        """Keeps what clients send on links that come from here on, so much of it at most."""
        self._keeper = Keeper(octets_max)

    def requests(self, system_id: str | None = None) -> list[Pdu]:
        """The PDUs that clients sent, in their order, of one account or of all: as far as they were kept.

        Raises:
            UsageError: nothing is kept.
        """
        return list(self._kept("requests").requests(system_id))

    def messages(self, system_id: str | None = None) -> list[InboundMessage]:
        """The texts that clients submitted, put together from their segments; refused ones too, and last
        those of which a segment is missing. As far as they were kept.

        Raises:
            UsageError: nothing is kept.
        """
        return self._kept("messages").messages(system_id)

    def _kept(self, what: str) -> Keeper:
        if self._keeper is None:
            raise UsageError(f"{what}: nothing is kept: expected serve(..., keep=OCTETS), as 16_000_000")
        return self._keeper

    # --- what links need ------------------------------------------------------------------

    def link(self, *, dialled: bool = False) -> Link:
        """What takes a connection that came, or that the SMSC `dialled`."""
        if self.recorder is None and self._keeper is None:
            return Link(self)
        return TappedLink(self, self.recorder, self._keeper, dialled=dialled)

    def joined(self, link: Link) -> None:
        """A connection began."""
        self._links[link] = None
        self.account.links += 1
        self.turn()  # a client that never says a word is under its timers too

    def left(self, link: Link) -> None:
        """A connection ended."""
        self._links.pop(link, None)

    def turn(self) -> None:
        """Does what is due, writes what there is to write, and sets the alarm for the rest."""
        wheel = self.center.wheel
        wheel.run(self.now() + TICK_S)
        touched, self.touched = self.touched, []
        for link in touched:
            link.flush()
        self._busy_poll.worked()
        if touched and self.scenario.busy_poll:
            self._busy_poll.expect()
        self.account.fold()
        due = wheel.next_due
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._loop.call_later(max(0.0, due - TICK_S - self.now()), self._alarm)

    def _alarm(self) -> None:
        self._timer = None
        self.turn()

    def begin(self) -> None:
        """Starts the scenario's schedule."""
        self._schedule.begin(self.scenario.schedule)
        self.turn()

    async def close(self) -> None:
        """Ends links, schedule, timer and recording."""
        self._schedule.end()
        self._busy_poll.stop()
        await self.cut()
        if self._timer is not None:
            self._timer.cancel()
        if self.recorder is not None:
            self.recorder.close()


@asynccontextmanager
async def serve(
    scenario: Scenario | str | Path = "ideal",
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    record: str | Path | None = None,
    keep: int = 0,
    clock: Clock = monotonic,
) -> AsyncIterator[Smsc]:
    """Runs a simulated SMSC in the background of the running asyncio loop.

    Args:
        scenario: one, the name of a shipped one, or a YAML file.
        port: 0 takes a free one; see `Smsc.port` and `Smsc.url`.
        tls: a server's context, for TLS.
        record: a pcap file for its traffic, which Wireshark opens; a GB at most.
        keep: octets of what clients send that are kept for `Smsc.requests` and `Smsc.messages`, the last of
            them; without, both raise UsageError.
        clock: what latencies, rates and schedules go by. With one of your own, call `Smsc.turn` after you
            moved it.

    Raises:
        ConfigError: the scenario is none.
        OSError: the port cannot be had, or the file not be written.
    """
    smsc = Smsc(load_scenario(scenario), host=host, tls=tls is not None, clock=clock)
    listener = await asyncio.get_running_loop().create_server(smsc.link, host, port, ssl=tls)
    if record is not None:
        try:
            smsc.record(Path(record))
        except OSError:
            listener.close()
            raise
    smsc.port = listener.sockets[0].getsockname()[1]
    if keep:
        smsc.keep(keep)
    smsc.begin()
    try:
        yield smsc
    finally:
        with anyio.CancelScope(shield=True):
            await _stop_listening(listener)
            await smsc.close()


async def _stop_listening(listener: asyncio.Server) -> None:
    """Closes it once what it accepted has become links: asyncio of Python 3.11 forgets a connection, and
    leaves its socket open, whose server closes between the two."""
    loop = asyncio.get_running_loop()
    for listening in listener.sockets:
        loop.remove_reader(listening.fileno())
    for _ in range(ACCEPTING_TURNS):
        await checkpoint()
    listener.close()
