"""A text as submit_sm bodies: everything after the header, ready but for the destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, TypedDict, Unpack

from smppcast.client.addresses import Source, source_of
from smppcast.errors import TextError
from smppcast.smpp import SubmitSm, encode
from smppcast.smpp.batch import around_destination
from smppcast.smpp.times import RelativeTime
from smppcast.smpp.tlv import Tlvs, TlvValue
from smppcast.smpp.versions import speaks_3_3
from smppcast.smpp.vocabulary import InterfaceVersion, Npi, RegisteredDelivery, Ton
from smppcast.text import DefaultAlphabet, Encoding, LongMessages, References, Split, split, split_binary

__all__ = ["TLV_FORMS", "Composer", "Dialect", "Options", "Wording"]

_UDHI = 0x40
_SAR = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")

TLV_FORMS: Final[frozenset[LongMessages]] = frozenset(("sar", "payload"))
"""The ways to tell segments apart, or to do without, that take TLVs."""

# Class 0 in the groups of data_coding that carry a class: default alphabet, octets, UCS-2
# (GSM 03.38 section 4).
_FLASH = {0: 0x10, 4: 0x14, 8: 0x18}

# Texts whose bodies are kept: a service has some tens of wordings. At most 255 segments of some
# 200 octets each, and mostly one.
_KEPT_TEXTS = 256


class Options(TypedDict, total=False):
    """What a caller may say of a message beyond text, source and receipt; all may be left out.

    Attributes:
        encoding: `auto` (the default), `gsm`, `ucs2`, `latin1` or `ascii`.
        transliterate: replace typographic characters by plain ones where that saves segments.
        national: a language whose GSM shift tables may be used, as in "turkish".
        long_messages: how segments are told to belong together, where not as the session says.
        validity_s: how long the SMSC tries to deliver, in seconds; up to 99 days.
        priority_flag: 0 to 3, or as the operator says.
        flash: shown at once and not kept by the handset (message class 0).
        registered_delivery: the octet itself, where `receipt` says too little.
        schedule_delivery_time: when the SMSC is to deliver, as SMPP writes times.
        protocol_id: GSM 03.40 TP-PID.
        replace_if_present_flag: 1 to replace an undelivered message of the same service_type.
        service_type: where not as the session says.
        tlvs: further ones by name or tag; such a message is encoded each time anew.
    """

    encoding: Encoding
    transliterate: bool
    national: str | None
    long_messages: LongMessages
    validity_s: float | None
    priority_flag: int
    flash: bool
    registered_delivery: int
    schedule_delivery_time: str
    protocol_id: int
    replace_if_present_flag: int
    service_type: str
    tlvs: Mapping[Any, TlvValue]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is the same for all messages of a session.

    Args:
        source: the sender of messages that name none.
        dest_addr_ton, dest_addr_npi: of all destinations; they are normalised where they are
            international, and else sent as they are.
        default_alphabet: what data_coding 0 means to the SMSC.
        long_messages: how the segments of a long text are told to belong together.
        interface_version: what the SMSC speaks; SMPP 3.3 has no TLVs.
    """

    source: str | Source | None = None
    service_type: str = ""
    dest_addr_ton: int = Ton.INTERNATIONAL
    dest_addr_npi: int = Npi.ISDN
    default_alphabet: DefaultAlphabet = "gsm"
    long_messages: LongMessages = "udh8"
    interface_version: int = InterfaceVersion.V3_4


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in bodies.

    Attributes:
        parts: of each segment what stands before and behind the destination's digits.
        receipts: whether a final receipt of it was asked for, whatever becomes of it.
        plain: whether it is one segment, and no receipt was asked for.
    """

    parts: tuple[tuple[bytes, bytes], ...]
    receipts: bool
    plain: bool


class Composer:
    """Writes texts in the dialect of one session, each one once.

    Args:
        seed: of the references of long messages; let it differ between runs.
    """

    def __init__(self, dialect: Dialect, seed: int) -> None:
        self.dialect = dialect
        self._references = References(seed)
        self._kept = lru_cache(_KEPT_TEXTS)(self._wording)

    def wording(
        self,
        to: str,
        text: str | bytes,
        source: str | Source | None,
        receipt: bool,
        **options: Unpack[Options],
    ) -> Wording:
        """The bodies of a text to one recipient, or with "" to many.

        Raises:
            TextError: the text cannot be written so.
            FieldError: something does not fit its field.
        """
        # TLVs are a mapping, which is no key of a cache.
        write = self._wording if "tlvs" in options else self._kept
        wording = write(0, text, source, receipt, **options)
        if len(wording.parts) > 1:
            wording = self._wording(self._references.take(to), text, source, receipt, **options)
        return wording

    def pdus(
        self,
        reference: int,
        text: str | bytes,
        source: str | Source | None,
        receipt: bool,
        **options: Unpack[Options],
    ) -> list[SubmitSm]:
        """The segments of a text as submit_sm without destination.

        Raises:
            TextError: the text cannot be written so.
            FieldError: something does not fit its field.
        """
        cut = self._cut(reference, text, options)
        shared = self._shared(cut.data_coding, source, options)
        default = RegisteredDelivery.FINAL if receipt else RegisteredDelivery.NONE
        shared["registered_delivery"] = options.get("registered_delivery", default)
        pdus = []
        for segment in cut.segments:
            tlvs: dict[Any, TlvValue] = dict(options.get("tlvs", {}))
            if speaks_3_3(self.dialect.interface_version) and (segment.sar or segment.payload):
                problem = "a text of more than one segment: SMPP 3.3 has no TLVs that would carry it"
                raise TextError(f"{problem}; expected long_messages udh8 or udh16")
            if segment.sar is not None:
                tlvs.update(zip(_SAR, segment.sar, strict=True))
            if segment.payload is not None:
                tlvs["message_payload"] = segment.payload
            esm_class, octets = _UDHI if segment.esm_class_udhi else 0, segment.short_message
            pdus.append(SubmitSm(**shared, esm_class=esm_class, short_message=octets, tlvs=Tlvs(tlvs)))
        return pdus

    def _wording(
        self,
        reference: int,
        text: str | bytes,
        source: str | Source | None,
        receipt: bool,
        **options: Unpack[Options],
    ) -> Wording:
        pdus = self.pdus(reference, text, source, receipt, **options)
        asked = pdus[0].registered_delivery & 0x03 == RegisteredDelivery.FINAL
        version = self.dialect.interface_version
        octets = [encode(pdu, interface_version=version) for pdu in pdus]
        parts = tuple(map(around_destination, octets))
        return Wording(parts, asked, plain=len(parts) == 1 and not asked)

    def _cut(self, reference: int, text: str | bytes, options: Options) -> Split:
        long_messages = options.get("long_messages", self.dialect.long_messages)
        if isinstance(text, bytes):
            return split_binary(text, long_messages=long_messages, reference=reference)
        return split(
            text,
            options.get("encoding", "auto"),
            long_messages=long_messages,
            reference=reference,
            default_alphabet=self.dialect.default_alphabet,
            transliterate=options.get("transliterate", False),
            national=options.get("national"),
        )

    def _shared(self, coding: int, source: str | Source | None, options: Options) -> dict[str, Any]:
        dialect = self.dialect
        sender = source_of(dialect.source if source is None else source)
        return {
            "service_type": options.get("service_type", dialect.service_type),
            "source_addr_ton": sender.ton,
            "source_addr_npi": sender.npi,
            "source_addr": sender.addr,
            "dest_addr_ton": dialect.dest_addr_ton,
            "dest_addr_npi": dialect.dest_addr_npi,
            "protocol_id": options.get("protocol_id", 0),
            "priority_flag": options.get("priority_flag", 0),
            "schedule_delivery_time": options.get("schedule_delivery_time", ""),
            "validity_period": validity_period(options.get("validity_s")),
            "replace_if_present_flag": options.get("replace_if_present_flag", 0),
            "data_coding": _FLASH.get(coding, coding) if options.get("flash") else coding,
        }


def validity_period(validity_s: float | None) -> str:
    """The relative time that SMPP writes for so many seconds; "" leaves it to the SMSC."""
    return "" if validity_s is None else str(RelativeTime.of(timedelta(seconds=validity_s)))
