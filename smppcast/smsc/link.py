"""One TCP connection of the simulated SMSC: bytes in batches, windows, backpressure, faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol, cast

from smppcast.errors import DecodeError
from smppcast.smpp.codec import decode
from smppcast.smpp.states import State
from smppcast.smpp.versions import speaks_3_3
from smppcast.smpp.vocabulary import RESPONSE, CommandId, CommandStatus
from smppcast.smsc.bulk import SUBMIT_SM_RESP, Cutter, Run, frame
from smppcast.smsc.center import Center
from smppcast.smsc.checks import read
from smppcast.smsc.client import Bind, Client
from smppcast.smsc.delivery import Delivery
from smppcast.smsc.mishaps import Mishap, happening, torn
from smppcast.smsc.report import Owed
from smppcast.smsc.requests import Desk
from smppcast.smsc.timers import LinkTimers
from smppcast.smsc.trickle import Trickle

__all__ = ["BOUND", "Link", "LinkStatistics", "Server"]

# message_payload may fill 65,535 octets; the rest of a PDU is short.
MAX_COMMAND_LENGTH: Final = 70_000
# How long the last octets to a client that is cut in the middle of a PDU may take.
TORN_S: Final = 1.0
# A client that takes neither responses nor receipts is no longer read past this: some thousands
# of either.
WRITE_BUFFER_MAX: Final = 1 << 20
# Responses that latency holds back, a link: 40 octets each. A client whose window is larger waits.
OWED_RESPONSES_MAX: Final = 100_000
RECEIVING: Final = (State.BOUND_RX, State.BOUND_TRX)
SUBMITTING: Final = (State.BOUND_TX, State.BOUND_TRX)
BOUND: Final = (State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX)


class LinkStatistics(NamedTuple):
    """A link at one moment."""

    system_id: str
    """Of its account; empty before the bind."""
    state: str
    peer: str
    """The client's address and port."""
    submitted: int
    unanswered: int
    """Submits that await their response, those included that never get one."""
    window: int
    """The most that were unanswered at once."""
    delivered: int
    """deliver_sm that it was sent."""
    unacknowledged: int
    """Those that it has not answered."""


class Server(Protocol):
    """The SMSC that holds the links, as one of them sees it."""

    @property
    def center(self) -> Center: ...

    @property
    def touched(self) -> list[Link]:
        """Links that have something to write at the end of this turn."""
        ...

    def now(self) -> float:
        """Seconds on the clock that the centre goes by."""
        ...

    def joined(self, link: Link) -> None:
        """A connection began."""
        ...

    def left(self, link: Link) -> None:
        """A connection ended."""
        ...

    def turn(self) -> None:
        """Does what is due, writes what there is to write, and sets the alarm for the rest."""
        ...


class Link(asyncio.Protocol):
    """A client's link, bound or not.

    Attributes:
        client: its account once it is bound.
        interface_version: what both sides speak, as far as that is known.
        submitted: submits it brought; `window` the most that were unanswered at once.
        gone: set when the connection has ended.
        settled: of a link that the SMSC dialled: whether the client bound on it, once that is known.
    """

    def __init__(self, smsc: Server) -> None:
        self._smsc, self._center = smsc, smsc.center
        self._desk = Desk(smsc.center, self)
        self._cutter = Cutter(MAX_COMMAND_LENGTH, read)
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._out: list[bytes] = []
        self._holding: set[str] = set()
        self._delivery = Delivery(smsc.center, smsc.now, self)
        self._trickle: Trickle | None = None
        self._timers: LinkTimers | None = None
        self._dead = False
        self._peer = ""
        self._unanswered = self._withheld = 0
        self._client: Client | None = None
        self.state = State.OPEN
        self.interface_version = smsc.center.habits.scenario.interface_version
        self.submitted = self.window = 0
        self.settled: asyncio.Future[bool] | None = None
        self.gone = asyncio.Event()

    def __repr__(self) -> str:
        name = self._client.system_id if self._client else "-"
        traffic = f"{self.submitted} submits | {self._unanswered} unanswered"
        return f"<Link {name} {self.state} [{traffic} | {len(self._delivery)} receipts unanswered]>"

    def statistics(self) -> LinkStatistics:
        """Its counts of now."""
        return LinkStatistics(
            self.system_id or "",
            self.state,
            self._peer,
            self.submitted,
            self._unanswered,
            self.window,
            self._delivery.sent,
            len(self._delivery),
        )

    # --- asyncio.Protocol -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_MAX)
        self._peer = ":".join(map(str, transport.get_extra_info("peername", ("?", 0))[:2]))
        self._begin()
        self._smsc.joined(self)

    def connection_lost(self, _: Exception | None, /) -> None:
        self._transport = None
        if self._trickle is not None:
            self._trickle.clear()
        self._settle(bound=False)
        self.leave(State.CLOSED)
        self._smsc.left(self)
        self.gone.set()
        self._smsc.turn()  # what it did not acknowledge may go to another bind at once

    def pause_writing(self) -> None:
        self._hold("writing")

    def resume_writing(self) -> None:
        self._release("writing")
        self._delivery.pump()
        self._smsc.turn()

    def data_received(self, data: bytes) -> None:
        if self._trickle is None and self._center.habits.scenario.faults.read_bytes_per_s is None:
            self.take(data)
        else:
            self._read_slowly(data)

    def take(self, data: bytes) -> None:
        """Takes in what was read."""
        buffer = self._rest + data if self._rest else data
        found = self._cutter.cut(buffer)
        self._rest = buffer[found.consumed :]
        submits = 0
        for item in found.items:
            if isinstance(item, Run):
                submits += len(item.destinations)
        if submits:
            self._note_window(submits)
        if found.acknowledged:
            self._delivery.acknowledged(found.acknowledged)
        if found.refused:
            self._delivery.refused(found.refused)
        if self._timers is not None:
            self._timers.heard(active=bool(submits or found.acknowledged or found.refused))
        for item in found.items:
            if self._dead or self._closing:
                break
            self._item(item)
        if found.lost is not None:
            self._center.account.malformed += 1
            self.send(frame(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, [bytes(4)], [b""]))
            self.close()
        self._smsc.turn()

    # --- what comes in --------------------------------------------------------------------

    def _item(self, item: Run | bytes) -> None:
        if isinstance(item, bytes):
            self._other(item)
        elif self.state in SUBMITTING:
            self.submits(item, self._center.submit)
        else:
            numbers = item.sequence_numbers
            self.send(frame(SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, numbers, [b""] * len(numbers)))
            self.turn_away(item.destinations, CommandStatus.ESME_RINVBNDSTS)

    def submits(self, run: Run, take_in: Callable[[Bind, Run, float], None]) -> None:
        """Brings a run of submits before the centre's `take_in`, and the link's faults with it."""
        habits, before, count = self._center.habits, self.submitted, len(run.destinations)
        mishap = Mishap.NONE
        if not habits.calm:
            count, mishap = happening(habits, before, count, self._center.account.submitted)
            run = run.head(count)
        self.submitted += count
        self._unanswered += count
        if self._unanswered > self.window:
            self._note_window(0)  # of what comes by itself: data_sm and the like
        take_in(self, run, self._smsc.now())
        if mishap is not Mishap.NONE:
            self._befall(mishap)
        if self._unanswered - self._withheld > OWED_RESPONSES_MAX:
            self._hold("responses")

    def turn_away(self, destinations: Sequence[bytes], status: int) -> None:
        """Takes note of submits that are refused before they come before the centre."""
        self.submitted += len(destinations)
        self._center.turn_away(self.system_id or "", destinations, status, self._smsc.now())

    def _befall(self, mishap: Mishap) -> None:
        faults, now = self._center.habits.scenario.faults, self._smsc.now()
        match mishap:
            case Mishap.CUT:
                self.cut()
            case Mishap.HALF_OPEN:
                self._dead = True
                self._hold("half-open")
                self._center.wheel.push(now + faults.half_open_s, self.cut)
            case Mishap.UNBIND:
                self.unbind()
            case Mishap.STALL:
                self._hold("stall")
                self._center.wheel.push(now + faults.stall_s, partial(self._release, "stall"))
            case Mishap.NONE:
                pass

    def _other(self, pdu: bytes) -> None:
        """Any PDU but submit_sm and deliver_sm_resp, and every one of those that is malformed or special."""
        try:
            self._desk.answer(decode(pdu, strict=True), self._smsc.now())
        except DecodeError as error:
            self._center.account.malformed += 1
            if not error.command_id & RESPONSE:
                self._desk.refuse(error.command_id, error.sequence_number, error.command_status)
        if self.state is State.UNBOUND:
            self.close()

    def answered(self, sequence_number: int, status: int) -> None:
        """A request of the SMSC's own was answered by data_sm_resp or generic_nack."""
        number = sequence_number.to_bytes(4, "big")
        if status:
            self._delivery.refused([(number, status)])
        else:
            self._delivery.acknowledged([number])

    def _note_window(self, count: int) -> None:
        window = self._unanswered + count
        if window > self.window and self._client is not None:
            self.window = window
            account, system_id = self._center.account, self._client.system_id
            account.window = max(account.window, window)
            account.windows[system_id] = max(account.windows[system_id], window)

    # --- as the centre sees it ------------------------------------------------------------

    @property
    def client(self) -> Client:
        """The account it is bound for, or was."""
        if self._client is None:
            raise LookupError("a link that never was bound has no account")
        return self._client

    @property
    def system_id(self) -> str | None:
        """The account's name; None before the bind."""
        return self._client.system_id if self._client else None

    @property
    def receives(self) -> bool:
        """Whether it may be sent receipts."""
        return self.state in RECEIVING

    @property
    def speaks_3_3(self) -> bool:
        """As `Bind.speaks_3_3`."""
        return speaks_3_3(self.interface_version)

    def answer(self, pdus: bytes, count: int) -> None:
        """Sends responses to `count` submits."""
        self._unanswered -= count
        self.send(pdus)
        if "responses" in self._holding and self._unanswered - self._withheld <= OWED_RESPONSES_MAX // 2:
            self._release("responses")

    def withhold(self, count: int) -> None:
        """Takes note that `count` submits are never answered."""
        self._withheld += count
        self._center.account.withheld += count

    def receive(self, owed: Owed) -> None:
        """Sends receipts as its window has room."""
        self._delivery.receive(owed)

    def bring(self, bodies: Sequence[bytes]) -> None:
        """Sends inbound messages as its window has room."""
        self._delivery.bring(bodies)

    @property
    def writable(self) -> bool:
        """Whether the client takes what it is sent."""
        return "writing" not in self._holding

    # --- what goes out --------------------------------------------------------------------

    def request(self, pdu: bytes) -> None:
        """Sends a request of the SMSC's own; its sequence_number is written here."""
        self.send(pdu[:12] + self._delivery.numbers(1)[0] + pdu[16:])

    def send(self, pdus: bytes) -> None:
        """Adds to what this turn writes."""
        if not self._out:
            self._smsc.touched.append(self)
        self._out.append(pdus)

    def flush(self) -> None:
        """One write for all that a turn has brought."""
        out, self._out = self._out, []
        if out and not self._dead and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def enquire(self) -> None:
        """Asks whether the client is there."""
        self.request(frame(CommandId.ENQUIRE_LINK, 0, [bytes(4)], [b""]))

    # --- its life -------------------------------------------------------------------------

    def _begin(self) -> None:
        """The timers that it is under."""
        scenario = self._center.habits.scenario
        if scenario.timers.any:
            self._timers = LinkTimers(scenario.timers, self._center.wheel, self._smsc.now, self)

    def _read_slowly(self, data: bytes) -> None:
        if self._trickle is None:
            self._trickle = Trickle(
                self._center.wheel,
                self._smsc.now,
                lambda: self._center.habits.scenario.faults.read_bytes_per_s,
                self.take,
                partial(self._release, "slow"),
            )
        self._trickle.add(data)
        self._hold("slow")
        self._smsc.turn()

    def outbind(self, pdu: bytes) -> asyncio.Future[bool]:
        """Asks the other side to bind (SMPP 5.0 section 4.1.1.7); the result tells whether it did."""
        self.settled = asyncio.get_running_loop().create_future()
        self.state = State.OUTBOUND
        self.request(pdu)
        return self.settled

    def _settle(self, *, bound: bool) -> None:
        if self.settled is not None and not self.settled.done():
            self.settled.set_result(bound)

    def bind(self, client: Client, state: State, interface_version: int) -> None:
        """The bind was let in."""
        self._settle(bound=True)
        self._client, self.state, self.interface_version = client, state, interface_version
        client.binds.append(self)
        if self._timers is not None:
            self._timers.arm()
        life = self._center.habits.life()
        if life is not None:
            self._center.wheel.push(self._smsc.now() + life, self.cut)
        if self.receives:
            # After the response to the bind: in the next run of the wheel.
            self._center.wheel.push(self._smsc.now(), partial(self._center.welcome, self))

    def leave(self, state: State) -> None:
        """Its bind ends here; receipts that it did not acknowledge wait for another."""
        self.state = state
        if self._client is None or self not in self._client.binds:
            return
        self._client.binds.remove(self)
        linger_s = self._center.habits.scenario.binds.linger_s
        if linger_s and state is State.CLOSED:
            self._client.lingering.append(self._smsc.now() + linger_s)
        self._delivery.leave()

    def unbind(self) -> None:
        """The SMSC unbinds; the link ends when the client has answered, or has not in time."""
        patience = self._center.habits.scenario.timers.response_s
        self._center.wheel.push(self._smsc.now() + patience, self.cut)
        self.request(frame(CommandId.UNBIND, 0, [bytes(4)], [b""]))

    def close(self) -> None:
        """Ends the link after what is written."""
        self.leave(self.state if self.state is State.UNBOUND else State.CLOSED)
        if self._out:
            self.flush()
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """Drops the link at once, with what it had still to say; or, if faults have it so, in the middle of
        that."""
        if self._transport is None:
            return
        self.leave(State.CLOSED)
        out, self._out = b"".join(self._out), []
        if self._dead or not self._center.habits.scenario.faults.cut_mid_pdu:
            self._transport.abort()
            return
        # Without a word to say, it begins one.
        self._transport.write(torn(out or frame(CommandId.ENQUIRE_LINK, 0, [b"\0\0\0\1"], [b""])))
        self._transport.close()
        self._center.wheel.push(self._smsc.now() + TORN_S, self._abort)

    def _abort(self) -> None:
        """A client that does not read is not waited for."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def _closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def _hold(self, reason: str) -> None:
        """Reading stops while there is a reason."""
        if not self._holding and not self._closing and self._transport is not None:
            self._transport.pause_reading()
        self._holding.add(reason)

    def _release(self, reason: str) -> None:
        self._holding.discard(reason)
        if not self._holding and not self._closing and self._transport is not None:
            self._transport.resume_reading()
