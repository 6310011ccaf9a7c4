"""Cell broadcasts (SMPP 5.0 sections 4.4 and 4.6): taken in, repeated, queried, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Final

from smppcast.model import MessageState
from smppcast.smpp.pdu import (
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    Pdu,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
)
from smppcast.smpp.times import AbsoluteTime
from smppcast.smpp.tlv import TlvKey, Tlvs, TlvValue
from smppcast.smpp.vocabulary import CommandStatus
from smppcast.smsc.account import Owner
from smppcast.smsc.timing import timing

__all__ = ["Broadcasts"]

_S = CommandStatus

# A cell's broadcasts are few; a client that sends them without end loses sight of the oldest.
KEPT_MAX: Final = 10_000

# What follows is of SMPP 5.0 section 4.8.4. broadcast_frequency_interval: the seconds of each unit, from
# seconds to years; 0 is as often as possible.
_DAY_S: Final = 86_400.0
_UNITS: Final = dict(
    zip(
        (0, 8, 9, 10, 11, 12, 13, 14),
        (0.0, 1.0, 60.0, 3600.0, _DAY_S, 7 * _DAY_S, 30 * _DAY_S, 365 * _DAY_S),
        strict=True,
    )
)
# broadcast_area_identifier begins with its format: an alias, an ellipsoid arc, a polygon.
_AREA_FORMATS: Final = (0, 1, 2)
# broadcast_content_type begins with the network: generic, GSM, TDMA, CDMA.
_NETWORKS: Final = (0, 1, 2, 3)
# broadcast_area_success is a percentage, or not known.
_ALL_CELLS: Final = 100
_UNKNOWN: Final = 255

_RANGES: Final = (
    ("broadcast_channel_indicator", range(2), _S.ESME_RINVBCASTCHANIND),
    ("broadcast_message_class", range(4), _S.ESME_RINVBCASTMSGCLASS),
)


@dataclass(slots=True)
class Broadcast:
    """One of them; times are unix seconds."""

    owner: Owner
    content_type: bytes
    areas: tuple[bytes, ...]
    begins: float
    ends: float
    reference: bytes | None
    cancelled: bool = False

    def state(self, at: float) -> MessageState:
        if self.cancelled:
            return MessageState.DELETED
        if at < self.begins:
            return MessageState.SCHEDULED
        return MessageState.ENROUTE if at < self.ends else MessageState.DELIVERED


@dataclass(slots=True, eq=False)
class Broadcasts:
    """Those of one SMSC: answers with a response, or with a status that refuses.

    Args:
        message_id: gives the next one.
    """

    message_id: Callable[[], str]
    _kept: dict[str, Broadcast] = field(default_factory=dict)

    def submit(self, pdu: BroadcastSm, system_id: str, at: float) -> Pdu | int:
        """Takes one in; areas that are in no known format are told and left out."""
        status = _fault(pdu)
        areas = [area for area in pdu.tlvs.getall("broadcast_area_identifier") if isinstance(area, bytes)]
        good = tuple(area for area in areas if area[0] in _AREA_FORMATS)
        if not status and not areas:
            status = _S.ESME_RINVNUMBCAST_AREAS
        if not status and not good:
            status = _S.ESME_RINVBCASTAREAFMT
        replaced = self._found(pdu.message_id, system_id, pdu.source_addr) if pdu.message_id else None
        if not status and pdu.message_id and (replaced is None or replaced.state(at) > MessageState.ENROUTE):
            status = _S.ESME_RINVMSGID
        if status:
            return status
        message_id = pdu.message_id or self.message_id()
        self._kept[message_id] = _made(pdu, system_id, good, at)
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        told: list[tuple[TlvKey, TlvValue]] = []
        for area in areas:
            if area not in good:
                told += (
                    ("broadcast_error_status", int(_S.ESME_RINVBCASTAREAFMT)),
                    ("broadcast_area_identifier", area),
                )
        return BroadcastSmResp(sequence_number=pdu.sequence_number, message_id=message_id, tlvs=Tlvs(told))

    def query(self, pdu: QueryBroadcastSm, system_id: str, at: float) -> Pdu | int:
        """State, areas and the success in each."""
        found = self._found(pdu.message_id, system_id, pdu.source_addr)
        if found is None:
            return _S.ESME_RINVMSGID
        state = found.state(at)
        success = _ALL_CELLS if state in (MessageState.ENROUTE, MessageState.DELIVERED) else _UNKNOWN
        told: list[tuple[TlvKey, TlvValue]] = [("message_state", int(state))]
        for area in found.areas:
            told += ("broadcast_area_identifier", area), ("broadcast_area_success", success)
        if found.ends <= at and not found.cancelled:
            ended = AbsoluteTime.of(datetime.fromtimestamp(found.ends, UTC))
            told.append(("broadcast_end_time", str(ended)))
        if found.reference is not None:
            told.append(("user_message_reference", int.from_bytes(found.reference, "big")))
        return QueryBroadcastSmResp(
            sequence_number=pdu.sequence_number, message_id=pdu.message_id, tlvs=Tlvs(told)
        )

    def cancel(self, pdu: CancelBroadcastSm, system_id: str, at: float) -> Pdu | int:
        """Cancels one; or, without a message_id, all of a sender's, of a service_type and
        broadcast_content_type where these are given (section 4.6.2.1)."""
        if pdu.message_id:
            found = self._found(pdu.message_id, system_id, pdu.source_addr)
            if found is None:
                return _S.ESME_RINVMSGID
            chosen = [found]
        else:
            owner = Owner(system_id, pdu.source_addr.encode("latin-1"), pdu.service_type.encode("latin-1"))
            content = pdu.tlvs.octets("broadcast_content_type")
            chosen = [
                kept
                for kept in self._kept.values()
                if owner.covers(kept.owner) and content in (None, kept.content_type)
            ]
        running = [kept for kept in chosen if kept.state(at) <= MessageState.ENROUTE]
        for kept in running:
            kept.cancelled = True
        if not running:
            return _S.ESME_RBCASTCANCELFAIL
        return CancelBroadcastSmResp(sequence_number=pdu.sequence_number)

    def _found(self, message_id: str, system_id: str, source_addr: str) -> Broadcast | None:
        """An empty source_addr stands for any, as for messages."""
        found = self._kept.get(message_id)
        if found is None or found.owner.system_id != system_id:
            return None
        return found if source_addr.encode("latin-1") in (b"", found.owner.source_addr) else None


def _fault(pdu: BroadcastSm) -> int:
    """The status for the first TLV that is missing or has no meaning; 0 without one."""
    content, interval = pdu.tlvs.octets("broadcast_content_type"), _interval_s(pdu)
    if content is None or pdu.tlvs.octets("broadcast_frequency_interval") is None:
        return _S.ESME_RMISSINGTLV
    if len(content) != 3 or content[0] not in _NETWORKS:
        return _S.ESME_RINVBCASTCNTTYPE
    if interval is None:
        return _S.ESME_RINVBCASTFREQINT
    repetitions = pdu.tlvs.get("broadcast_rep_num")
    if not isinstance(repetitions, int):
        return _S.ESME_RMISSINGTLV if repetitions is None else _S.ESME_RINVBCAST_REP
    for name, allowed, status in _RANGES:
        if pdu.tlvs.get(name, 0) not in allowed:
            return status
    return _S.ESME_ROK


def _interval_s(pdu: BroadcastSm) -> float | None:
    octets = pdu.tlvs.octets("broadcast_frequency_interval")
    if octets is None or len(octets) != 3 or octets[0] not in _UNITS:
        return None
    return _UNITS[octets[0]] * int.from_bytes(octets[1:], "big")


def _made(pdu: BroadcastSm, system_id: str, areas: tuple[bytes, ...], at: float) -> Broadcast:
    """It ends after its repetitions, or with validity_period; 0 repetitions go on until then."""
    times = timing(pdu.schedule_delivery_time, pdu.validity_period)
    start, end = (0.0, inf) if times is None else times.span(at)
    repetitions, interval = pdu.tlvs["broadcast_rep_num"], _interval_s(pdu) or 0.0
    spent = interval * repetitions if isinstance(repetitions, int) and repetitions else inf
    return Broadcast(
        owner=Owner(system_id, pdu.source_addr.encode("latin-1"), pdu.service_type.encode("latin-1")),
        content_type=pdu.tlvs.octets("broadcast_content_type") or b"",
        areas=areas,
        begins=at + start,
        ends=at + min(start + spent, end),
        reference=pdu.tlvs.octets("user_message_reference"),
    )
