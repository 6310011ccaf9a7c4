"""`connect`: from a url to a bound session, and back out in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, tzinfo
from functools import partial
from typing import Literal

import anyio

from smppcast.client.addresses import Login, Source, login_of
from smppcast.client.awaiting import Awaiting
from smppcast.client.inbox import Inbox
from smppcast.client.session import ClientSession
from smppcast.client.wire import Wire
from smppcast.client.wording import TLV_FORMS, Composer, Dialect
from smppcast.errors import BindRefused, ConnectFailed, OutcomeUnknown, UsageError
from smppcast.net.clock import monotonic, wall
from smppcast.net.dialling import Tls, dial
from smppcast.receipts import InboundMessage, MessageIdMapping, Reassembler, Receipt, ReceiptBatch
from smppcast.smpp import BindReceiver, BindTransceiver, BindTransmitter, encode
from smppcast.smpp.session import Session, Timers
from smppcast.smpp.versions import speaks_3_3
from smppcast.smpp.vocabulary import InterfaceVersion, Npi, Ton, status_name
from smppcast.text import DefaultAlphabet, LongMessages

__all__ = ["BindKind", "connect"]

BindKind = Literal["transceiver", "transmitter", "receiver"]

Bind = BindTransceiver | BindTransmitter | BindReceiver

_PDUS: dict[BindKind, type[Bind]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}


@asynccontextmanager
async def connect(
    url: str,
    *,
    password: str | None = None,
    bind: BindKind = "transceiver",
    window: int = 10,
    source: str | Source | None = None,
    on_receipt: Callable[[Receipt], object] | None = None,
    on_receipts: Callable[[ReceiptBatch], object] | None = None,
    on_message: Callable[[InboundMessage], object] | None = None,
    tls: Tls | None = None,
    timers: Timers | None = None,
    bind_timeout_s: float = 30.0,
    unbind_timeout_s: float = 5.0,
    interface_version: int = InterfaceVersion.V3_4,
    system_type: str = "",
    address_range: str = "",
    service_type: str = "",
    dest_addr_ton: int = Ton.INTERNATIONAL,
    dest_addr_npi: int = Npi.ISDN,
    default_alphabet: DefaultAlphabet = "gsm",
    long_messages: LongMessages = "udh8",
    message_ids: MessageIdMapping | str = MessageIdMapping.AUTO,
    time_zone: tzinfo = UTC,
) -> AsyncIterator[ClientSession]:
    """Connects and binds; leaving the block unbinds in order.

    The bare session: no ledger, no pacing, no reconnecting, no second attempts. A receipt, or an
    inbound message, is acknowledged after its handler returned; a handler that raises has it
    answered ESME_RX_T_APPN, so that the SMSC sends it again. What a crash swallows is lost.

    Cancelling is safe: the session still unbinds, within `unbind_timeout_s`. Enter and leave the
    block in the same task, as with every block that keeps tasks of its own.

    Args:
        url: ``smpp://SYSTEM_ID:PASSWORD@HOST:PORT``, or ``smpps://`` for TLS.
        password: the account's, where it is not in the url.
        bind: what the session may carry.
        window: submits that may await their response at once (SMPP 3.4 suggests 10).
        source: the sender of messages that name none, see `source_of`.
        on_receipt: called, or awaited, with every receipt, one at a time; it may be called twice
            with the same one. Receipts that `Sent.receipt` waits for reach both.
        on_receipts: instead of it, for many: called with what one read brought, as columns. All of a
            batch are acknowledged after it returned, at a tenth of the cost.
        on_message: likewise with every inbound message, its parts put together; one whose parts
            did not all come in an hour has `missing` set. Without it they are refused.
        tls: how an smpps peer is verified; the system's authorities by default.
        timers: silences that are borne.
        bind_timeout_s: for connecting, and for the answer to the bind.
        unbind_timeout_s: how long leaving the block takes at most.
        interface_version: what is spoken. Under 3.3 (0x33) a session is a transmitter's or a
            receiver's, and long texts are udh8 or udh16: there are no TLVs.
        default_alphabet, long_messages, service_type, dest_addr_ton, dest_addr_npi: see `Dialect`.
        message_ids: how receipts spell the message_ids of responses.
        time_zone: of the dates in receipts.

    Raises:
        ConnectFailed: no connection, or no answer to the bind.
        BindRefused: the SMSC did not let us in.
        UsageError: url, password or TLS files that cannot be used; what the version lacks; both
            `on_receipt` and `on_receipts`.
        FieldError: something does not fit its field of the bind.
    """
    if window < 1:
        raise UsageError(f"window = {window}: expected at least 1")
    if on_receipt is not None and on_receipts is not None:
        raise UsageError("on_receipt and on_receipts: expected one of them")
    if speaks_3_3(interface_version):
        _refuse_newer(bind, long_messages)
    login = login_of(url, password, tls)
    composer = Composer(
        Dialect(
            source,
            service_type,
            dest_addr_ton,
            dest_addr_npi,
            default_alphabet,
            long_messages,
            interface_version,
        ),
        seed=int(wall()),
    )
    awaiting = Awaiting(MessageIdMapping(message_ids), time_zone)
    make_inbox = partial(
        Inbox,
        awaiting,
        Reassembler(default_alphabet=default_alphabet),
        on_receipt=on_receipt,
        on_receipts=on_receipts,
        on_message=on_message,
        time_zone=time_zone,
    )
    pdu = _PDUS[bind](
        system_id=login.system_id,
        password=login.password,
        system_type=system_type,
        interface_version=interface_version,
        address_range=address_range,
    )
    encode(pdu)  # what does not fit is told before anything connects
    link = await dial(login.address, bind_timeout_s)
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            session = Session(window, timers or Timers(), monotonic(), interface_version=interface_version)
            wire = Wire(link, session, awaiting, make_inbox, clock=monotonic, start=tasks.start_soon)
            tasks.start_soon(wire.run)
            tasks.start_soon(wire.handle_deliveries)
            try:
                smsc = await _bind(wire, pdu, login, bind_timeout_s)
                yield ClientSession(wire, composer, repr(login)[7:-1], smsc)
            except Exception as error:  # noqa: BLE001 - raised below, outside of the group that would wrap it
                failure = error
            finally:
                await wire.close(unbind_timeout_s)
                tasks.cancel_scope.cancel()
    finally:
        await link.aclose()
    if failure is not None:
        raise failure


def _refuse_newer(bind: BindKind, long_messages: LongMessages) -> None:
    """What SMPP 3.3 lacks is told before anything connects: a bind that carries both directions would
    else be opened for one, and a long text fail when it comes."""
    if bind == "transceiver":
        problem = "bind = 'transceiver': SMPP 3.3 has none; connect as transmitter, as receiver, or as both"
        raise UsageError(problem)
    if long_messages in TLV_FORMS:
        raise UsageError(f"long_messages = {long_messages!r}: SMPP 3.3 has no TLVs; expected udh8 or udh16")


async def _bind(wire: Wire, pdu: Bind, login: Login, timeout_s: float) -> str:
    """Binds; returns the SMSC's system_id."""
    try:
        with anyio.fail_after(timeout_s):
            response = await wire.request(pdu)
    except TimeoutError:
        raise ConnectFailed(f"{login.address}: no answer to {pdu.command} in {timeout_s:g} s") from None
    except OutcomeUnknown as error:
        raise ConnectFailed(f"{login.address}: the link ended before {pdu.command} was answered") from error
    if response.command_status:
        status = response.command_status
        raise BindRefused(pdu.command, status, status_name(status))
    return getattr(response, "system_id", None) or ""
