"""Inbound messages (MO): segments put together, in whatever order they come.

Parts of one message agree in source, destination, reference and total. They may come on
different binds, twice, or not at all; so what is kept is bounded in number and in time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from smppcast.receipts.content import message_octets
from smppcast.smpp.pdu import DataSm, DeliverSm
from smppcast.text import DefaultAlphabet, Shift, concatenation, decode, shift_of, strip_udh, unpack
from smppcast.text.codings import alphabet_of
from smppcast.text.udh import fill_bits

__all__ = ["InboundMessage", "Reassembler"]

_UDHI = 0x40

_Key = tuple[str, str, int, bool, int]
"""Source and destination addresses, reference, whether that has 16 bits, and total."""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a subscriber wrote.

    Attributes:
        text: decoded; of binary messages one character an octet.
        data_coding: of its first part.
        parts: how many segments it came in.
        missing: numbers of segments that never came; empty for a whole message.
    """

    source_addr: str
    destination_addr: str
    text: str
    data_coding: int
    parts: int = 1
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    data_coding: int
    octets: bytes
    udh: int  # octets of header before them, which packed septets are aligned to
    shift: Shift


@dataclass(slots=True)
class _Pending:
    started: float
    parts: dict[int, _Part] = field(default_factory=dict)


class Reassembler:
    """Collects parts until their message is whole.

    Args:
        max_parts: parts kept in all (some 500 octets each: 10,000 are 5 MB).
        max_messages: messages kept that are not whole.
        max_age_s: how long a part waits for the others; handsets wait minutes, and an SMSC
            that retries may take an hour.
        default_alphabet: what the SMSC means by data_coding 0.
    """

    __slots__ = ("_count", "_default_alphabet", "_max_age_s", "_max_messages", "_max_parts", "_pending")

    def __init__(
        self,
        max_parts: int = 10_000,
        max_messages: int = 5_000,
        max_age_s: float = 3600.0,
        *,
        default_alphabet: DefaultAlphabet = "gsm",
    ) -> None:
        self._max_parts = max_parts
        self._max_messages = max_messages
        self._max_age_s = max_age_s
        self._default_alphabet = default_alphabet
        self._pending: OrderedDict[_Key, _Pending] = OrderedDict()  # the oldest first
        self._count = 0

    def __repr__(self) -> str:
        return f"<Reassembler {self._count}/{self._max_parts} parts of {len(self._pending)} messages>"

    def add(self, pdu: DeliverSm | DataSm, now: float) -> InboundMessage | None:
        """Take in a part.

        Returns:
            The message that it makes whole; or the oldest incomplete one, `missing` set, where
            that had to make room; or None.
        """
        part, number = self._part(pdu)
        if number is None:
            return self._message(pdu.source_addr, pdu.destination_addr, {1: part}, 1)
        reference, wide, total, seqnum = number
        key = (pdu.source_addr, pdu.destination_addr, reference, wide, total)
        pending = self._pending.setdefault(key, _Pending(now))
        self._count += seqnum not in pending.parts
        pending.parts[seqnum] = part
        if len(pending.parts) == total:
            return self._take(key)
        if self._count > self._max_parts or len(self._pending) > self._max_messages:
            return self._take(next(iter(self._pending)))
        return None

    def expire(self, now: float) -> list[InboundMessage]:
        """Give up what has waited too long: the messages so far, `missing` set."""
        expired = []
        while self._pending:
            key, pending = next(iter(self._pending.items()))
            if now - pending.started < self._max_age_s:
                break
            expired.append(self._take(key))
        return expired

    def _take(self, key: _Key) -> InboundMessage:
        pending = self._pending.pop(key)
        self._count -= len(pending.parts)
        source_addr, destination_addr, _, _, total = key
        return self._message(source_addr, destination_addr, pending.parts, total)

    def _part(self, pdu: DeliverSm | DataSm) -> tuple[_Part, tuple[int, bool, int, int] | None]:
        """The part, and (reference, 16-bit, total, seqnum) if it is one of several."""
        octets = message_octets(pdu)
        elements, body = strip_udh(octets) if pdu.esm_class & _UDHI else ((), octets)
        part = _Part(pdu.data_coding, body, len(octets) - len(body), shift_of(elements))
        if number := concatenation(elements):
            reference, total, seqnum = number
            wide = any(iei == 8 for iei, _ in elements)
        else:
            names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
            values = [pdu.tlvs.get(name) for name in names]
            reference, total, seqnum = (value if isinstance(value, int) else 0 for value in values)
            wide = True
        if total < 2 or not 1 <= seqnum <= total:  # TS 23.040: such numbers are to be ignored
            return part, None
        return part, (reference, wide, total, seqnum)

    def _message(
        self, source_addr: str, destination_addr: str, parts: dict[int, _Part], total: int
    ) -> InboundMessage:
        ordered = [parts[seqnum] for seqnum in sorted(parts)]
        missing = tuple(seqnum for seqnum in range(1, total + 1) if seqnum not in parts)
        return InboundMessage(
            source_addr, destination_addr, self._decode(ordered), ordered[0].data_coding, total, missing
        )

    def _decode(self, parts: list[_Part]) -> str:
        """One text of all parts: senders cut surrogate and escape pairs, so join, then decode."""
        data_coding, shift = parts[0].data_coding, parts[0].shift
        if any((part.data_coding, part.shift) != (data_coding, shift) for part in parts):
            return "".join(self._decode([part]) for part in parts)
        octets = b"".join(part.octets for part in parts)
        if alphabet_of(data_coding) == "default":
            if self._default_alphabet == "gsm":
                return shift.decode(octets)
            if self._default_alphabet == "gsm_packed":
                return shift.decode(b"".join(unpack(part.octets, fill_bits(part.udh)) for part in parts))
        return decode(data_coding, octets, default_alphabet=self._default_alphabet)
