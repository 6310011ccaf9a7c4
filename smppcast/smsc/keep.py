"""What clients sent, kept raw while it comes and read when it is asked for: for tests that want the texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf

from smppcast.errors import DecodeError
from smppcast.receipts import InboundMessage, Reassembler
from smppcast.smpp.codec import decode
from smppcast.smpp.pdu import DataSm, DeliverSm, Pdu, SmeAddress, SubmitMulti, SubmitSm

__all__ = ["Keeper"]

_MANY = 1 << 62  # what is kept is bounded already


class Keeper:
    """The last requests of all clients, as octets.

    Args:
        octets_max: that many octets at most, a read of a link more.
    """

    __slots__ = ("_kept", "_octets", "octets_max")

    def __init__(self, octets_max: int) -> None:
        self.octets_max = octets_max
        self._kept: deque[tuple[str, bytes]] = deque()
        self._octets = 0

    def add(self, system_id: str, pdus: bytes) -> None:
        """Adds whole PDUs of one account's link, and forgets the oldest where there are too many."""
        if not pdus:
            return
        self._kept.append((system_id, pdus))
        self._octets += len(pdus)
        while self._octets > self.octets_max and len(self._kept) > 1:
            self._octets -= len(self._kept.popleft()[1])

    def requests(self, system_id: str | None) -> Iterator[Pdu]:
        """Requests in the order of their coming, of one account or of all; malformed ones left out."""
        for owner, pdus in self._kept:
            at = 0 if system_id in (None, owner) else len(pdus)
            while at < len(pdus):
                length = int.from_bytes(pdus[at : at + 4], "big")
                try:
                    pdu = decode(pdus[at : at + length])
                except DecodeError:
                    pdu = None
                if pdu is not None and not pdu.is_response:
                    yield pdu
                at += length

    def messages(self, system_id: str | None) -> list[InboundMessage]:
        """Texts of submits, refused ones too, put together from their segments; then those that are not
        whole."""
        reassembler = Reassembler(_MANY, _MANY, inf)
        found = [
            whole
            for pdu in self.requests(system_id)
            for part in _parts(pdu)
            if (whole := reassembler.add(part, 0.0)) is not None
        ]
        return found + reassembler.expire(inf)


def _parts(pdu: Pdu) -> list[DeliverSm | DataSm]:
    """A submit as what its recipients would get."""
    match pdu:
        case DataSm():
            return [pdu]
        case SubmitSm():
            return [_delivered(pdu, pdu.destination_addr)]
        case SubmitMulti():
            numbers = [to.destination_addr for to in pdu.dest_address if isinstance(to, SmeAddress)]
            return [_delivered(pdu, number) for number in numbers]
        case _:
            return []


def _delivered(pdu: SubmitSm | SubmitMulti, number: str) -> DeliverSm:
    return DeliverSm(
        source_addr=pdu.source_addr,
        destination_addr=number,
        esm_class=pdu.esm_class,
        data_coding=pdu.data_coding,
        short_message=pdu.short_message,
        tlvs=pdu.tlvs,
    )
