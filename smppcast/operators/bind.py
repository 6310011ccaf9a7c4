"""One bind of a lane: dialled, bound, pumped, and dialled again when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import Protocol

import anyio
import structlog

from smppcast.errors import BindRefused, ConnectFailed, LinkLost, ResponseTimeout, SmppcastError, UsageError
from smppcast.net.backoff import Backoff
from smppcast.net.clock import Clock
from smppcast.net.dialling import Address, bind_unanswered, dial
from smppcast.net.pump import PUT_OFF_S, SMALL_WINDOW, Pump
from smppcast.operators.inbox import Inbox
from smppcast.operators.latencies import Latencies
from smppcast.operators.settings import OperatorSettings
from smppcast.operators.statistics import BindStatistics
from smppcast.pacing.meter import Meter
from smppcast.smpp import BindReceiver, BindTransceiver, BindTransmitter, DataSm, DataSmResp, Pdu, Unbind
from smppcast.smpp.session import (
    Answer,
    Answers,
    Deliveries,
    Ended,
    Event,
    Expired,
    LateAnswers,
    Request,
    Session,
    Timers,
)
from smppcast.smpp.vocabulary import CommandStatus, StatusClass, classify, status_name

__all__ = ["Bind", "BindKind", "BindOwner", "BindState", "bind_pdu"]

log = structlog.get_logger("smppcast.bind")

# A wrong password does not mend by itself, and some SMSCs lock accounts that keep trying.
_CREDENTIALS = frozenset(
    (CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID, CommandStatus.ESME_RINVSYSTYP)
)
_THROTTLES = (StatusClass.THROTTLE, StatusClass.QUEUE_FULL)
# How often a bind that is being replaced looks whether it is drained, or bound again.
DRAIN_POLL_S = 0.02
REFUSED_FIRST_S, REFUSED_MOST_S = 30.0, 600.0
# A link that ends sooner, and carried nothing, has not shown that the SMSC is well again: one that lets
# in and hangs up would else be dialled several times a second for ever.
PROVEN_S = 10.0
# Windows of submits that expire with no answer between them, before the SMSC is taken for stuck. An
# overloaded one answers late, and with its link those answers would be lost: so this is many timeouts.
STUCK_WINDOWS = 10


class BindKind(StrEnum):
    """What a bind may carry."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    throttled: int = 0
    lost: int = 0


@dataclass(slots=True, eq=False)
class _Asked:
    """A request that someone waits for."""

    answer: Pdu | None = None


class BindOwner(Protocol):
    """The lane, as its binds see it. All methods are synchronous."""

    name: str
    clock: Clock
    closing: bool
    inbox: Inbox

    @property
    def bind_window(self) -> int:
        """Submits that one bind may leave unanswered, now."""

    def fill(self, session: Session, now: float) -> None:
        """Queues submits as window and pace allow."""

    def written(self, now: float) -> None:
        """Learns that what `fill` queued has been written."""

    def answered(self, answers: Answers) -> None:
        """Takes the answers to submits."""

    def late(self, answers: LateAnswers) -> None:
        """Takes the answers to submits that had expired."""

    def expired(self, bind: Bind, refs: Sequence[int]) -> None:
        """Takes back submits whose response did not come in time."""

    def link_ended(self, bind: Bind, refs: Sequence[int]) -> None:
        """Takes back what was unanswered when a link ended."""

    def sampled(self, latency_s: float, now: float) -> None:
        """Learns how long a submit_sm took to be answered."""

    def changed(self) -> None:
        """Learns that a bind came or went."""

    async def admitted(self) -> None:
        """Waits while its binds are to stay down."""


class BindState(StrEnum):
    """Where a bind stands; REFUSED (for its credentials) and WAITING are followed by another dial."""

    IDLE = "idle"
    DIALLING = "dialling"
    BOUND = "bound"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


_PDUS = {
    BindKind.TRANSCEIVER: BindTransceiver,
    BindKind.TRANSMITTER: BindTransmitter,
    BindKind.RECEIVER: BindReceiver,
}
_BINDING = object()


def bind_pdu(kind: BindKind, settings: OperatorSettings) -> Pdu:
    """The request by which an account binds."""
    return _PDUS[kind](
        system_id=settings.system_id,
        password=settings.password.get_secret_value(),
        system_type=settings.system_type,
        interface_version=settings.interface_version,
        addr_ton=settings.address_range.ton,
        addr_npi=settings.address_range.npi,
        address_range=settings.address_range.range,
    )


class Bind:
    """Keeps one bind of its lane up, and passes between session and lane.

    Attributes:
        state: see `BindState`.
        error: why the last link ended or was refused, None after an orderly end, or while it is dialled.
        last_error: the last of these, whatever came after it; last_error_at: when, by the lane's clock.
        reconnects: how often a bind was lost and dialled again.
        smsc: system_id of the SMSC, as its bind response gave it.
    """

    def __init__(self, lane: BindOwner, kind: BindKind, number: int, settings: OperatorSettings) -> None:
        self.kind, self.number = kind, number
        self.state = BindState.IDLE
        self.error: SmppcastError | None = None
        self.last_error: SmppcastError | None = None
        self.last_error_at = float("-inf")
        self.reconnects = 0
        self.smsc = ""
        self.latency_s: float | None = None
        self._lane, self._settings = lane, settings
        self._backoff, self._refusals = Backoff(), Backoff(REFUSED_FIRST_S, REFUSED_MOST_S)
        self._pump: Pump | None = None
        self._session: Session | None = None
        self._draining = self._retired = False
        self._failures = 0
        self._bound_at = 0.0
        self._carried = False
        self._expired = 0
        self._host = ""
        self._tally, self._meter, self._latencies = _Tally(), Meter(), Latencies()

    def __repr__(self) -> str:
        window = f" | window {self._window_used}/{self._lane.bind_window}" if self.bound else ""
        return f"<Bind {self._lane.name}.{self.number} {self.kind} [{self.state}{window}]>"

    @property
    def bound(self) -> bool:
        return self.state is BindState.BOUND

    @property
    def in_flight(self) -> int:
        """How many are in its window, or answered and not handled yet."""
        return self._window_used + sum(map(len, self._unhandled))

    @property
    def _window_used(self) -> int:
        return len(self._session.window) if self._session else 0

    @property
    def sends(self) -> bool:
        """Whether it is up, and may submit."""
        return self.bound and self.kind is not BindKind.RECEIVER

    def statistics(self) -> BindStatistics:
        tally = self._tally
        return BindStatistics(
            number=self.number,
            kind=self.kind,
            state=self.state,
            host=self._host,
            smsc=self.smsc,
            window=0 if self.kind is BindKind.RECEIVER else self._lane.bind_window,
            in_flight=self._window_used,
            rate_now=self._meter.per_s(self._lane.clock()),
            sent=tally.sent,
            accepted=tally.accepted,
            refused=tally.refused,
            throttled=tally.throttled,
            lost=tally.lost,
            latencies=self._latencies.percentiles(),
            reconnects=self.reconnects,
            last_error=None if self.last_error is None else str(self.last_error),
        )

    @property
    def unanswered(self) -> Iterable[int]:
        """The refs in its window, and those whose answers are not handled yet."""
        window = self._session.window.tokens if self._session else ()
        return chain(window, *self._unhandled)

    @property
    def _unhandled(self) -> list[Sequence[int]]:
        """The refs of answers that wait to be handled."""
        put_off = self._pump.put_off if self._pump else ()
        return [event.tokens for event in put_off if isinstance(event, Answers)]

    def wake(self) -> None:
        if self._pump is not None:
            self._pump.wake()

    def unbind(self) -> None:
        """Asks the SMSC to end the session in order; `run` goes on until its response or the link's end."""
        if self._session is not None and self._session.bound and self._pump is not None:
            self._session.request(Unbind(), None, self._lane.clock())
            self._pump.wake()

    def told(self, settings: OperatorSettings) -> None:
        """Other settings: of the next link, but for the window, which holds at once."""
        self._settings = settings
        if self._session is not None:
            self._session.window.size = self._lane.bind_window
            self.wake()

    async def retire(self) -> None:
        """Drains this bind and unbinds; no other follows it."""
        self._retired = True
        await self._drained()
        self.unbind()

    async def request(self, pdu: Pdu, timeout_s: float) -> Pdu:
        """Sends a request of another kind than submit_sm; returns the SMSC's answer.

        Raises:
            LinkLost: it is not bound, or the link ended meanwhile.
            ResponseTimeout: no answer came in time.
        """
        session, pump = self._session, self._pump
        if session is None or pump is None or not self.bound:
            raise LinkLost(f"bind {self.number} of {self._lane.name} is not bound")
        asked = _Asked()
        session.request(pdu, asked, self._lane.clock(), timeout_s)
        pump.wake()
        with anyio.move_on_after(timeout_s + 1.0):
            while asked.answer is None:
                if self._session is not session:
                    raise LinkLost(f"bind {self.number} of {self._lane.name} ended before the answer")
                await anyio.sleep(DRAIN_POLL_S)
            return asked.answer
        raise ResponseTimeout(f"{type(pdu).__name__} was not answered within {timeout_s:g} s")

    async def _drained(self) -> None:
        session = self._session
        self._draining = True
        with anyio.move_on_after(self._settings.timers.response):
            while self.in_flight and self._session is session:  # noqa: ASYNC110 - answers set no event
                await anyio.sleep(DRAIN_POLL_S)

    async def replace(self) -> None:
        """Drains this bind, unbinds, and waits until its successor is bound.

        Raises:
            SmppcastError: the SMSC does not let it in again.
        """
        session = self._session
        try:
            await self._drained()
            self.unbind()
            while self._session is session or not self.bound:
                if self.state is BindState.CLOSED:
                    return  # the lane has closed meanwhile: there is no successor
                # A link that was cut while it drained leaves an error too, and one host of several may be
                # down: neither keeps the bind from coming again.
                if self.error is not None and (self._refused_for_good() or self._no_host_left()):
                    raise self.error
                await anyio.sleep(DRAIN_POLL_S)
        finally:
            self._draining = False
            self.wake()

    # --- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Dials and pumps until the lane closes, or it is retired. Never raises for what a peer or a network
        does."""
        try:
            while not (self._lane.closing or self._retired):
                await self._lane.admitted()
                self.state, self.error = BindState.DIALLING, None
                delay = await self._once()
                self.state = BindState.REFUSED if self._refused_for_good() else BindState.WAITING
                self.reconnects += 1
                self._lane.changed()
                await anyio.sleep(delay)
        finally:
            # Cancelled too: whoever closes the lane must not wait for a bind that nobody pumps.
            self.state = BindState.CLOSED
            self._lane.changed()

    async def _once(self) -> float:
        """One link from dial to end; returns how long to wait before the next."""
        timers, address = self._settings.timers, self._address
        self._host = str(address)
        try:
            link = await dial(address, timers.bind)
        except (ConnectFailed, UsageError) as error:
            return self._failed(error)
        clock = self._lane.clock
        session = Session(
            self._lane.bind_window,
            Timers(timers.enquire_link, timers.response, timers.inactivity, timers.enquire_link_response),
            clock(),
            interface_version=self._settings.interface_version,
        )
        self._session, self._pump = session, Pump(link, session, self, clock, timers.response)
        session.request(bind_pdu(self.kind, self._settings), _BINDING, clock(), timers.bind)
        was_bound = self._carried = False
        self._expired = 0
        try:
            ended = await self._pump.run()
            was_bound = self.bound
            self.error = self.error or ended  # the bind's own error, set by an event, says more
            if isinstance(self.error, LinkLost) and not was_bound:
                self.error = bind_unanswered(address, self.error)
        finally:
            unanswered = [token for token in session.close() if isinstance(token, int)]
            self._session = self._pump = None
            self._tally.lost += len(unanswered)
            self._lane.link_ended(self, unanswered)
        if self.error is not None:
            return self._failed(self.error, was_bound=was_bound)
        if was_bound:
            # A clean unbind by the SMSC asks for nothing but to come again.
            log.info("unbound", operator=self._lane.name, bind=self.number)
            self._backoff.reset()
            return self._backoff.next()
        return self._backoff.next()

    @property
    def _address(self) -> Address:
        """The host whose turn it is: the first, or where binds are spread this one's own, and after a
        failure the one behind it."""
        hosts = self._settings.addresses
        first = self.number - 1 if self._settings.spread else 0
        return hosts[(first + self._failures) % len(hosts)]

    def _failed(self, error: SmppcastError, *, was_bound: bool = False) -> float:
        self.error = self.last_error = error
        self.last_error_at = self._lane.clock()
        log.warning(
            "bind_refused" if isinstance(error, BindRefused) else "link_down",
            operator=self._lane.name,
            bind=self.number,
            error=str(error),
        )
        if self._refused_for_good():
            return self._refusals.next()
        if was_bound:
            if self._carried or self._lane.clock() - self._bound_at >= PROVEN_S:
                self._backoff.reset()
            return self._backoff.next()  # the host was well; the first one may be again
        self._failures += 1
        if self._failures % len(self._settings.addresses):
            return 0.0  # the next host is tried at once
        return self._backoff.next()

    def _no_host_left(self) -> bool:
        return self._failures >= len(self._settings.addresses)

    def _refused_for_good(self) -> bool:
        return isinstance(self.error, BindRefused) and self.error.command_status in _CREDENTIALS

    # --- the pump's owner ------------------------------------------------------------------

    def fill(self, session: Session, now: float) -> None:
        if self._draining:
            return
        before = len(session.window)
        self._lane.fill(session, now)
        if sent := len(session.window) - before:
            self._tally.sent += sent
            self._meter.add(sent, now)

    def written(self, now: float) -> None:
        self._lane.written(now)

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:
        """Acceptances, and deliveries behind them: where the SMSC is far away and the window small, what it
        takes to write them down would come on top of every round trip."""
        if session.window.size > SMALL_WINDOW:
            return None
        match events:
            case [] | [Deliveries()]:
                return PUT_OFF_S
            case [Answers(statuses=[], congestion_state=-1)]:
                return PUT_OFF_S
            case [Answers(statuses=[], congestion_state=-1), Deliveries()]:
                return PUT_OFF_S
            case _:
                return None

    @property
    def hurries(self) -> bool:
        """The ledger's thread needs what a poll would take."""
        return False

    def handle(self, events: Sequence[Event], now: float) -> None:
        lane, pump = self._lane, self._pump
        if pump is None:
            return
        for event in events:
            match event:
                case Answers():
                    self._carried, self._expired = True, 0
                    self._sampled(event.latency_s, now)
                    self._count(event)
                    lane.answered(event)
                case LateAnswers():
                    self._carried, self._expired = True, 0
                    lane.late(event)
                case Deliveries():
                    self._carried = True
                    lane.inbox.deliver(event.pdus, partial(_acknowledge, pump))
                case Expired():
                    self._tally.lost += len(event.tokens)
                    lane.expired(self, event.tokens)
                    self._look_whether_stuck(len(event.tokens), pump)
                case Answer():
                    self._request_answered(event)
                case Request(pdu=DataSm() as pdu):
                    lane.inbox.data(pdu, partial(_acknowledge_data, pump))
                case Ended():
                    self.error = self.error or event.error
                case _:
                    pass

    def _look_whether_stuck(self, expired: int, pump: Pump) -> None:
        """An SMSC may answer enquire_link and no submit: another bind may meet a process that works."""
        self._expired += expired
        if self._expired >= STUCK_WINDOWS * self._lane.bind_window:
            pump.stop(ResponseTimeout(f"{self._expired} submit_sm in a row were not answered in time"))

    def _count(self, answers: Answers) -> None:
        refused = [status for status in answers.statuses if status]
        self._tally.accepted += len(answers.tokens) - len(refused)
        self._tally.refused += len(refused)
        self._tally.throttled += sum(classify(status) in _THROTTLES for status in refused)

    def _sampled(self, latency_s: float | None, now: float) -> None:
        if latency_s is None:
            return
        self._lane.sampled(latency_s, now)
        self._latencies.add(latency_s)
        # A running mean over some ten samples: steady enough to show, quick enough to follow.
        mean = self.latency_s
        self.latency_s = latency_s if mean is None else mean * 0.9 + latency_s * 0.1

    def _request_answered(self, event: Answer) -> None:
        if isinstance(event.token, _Asked):
            event.token.answer = event.pdu
        elif event.token is _BINDING:
            self._bind_answered(event)

    def _bind_answered(self, event: Answer) -> None:
        if event.pdu.command_status:
            status = event.pdu.command_status
            self.error = BindRefused(f"bind_{self.kind}", status, status_name(status))
            if self._pump is not None:
                self._pump.stop(self.error)
            return
        self.state = BindState.BOUND
        self._bound_at = self._lane.clock()
        self.smsc = getattr(event.pdu, "system_id", None) or ""
        self._refusals.reset()
        self._failures = 0
        log.info("bound", operator=self._lane.name, bind=self.number, smsc=self.smsc, kind=str(self.kind))
        self._lane.changed()


def _acknowledge(pump: Pump, sequence_numbers: Sequence[int], command_status: int) -> None:
    """Answers on the link that brought the PDUs: sequence_numbers mean nothing on another."""
    if pump.session.can_respond:
        pump.session.acknowledge(sequence_numbers, command_status)
        pump.wake()


def _acknowledge_data(pump: Pump, sequence_numbers: Sequence[int], command_status: int) -> None:
    if pump.session.can_respond:
        for number in sequence_numbers:
            pump.session.respond(DataSmResp(command_status=command_status, sequence_number=number))
        pump.wake()
