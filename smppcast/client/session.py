"""The session as its users see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import NamedTuple, Unpack

from smppcast.client.addresses import Source, destination_of
from smppcast.client.bulk import Bulk, Submitted
from smppcast.client.numbers import StreamFeed, feed_of
from smppcast.client.operations import Operations
from smppcast.client.outbox import Submission, TrackedSubmission
from smppcast.client.sent import Sent
from smppcast.client.wire import Reply, Wire
from smppcast.client.wording import Composer, Options, Wording
from smppcast.errors import SmppcastError, UsageError
from smppcast.smpp import EnquireLink, Pdu, SubmitSm, Unbind, encode
from smppcast.smpp.states import State

__all__ = ["ClientSession", "Statistics"]

_HEADER_LENGTH = 16

# Results of `submit_many` that may wait to be fetched, however small the window: the link need not wait
# for the consumer's turn of the event loop before each window.
AHEAD_LEAST = 100


class Statistics(NamedTuple):
    """Counts since the bind, in PDUs.

    submitted = accepted + refused + unanswered + in_flight, until the session ends.
    """

    submitted: int  # submit_sm written
    accepted: int  # answered ESME_ROK
    refused: int  # answered otherwise, throttled ones included
    unanswered: int  # given up after the response timer
    in_flight: int  # written and not answered yet
    waiting: int  # messages that wait for room in the window, bulk ones apart
    late: int  # responses to nothing that was still waited for
    receipts: int  # receipts taken in
    inbound: int  # messages of users, each part counted
    inbound_refused: int  # of those, answered ESME_RX_R_APPN for want of a handler
    malformed: int  # deliver_sm that could not be read
    handler_failures: int  # answered ESME_RX_T_APPN, since the handler raised
    postponed: int  # answered ESME_RX_T_APPN, since too many waited for their handler
    backlog: int  # deliveries that wait for their handler
    awaiting_receipts: int  # segments whose receipt `Sent.receipt` waits for
    latency_s: float | None  # from a submit to its response, a running mean


class ClientSession(Operations):
    """A bound session; see `connect`. Any number of tasks may use it at once.

    It keeps no ledger: what it knows ends with it. It does not reconnect, and sends nothing twice.
    For messages that must be accounted for, use the engine.

    Attributes:
        smsc: system_id of the SMSC, as its bind response gave it.
    """

    def __init__(self, wire: Wire, composer: Composer, name: str, smsc: str) -> None:
        self.smsc = smsc
        self._wire, self._composer, self._name = wire, composer, name

    def __repr__(self) -> str:
        session = self._wire.session
        window = f"window {len(session.window)}/{session.window.size}"
        return f"<ClientSession {self._name} [{self.state} | {window} | {len(self._wire.outbox)} waiting]>"

    @property
    def state(self) -> State:
        """As SMPP 5.0 section 2.3 names it."""
        return self._wire.session.state

    @property
    def error(self) -> SmppcastError | None:
        """Why the session ended; None as long as it has not, and after an orderly unbind."""
        return self._wire.error

    async def wait_ended(self) -> SmppcastError | None:
        """Returns when the session has ended, with `error`."""
        await self._wire.ended.wait()
        return self._wire.error

    def statistics(self) -> Statistics:
        wire, tally = self._wire, self._wire.inbox.tally
        return Statistics(
            submitted=wire.outbox.submitted,
            accepted=wire.accepted,
            refused=wire.refused,
            unanswered=wire.unanswered,
            in_flight=len(wire.session.window),
            waiting=len(wire.outbox),
            late=wire.session.late,
            receipts=tally.receipts,
            inbound=tally.inbound,
            inbound_refused=tally.refused,
            malformed=tally.malformed,
            handler_failures=tally.failed,
            postponed=tally.postponed,
            backlog=len(wire.inbox),
            awaiting_receipts=len(wire.awaiting),
            latency_s=wire.latency_s,
        )

    # --- sending ---------------------------------------------------------------------------

    async def submit(
        self,
        to: str,
        text: str | bytes,
        source: str | Source | None = None,
        *,
        receipt: bool = False,
        **options: Unpack[Options],
    ) -> Sent:
        """Sends one message, of as many segments as it takes, and returns once all are accepted.

        It waits for room in the window in the order of the calls. Cancelling while it waits sends
        nothing; later, the message goes its way and its answer is dropped.

        Args:
            to: an international number; `+`, spaces and the like are taken off.
            text: a text; bytes are sent as binary (data_coding 4).
            source: the sender, see `source_of`; the session's own where it is None.
            receipt: ask for the final receipt, see `Sent.receipt`.
            options: see `Options`.

        Raises:
            SubmitRefused: the SMSC did not take it, or not all segments; throttles are no exception.
            OutcomeUnknown: bytes may have left and the response did not come.
            LinkLost: the session ended before any byte left.
            TextError: the text cannot be written so.
            FieldError: number, source or an option does not fit.
            UsageError: the session is a receiver's.
        """
        wire = self._wire
        if not wire.session.can_submit:  # asked here too, since a call is a fortieth of a message
            wire.check()
        digits = destination_of(to, self._composer.dialect.dest_addr_ton)
        wording = self._composer.wording(to, text, source, receipt, **options)
        future: asyncio.Future[Sent] = wire.create_future()
        if wording.plain:
            wire.outbox.add(Submission(to, digits, wording, future))
        else:
            wire.outbox.add(TrackedSubmission(to, digits, wording, future, wire.awaiting))
        return await future

    def submit_many(
        self,
        numbers: Iterable[str] | AsyncIterable[str],
        text: str | bytes,
        source: str | Source | None = None,
        *,
        receipt: bool = False,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Submitted, None]:
        """Sends one text to many numbers, and yields what became of them in the order of the answers.

        The text is encoded once. Numbers are taken as the window has room, a window ahead at most: memory is
        flat whatever their count, and behind a slow consumer at most two windows of results wait (100 where
        those are fewer). Leaving the loop stops it likewise (at once under `contextlib.aclosing`, else when
        Python collects the generator); what is in flight then is answered to nobody, and what was taken ahead
        is not sent. Single messages of `submit` go before those of streams; streams take turns.

        Args:
            numbers: as `to` of `submit`; any iterable, asynchronous or not. One that is none comes
                back with the status ESME_RINVDSTADR and is not sent.
            receipt: ask for final receipts; they go to the session's `on_receipt`.

        Yields:
            Batches of columns, see `Submitted`. Refused and throttled messages are reported as they
            are; nothing is sent again.

        Raises:
            OutcomeUnknown: the session ended in the middle: `numbers` are those unanswered, `unsent`
                those that were taken and not sent; all others were yielded, or not taken.
            LinkLost, TextError, FieldError, UsageError: as `submit`, before anything is sent.
        """
        self._wire.check()
        return self._cast(numbers, self._composer.wording("", text, source, receipt, **options))

    async def _cast(
        self, numbers: Iterable[str] | AsyncIterable[str], wording: Wording
    ) -> AsyncGenerator[Submitted, None]:
        wire = self._wire
        wire.check()
        feed = feed_of(numbers, wire.wake)
        # A window of answers is being handled while the next is on its way.
        ton, ahead = self._composer.dialect.dest_addr_ton, max(2 * wire.session.window.size, AHEAD_LEAST)
        bulk = Bulk(feed, wording, ton, ahead, wire.wake)
        wire.outbox.open(bulk)
        try:
            if isinstance(feed, StreamFeed):
                wire.start(feed.run)
            async for batch in bulk.batches():
                yield batch
        finally:
            bulk.stop()
            if isinstance(feed, StreamFeed):
                feed.stop()
            wire.wake()

    # --- anything --------------------------------------------------------------------------

    async def request(self, pdu: Pdu) -> Pdu:
        """Sends any request and returns its response, whatever its command_status.

        Only submit_sm waits for room in the window; of its response the status and message_id are
        kept. The sequence_number is the session's to give. Cancelling loses the waiting only. A
        response that does not come within the response timer ends the session, but for submit_sm.

        Raises:
            FieldError: the PDU does not fit the specification, or the version; nothing was sent.
            UsageError: the session's state does not allow it; or it is the session's own business:
                unbind is leaving the block, enquire_link is sent on a quiet link by itself.
            OutcomeUnknown: the session ended before the response came.
            LinkLost: it had ended already.
        """
        if isinstance(pdu, Unbind | EnquireLink):
            raise UsageError(f"{pdu.command} is the session's own business")
        if not isinstance(pdu, SubmitSm):
            return await self._wire.request(pdu)
        self._wire.check()
        future: asyncio.Future[Pdu] = self._wire.create_future()
        octets = encode(pdu, interface_version=self._wire.session.interface_version)
        self._wire.outbox.open(Reply(pdu.command, future, octets[_HEADER_LENGTH:]))
        return await future
