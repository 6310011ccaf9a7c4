"""A text as submit_sm bodies: everything after the header, ready but for the destination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from smppcast.campaign.options import CampaignOptions
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import SubmitSm, encode
from smppcast.smpp.batch import around_destination
from smppcast.smpp.times import AbsoluteTime, RelativeTime
from smppcast.smpp.tlv import Tlvs
from smppcast.text import Segment, split

__all__ = ["Wording"]

_UDHI = 0x40

# Left to a message that is sent at the very end of its plan: less is refused by some SMSCs.
VALID_LEAST_S = 60.0

# Class 0 in both groups of data_coding that carry a class (GSM 03.38 section 4).
_FLASH = {0: 0x10, 8: 0x18}


class Wording:
    """Writes the texts of one campaign in one operator's dialect.

    Args:
        reference: of concatenated segments. One serves all recipients of a campaign, since a
            handset joins by sender and reference; campaigns that follow one another differ in it.
        began: when the campaign did (unix seconds), from which an absolute validity_period counts.
        now: for what is left of a plan with an end.

    Attributes:
        source_addr: the sender.
        references: each segment is to carry a user_message_reference of its own.
    """

    def __init__(
        self,
        settings: OperatorSettings,
        options: CampaignOptions,
        reference: int,
        began: float,
        now: float | None = None,
    ) -> None:
        now = began if now is None else now
        self._settings, self._options, self._reference = settings, options, reference
        self._validity = _validity(settings, options, began, now)
        self._source = options.source or settings.source
        self.source_addr, self.references = self._source.addr, settings.user_message_reference

    def count(self, text: str) -> int:
        """Segments that the text takes.

        Raises:
            TextError: it cannot be written in this dialect.
        """
        return len(self._segments(text)[0])

    def parts(self, text: str) -> list[tuple[bytes, bytes]]:
        """The body of each segment, in two parts: the destination's digits go between them.

        Raises:
            TextError: the text cannot be written in this dialect.
            FieldError: a setting does not fit its field.
        """
        segments, data_coding = self._segments(text)
        return [around_destination(encode(self._pdu(segment, data_coding))) for segment in segments]

    def _segments(self, text: str) -> tuple[Sequence[Segment], int]:
        settings, options = self._settings, self._options
        cut = split(
            text,
            options.encoding,
            long_messages=settings.long_messages,
            reference=self._reference,
            default_alphabet=settings.default_alphabet,
            transliterate=options.transliterate,
        )
        data_coding = _FLASH.get(cut.data_coding, cut.data_coding) if options.flash else cut.data_coding
        return cut.segments, data_coding

    def _pdu(self, segment: Segment, data_coding: int) -> SubmitSm:
        settings, options, source = self._settings, self._options, self._source
        tlvs: dict[str, int | bytes] = {}
        if segment.sar is not None:
            names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
            tlvs.update(zip(names, segment.sar, strict=True))
        if segment.payload is not None:
            tlvs["message_payload"] = segment.payload
        return SubmitSm(
            service_type=settings.service_type,
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.addr,
            dest_addr_ton=settings.dest.ton,
            dest_addr_npi=settings.dest.npi,
            esm_class=_UDHI if segment.esm_class_udhi else 0,
            protocol_id=settings.protocol_id,
            priority_flag=options.priority_flag,
            validity_period=self._validity,
            registered_delivery=settings.registered_delivery if options.receipts else 0,
            data_coding=data_coding,
            short_message=segment.short_message,
            tlvs=Tlvs(tlvs),
        )


def _validity(settings: OperatorSettings, options: CampaignOptions, began: float, now: float) -> str:
    """As asked for, and not beyond the plan's end: who may not be sent a message shall not get one.

    A relative period counts from when the SMSC takes a message, so that of a plan with an end is what is
    left of it now.
    """
    seconds = settings.validity_period if options.validity_s is None else options.validity_s
    relative, until = settings.validity_format == "relative", options.plan.until
    if until is not None:
        left = max(VALID_LEAST_S, until - (now if relative else began))
        seconds = left if seconds is None else min(seconds, left)
    if seconds is None:
        return ""
    if relative:
        return str(RelativeTime.of(timedelta(seconds=int(seconds))))
    return str(AbsoluteTime.of(datetime.fromtimestamp(began, UTC) + timedelta(seconds=seconds)))
