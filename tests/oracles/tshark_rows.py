"""The rows that tshark shall show for a PDU of ours, made from its fields and not from its octets.

What tshark (4.0, as Debian 12 has it) reads otherwise than the specification is here, each case with
its reason.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from smppcast.smpp.fields import LAYOUTS, CString, Field, Octet, ShortMessage
from smppcast.smpp.pdu import DistributionList, Pdu, SmeAddress, UnknownPdu, UnsuccessSme
from smppcast.smpp.tlv import TLV_FORMS, CText, Integer
from smppcast.smpp.vocabulary import CommandId, Tag
from tests.oracles.tshark import Row

__all__ = ["Expected", "comparable", "looks_no_further", "loses_its_place"]


class _Part(NamedTuple):
    name: str
    at: int
    size: int
    mask: int


_PARTS: Final[Mapping[str, tuple[_Part, ...]]] = MappingProxyType(
    {
        "esm_class": (
            _Part("esm.submit.msg_mode", 0, 1, 0x03),
            _Part("esm.submit.msg_type", 0, 1, 0x3C),
            _Part("esm.submit.features", 0, 1, 0xC0),
        ),
        # The upper three bits, reserved in 3.4 and 5.0, are in none of its parts.
        "registered_delivery": (
            _Part("regdel.receipt", 0, 1, 0x03),
            _Part("regdel.acks", 0, 1, 0x0C),
            _Part("regdel.notif", 0, 1, 0x10),
        ),
        # 0 and 1 are its only values: it looks at that bit alone.
        "replace_if_present_flag": (_Part("replace_if_present_flag", 0, 1, 0x01),),
        "ms_msg_wait_facilities": (_Part("msg_wait.ind", 0, 1, 0x80), _Part("msg_wait.type", 0, 1, 0x03)),
        "callback_num_pres_ind": (
            _Part("callback_num.pres", 0, 1, 0x0C),
            _Part("callback_num.scrn", 0, 1, 0x03),
        ),
        "its_session_info": (
            _Part("its_session.number", 0, 1, 0xFF),
            _Part("its_session.sequence", 1, 1, 0xFE),
            _Part("its_session.ind", 1, 1, 0x01),
        ),
        "network_error_code": (
            _Part("network_error.type", 0, 1, 0xFF),
            _Part("network_error.code", 1, 2, 0xFFFF),
        ),
        "broadcast_content_type": (
            _Part("broadcast_content_type.nw", 0, 1, 0xFF),
            _Part("broadcast_content_type.type", 1, 2, 0xFFFF),
        ),
        "broadcast_frequency_interval": (
            _Part("broadcast_frequency_interval.unit", 0, 1, 0xFF),
            _Part("broadcast_frequency_interval.value", 1, 2, 0xFFFF),
        ),
    }
)
"""Fields and TLVs that it shows in parts."""

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sc_interface_version": "SC_interface_version",
        "billing_identification": "billing_id",
        "dest_addr_np_information": "dest_addr_np_info",
        "broadcast_content_type_info": "broadcast_content_type.info",
    }
)
"""Where its name of a TLV's value is not the specification's."""

_C = CommandId
_WITHOUT_TLVS: Final = frozenset(
    {
        *(_C.BIND_RECEIVER, _C.BIND_TRANSMITTER, _C.BIND_TRANSCEIVER, _C.OUTBIND),
        *(_C.UNBIND, _C.UNBIND_RESP, _C.ENQUIRE_LINK, _C.ENQUIRE_LINK_RESP, _C.GENERIC_NACK),
        *(_C.QUERY_SM, _C.QUERY_SM_RESP, _C.CANCEL_SM, _C.CANCEL_SM_RESP),
        *(_C.REPLACE_SM_RESP, _C.CANCEL_BROADCAST_SM_RESP),
    }
)
"""Commands that have none in 3.4 and in 5.0's tables: it looks for none, though any PDU may have some."""

_MARKED: Final = frozenset({Tag.callback_num, Tag.callback_num_atag})
"""TLVs whose value it marks without reading it."""

_TIMES: Final = frozenset({"schedule_delivery_time", "validity_period", "final_date", "broadcast_end_time"})
_KNOWN_TAGS: Final = frozenset(map(int, Tag))
_TEXTS: Final = (
    {field.name for fields in LAYOUTS.values() for field in fields if isinstance(field, CString)}
    | {_NAMES.get(tag.name, tag.name) for tag, forms in TLV_FORMS.items() if isinstance(forms[0], CText)}
    | {"dl_name"}
)


def loses_its_place(tag: Tag, value: bytes) -> bool:
    """Whether tshark goes on elsewhere than behind this TLV: by its type, where we go by its length.

    - broadcast_rep_num: it takes one of two octets (SMPP 5.0 section 4.8.4.13);
    - ms_validity of four octets, which 5.0 adds: it takes one;
    - source_telematics_id of two octets, as peers send it: it takes the one of the specification;
    - a string without its NUL, or with two: it takes what stands before the first NUL there is.
    """
    form = TLV_FORMS[tag][0]
    if tag is Tag.alert_on_message_delivery:
        return len(value) > 1
    if tag is Tag.broadcast_rep_num:
        return True
    if tag.name in _PARTS:
        return len(value) != max(part.at + part.size for part in _PARTS[tag.name])
    if isinstance(form, CText):
        return value.count(0) != 1 or not value.endswith(b"\0")
    return isinstance(form, Integer) and len(value) != form.size


def looks_no_further(pdu: Pdu) -> bool:
    """Whether tshark may not notice that this PDU, as `decode` read it, ends in octets that are no TLV.

    - It reads nothing behind the header of an error response, and no TLVs where the command has none.
    - callback_num and callback_num_atag it marks beyond the end.
    - Where the length alone is wrong, it takes as much as the TLV's type needs.
    """
    if pdu.is_response and pdu.command_status:
        return True
    trailing = pdu.tlvs.trailing
    if pdu.command_id in _WITHOUT_TLVS or len(trailing) < 4:
        return bool(trailing) and pdu.command_id in _WITHOUT_TLVS
    number, length = struct.unpack_from(">HH", trailing)
    if number not in _KNOWN_TAGS:
        return False
    tag = Tag(number)
    if isinstance(TLV_FORMS[tag][0], CText):
        return 0 in trailing[4:]
    return tag in _MARKED or loses_its_place(tag, bytes(length))


class Expected:
    """The rows of one PDU; `whole` is False where they end at a TLV in which tshark loses its place."""

    def __init__(self, pdu: Pdu) -> None:
        self.rows: list[Row] = []
        self._at = 4
        self._lost_at: int | None = None
        self._integer("command_id", pdu.command_id, 4)
        if pdu.is_response:
            self._integer("command_status", pdu.command_status, 4)
        else:
            self._at += 4  # reserved in a request: it shows none
        self._integer("sequence_number", pdu.sequence_number, 4)
        header = len(self.rows)
        if not isinstance(pdu, UnknownPdu):
            fields = LAYOUTS[CommandId(pdu.command_id)]
            values = [getattr(pdu, field.name) for field in fields]
            for field, value in zip(fields, values, strict=True):
                if None not in values:  # which stands for a body that is not there
                    self._field(field, value)
        mandatory = len(self.rows)
        for number, value in pdu.tlvs.raw:
            self._tlv(number, value)
        self.whole = self._keep(pdu, header, mandatory)
        body = len(pdu.body) if isinstance(pdu, UnknownPdu) else 0
        length, self._at = self._at + body, 0
        self._integer("command_length", length, 4)
        self.rows.insert(0, self.rows.pop())

    def _keep(self, pdu: Pdu, header: int, mandatory: int) -> bool:
        if pdu.is_response and pdu.command_status:
            del self.rows[header:]  # of an error response it reads the header alone
        elif pdu.command_id in _WITHOUT_TLVS:
            del self.rows[mandatory:]
        elif self._lost_at is not None:
            del self.rows[self._lost_at :]
            return False
        return True

    def _row(self, name: str, octets: bytes, number: int | None = None) -> None:
        self.rows.append(Row(name, self._at, len(octets), octets, number))
        self._at += len(octets)

    def _mark(self, name: str, size: int) -> None:
        self.rows.append(Row(name, self._at, size, b""))

    def _integer(self, name: str, value: int, size: int = 1) -> None:
        self._row(name, value.to_bytes(size, "big"), value)

    def _parts(self, name: str, octets: bytes) -> None:
        for part, at, size, mask in _PARTS[name]:
            taken = octets[at : at + size]
            number = (int.from_bytes(taken, "big") & mask) // (mask & -mask)
            self.rows.append(Row(part, self._at + at, size, taken, number))
        self._at += len(octets)

    def _text(self, name: str, value: str) -> None:
        if value:
            self._row(name, value.encode("latin-1") + b"\0")
        else:
            self._at += 1  # without a row: see `comparable`

    def _field(self, field: Field, value: object) -> None:
        match field, value:
            case Octet(name=name), int():
                if name in _PARTS:
                    self._parts(name, bytes([value]))
                else:
                    self._integer(name, value)
            case CString(name=name), str():
                self._text(name, value)
            case ShortMessage(), bytes():
                self._integer("sm_length", len(value))
                if value:
                    self._row("message", value)
            case _, tuple():
                self._list("dlist" if field.name == "dest_address" else "dlist_resp", value)
            case _:
                raise AssertionError(field)

    def _list(self, name: str, members: Sequence[object]) -> None:
        """The mark is its count's octet. Of dest_flag there is no row."""
        if members:
            self._mark(name, 1)
        self._at += 1
        for member in members:
            self._at += name == "dlist"
            if isinstance(member, DistributionList):
                self._text("dl_name", member.dl_name)
                continue
            assert isinstance(member, SmeAddress | UnsuccessSme)
            self._integer("dest_addr_ton", member.dest_addr_ton)
            self._integer("dest_addr_npi", member.dest_addr_npi)
            self._text("destination_addr", member.destination_addr)
            if isinstance(member, UnsuccessSme):
                self._integer("error_status_code", member.error_status_code, 4)

    def _tlv(self, number: int, value: bytes) -> None:
        self._mark("opt_param", 4 + len(value))
        self._integer("opt_param_tag", number, 2)
        self._integer("opt_param_len", len(value), 2)
        if number not in _KNOWN_TAGS:
            # SMPP 5.0 section 4.8.1 gives these to vendors and reserves the others.
            self._row("vendor_op" if 0x1400 <= number <= 0x3FFF else "reserved_op", value)
        elif loses_its_place(Tag(number), value):
            if self._lost_at is None:
                self._lost_at = len(self.rows)
            self._at += len(value)
        else:
            self._value(Tag(number), value)

    def _value(self, tag: Tag, value: bytes) -> None:
        name = _NAMES.get(tag.name, tag.name)
        if tag.name in _PARTS:
            self._parts(tag.name, value)
        elif tag is Tag.alert_on_message_delivery:
            if value:
                self._integer(f"{name}_type", value[0])
            else:
                self._mark(f"{name}_null", 0)
        elif tag in _MARKED:
            if value:
                self._mark(name, len(value))
            self._at += len(value)
        elif isinstance(TLV_FORMS[tag][0], Integer):
            self._integer(name, int.from_bytes(value, "big"), len(value))
        elif isinstance(TLV_FORMS[tag][0], CText):
            self._text(name, value[:-1].decode("latin-1"))
        elif value:
            if tag is Tag.broadcast_area_identifier:
                self.rows.append(Row(f"{name}.format", self._at, 1, value[:1], value[0]))
            self._row(name, value)


def comparable(rows: Iterable[Row], expected: Expected) -> list[Row]:
    """tshark's rows without what says nothing about octets.

    - Times: its name tells the relative form by ``_r``.
    - Empty strings: it shows some and not others, and submit_multi's empty validity_period as a
      second schedule_delivery_time. Where the next row stands tells that it read the NUL.
    - Numbers, where ours is none: a string of digits looks like one.
    """
    numbers = {(row.name, row.at) for row in expected.rows if row.number is not None}
    kept: list[Row] = []
    for row in rows:
        name = row.name.removesuffix("_r")
        name = name if name in _TIMES else row.name
        if name in _TEXTS and row.octets == b"\0":
            continue
        number = row.number if (name, row.at) in numbers else None
        kept.append(replace(row, name=name, number=number))
    return kept if expected.whole else kept[: len(expected.rows)]
