"""TLVs: the table of SMPP 5.0 by name and type, and `Tlvs`, what a PDU carries of them.

The octets are what is kept; a value is read from them when it is asked for. So whatever a
peer sent goes out again as it came, in its order, typed or not, repeated or not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, overload

from smppcast.errors import FieldError
from smppcast.smpp.vocabulary import Tag

__all__ = ["NO_TLVS", "TLV_FORMS", "CText", "Integer", "Octets", "TlvKey", "TlvValue", "Tlvs"]

TlvKey = str | int
"""The specification's name, or the tag: the only key of TLVs that it does not name."""

TlvValue = int | str | bytes

_HEADER: Final = struct.Struct(">HH")
_MAX_LENGTH: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Integer:
    """An unsigned integer of `size` octets, big end first."""

    size: int

    def read(self, raw: bytes) -> int | None:
        return int.from_bytes(raw, "big") if len(raw) == self.size else None

    def write(self, value: TlvValue) -> bytes | None:
        if isinstance(value, int) and 0 <= value < 1 << 8 * self.size:
            return value.to_bytes(self.size, "big")
        return None

    def __str__(self) -> str:
        return f"an integer of {self.size} octet(s)"


@dataclass(frozen=True, slots=True)
class CText:
    """A C-octet string of `least` to `size` octets, the NUL included; ASCII.

    Read without its NUL, or with several, and at any length: many SMSCs leave the NUL out of
    receipted_message_id.
    """

    size: int
    least: int = 1

    def read(self, raw: bytes) -> str | None:
        text = raw.rstrip(b"\0")
        return text.decode("ascii") if text.isascii() and 0 not in text else None

    def write(self, value: TlvValue) -> bytes | None:
        if isinstance(value, str) and value.isascii() and "\0" not in value:
            return value.encode() + b"\0" if self.least <= len(value) + 1 <= self.size else None
        return None

    def __str__(self) -> str:
        least = f"{self.least - 1} to" if self.least > 1 else "at most"
        return f"ASCII text of {least} {self.size - 1} octets"


@dataclass(frozen=True, slots=True)
class Octets:
    """Octets whose inner structure is the reader's matter; `least` to `most` of them."""

    least: int
    most: int

    def read(self, raw: bytes) -> bytes | None:
        return raw if self.least <= len(raw) <= self.most else None

    def write(self, value: TlvValue) -> bytes | None:
        return value if isinstance(value, bytes) and self.least <= len(value) <= self.most else None

    def __str__(self) -> str:
        return f"{self.least} to {self.most} octets as bytes"


Form = Integer | CText | Octets

_INT1, _INT2, _INT4 = (Integer(1),), (Integer(2),), (Integer(4),)
_ANY: Final[tuple[Form, ...]] = (Octets(0, _MAX_LENGTH),)

_T = Tag

TLV_FORMS: Final[Mapping[Tag, tuple[Form, ...]]] = MappingProxyType(
    {
        _T.dest_addr_subunit: _INT1,
        _T.dest_network_type: _INT1,
        _T.dest_bearer_type: _INT1,
        _T.dest_telematics_id: _INT2,
        _T.source_addr_subunit: _INT1,
        _T.source_network_type: _INT1,
        _T.source_bearer_type: _INT1,
        # One octet in the specification, but two in peers that mirror dest_telematics_id.
        _T.source_telematics_id: (Integer(1), Integer(2)),
        _T.qos_time_to_live: _INT4,
        _T.payload_type: _INT1,
        _T.additional_status_info_text: (CText(256),),
        _T.receipted_message_id: (CText(65),),
        _T.ms_msg_wait_facilities: _INT1,
        _T.privacy_indicator: _INT1,
        _T.source_subaddress: (Octets(2, 23),),
        _T.dest_subaddress: (Octets(2, 23),),
        _T.user_message_reference: _INT2,
        _T.user_response_code: _INT1,
        _T.source_port: _INT2,
        _T.destination_port: _INT2,
        _T.sar_msg_ref_num: _INT2,
        _T.language_indicator: _INT1,
        _T.sar_total_segments: _INT1,
        _T.sar_segment_seqnum: _INT1,
        _T.sc_interface_version: _INT1,
        _T.callback_num_pres_ind: _INT1,
        _T.callback_num_atag: (Octets(0, 65),),
        _T.number_of_messages: _INT1,
        _T.callback_num: (Octets(4, 19),),
        _T.dpf_result: _INT1,
        _T.set_dpf: _INT1,
        _T.ms_availability_status: _INT1,
        _T.network_error_code: (Octets(3, 3),),
        _T.message_payload: _ANY,
        _T.delivery_failure_reason: _INT1,
        _T.more_messages_to_send: _INT1,
        _T.message_state: _INT1,
        _T.congestion_state: _INT1,
        _T.ussd_service_op: _INT1,
        _T.broadcast_channel_indicator: _INT1,
        _T.broadcast_content_type: (Octets(3, 3),),
        _T.broadcast_content_type_info: (Octets(1, 255),),
        _T.broadcast_message_class: _INT1,
        _T.broadcast_rep_num: _INT2,
        _T.broadcast_frequency_interval: (Octets(3, 3),),
        _T.broadcast_area_identifier: (Octets(1, 101),),  # its format and up to 100 octets of details
        _T.broadcast_error_status: _INT4,
        _T.broadcast_area_success: _INT1,
        # 16 octets in its table, and a C-octet string of 16 characters in the section to which that refers.
        _T.broadcast_end_time: (CText(17),),
        _T.broadcast_service_group: (Octets(1, 255),),
        _T.billing_identification: (Octets(1, 1024),),
        _T.source_network_id: (CText(65, least=7),),
        _T.dest_network_id: (CText(65, least=7),),
        _T.source_node_id: (Octets(6, 6),),
        _T.dest_node_id: (Octets(6, 6),),
        _T.dest_addr_np_resolution: _INT1,
        _T.dest_addr_np_information: (Octets(10, 10),),
        _T.dest_addr_np_country: (Octets(1, 5),),  # an integer of 1 to 5 octets, or digits: both are met
        _T.display_time: _INT1,
        _T.sms_signal: _INT2,
        # One octet in 3.4; 5.0 adds a form of four: behaviour, unit, number of units.
        _T.ms_validity: (Integer(1), Octets(4, 4)),
        # Empty in 3.4, where its presence says all; a number in 5.0.
        _T.alert_on_message_delivery: (Integer(1), Octets(0, 0)),
        _T.its_reply_type: _INT1,
        # Two octets of their own meaning each; smpplib has them as a number.
        _T.its_session_info: (Octets(2, 2), Integer(2)),
    }
)
"""The forms that a TLV's value may take, the first being the usual one."""

_FORMS: Final[dict[int, tuple[Form, ...]]] = {int(tag): forms for tag, forms in TLV_FORMS.items()}
_TAGS: Final[dict[str, int]] = {name: int(tag) for name, tag in Tag.__members__.items()}
_NAMES: Final[dict[int, str]] = {int(tag): tag.name for tag in Tag}
_KNOWN: Final[dict[TlvKey, tuple[int, tuple[Form, ...]]]] = {
    key: (tag, _FORMS[tag]) for name, tag in _TAGS.items() for key in (name, tag)
}


class Tlvs(Mapping[TlvKey, TlvValue]):
    """The TLVs of one PDU: immutable, in their order, found by name or tag.

    ``tlvs["message_state"]`` is an int, ``tlvs["receipted_message_id"]`` a str and
    ``tlvs[0x1403]`` bytes. A value that does not fit its type comes as bytes. Where a tag is
    repeated, lookups give the first one and `getall` gives all.

    ``Tlvs(message_state=2)`` and ``Tlvs({"message_state": 2, 0x1403: b"x"})`` build one, and so
    does a list of pairs, which may repeat a tag. ``Tlvs(others, message_state=2)`` keeps the others
    as they are.

    Raises:
        FieldError: a name that 5.0 does not have, a tag beyond 16 bits, a value that does not fit.
    """

    __slots__ = ("_raw", "_trailing")

    _raw: tuple[tuple[int, bytes], ...]
    _trailing: bytes

    # Any stands for TlvKey: a Mapping is invariant in its key, and a dict of names should serve.
    @overload
    def __init__(self, values: Mapping[Any, TlvValue], /, **named: TlvValue) -> None: ...

    @overload
    def __init__(self, values: Iterable[tuple[TlvKey, TlvValue]] = (), /, **named: TlvValue) -> None: ...

    def __init__(
        self,
        values: Mapping[Any, TlvValue] | Iterable[tuple[TlvKey, TlvValue]] = (),
        /,
        **named: TlvValue,
    ) -> None:
        if isinstance(values, Tlvs):
            raw = list(values.raw)
        else:
            pairs = values.items() if isinstance(values, dict | Mapping) else values
            raw = [_write(key, value) for key, value in pairs]
        if named:
            raw += [_write(key, value) for key, value in named.items()]
        self._raw = tuple(raw)
        self._trailing = b""

    @classmethod
    def from_raw(cls, raw: Iterable[tuple[int, bytes]], trailing: bytes = b"") -> Tlvs:
        """The way past the table: tags with values as octets, not checked here."""
        made = cls.__new__(cls)
        made._raw, made._trailing = tuple(raw), trailing  # noqa: SLF001 - its own
        return made

    @property
    def raw(self) -> tuple[tuple[int, bytes], ...]:
        """Every tag with its octets, in their order."""
        return self._raw

    @property
    def trailing(self) -> bytes:
        """Octets after the last whole TLV: a peer's fault, for someone to look at.

        They are never sent and take no part in comparisons.
        """
        return self._trailing

    def getall(self, key: TlvKey) -> tuple[TlvValue, ...]:
        """Every value of a tag that may be repeated, as broadcast_area_identifier is."""
        wanted = _tag(key)
        return tuple(_read(tag, value) for tag, value in self._raw if tag == wanted)

    def octets(self, key: TlvKey) -> bytes | None:
        """The value as it stands on the wire, whatever its type; None where there is none."""
        wanted = _tag(key)
        return next((value for tag, value in self._raw if tag == wanted), None)

    def __getitem__(self, key: TlvKey) -> TlvValue:
        wanted = _tag(key)
        for tag, value in self._raw:
            if tag == wanted:
                return _read(tag, value)
        raise KeyError(key)

    def __iter__(self) -> Iterator[TlvKey]:
        """Names, and tags where there is no name; a repeated one once."""
        return iter(dict.fromkeys(_NAMES.get(tag, tag) for tag, _ in self._raw))

    def __len__(self) -> int:
        return len({tag for tag, _ in self._raw})

    def __eq__(self, other: object) -> bool:
        return self._raw == other._raw if isinstance(other, Tlvs) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        pairs = ((_NAMES.get(tag, tag), _read(tag, value)) for tag, value in self._raw)
        return f"Tlvs([{', '.join(map(repr, pairs))}])" if self._raw else "Tlvs()"


NO_TLVS: Final = Tlvs()


def read_tlvs(data: bytes, at: int) -> Tlvs:
    """Cuts what stands in `data` from `at` on; what cannot be cut is `trailing`."""
    raw: list[tuple[int, bytes]] = []
    end = len(data)
    while end - at >= 4:
        tag, length = _HEADER.unpack_from(data, at)
        if at + 4 + length > end:
            break
        raw.append((tag, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return Tlvs.from_raw(raw, data[at:])


def write_tlvs(tlvs: Tlvs) -> bytes:
    """The TLVs as they go out.

    Raises:
        FieldError: a raw tag or value beyond 16 bits.
    """
    parts: list[bytes] = []
    for tag, value in tlvs.raw:
        try:
            parts += _HEADER.pack(tag, len(value)), value
        except struct.error:
            raise FieldError("tlv", str(tag), value, "a tag of 16 bits, at most 65535 octets") from None
    return b"".join(parts)


def _tag(key: TlvKey) -> int:
    """-1, which no TLV has, for a name that is none."""
    return _TAGS.get(key, -1) if isinstance(key, str) else key


def _read(tag: int, raw: bytes) -> TlvValue:
    for form in _FORMS.get(tag, _ANY):
        value = form.read(raw)
        if value is not None:
            return value
    return raw


def _write(key: TlvKey, value: TlvValue) -> tuple[int, bytes]:
    found = _KNOWN.get(key)
    if found is None:
        if not isinstance(key, int) or not 0 <= key <= 0xFFFF:
            raise FieldError("tlv", str(key), value, "a name of SMPP 5.0, or a tag of 16 bits")
        found = key, _ANY
    tag, forms = found
    for form in forms:
        raw = form.write(value)
        if raw is not None:
            return tag, raw
    raise FieldError("tlv", _NAMES.get(tag, str(key)), value, " or ".join(map(str, forms)))
