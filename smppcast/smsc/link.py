"""One TCP connection of the simulated SMSC: bytes in batches, windows, backpressure, faults."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Final, NamedTuple, Protocol, cast

from smppcast.errors import DecodeError
from smppcast.smpp.states import State
from smppcast.smpp.versions import speaks_3_3
from smppcast.smpp.vocabulary import RESPONSE, CommandId, CommandStatus
from smppcast.smsc.bulk import DELIVER_SM, SUBMIT_SM_RESP, Cutter, Run, frame
from smppcast.smsc.center import Center
from smppcast.smsc.checks import read
from smppcast.smsc.client import Bind, Client
from smppcast.smsc.dialect import without_tlvs
from smppcast.smsc.inbound import Mailbox
from smppcast.smsc.report import Again, Owed
from smppcast.smsc.requests import Desk

__all__ = ["BOUND", "Link", "LinkStatistics", "Server"]

# message_payload may fill 65,535 octets; the rest of a PDU is short.
MAX_COMMAND_LENGTH: Final = 70_000
SEQUENCE_MAX: Final = 0x7FFFFFFF
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
        delivered: deliver_sm that it was sent.
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
        self._ready: deque[Owed] = deque()
        self._unacknowledged: dict[bytes, bytes] = {}
        self._mailbox = Mailbox()
        self._sequence_number = 0
        self._peer = ""
        self._unanswered = self._withheld = 0
        self._client: Client | None = None
        self.state = State.OPEN
        self.interface_version = smsc.center.habits.scenario.interface_version
        self.submitted = self.window = self.delivered = 0
        self.settled: asyncio.Future[bool] | None = None
        self.gone = asyncio.Event()

    def __repr__(self) -> str:
        name = self._client.system_id if self._client else "-"
        traffic = f"{self.submitted} submits | {self._unanswered} unanswered"
        return f"<Link {name} {self.state} [{traffic} | {len(self._unacknowledged)} receipts unanswered]>"

    def statistics(self) -> LinkStatistics:
        """Its counts of now."""
        return LinkStatistics(
            self.system_id or "",
            self.state,
            self._peer,
            self.submitted,
            self._unanswered,
            self.window,
            self.delivered,
            len(self._unacknowledged) + len(self._mailbox.unanswered),
        )

    # --- asyncio.Protocol -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_MAX)
        self._peer = ":".join(map(str, transport.get_extra_info("peername", ("?", 0))[:2]))
        self._smsc.joined(self)

    def connection_lost(self, _: Exception | None, /) -> None:
        self._transport = None
        self._settle(bound=False)
        self.leave(State.CLOSED)
        self._smsc.left(self)
        self.gone.set()
        self._smsc.turn()  # what it did not acknowledge may go to another bind at once

    def pause_writing(self) -> None:
        self._hold("writing")

    def resume_writing(self) -> None:
        self._release("writing")
        self._pump()
        self._smsc.turn()

    def data_received(self, data: bytes) -> None:
        buffer = self._rest + data if self._rest else data
        found = self._cutter.cut(buffer)
        self._rest = buffer[found.consumed :]
        runs = [item for item in found.items if isinstance(item, Run)]
        self._note_window(sum(len(run.destinations) for run in runs))
        if found.acknowledged:
            self._acknowledged(found.acknowledged)
        if found.refused:
            self._receipts_refused(found.refused)
        for item in found.items:
            if self._closing:
                break
            self._item(item)
        if found.lost is not None:
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

    def submits(self, run: Run, take_in: Callable[[Bind, Run, float], None]) -> None:
        """Brings a run of submits before the centre's `take_in`, and the link's faults with it."""
        faults = self._center.habits.scenario.faults
        left = self._until_cut(len(run.destinations))
        if left is not None:
            run = run.head(left)
        before = self.submitted
        self.submitted += len(run.destinations)
        self._unanswered += len(run.destinations)
        take_in(self, run, self._smsc.now())
        if left is not None:
            self.cut()
        elif faults.unbind_after is not None and before < faults.unbind_after <= self.submitted:
            self.unbind()
        elif faults.stall_after is not None and before < faults.stall_after <= self.submitted:
            self._hold("stall")
            self._center.wheel.push(self._smsc.now() + faults.stall_s, partial(self._release, "stall"))
        if self._unanswered - self._withheld > OWED_RESPONSES_MAX:
            self._hold("responses")

    def _until_cut(self, count: int) -> int | None:
        """How many of `count` submits are taken in before the link is cut; None when it is not."""
        faults, cuts = self._center.habits.scenario.faults, self._center.habits.cuts
        left = None
        if faults.cut_after is not None and self.submitted + count >= faults.cut_after:
            left = max(1, faults.cut_after - self.submitted)
        if cuts.constant != 0:
            at = cuts.slice(self._center.account.submitted, count).find(1) + 1
            left = min(at, left or at) if at else left
        return left

    def _other(self, pdu: bytes) -> None:
        """Any PDU but submit_sm and deliver_sm_resp, and every one of those that is malformed or special."""
        try:
            self._desk.answer(read(pdu), self._smsc.now())
        except DecodeError as error:
            self._center.account.malformed += 1
            if not error.command_id & RESPONSE:
                self._desk.refuse(error.command_id, error.sequence_number, error.command_status)
        if self.state is State.UNBOUND:
            self.close()

    def _acknowledged(self, numbers: Sequence[bytes]) -> None:
        before = len(self._unacknowledged)
        deque(map(self._unacknowledged.pop, numbers, repeat(b"")), maxlen=0)
        count = before - len(self._unacknowledged)
        self._center.account.receipts_acknowledged += count
        self._center.receipts_owed -= count
        if self._mailbox.unanswered:
            inbound = self._mailbox.answered(numbers)
            self._center.account.inbound_acknowledged += inbound
            self._center.inbound_owed -= inbound
        self._pump()

    def _receipts_refused(self, refused: Sequence[tuple[bytes, int]]) -> None:
        """ESME_RX_T_APPN asks for the receipt again later, other errors not at all."""
        again: list[bytes] = []
        for number, status in refused:
            body = self._unacknowledged.pop(number, None)
            if body is None:
                self._inbound_refused(number, status)
            if body is not None and status == CommandStatus.ESME_RX_T_APPN:
                again.append(body)
            elif body is not None:
                self._center.account.receipts_refused += 1
                self._center.receipts_owed -= 1
        if again:
            self._center.wheel.push(self._retry_at, partial(self._center.deliver, self, Again(again)))
        self._pump()

    def _inbound_refused(self, number: bytes, status: int) -> None:
        """Likewise for an inbound message."""
        body = self._mailbox.unanswered.pop(number, None)
        if body is not None and status == CommandStatus.ESME_RX_T_APPN:
            self._center.wheel.push(self._retry_at, partial(self._center.bring, self.client, [body]))
        elif body is not None:
            self._center.account.inbound_refused += 1
            self._center.inbound_owed -= 1

    @property
    def _retry_at(self) -> float:
        return self._smsc.now() + self._center.habits.scenario.receipts.retry_ms / 1000

    def nacked(self, sequence_number: int, status: int) -> None:
        """generic_nack answers a receipt as well."""
        self._receipts_refused([(sequence_number.to_bytes(4, "big"), status)])

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
        self._ready.append(owed)
        self._pump()

    def bring(self, bodies: Sequence[bytes]) -> None:
        """Sends inbound messages as its window has room."""
        self._mailbox.ready.extend(bodies)
        self._pump()

    def _pump(self) -> None:
        if not self.receives or "writing" in self._holding:
            return
        window, mailbox = self._center.habits.scenario.receipts.window, self._mailbox
        if mailbox.ready:
            self._post(window - len(self._unacknowledged) - len(mailbox.unanswered))
        while self._ready:
            room = window - len(self._unacknowledged) - len(mailbox.unanswered)
            if room <= 0:
                return
            bodies = self._ready[0].take(room, tlvs=not self.speaks_3_3)
            if not len(self._ready[0]):
                self._ready.popleft()
            numbers = self._numbers(len(bodies))
            self._unacknowledged.update(zip(numbers, bodies, strict=True))
            self._center.account.receipts_sent += len(bodies)
            self.delivered += len(bodies)
            self.send(frame(DELIVER_SM, 0, numbers, bodies))

    def _post(self, room: int) -> None:
        """Sends inbound messages, before any receipt: they are few."""
        bodies = self._mailbox.take(max(0, room))
        if self.speaks_3_3:
            bodies = list(map(without_tlvs, bodies))
        numbers = self._numbers(len(bodies))
        self._mailbox.unanswered.update(zip(numbers, bodies, strict=True))
        self._center.account.inbound_sent += len(bodies)
        self.delivered += len(bodies)
        if bodies:
            self.send(frame(DELIVER_SM, 0, numbers, bodies))

    # --- what goes out --------------------------------------------------------------------

    def _numbers(self, count: int) -> list[bytes]:
        """The next sequence_numbers, 1 to 0x7FFFFFFF and round again."""
        first = self._sequence_number
        self._sequence_number = (first + count) % SEQUENCE_MAX
        return [(number % SEQUENCE_MAX + 1).to_bytes(4, "big") for number in range(first, first + count)]

    def request(self, pdu: bytes) -> None:
        """Sends a request of the SMSC's own; its sequence_number is written here."""
        self.send(pdu[:12] + self._numbers(1)[0] + pdu[16:])

    def send(self, pdus: bytes) -> None:
        """Adds to what this turn writes."""
        if not self._out:
            self._smsc.touched.append(self)
        self._out.append(pdus)

    def flush(self) -> None:
        """One write for all that a turn has brought."""
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    # --- its life -------------------------------------------------------------------------

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
        unacknowledged = list(self._unacknowledged.values())
        self._unacknowledged.clear()
        waiting, self._ready = self._ready, deque()
        if unacknowledged:
            self._center.deliver(self, Again(unacknowledged))
        for owed in waiting:
            self._center.deliver(self, owed)
        inbound = self._mailbox.leave()
        if inbound:
            self._center.bring(self._client, inbound)

    def unbind(self) -> None:
        """The SMSC unbinds; the link ends when the client has answered."""
        self.request(frame(CommandId.UNBIND, 0, [bytes(4)], [b""]))

    def close(self) -> None:
        """Ends the link after what is written."""
        self.leave(self.state if self.state is State.UNBOUND else State.CLOSED)
        if self._out:
            self.flush()
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """Drops the link at once, with what it had still to say."""
        self.leave(State.CLOSED)
        self._out.clear()
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
