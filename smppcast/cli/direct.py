"""A text sent over a bare session, without configuration or ledger: a first try at an SMSC."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import anyio

from smppcast.cli.signals import Interrupt, interruptible
from smppcast.client import ClientSession, Source, connect
from smppcast.errors import LinkError, OutcomeUnknown, ResponseTimeout, StatusError
from smppcast.model import MessageState, Outcome
from smppcast.operators.settings import SourceAddress

__all__ = ["Direct", "Message"]

_OUTCOMES = {MessageState.DELIVERED: Outcome.DELIVERED, MessageState.EXPIRED: Outcome.EXPIRED}


@dataclass(slots=True)
class Message:
    """One recipient's, and what became of it."""

    msisdn: str
    outcome: Outcome = Outcome.NOT_SENT
    error: str = ""
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Direct:
    """What is sent, and where.

    Args:
        url: ``smpp://SYSTEM_ID:PASSWORD@HOST:PORT``, or smpps://.
        wait_s: for receipts; None does not ask for any.
    """

    url: str
    text: str
    source: SourceAddress | None
    flash: bool
    wait_s: float | None

    async def send(self, numbers: list[str]) -> list[Message]:
        """Sends to all of them, as far as the user lets it come.

        Raises:
            SmppcastError: the SMSC cannot be reached, or does not let us in, or the text does not fit.
        """
        print("without a ledger: what a crash swallows here is lost", file=sys.stderr)
        messages = [Message(number) for number in numbers]
        source = Source(self.source.addr, self.source.ton, self.source.npi) if self.source else None
        async with (
            interruptible() as interrupt,
            connect(self.url, source=source) as session,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(_end_when_asked, interrupt, tasks.cancel_scope)
            async with anyio.create_task_group() as sending:
                for message in messages:
                    sending.start_soon(self._send, session, message)
            tasks.cancel_scope.cancel()
        return messages

    async def _send(self, session: ClientSession, message: Message) -> None:
        try:
            message.outcome = Outcome.UNKNOWN  # what it stays if the user ends us now
            sent = await session.submit(
                message.msisdn, self.text, receipt=self.wait_s is not None, flash=self.flash
            )
            message.outcome, message.message_ids = Outcome.AWAITING_RECEIPT, sent.message_ids
            if self.wait_s is None:
                return
            receipt = await sent.receipt(self.wait_s)
            message.error = receipt.error
            if receipt.state is not None:
                message.outcome = _OUTCOMES.get(receipt.state, Outcome.UNDELIVERED)
        except StatusError as error:
            message.outcome, message.error = Outcome.REJECTED, error.name
        except ResponseTimeout:
            return  # it still awaits its receipt
        except LinkError as error:
            message.error = str(error)
            if message.outcome is Outcome.UNKNOWN and not isinstance(error, OutcomeUnknown):
                message.outcome = Outcome.NOT_SENT


async def _end_when_asked(interrupt: Interrupt, scope: anyio.CancelScope) -> None:
    await interrupt.asked.wait()
    scope.cancel()
