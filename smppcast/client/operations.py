"""The operations beside submit_sm: asking after messages, changing them, and the rarer ways to send."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Unpack

from smppcast.client.addresses import Source, destination_of, source_of
from smppcast.client.wording import Composer, Options, validity_period
from smppcast.errors import ProtocolError, StatusError, UsageError
from smppcast.smpp import (
    BroadcastSm,
    BroadcastSmResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DistributionList,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
)
from smppcast.smpp.tlv import Tlvs, TlvValue
from smppcast.smpp.vocabulary import status_name

__all__ = ["Operations"]

R = TypeVar("R", bound=Pdu)


class Operations(ABC):
    """What a session offers on top of `request`.

    Every method sends one PDU and returns its response. The source must be the message's own, as
    SMSCs compare it. Every method raises:

    Raises:
        StatusError: the SMSC refused; `command_status` says why.
        ProtocolError: it answered with another command.
        OutcomeUnknown: the session ended before the response came.
        LinkLost: it had ended already.
        FieldError: an argument does not fit its field.
    """

    _composer: Composer

    @abstractmethod
    async def request(self, pdu: Pdu) -> Pdu:
        """Sends a PDU and returns its response, see `ClientSession`."""

    async def query(self, message_id: str, source: str | Source | None = None) -> QuerySmResp:
        """What became of a message, as far as the SMSC remembers."""
        return await self._ask(QuerySm(message_id=message_id, **self._sender(source)), QuerySmResp)

    async def cancel(
        self,
        message_id: str = "",
        *,
        to: str = "",
        source: str | Source | None = None,
        service_type: str = "",
    ) -> CancelSmResp:
        """Calls a message back; without a message_id all that wait for `to` from `source`."""
        number = self._recipient(to) if to else {}
        pdu = CancelSm(message_id=message_id, service_type=service_type, **self._sender(source), **number)
        return await self._ask(pdu, CancelSmResp)

    async def replace(
        self,
        message_id: str,
        text: str | bytes,
        source: str | Source | None = None,
        *,
        receipt: bool = False,
        validity_s: float | None = None,
    ) -> ReplaceSmResp:
        """Puts another text in the place of a message that waits to be delivered.

        The PDU has no data_coding: the text must take one segment in the alphabet of the first.
        """
        submit = self._single(text, source, receipt, {"validity_s": validity_s})
        pdu = ReplaceSm(
            message_id=message_id,
            validity_period=validity_period(validity_s),
            registered_delivery=submit.registered_delivery,
            short_message=submit.short_message,
            **self._sender(source),
        )
        return await self._ask(pdu, ReplaceSmResp)

    async def data(
        self,
        to: str,
        text: str | bytes,
        source: str | Source | None = None,
        *,
        receipt: bool = False,
        **options: Unpack[Options],
    ) -> DataSmResp:
        """Sends a text, or octets, by data_sm: whole, in message_payload. No `Sent` comes of it, so
        that its receipt goes to `on_receipt`."""
        submit = self._single(text, source, receipt, {"long_messages": "payload", **options})
        raw = list(submit.tlvs.raw)
        if "message_payload" not in submit.tlvs:
            raw += Tlvs(message_payload=submit.short_message).raw
        pdu = DataSm(
            service_type=submit.service_type,
            esm_class=submit.esm_class,
            registered_delivery=submit.registered_delivery,
            data_coding=submit.data_coding,
            tlvs=Tlvs.from_raw(raw),
            **self._sender(source),
            **self._recipient(to),
        )
        return await self._ask(pdu, DataSmResp)

    async def submit_multi(
        self,
        to: Sequence[str | DistributionList],
        text: str | bytes,
        source: str | Source | None = None,
        *,
        receipt: bool = False,
        **options: Unpack[Options],
    ) -> SubmitMultiResp:
        """One message to at most 255 numbers and lists; long ones in message_payload.

        `unsuccess_sme` of the response tells who was refused. `submit_many` is faster, and gives
        each recipient a message_id.
        """
        submit = self._single(text, source, receipt, {"long_messages": "payload", **options})
        pdu = SubmitMulti(
            dest_address=tuple(
                entry if isinstance(entry, DistributionList) else SmeAddress(**self._recipient(entry))
                for entry in to
            ),
            **{name: getattr(submit, name) for name in _SHARED},
        )
        return await self._ask(pdu, SubmitMultiResp)

    async def broadcast(
        self,
        text: str | bytes,
        source: str | Source | None = None,
        *,
        areas: Sequence[bytes],
        content_type: bytes = b"\0\0\0",
        repetitions: int = 1,
        interval: bytes = b"\0\0\0",
        tlvs: Mapping[Any, TlvValue] | None = None,
        **fields: Any,
    ) -> BroadcastSmResp:
        """Sends a text to all handsets of some cells (SMPP 5.0).

        Args:
            areas: broadcast_area_identifier of each: a format octet and its details.
            content_type: broadcast_content_type: network and service, three octets.
            repetitions: broadcast_rep_num.
            interval: broadcast_frequency_interval: unit and number, three octets.
            tlvs: further ones; `fields` are those of `BroadcastSm` itself.
        """
        submit = self._single(text, source, False, {"long_messages": "payload"})
        payload = submit.tlvs.get("message_payload", submit.short_message)
        pairs: list[tuple[Any, TlvValue]] = [("broadcast_area_identifier", area) for area in areas]
        pairs += [
            ("broadcast_content_type", content_type),
            ("broadcast_rep_num", repetitions),
            ("broadcast_frequency_interval", interval),
            ("message_payload", payload),
            *(tlvs or {}).items(),
        ]
        shared = {"data_coding": submit.data_coding, **self._sender(source), **fields}
        return await self._ask(BroadcastSm(tlvs=Tlvs(pairs), **shared), BroadcastSmResp)

    # --- within ----------------------------------------------------------------------------

    async def _ask(self, pdu: Pdu, expected: type[R]) -> R:
        response = await self.request(pdu)
        if response.command_status:
            status = response.command_status
            raise StatusError(pdu.command, status, status_name(status))
        if not isinstance(response, expected):
            raise ProtocolError(f"{pdu.command} was answered with {response.command}")
        return response

    def _single(
        self, text: str | bytes, source: str | Source | None, receipt: bool, options: Options
    ) -> SubmitSm:
        """The text as a submit_sm without destination, of which other PDUs take their fields."""
        pdus = self._composer.pdus(0, text, source, receipt, **options)
        if len(pdus) > 1:
            raise UsageError(f"the text takes {len(pdus)} segments, and the operation carries one")
        return pdus[0]

    def _sender(self, source: str | Source | None) -> dict[str, Any]:
        sender = source_of(self._composer.dialect.source if source is None else source)
        return {
            "source_addr_ton": sender.ton,
            "source_addr_npi": sender.npi,
            "source_addr": sender.addr,
        }

    def _recipient(self, to: str) -> dict[str, Any]:
        dialect = self._composer.dialect
        digits = destination_of(to, dialect.dest_addr_ton).decode("ascii")
        return {
            "dest_addr_ton": dialect.dest_addr_ton,
            "dest_addr_npi": dialect.dest_addr_npi,
            "destination_addr": digits,
        }


# Fields that submit_multi has in common with submit_sm.
_SHARED = (
    *("service_type", "source_addr_ton", "source_addr_npi", "source_addr", "esm_class", "protocol_id"),
    *("priority_flag", "schedule_delivery_time", "validity_period", "registered_delivery"),
    *("replace_if_present_flag", "data_coding", "short_message", "tlvs"),
)
