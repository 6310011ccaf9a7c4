"""One bound session as an ESME: bytes and `now` in, events and bytes out.

The session owns sequence_numbers, the window, the timers and what may be sent in which state. It
awaits nothing: a pump (`smppcast.net.pump`) feeds it what a socket brings, writes what `take`
returns, and calls `tick` from time to time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from smppcast.errors import DecodeError, FramingError, ResponseTimeout, SmppcastError
from smppcast.smpp.batch import Cut, congestion_state, cut, deliver_sm_resps, submit_sms, submit_sms_alike
from smppcast.smpp.codec import decode, encode
from smppcast.smpp.pdu import (
    PDU,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Unbind,
    UnbindResp,
)
from smppcast.smpp.states import State, may_send
from smppcast.smpp.versions import has_command
from smppcast.smpp.vocabulary import CommandId, CommandStatus, InterfaceVersion
from smppcast.smpp.window import Window

__all__ = [
    "SEQUENCE_MAX",
    "Answer",
    "Answers",
    "Deliveries",
    "Ended",
    "Event",
    "Expired",
    "LateAnswers",
    "Request",
    "Session",
    "Timers",
    "merged",
]

SEQUENCE_MAX = 0x7FFFFFFF
RESPONSE = 0x80000000

# 64 KiB holds the largest PDU of use (message_payload of 64 K less a header is never seen in the
# field); a larger command_length is a lost stream or an attack.
MAX_COMMAND_LENGTH = 0x10000 + 1024


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds. SMPP 5.0 section 2.7 names them and leaves the values to operators.

    Args:
        enquire_link_s: quiet time after which the link is asked whether it lives.
        response_s: how long a response may take before its request is given up.
        inactivity_s: time without any message traffic after which we unbind; 0 for never.
        enquire_link_resp_s: how long the answer to our enquire_link may take; None for `response_s`.
    """

    enquire_link_s: float = 30.0
    response_s: float = 60.0
    inactivity_s: float = 0.0
    enquire_link_resp_s: float | None = None


# Not frozen, as what comes once a read: that would take three times as long.
@dataclass(slots=True)
class Answers:
    """submit_sm_resp PDUs of one read, in order.

    Args:
        tokens: those given to `submit`.
        statuses: command_status of each; empty when all are ESME_ROK.
        message_ids: of each, "" where the SMSC gave none.
        congestion_state: of the SMSC, 0 to 100, as the last of them tells; -1 where none does.
        latency_s: from write to response of the one whose time was taken; None where that is none of them.
    """

    tokens: Sequence[Any]
    statuses: Sequence[int]
    message_ids: Sequence[str]
    congestion_state: int = -1
    latency_s: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LateAnswers:
    """As `Answers`, for submits that were `Expired` before. `statuses` is never empty."""

    tokens: Sequence[Any]
    statuses: Sequence[int]
    message_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a `request`, with its token; a generic_nack answers as well."""

    token: Any
    pdu: PDU


@dataclass(slots=True)
class Deliveries:
    """deliver_sm PDUs as they came: receipts mostly. Each is owed a response (`acknowledge`)."""

    pdus: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """Any other request of the SMSC that is owed a response by the owner (`respond`)."""

    pdu: PDU


@dataclass(frozen=True, slots=True)
class Expired:
    """Submits whose response did not come in time: their outcome is unknown."""

    tokens: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, or must be closed now; `error` is None after an orderly unbind."""

    error: SmppcastError | None


Event = Answers | LateAnswers | Answer | Deliveries | Request | Expired | Ended


@dataclass(slots=True)
class _Request:
    """A single request of ours that awaits its response."""

    command_id: int
    token: Any
    due: float


@dataclass(slots=True)
class Session:
    """The ESME's side of one session.

    Args:
        window: how many submits may be unanswered at once.
        timers: see `Timers`.
        now: the time the link came up, on the clock that every later `now` is read from.
        interface_version: what it binds with; below 0x34 nothing is sent that SMPP 3.3 lacks.
    """

    window_size: int
    timers: Timers
    now: float
    max_command_length: int = MAX_COMMAND_LENGTH
    interface_version: int = InterfaceVersion.V3_4
    state: State = State.OPEN
    late: int = 0
    window: Window[Any] = field(init=False)
    _out: list[bytes] = field(default_factory=list, init=False)
    _rest: bytes = field(default=b"", init=False)
    _sequence_number: int = field(default=1, init=False)
    _requests: dict[int, _Request] = field(default_factory=dict, init=False)
    _heard: float = field(init=False)
    _active: float = field(init=False)
    _asked: int | None = field(default=None, init=False)
    _bound_as: State = field(default=State.OPEN, init=False)

    def __post_init__(self) -> None:
        self.window = Window(self.window_size)
        self._heard = self._active = self.now

    # --- what the owner sends --------------------------------------------------------------

    def submit(self, bodies: Sequence[bytes], tokens: Sequence[Any], now: float) -> None:
        """Queues submit_sm PDUs; each token comes back in `Answers`, `Expired` or from `close`.

        The caller keeps within `window.room`, and changes `tokens` no more.
        """
        done = 0
        for first, count in self._numbered(tokens, now):
            self._out.append(submit_sms(first, bodies[done : done + count]))
            done += count

    def submit_alike(
        self, around: tuple[bytes, bytes], digits: bytes, width: int, tokens: Sequence[Any], now: float
    ) -> None:
        """As `submit`, of PDUs that differ in their destinations alone: a third of the time.

        Args:
            around: what stands before and behind the destination in their bodies.
            digits: of all destinations, `width` of each.
        """
        before, behind = around
        done = 0
        for first, count in self._numbered(tokens, now):
            theirs = digits[done * width : (done + count) * width]
            self._out.append(submit_sms_alike(first, before, theirs, width, behind))
            done += count

    @property
    def next_sequence_number(self) -> int:
        """Of the next request."""
        return self._sequence_number

    def submit_encoded(self, octets: bytes, tokens: Sequence[Any], now: float) -> None:
        """As `submit`, of PDUs that bear the next sequence_numbers, none beyond `SEQUENCE_MAX`."""
        first, count = self._sequence_number, len(tokens)
        self._active = now
        self._sequence_number = first + count if first + count <= SEQUENCE_MAX else 1
        self.window.add(first, tokens, now)
        self._out.append(octets)

    def _numbered(self, tokens: Sequence[Any], now: float) -> list[tuple[int, int]]:
        """Takes submits into the window; returns their first sequence_number and how many have it and those
        behind it: in two parts where the numbers begin again."""
        self._active = now
        first, count = self._sequence_number, len(tokens)
        if not count:
            return []
        before_end = SEQUENCE_MAX - first + 1
        if count < before_end:
            self._sequence_number = first + count
            self.window.add(first, tokens, now)
            return [(first, count)]
        self._sequence_number = count - before_end + 1
        self.window.add(first, tokens[:before_end], now)
        if count == before_end:
            return [(first, count)]
        self.window.add(1, tokens[before_end:], now)
        return [(first, before_end), (1, count - before_end)]

    def request(self, pdu: PDU, token: Any, now: float, timeout_s: float | None = None) -> None:
        """Queues any request; its response comes as `Answer` with the token.

        Args:
            timeout_s: how long its response may take, where that is not `Timers.response_s`.

        Raises:
            FieldError: the PDU does not fit the specification; nothing was queued.
            UsageError: the session's state does not allow it (SMPP 5.0 section 2.4).
        """
        may_send(self.state, pdu.command_id)
        octets = encode(pdu, interface_version=self.interface_version)
        number = self._take_numbers(1)
        self._out.append(octets[:12] + number.to_bytes(4, "big") + octets[16:])
        self._requests[number] = _Request(pdu.command_id, token, now + (timeout_s or self.timers.response_s))
        bound = _BOUND_AS.get(type(pdu))
        if bound is not None:
            self._bound_as = bound
        elif isinstance(pdu, Unbind):
            self.state = State.UNBINDING

    def respond(self, pdu: PDU) -> None:
        """Queues a response of the owner's to a `Request`; its sequence_number is set already."""
        # Who sends what SMPP 3.3 lacks, a data_sm, is answered in kind.
        newer = not has_command(self.interface_version, pdu.command_id)
        self._out.append(encode(pdu) if newer else encode(pdu, interface_version=self.interface_version))

    def acknowledge(self, sequence_numbers: Sequence[int], command_status: int = 0) -> None:
        """Queues a deliver_sm_resp for each."""
        self._out.append(deliver_sm_resps(sequence_numbers, command_status))

    def take(self) -> bytes:
        """What there is to write now."""
        out, self._out = self._out, []
        return out[0] if len(out) == 1 else b"".join(out)

    @property
    def owed(self) -> int:
        """Queued pieces not yet taken: a measure of how far the writer is behind."""
        return len(self._out)

    @property
    def bound(self) -> bool:
        return self.state in _BOUND

    @property
    def can_respond(self) -> bool:
        """Whether responses may be queued: bound, or on the way to unbind_resp."""
        return self.bound or self.state is State.UNBINDING

    @property
    def can_submit(self) -> bool:
        """Whether submits may be queued: bound as transmitter or transceiver, and not unbinding."""
        return self.state in (State.BOUND_TX, State.BOUND_TRX)

    # --- what the link brings --------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Takes in what was read, in whatever cuts; returns what it means, submits' answers first."""
        if self.state in _OVER:
            return []
        self._heard = now
        self._asked = None
        buffer = self._rest + data if self._rest else data
        try:
            found = cut(buffer, self.max_command_length)
        except FramingError as error:
            return self._lost_stream(error)
        self._rest = buffer[found.consumed :]
        return self._events(found, now)

    def _events(self, found: Cut, now: float) -> list[Event]:
        events: list[Event] = []
        if found.sequence_numbers:
            self._active = now
            events.extend(self._answers(found))
        if found.deliveries:
            self._active = now
            events.append(Deliveries(found.deliveries))
        for octets in found.others:
            try:
                event = self._other(decode(octets), now)
            except DecodeError as error:
                event = self._refuse(error)
            if event is not None:
                events.append(event)
                if isinstance(event, Ended):
                    break
        return events

    def _answers(self, found: Cut) -> list[Event]:
        congestion = congestion_state(found.tlvs) if found.tlvs else -1
        all_of_them = self.window.settle_run(found.sequence_numbers)
        tokens = all_of_them or self.window.settle(found.sequence_numbers)
        latency_s = self.window.latency(self._heard)
        if all_of_them or None not in tokens:
            return [Answers(tokens, found.statuses, found.message_ids, congestion, latency_s)]
        statuses = found.statuses or [0] * len(tokens)
        kept = [at for at, token in enumerate(tokens) if token is not None]
        events: list[Event] = [
            Answers(
                [tokens[at] for at in kept],
                [statuses[at] for at in kept] if found.statuses else [],
                [found.message_ids[at] for at in kept],
                congestion,
                latency_s,
            )
        ]
        late = [
            (token, statuses[at], found.message_ids[at])
            for at, number in enumerate(found.sequence_numbers)
            if tokens[at] is None and (token := self.window.settle_late(number)) is not None
        ]
        # Late, repeated or invented: none of them is for anything that we still wait for.
        self.late += len(tokens) - len(kept)
        if late:
            events.append(LateAnswers(*map(list, zip(*late, strict=True))))
        return events

    def _other(self, pdu: PDU, now: float) -> Event | None:
        match pdu:
            case EnquireLink():
                self.respond(EnquireLinkResp(sequence_number=pdu.sequence_number))
            case Unbind():
                self.respond(UnbindResp(sequence_number=pdu.sequence_number))
                self.state = State.UNBOUND
                return Ended(None)
            case UnbindResp() if self.state is State.UNBINDING:
                self.state = State.UNBOUND
                return Ended(None)
            case _ if pdu.command_id & RESPONSE:
                return self._answered(pdu)
            case _ if pdu.command_id in _KNOWN_REQUESTS:
                self._active = now
                return Request(pdu)
            case _:
                self.respond(
                    GenericNack(
                        command_status=CommandStatus.ESME_RINVCMDID,
                        sequence_number=pdu.sequence_number,
                    )
                )
        return None

    def _answered(self, pdu: PDU) -> Event | None:
        request = self._requests.get(pdu.sequence_number)
        if request is None and isinstance(pdu, GenericNack):
            # A nack names no command: it may answer a submit as well.
            (token,) = self.window.settle([pdu.sequence_number])
            if token is not None:
                status = pdu.command_status or CommandStatus.ESME_RSYSERR
                return Answers([token], [status], [""], latency_s=self.window.latency(self._heard))
        if request is None or not _answers(pdu.command_id, request.command_id):
            self.late += 1
            return None
        del self._requests[pdu.sequence_number]
        if request.command_id == CommandId.UNBIND:  # refused: it would be of no use any more
            self.state = State.UNBOUND
            return Ended(None)
        if request.token is None:
            return None  # the session's own enquire_link
        if pdu.command_id in _BIND_RESPS and pdu.command_status == 0:
            self.state = self._bound_as
        return Answer(request.token, pdu)

    def _refuse(self, error: DecodeError) -> Event | None:
        """A malformed request is answered with the status that fits. A malformed response is taken for
        a refusal with that status: whoever asked would else wait for ever."""
        if error.command_id & RESPONSE:
            if error.sequence_number in self._requests:
                status = error.command_status
                return self._answered(
                    GenericNack(command_status=status, sequence_number=error.sequence_number)
                )
            self.late += 1
        elif error.command_id == CommandId.DATA_SM:
            self.respond(
                DataSmResp(command_status=error.command_status, sequence_number=error.sequence_number)
            )
        else:
            self.respond(
                GenericNack(command_status=error.command_status, sequence_number=error.sequence_number)
            )
        return None

    def _lost_stream(self, error: FramingError) -> list[Event]:
        self._rest = b""
        self._out.append(encode(GenericNack(command_status=CommandStatus.ESME_RINVCMDLEN)))
        self.state = State.CLOSED
        return [Ended(error)]

    # --- time ------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Event]:
        """Lets time pass: expires what was not answered, asks a quiet link, ends an idle session."""
        events: list[Event] = []
        if self.state in _OVER:
            return events
        late = now - self.timers.response_s
        expired = self.window.expire(late)
        if expired:
            events.append(Expired(expired))
        if any(request.due < now for request in self._requests.values()):
            self.state = State.CLOSED
            events.append(Ended(ResponseTimeout("a request was not answered in time: the peer is gone")))
            return events
        if self.bound and self._asked is None and now - self._heard >= self.timers.enquire_link_s:
            self._asked = self._sequence_number
            self.request(EnquireLink(), None, now, self.timers.enquire_link_resp_s)
        if self.timers.inactivity_s and self.bound and now - self._active >= self.timers.inactivity_s:
            self.request(Unbind(), None, now)
        return events

    def close(self) -> list[Any]:
        """Ends the session; returns the tokens of what was never answered, submits and requests."""
        self.state = State.CLOSED
        left = self.window.drain()
        left.extend(request.token for request in self._requests.values() if request.token is not None)
        self._requests.clear()
        return left

    def _take_numbers(self, count: int) -> int:
        first = self._sequence_number
        following = first + count
        self._sequence_number = 1 if following > SEQUENCE_MAX else following
        return first


def merged(events: Sequence[Event]) -> list[Event]:
    """Acceptances and deliveries of several reads as if one had brought them, the acceptances first.

    Args:
        events: `Answers` without statuses, and `Deliveries`.
    """
    answers = [event for event in events if isinstance(event, Answers)]
    pdus = [pdu for event in events if isinstance(event, Deliveries) for pdu in event.pdus]
    found: list[Event] = []
    if answers:
        tokens = [token for event in answers for token in event.tokens]
        ids = [message_id for event in answers for message_id in event.message_ids]
        sampled = [event.latency_s for event in answers if event.latency_s is not None]
        found.append(Answers(tokens, [], ids, latency_s=sampled[-1] if sampled else None))
    if pdus:
        found.append(Deliveries(pdus))
    return found


_OVER = frozenset((State.UNBOUND, State.CLOSED))
_BOUND = frozenset((State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX))
_BOUND_AS: dict[type, State] = {
    BindTransmitter: State.BOUND_TX,
    BindReceiver: State.BOUND_RX,
    BindTransceiver: State.BOUND_TRX,
}
# OsmoMSC answers bind_receiver with bind_transmitter_resp: any of the three will do.
_BIND_RESPS = frozenset(
    (CommandId.BIND_TRANSMITTER_RESP, CommandId.BIND_RECEIVER_RESP, CommandId.BIND_TRANSCEIVER_RESP)
)
_KNOWN_REQUESTS = frozenset((CommandId.DATA_SM, CommandId.ALERT_NOTIFICATION, CommandId.OUTBIND))


def _answers(response: int, request: int) -> bool:
    """Whether a response of that command may answer the request."""
    if request | RESPONSE in _BIND_RESPS and response in _BIND_RESPS:
        return True
    return response in (request | RESPONSE, CommandId.GENERIC_NACK)
