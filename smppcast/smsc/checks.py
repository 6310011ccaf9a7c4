"""What the SMSC holds a request's fields to, beyond their layout, as data.

The values that SMPP 5.0 section 4.7 defines for each field; what it reserves is refused with the
status that names the field. service_type and data_coding are operators' to extend: any will do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from smppcast.errors import DecodeError, ProtocolError
from smppcast.smpp.codec import decode
from smppcast.smpp.pdu import BroadcastSm, DataSm, Pdu, ReplaceSm, SubmitMulti, SubmitSm
from smppcast.smpp.times import parse_time
from smppcast.smpp.vocabulary import CommandStatus, EsmClass, Npi, Ton

__all__ = ["fault", "read"]

_S = CommandStatus

# Types that an ESME may give a message: none, the two acknowledgements of a handset, and the abort of
# a conversation. Receipts and notifications are the SMSC's.
_TYPES: Final = frozenset(
    (EsmClass.DEFAULT, EsmClass.DELIVERY_ACK, EsmClass.USER_ACK, EsmClass.CONVERSATION_ABORT)
)
_PRIORITY_MAX: Final = 4  # 3 in SMPP 3.4
_RESERVED_DELIVERY: Final = 0xE0


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ProtocolError:
        return False
    return True


_Rule = tuple[str, Callable[[object], object], int]
_RULES: Final[tuple[_Rule, ...]] = (
    ("source_addr_ton", frozenset(Ton).__contains__, _S.ESME_RINVSRCTON),
    ("source_addr_npi", frozenset(Npi).__contains__, _S.ESME_RINVSRCNPI),
    ("dest_addr_ton", frozenset(Ton).__contains__, _S.ESME_RINVDSTTON),
    ("dest_addr_npi", frozenset(Npi).__contains__, _S.ESME_RINVDSTNPI),
    ("destination_addr", bool, _S.ESME_RINVDSTADR),
    ("dest_address", bool, _S.ESME_RINVNUMDESTS),
    (
        "esm_class",
        lambda value: isinstance(value, int) and value & EsmClass.TYPE_MASK in _TYPES,
        _S.ESME_RINVESMCLASS,
    ),
    ("priority_flag", range(_PRIORITY_MAX + 1).__contains__, _S.ESME_RINVPRTFLG),
    ("schedule_delivery_time", lambda value: isinstance(value, str) and _is_time(value), _S.ESME_RINVSCHED),
    ("validity_period", lambda value: isinstance(value, str) and _is_time(value), _S.ESME_RINVEXPIRY),
    (
        "registered_delivery",
        lambda value: isinstance(value, int) and not value & _RESERVED_DELIVERY,
        _S.ESME_RINVREGDLVFLG,
    ),
    ("replace_if_present_flag", (0, 1).__contains__, _S.ESME_RINVREPFLAG),
    # A number of a message that the SMSC keeps; this one keeps none.
    ("sm_default_msg_id", (0,).__contains__, _S.ESME_RINVDFTMSGID),
)

_CHECKED: Final = (SubmitSm, SubmitMulti, DataSm, ReplaceSm, BroadcastSm)
_RULES_OF: Final[dict[type[Pdu], tuple[_Rule, ...]]] = {
    cls: tuple(rule for rule in _RULES if rule[0] in cls.__dataclass_fields__) for cls in _CHECKED
}


def read(octets: bytes) -> Pdu:
    """One PDU of a client, by the letter of the specification.

    Raises:
        DecodeError: it cannot be read, or a field has a value that is none.
    """
    pdu = decode(octets, strict=True)
    status, problem = fault(pdu)
    if status:
        raise DecodeError(
            f"{pdu.command}: {problem}",
            command_status=status,
            command_id=pdu.command_id,
            sequence_number=pdu.sequence_number,
        )
    return pdu


def fault(pdu: Pdu) -> tuple[int, str]:
    """The status for the first field whose value is none, and what is wrong with it; ESME_ROK without one."""
    for name, fits, status in _RULES_OF.get(type(pdu), ()):
        if not fits(getattr(pdu, name)):
            return status, f"{name} {getattr(pdu, name)!r}"
    if isinstance(pdu, SubmitSm | SubmitMulti) and pdu.short_message and "message_payload" in pdu.tlvs:
        # The text is in the one or the other (SMPP 3.4 section 4.4.1, its note on short_message).
        return _S.ESME_RINVMSGLEN, "both short_message and message_payload"
    return _S.ESME_ROK, ""
