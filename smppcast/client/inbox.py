"""What the SMSC delivers: receipts and messages, each answered after its handler returned."""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import anyio
import anyio.lowlevel
import structlog

from smppcast.client.awaiting import Awaiting, Report
from smppcast.errors import DecodeError
from smppcast.model import MessageState
from smppcast.receipts import InboundMessage, Reassembler, Receipt, parse
from smppcast.receipts.batch import ReceiptBatch, read
from smppcast.receipts.content import message_octets
from smppcast.smpp import DataSm, DeliverSm, decode
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["BACKLOG_MAX", "Handler", "Inbox", "InboxTally"]

log = structlog.get_logger("smppcast.client")

Handler = Callable[[Any], Awaitable[object] | object]

BACKLOG_MAX = 10_000
"""Deliveries that may wait for a slow handler, some 10 MB; the SMSC is told to send further ones
again later (ESME_RX_T_APPN)."""

# Inbound messages whose handler failed, kept until their last part comes again: the SMSC repeats
# only what was not acknowledged. They are few, and each some KB.
_FAILED_MAX = 1_000

# A handler that is not asynchronous runs this often before the link gets its turn again.
_TURN = 100

_INTERMEDIATE = frozenset(state for state in MessageState if not state.final)

Respond = Callable[[DeliverSm | DataSm | None, Sequence[int], int], None]
"""Answers a data_sm, or deliver_sm PDUs by their sequence_numbers, with a command_status."""


@dataclass(slots=True)
class InboxTally:
    """Counts since the bind; see `Statistics`."""

    receipts: int = 0
    inbound: int = 0
    malformed: int = 0
    failed: int = 0
    postponed: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Due:
    """What waits for its handler; `pdu` is None where nothing, or a batch, is owed an answer."""

    handler: Handler
    value: Receipt | ReceiptBatch | InboundMessage
    pdu: DeliverSm | DataSm | None
    sequence_numbers: Sequence[int]


class Inbox:
    """Takes in deliver_sm and data_sm PDUs.

    Handlers are called one at a time, in the order of arrival. What no handler takes is answered at
    once: receipts ESME_ROK, since whoever waits for one has got it; messages ESME_RX_R_APPN, since
    an acknowledged one would be lost without anybody knowing.
    """

    def __init__(
        self,
        awaiting: Awaiting,
        reassembler: Reassembler,
        respond: Respond,
        *,
        on_receipt: Handler | None,
        on_receipts: Handler | None = None,
        on_message: Handler | None,
        time_zone: tzinfo,
    ) -> None:
        self.tally = InboxTally()
        self._awaiting, self._reassembler, self._respond = awaiting, reassembler, respond
        self._on_receipt, self._on_receipts = on_receipt, on_receipts
        self._on_message, self._time_zone = on_message, time_zone
        self._queue: deque[_Due] = deque()
        self._backlog = 0
        self._failed: OrderedDict[tuple[str, str, bytes], InboundMessage] = OrderedDict()
        self._waiting: asyncio.Future[None] | None = None
        self._idle = anyio.Event()

    def __len__(self) -> int:
        return self._backlog

    # --- from the link ---------------------------------------------------------------------

    def deliver(self, pdus: Sequence[bytes], now: float) -> None:
        """Takes in deliver_sm PDUs."""
        if self._on_receipt is None and self._backlog < BACKLOG_MAX:
            pdus = self._by_the_batch(pdus)
        for octets in pdus:
            try:
                pdu = decode(octets)
            except DecodeError as error:
                self.tally.malformed += 1
                self._respond(None, [error.sequence_number], error.command_status)
                continue
            if isinstance(pdu, DeliverSm):
                self.take(pdu, now)

    def _by_the_batch(self, pdus: Sequence[bytes]) -> Sequence[bytes]:
        """Takes in the plain receipts, which no handler wants one by one; returns the rest."""
        batch, rest = read(pdus, time_zone=self._time_zone)
        if not len(batch):
            return rest
        self.tally.receipts += len(batch)
        if self._awaiting.any:
            content = {int.from_bytes(pdu[12:16], "big"): pdu for pdu in pdus}
            for number, message_id, other_id, source_addr, destination_addr, state in zip(
                batch.sequence_numbers,
                batch.message_ids,
                batch.other_ids,
                batch.sources,
                batch.destinations,
                batch.states,
                strict=True,
            ):
                if state not in _INTERMEDIATE:
                    ids = (message_id, other_id) if other_id else (message_id,)
                    report = Report(ids, source_addr, destination_addr, state, content[number])
                    self._awaiting.report(report)
        if self._on_receipts is None:
            self._respond(None, batch.sequence_numbers, CommandStatus.ESME_ROK)
        else:
            self._add(_Due(self._on_receipts, batch, None, batch.sequence_numbers))
        return rest

    def take(self, pdu: DeliverSm | DataSm, now: float) -> None:
        """Takes in one PDU."""
        if self._backlog >= BACKLOG_MAX:
            self.tally.postponed += 1
            self._answer(pdu, CommandStatus.ESME_RX_T_APPN)
            return
        receipt = parse(pdu, time_zone=self._time_zone)
        if receipt is None:
            self._message(pdu, now)
            return
        self.tally.receipts += 1
        if not receipt.intermediate:
            addresses = (receipt.source_addr, receipt.destination_addr)
            self._awaiting.report(Report(receipt.message_ids, *addresses, receipt.state, receipt))
        if self._on_receipts is not None:
            batch = ReceiptBatch()
            batch.add(receipt, pdu.sequence_number)
            self._add(_Due(self._on_receipts, batch, pdu, batch.sequence_numbers))
        elif self._on_receipt is not None:
            self._add(_Due(self._on_receipt, receipt, pdu, (pdu.sequence_number,)))
        else:
            self._answer(pdu, CommandStatus.ESME_ROK)

    def _message(self, pdu: DeliverSm | DataSm, now: float) -> None:
        """An inbound message, or a part of one: parts are acknowledged as they come, the last one
        after the handler returned. An SMSC with a window of 1 would never send it else."""
        self.tally.inbound += 1
        if self._on_message is None:
            self.tally.refused += 1
            if self.tally.refused == 1:
                log.warning("inbound_refused", why="the session has no on_message handler")
            self._answer(pdu, CommandStatus.ESME_RX_R_APPN)
            return
        for incomplete in self._reassembler.expire(now):
            self._add(_Due(self._on_message, incomplete, None, ()))
        message = self._failed.pop(_identity(pdu), None) or self._reassembler.add(pdu, now)
        if message is None:
            self._answer(pdu, CommandStatus.ESME_ROK)
        else:
            self._add(_Due(self._on_message, message, pdu, (pdu.sequence_number,)))

    def _add(self, due: _Due) -> None:
        self._queue.append(due)
        self._backlog += len(due.sequence_numbers)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _answer(self, pdu: DeliverSm | DataSm, command_status: int) -> None:
        self._respond(pdu, [pdu.sequence_number], command_status)

    # --- to the handlers -------------------------------------------------------------------

    async def run(self) -> None:
        """Calls handlers as long as it is not cancelled."""
        while True:
            for _ in range(_TURN):
                if not self._queue:
                    break
                # It stays in the queue while it is handled: `drained` waits for it too.
                await self._handle(self._queue[0])
                self._backlog -= len(self._queue.popleft().sequence_numbers)
            if self._queue:
                await anyio.lowlevel.checkpoint()
                continue
            self._idle.set()
            # A future, since an event costs a small window's turn some of its time.
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    async def drained(self) -> None:
        """Returns when every delivery so far was handled."""
        while self._queue:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def _handle(self, due: _Due) -> None:
        status = CommandStatus.ESME_ROK
        try:
            result = due.handler(due.value)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - a handler's error is the SMSC's to repeat, not ours to die of
            status = CommandStatus.ESME_RX_T_APPN
            self._note(due, error)
        if due.sequence_numbers:
            self._respond(due.pdu, due.sequence_numbers, status)

    def _note(self, due: _Due, error: Exception) -> None:
        """The first failure is told with its traceback; a handler that always fails fills no log."""
        self.tally.failed += 1
        note = log.error if self.tally.failed == 1 else log.debug
        note("handler_failed", handler=repr(due.handler), error=repr(error), exc_info=error)
        if due.pdu is not None and isinstance(due.value, InboundMessage):
            self._failed[_identity(due.pdu)] = due.value
            if len(self._failed) > _FAILED_MAX:
                self._failed.popitem(last=False)


def _identity(pdu: DeliverSm | DataSm) -> tuple[str, str, bytes]:
    """What is the same when a PDU comes again."""
    return pdu.source_addr, pdu.destination_addr, message_octets(pdu)
