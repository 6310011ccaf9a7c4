"""One bind under load: dialled, bound, pumped, and dialled again when its link is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import anyio

from smppcast.errors import BindRefused, ConnectFailed, DecodeError, LinkLost, SmppcastError, UsageError
from smppcast.net.backoff import Backoff
from smppcast.net.clock import Clock
from smppcast.net.dialling import Address, dial
from smppcast.net.pump import Pump
from smppcast.receipts import ReceiptBatch, parse
from smppcast.receipts.batch import read
from smppcast.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DataSmResp,
    Pdu,
    Unbind,
    decode,
)
from smppcast.smpp.session import (
    Answer,
    Answers,
    Deliveries,
    Event,
    LateAnswers,
    Request,
    Session,
    Timers,
)
from smppcast.smpp.vocabulary import CommandStatus, InterfaceVersion, status_name

__all__ = ["Bind", "BindKind", "BindOwner", "Target"]

BindKind = Literal["transceiver", "transmitter", "receiver"]

_PDUS = {"transceiver": BindTransceiver, "transmitter": BindTransmitter, "receiver": BindReceiver}
_BINDING = object()

# A subscriber's message is for the account's own application: it is to come again.
_PUT_OFF = CommandStatus.ESME_RX_T_APPN

# A link that was lost is dialled again soon, since the run goes on meanwhile.
_AGAIN_FIRST_S, _AGAIN_MOST_S = 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """The SMSC under load, and how it is bound to.

    Args:
        window: submits of one bind that may await their response.
        response_s: how long a response may take; then its message is unknown.
    """

    address: Address
    system_id: str
    password: str = ""
    system_type: str = ""
    interface_version: int = InterfaceVersion.V3_4
    window: int = 10
    bind_s: float = 30.0
    response_s: float = 60.0

    def __repr__(self) -> str:
        return f"<Target {self.system_id}@{self.address}>"


class BindOwner(Protocol):
    """The load, as its binds see it. All methods are synchronous."""

    clock: Clock

    def fill(self, bind: Bind, now: float) -> None:
        """Queues submits as room and schedule allow."""

    def answered(
        self, times: Sequence[float], statuses: Sequence[int], message_ids: Sequence[str], now: float
    ) -> None:
        """Takes answers; `times` are those given to `Bind.send`."""

    def reported(self, receipts: ReceiptBatch, now: float) -> None:
        """Takes receipts, which are acknowledged already."""

    def congested(self, state: int) -> None:
        """Learns of a congestion_state, 0 to 100, the last one of a read."""

    def received(self) -> None:
        """Learns of a message that is no receipt."""

    def handled(self) -> None:
        """Learns that all of what a read, or time, brought has been told."""

    def lost(self, error: SmppcastError) -> None:
        """Learns that a bind went, and why."""


class Bind:
    """Keeps one bind up, and counts how full its window is.

    Attributes:
        highest: the most unanswered submits since `measure`.
        tried: set once it is bound for the first time, or cannot be: then `refused` says why.
    """

    def __init__(self, owner: BindOwner, kind: BindKind, target: Target) -> None:
        self.kind = kind
        self.highest = 0
        self.tried = anyio.Event()
        self.refused: SmppcastError | None = None
        self._owner, self._target = owner, target
        self._session: Session | None = None
        self._pump: Pump | None = None
        self._closing = False
        self._backoff = Backoff(_AGAIN_FIRST_S, _AGAIN_MOST_S)
        self._in_flight = 0
        self._changed_at = self._area = 0.0

    def __repr__(self) -> str:
        return f"<Bind {self.kind} [{self._session.state if self._session else 'down'} | {self.in_flight}]>"

    @property
    def bound(self) -> bool:
        return self._session is not None and self._session.bound

    @property
    def submits(self) -> bool:
        """Whether it may submit now."""
        return self._session is not None and self._session.can_submit

    @property
    def in_flight(self) -> int:
        return len(self._session.window) if self._session else 0

    @property
    def room(self) -> int:
        return self._session.window.room if self._session is not None and self.submits else 0

    def send(self, bodies: Sequence[bytes], times: Sequence[float], now: float) -> None:
        """Queues submits, no more than there is room for; `wake` has them written."""
        assert self._session is not None  # noqa: S101 - a bind that is down has no room
        self._session.submit(bodies, times, now)
        self._note(now)

    def wake(self) -> None:
        """Has the link written to, if there is something to write."""
        if self._pump is not None:
            self._pump.wake()

    # --- how full its window is -------------------------------------------------------------

    def measure(self, now: float) -> None:
        """Begins to measure."""
        self._note(now)
        self._area, self.highest = 0.0, self._in_flight

    def area(self, now: float) -> float:
        """Unanswered submits times the seconds that they were so, since `measure`."""
        self._note(now)
        return self._area

    def _note(self, now: float) -> None:
        self._area += self._in_flight * (now - self._changed_at)
        self._changed_at, self._in_flight = now, self.in_flight
        if self._in_flight > self.highest:
            self.highest = self._in_flight

    # --- life -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps the bind up until `close`. One that does not come up the first time is given up
        (`refused`); later it is tried again."""
        while not self._closing:
            error = await self._once()
            if not self.tried.is_set():
                self.refused = error or LinkLost("the SMSC unbound before it had answered the bind")
                self.tried.set()
                return
            if not self._closing:
                self._owner.lost(error or LinkLost("the SMSC unbound"))
                await anyio.sleep(self._backoff.next())

    def close(self) -> None:
        """Unbinds in order, which ends `run`; one that is just being dialled has to be cancelled."""
        self._closing = True
        if self._session is not None and self._session.bound:
            self._session.request(Unbind(), None, self._owner.clock())
            self.wake()
        elif self._pump is not None:
            self._pump.stop()

    async def _once(self) -> SmppcastError | None:
        """One link from dial to end; returns why it ended, None after an unbind."""
        target, clock = self._target, self._owner.clock
        try:
            link = await dial(target.address, target.bind_s)
        except (ConnectFailed, UsageError) as error:
            return error
        timers = Timers(response_s=target.response_s)
        session = Session(target.window, timers, clock(), interface_version=target.interface_version)
        pump = Pump(link, session, self, clock, target.response_s)
        self._session, self._pump = session, pump
        pdu = _PDUS[self.kind](
            system_id=target.system_id,
            password=target.password,
            system_type=target.system_type,
            interface_version=target.interface_version,
        )
        session.request(pdu, _BINDING, clock(), target.bind_s)
        try:
            return await pump.run()
        finally:
            session.close()
            self._note(clock())
            self._session = self._pump = None

    # --- the pump's owner -------------------------------------------------------------------

    def fill(self, session: Session, now: float) -> None:
        if session.can_submit:
            self._owner.fill(self, now)

    def written(self, now: float) -> None:
        """Of no interest: its schedule knows when each was due."""

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:  # noqa: ARG002 - whatever
        """A latency is taken when an answer is handled, before anything else is sent."""
        return None

    @property
    def hurries(self) -> bool:
        """Its CPU a message is a figure, of work and not of waiting."""
        return False

    def handle(self, events: Sequence[Event], now: float) -> None:
        self._note(now)
        for event in events:
            match event:
                case Answers() | LateAnswers():
                    self._owner.answered(event.tokens, event.statuses, event.message_ids, now)
                    if isinstance(event, Answers) and event.congestion_state >= 0:
                        self._owner.congested(event.congestion_state)
                case Deliveries():
                    self._delivered(event.pdus, now)
                case Answer() if event.token is _BINDING:
                    self._bind_answered(event)
                case Request(pdu=DataSm() as pdu):
                    self._data(pdu, now)
                case _:
                    pass  # what expired is counted as unanswered; the pump ends with its session
        self._owner.handled()

    def _bind_answered(self, answer: Answer) -> None:
        status = answer.pdu.command_status
        if not status:
            self._backoff.reset()
            self.tried.set()
        elif self._pump is not None:
            self._pump.stop(BindRefused(f"bind_{self.kind}", status, status_name(status)))

    # --- receipts ---------------------------------------------------------------------------

    def _delivered(self, pdus: Sequence[bytes], now: float) -> None:
        receipts, rest = read(pdus)
        for octets in rest:
            try:
                pdu = decode(octets)
            except DecodeError as error:
                self._acknowledge([error.sequence_number], error.command_status)
                continue
            if not self._add(pdu, receipts):
                self._acknowledge([pdu.sequence_number], _PUT_OFF)
        if len(receipts):
            self._acknowledge(receipts.sequence_numbers, CommandStatus.ESME_ROK)
            self._owner.reported(receipts, now)

    def _data(self, pdu: DataSm, now: float) -> None:
        receipts = ReceiptBatch()
        status = CommandStatus.ESME_ROK if self._add(pdu, receipts) else _PUT_OFF
        if self._session is not None and self._session.can_respond:
            response = DataSmResp(command_status=status, sequence_number=pdu.sequence_number)
            self._session.respond(response)
        if len(receipts):
            self._owner.reported(receipts, now)

    def _add(self, pdu: Pdu, receipts: ReceiptBatch) -> bool:
        """Adds the receipt that `pdu` is; False where it is none."""
        receipt = parse(pdu)
        if receipt is None:
            self._owner.received()
            return False
        receipts.add(receipt, pdu.sequence_number)
        return True

    def _acknowledge(self, sequence_numbers: Sequence[int], command_status: int) -> None:
        if self._session is not None and self._session.can_respond:
            self._session.acknowledge(sequence_numbers, command_status)
