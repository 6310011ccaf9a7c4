"""Inbound messages (MO): a subscriber's text as deliver_sm, kept until the client acknowledges it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from smppcast.smpp.codec import encode
from smppcast.smpp.pdu import DeliverSm
from smppcast.smpp.tlv import Tlvs
from smppcast.smpp.vocabulary import EsmClass, Npi, Ton
from smppcast.text import Encoding, LongMessages, Segment, split, split_binary

__all__ = ["Mailbox", "message", "ton_npi"]

_HEADER_LENGTH: Final = 16
_SHORT_CODE_MAX: Final = 6


class Mailbox:
    """Inbound messages of one bind: those that wait for room in its window, and those it has not answered.

    Attributes:
        ready: bodies of deliver_sm.
        unanswered: likewise, by sequence_number.
    """

    __slots__ = ("ready", "unanswered")

    def __init__(self) -> None:
        self.ready: deque[bytes] = deque()
        self.unanswered: dict[bytes, bytes] = {}

    def take(self, room: int) -> list[bytes]:
        """Bodies to be sent now, at most `room`."""
        return [self.ready.popleft() for _ in range(min(room, len(self.ready)))]

    def answered(self, numbers: Sequence[bytes]) -> int:
        """Takes off what these sequence_numbers acknowledge; returns how many there were."""
        found = [number for number in numbers if number in self.unanswered]
        for number in found:
            del self.unanswered[number]
        return len(found)

    def leave(self) -> list[bytes]:
        """All that the bind did not acknowledge, for another one."""
        left = [*self.unanswered.values(), *self.ready]
        self.unanswered.clear()
        self.ready.clear()
        return left


def message(
    text: str | bytes,
    *,
    source: str,
    to: str,
    encoding: Encoding = "auto",
    long_messages: LongMessages = "udh8",
    reference: int = 0,
) -> list[bytes]:
    """The bodies of deliver_sm of one inbound message, one a segment.

    Args:
        text: bytes go as binary, data_coding 4.
        source: the subscriber; `to` the number that was written to. TON and NPI follow from their looks.
        reference: numbers the segments of a long one.

    Raises:
        TextError: the encoding cannot carry the text.
        FieldError: an address is too long.
    """
    cut = (
        split(text, encoding=encoding, long_messages=long_messages, reference=reference)
        if isinstance(text, str)
        else split_binary(text, long_messages=long_messages, reference=reference)
    )
    pdus = [_deliver_sm(segment, cut.data_coding, source, to) for segment in cut.segments]
    return [encode(pdu)[_HEADER_LENGTH:] for pdu in pdus]


def _deliver_sm(segment: Segment, data_coding: int, source: str, to: str) -> DeliverSm:
    source_ton, source_npi = ton_npi(source)
    dest_ton, dest_npi = ton_npi(to)
    tlvs = Tlvs()
    if segment.sar:
        number, total, at = segment.sar
        tlvs = Tlvs(sar_msg_ref_num=number, sar_total_segments=total, sar_segment_seqnum=at)
    elif segment.payload is not None:
        tlvs = Tlvs(message_payload=segment.payload)
    return DeliverSm(
        source_addr_ton=source_ton,
        source_addr_npi=source_npi,
        source_addr=source.removeprefix("+"),
        dest_addr_ton=dest_ton,
        dest_addr_npi=dest_npi,
        destination_addr=to.removeprefix("+"),
        esm_class=EsmClass.UDHI if segment.esm_class_udhi else EsmClass.DEFAULT,
        data_coding=data_coding,
        short_message=segment.short_message,
        tlvs=tlvs,
    )


def ton_npi(address: str) -> tuple[Ton, Npi]:
    """TON and NPI by the looks of an address: letters make a name, few digits a short code."""
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return Ton.ALPHANUMERIC, Npi.UNKNOWN
    return (Ton.INTERNATIONAL if len(digits) > _SHORT_CODE_MAX else Ton.NETWORK_SPECIFIC), Npi.ISDN
