"""Layouts of the mandatory parameters, one tuple a command: the only place that knows them.

SMPP 5.0 section 4; 3.4 section 4 has the same layouts, and so has 3.3 where it has the command.
The field names are those of the PDU classes, in the same order. A count or length octet that
follows from its list (sm_length, number_of_dests, no_unsuccess) belongs to the field it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from smppcast.smpp.vocabulary import CommandId, CommandStatus

__all__ = [
    "LAYOUTS",
    "MAX_DESTINATIONS",
    "CString",
    "Destinations",
    "Field",
    "Octet",
    "ShortMessage",
    "Unsuccessful",
]

MAX_DESTINATIONS: Final = 255
"""number_of_dests and no_unsuccess are one octet (5.0; 3.4 stops at 254 destinations)."""


@dataclass(frozen=True, slots=True)
class Octet:
    """An unsigned integer of one octet; no command has a wider one outside of a list."""

    name: str


@dataclass(frozen=True, slots=True)
class CString:
    """A C-octet string.

    `size` counts the NUL, as the specification's tables do. `status` answers a string that
    is longer. `absent` marks the field that is None where a response came without a body.
    """

    name: str
    size: int
    status: int = CommandStatus.ESME_RINVPARLEN
    absent: bool = False


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """sm_length and short_message; 3.4 stops at 254 octets, 5.0 at 255."""

    name: str = "short_message"


@dataclass(frozen=True, slots=True)
class Destinations:
    """number_of_dests and dest_address of submit_multi."""

    name: str = "dest_address"


@dataclass(frozen=True, slots=True)
class Unsuccessful:
    """no_unsuccess and unsuccess_sme of submit_multi_resp."""

    name: str = "unsuccess_sme"


Field = Octet | CString | ShortMessage | Destinations | Unsuccessful

_S = CommandStatus

_SERVICE_TYPE = CString("service_type", 6, _S.ESME_RINVSERTYP)
_MESSAGE_ID = CString("message_id", 65, _S.ESME_RINVMSGID)
_SCHEDULE = CString("schedule_delivery_time", 17, _S.ESME_RINVSCHED)
_VALIDITY = CString("validity_period", 17, _S.ESME_RINVEXPIRY)


def _source(size: int = 21) -> tuple[Field, ...]:
    address = CString("source_addr", size, _S.ESME_RINVSRCADR)
    return Octet("source_addr_ton"), Octet("source_addr_npi"), address


def _destination(size: int = 21) -> tuple[Field, ...]:
    address = CString("destination_addr", size, _S.ESME_RINVDSTADR)
    return Octet("dest_addr_ton"), Octet("dest_addr_npi"), address


_BIND: tuple[Field, ...] = (
    CString("system_id", 16, _S.ESME_RINVSYSID),
    CString("password", 9, _S.ESME_RINVPASWD),
    CString("system_type", 13, _S.ESME_RINVSYSTYP),
    Octet("interface_version"),
    Octet("addr_ton"),
    Octet("addr_npi"),
    CString("address_range", 41),
)
_BIND_RESP: tuple[Field, ...] = (CString("system_id", 16, _S.ESME_RINVSYSID, absent=True),)
_ACCEPTED: tuple[Field, ...] = (CString("message_id", 65, _S.ESME_RINVMSGID, absent=True),)
_MESSAGE: tuple[Field, ...] = (
    Octet("esm_class"),
    Octet("protocol_id"),
    Octet("priority_flag"),
    _SCHEDULE,
    _VALIDITY,
    Octet("registered_delivery"),
    Octet("replace_if_present_flag"),
    Octet("data_coding"),
    Octet("sm_default_msg_id"),
    ShortMessage(),
)
_SUBMIT: tuple[Field, ...] = (_SERVICE_TYPE, *_source(), *_destination(), *_MESSAGE)

_C = CommandId

LAYOUTS: Final[Mapping[CommandId, tuple[Field, ...]]] = MappingProxyType(
    {
        _C.BIND_TRANSMITTER: _BIND,
        _C.BIND_TRANSMITTER_RESP: _BIND_RESP,
        _C.BIND_RECEIVER: _BIND,
        _C.BIND_RECEIVER_RESP: _BIND_RESP,
        _C.BIND_TRANSCEIVER: _BIND,
        _C.BIND_TRANSCEIVER_RESP: _BIND_RESP,
        _C.OUTBIND: _BIND[:2],
        _C.UNBIND: (),
        _C.UNBIND_RESP: (),
        _C.ENQUIRE_LINK: (),
        _C.ENQUIRE_LINK_RESP: (),
        _C.GENERIC_NACK: (),
        _C.SUBMIT_SM: _SUBMIT,
        _C.SUBMIT_SM_RESP: _ACCEPTED,
        _C.SUBMIT_MULTI: (_SERVICE_TYPE, *_source(), Destinations(), *_MESSAGE),
        _C.SUBMIT_MULTI_RESP: (*_ACCEPTED, Unsuccessful()),
        _C.DELIVER_SM: _SUBMIT,
        _C.DELIVER_SM_RESP: _ACCEPTED,
        _C.DATA_SM: (
            _SERVICE_TYPE,
            *_source(65),
            *_destination(65),
            Octet("esm_class"),
            Octet("registered_delivery"),
            Octet("data_coding"),
        ),
        _C.DATA_SM_RESP: _ACCEPTED,
        _C.QUERY_SM: (_MESSAGE_ID, *_source()),
        _C.QUERY_SM_RESP: (
            *_ACCEPTED,
            CString("final_date", 17),
            Octet("message_state"),
            Octet("error_code"),
        ),
        _C.CANCEL_SM: (_SERVICE_TYPE, _MESSAGE_ID, *_source(), *_destination()),
        _C.CANCEL_SM_RESP: (),
        _C.REPLACE_SM: (
            _MESSAGE_ID,
            *_source(),
            _SCHEDULE,
            _VALIDITY,
            Octet("registered_delivery"),
            Octet("sm_default_msg_id"),
            ShortMessage(),
        ),
        _C.REPLACE_SM_RESP: (),
        _C.ALERT_NOTIFICATION: (
            *_source(65),
            Octet("esme_addr_ton"),
            Octet("esme_addr_npi"),
            CString("esme_addr", 65, _S.ESME_RINVDSTADR),
        ),
        _C.BROADCAST_SM: (
            _SERVICE_TYPE,
            *_source(),
            _MESSAGE_ID,
            Octet("priority_flag"),
            _SCHEDULE,
            _VALIDITY,
            Octet("replace_if_present_flag"),
            Octet("data_coding"),
            Octet("sm_default_msg_id"),
        ),
        _C.BROADCAST_SM_RESP: _ACCEPTED,
        _C.QUERY_BROADCAST_SM: (_MESSAGE_ID, *_source()),
        _C.QUERY_BROADCAST_SM_RESP: _ACCEPTED,
        _C.CANCEL_BROADCAST_SM: (_SERVICE_TYPE, _MESSAGE_ID, *_source()),
        _C.CANCEL_BROADCAST_SM_RESP: (),
    }
)
