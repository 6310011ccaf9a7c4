"""One bound session between its link and those who use it: the pump's owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import anyio

from smppcast.client.awaiting import Awaiting
from smppcast.client.inbox import Inbox
from smppcast.client.outbox import NO_RESPONSE, Outbox
from smppcast.errors import LinkLost, OutcomeUnknown, SmppcastError, UsageError
from smppcast.net.clock import Clock
from smppcast.net.link import Link
from smppcast.net.pump import Pump
from smppcast.smpp import DataSm, DataSmResp, DeliverSm, Pdu, SubmitSmResp, Unbind, command_name
from smppcast.smpp.session import Answer, Answers, Deliveries, Ended, Event, Expired, Request, Session

__all__ = ["MakeInbox", "Reply", "Wire"]

MakeInbox = Callable[[Callable[[DeliverSm | DataSm | None, Sequence[int], int], None]], Inbox]
"""Makes an inbox that answers by what it is given."""


class Reply:
    """The response to one request; `future` becomes its PDU or the error.

    Args:
        name: of the command.
        body: of a submit_sm, which is a `Stream` of one and waits for room in the window.
    """

    __slots__ = ("_body", "_name", "future")

    awaited: ClassVar[bool] = True

    def __init__(self, name: str, future: asyncio.Future[Pdu], body: bytes | None = None) -> None:
        self.future, self._name, self._body = future, name, body

    @property
    def over(self) -> bool:
        """Whether it is on its way."""
        return self._body is None or self.future.done()

    def fill(self, session: Session, room: int, now: float) -> int:
        """Queues its body, once."""
        body, self._body = self._body, None
        if body is None or self.future.done():
            return 0
        session.submit([body], [(self, None)], now)
        return min(1, room)

    def prepare(self, session: Session) -> None:
        """It is encoded already."""

    def came(self, pdu: Pdu) -> None:
        """Takes the response."""
        if not self.future.done():
            self.future.set_result(pdu)

    def answered(self, keys: Sequence[Any], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        """Takes the answer to a submit_sm, which comes in columns."""
        status = statuses[0] if statuses else 0
        if status == NO_RESPONSE:
            self.end(keys, None)
        else:
            self.came(SubmitSmResp(command_status=status, message_id=message_ids[0] or None))

    def end(self, unanswered: Sequence[Any], cause: SmppcastError | None) -> None:
        """Learns that no response will come."""
        if self.future.done():
            return
        error: SmppcastError
        if unanswered:
            error = OutcomeUnknown(f"{self._name}: no response came")
        else:
            error = LinkLost(f"{self._name}: the session ended; nothing was sent")
        error.__cause__ = cause
        self.future.set_exception(error)


class Wire:
    """Passes between pump, outbox and inbox.

    Attributes:
        ended: set once the link is gone and everybody has learnt what became of theirs.
        error: why it ended; None after an orderly unbind.
        latency_s: from a submit to its response, a running mean; None before the first.
        create_future: of the event loop that it runs in, which to ask for each time is a call of the kernel.
    """

    def __init__(
        self,
        link: Link,
        session: Session,
        awaiting: Awaiting,
        make_inbox: MakeInbox,
        *,
        clock: Clock,
        start: Callable[..., object],
    ) -> None:
        self.session, self.awaiting = session, awaiting
        self.inbox = make_inbox(self._respond)
        self.ended = anyio.Event()
        self.error: SmppcastError | None = None
        self.latency_s: float | None = None
        self.accepted = self.refused = self.unanswered = 0
        self._clock, self._start = clock, start
        self._handling = anyio.CancelScope(shield=True)
        self.create_future = asyncio.get_running_loop().create_future
        self._pump = Pump(link, session, self, clock, session.timers.response_s)
        self.wake = self._pump.wake
        self.outbox = Outbox(self.wake)

    # --- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Pumps until the link ends; then nobody is left waiting.

        It is shielded, so that a cancelled block can still unbind: `close` ends it.
        """
        try:
            with anyio.CancelScope(shield=True):
                self.error = await self._pump.run()
        finally:
            left = [token for token in self.session.close() if token is not None]
            self.outbox.end(left, self.error)
            self.awaiting.end()
            self.ended.set()

    async def handle_deliveries(self) -> None:
        """Calls handlers until `close`; shielded likewise."""
        with self._handling:
            await self.inbox.run()

    async def close(self, timeout_s: float) -> None:
        """Unbinds in order, after the handlers of what came so far; at most `timeout_s`, half for each.

        What waits for room is not sent any more; what is in flight is still answered, since an SMSC
        answers it before the unbind.
        """
        with anyio.move_on_after(timeout_s / 2, shield=True):
            if self.session.bound:
                await self.inbox.drained()
        with anyio.move_on_after(timeout_s / 2, shield=True):
            if self.session.bound:
                self.session.request(Unbind(), None, self._clock())
                self.wake()
                await self.ended.wait()
        self._handling.cancel()
        self._pump.stop()

    def start(self, run: Callable[[], Any]) -> None:
        """Runs something in the background, no longer than the session."""
        self._start(run)

    # --- requests --------------------------------------------------------------------------

    def check(self) -> None:
        """Does nothing where a submit may be queued.

        Raises:
            LinkLost: the session ended, or is being ended.
            UsageError: it is bound as a receiver.
        """
        if not self.session.can_submit:
            if self.session.bound:
                raise UsageError("a receiver cannot submit: bind as transceiver or transmitter")
            raise LinkLost("the session has ended") from self.error

    def request(self, pdu: Pdu) -> asyncio.Future[Pdu]:
        """Queues any request but submit_sm at once; it takes no room of the window.

        Raises:
            FieldError: the PDU does not fit the specification.
            UsageError: the session's state does not allow it.
            LinkLost: the session ended.
        """
        if self.ended.is_set():
            raise LinkLost("the session has ended") from self.error
        future: asyncio.Future[Pdu] = self.create_future()
        self.session.request(pdu, (Reply(command_name(pdu.command_id), future), None), self._clock())
        self.wake()
        return future

    # --- the pump's owner ------------------------------------------------------------------

    def fill(self, session: Session, now: float) -> None:
        if self.outbox.fill(session, now):
            self.wake()

    def written(self, now: float) -> None:
        """Of no interest: no rate is kept here."""

    def may_wait(self, session: Session, events: Sequence[Event]) -> float | None:  # noqa: ARG002 - of any size
        """No longer than the write: while the SMSC is at a stream's next submits, the answers to its last
        are handled. Whoever awaits an answer decides when it is there what is sent next."""
        match events:
            case [Answers()] | [Answers(), Deliveries()] if not self.outbox.awaited:
                return 0.0
            case _:
                return None

    @property
    def hurries(self) -> bool:
        return self.outbox.streaming

    def handle(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Answers():
                    self._answered(event)
                case Deliveries():
                    self.inbox.deliver(event.pdus, now)
                case Answer():
                    event.token[0].came(event.pdu)
                case Expired():
                    self.unanswered += len(event.tokens)
                    self.outbox.expired(event.tokens)
                case Request(pdu=DataSm() as pdu):
                    self.inbox.take(pdu, now)
                case Request() | Ended():
                    pass  # alert_notification wants no answer; the pump ends with its session
        if self.session.can_submit and not self.session.window.room:
            self.outbox.prepare(self.session)

    def _answered(self, answers: Answers) -> None:
        total = len(answers.tokens)
        accepted = list(answers.statuses).count(0) if answers.statuses else total
        self.accepted += accepted
        self.refused += total - accepted
        if (sampled := answers.latency_s) is not None:
            # Over some ten samples: steady enough to show, quick enough to follow.
            mean = self.latency_s
            self.latency_s = sampled if mean is None else mean * 0.9 + sampled * 0.1
        self.outbox.answered(answers)

    def _respond(
        self, pdu: DeliverSm | DataSm | None, sequence_numbers: Sequence[int], command_status: int
    ) -> None:
        if not self.session.bound:
            return  # sequence_numbers mean nothing on another link: the SMSC sends it again there
        if isinstance(pdu, DataSm):
            for number in sequence_numbers:
                self.session.respond(DataSmResp(command_status=command_status, sequence_number=number))
        else:
            self.session.acknowledge(sequence_numbers, command_status)
        self.wake()
