"""What SMPP 3.3 lacks, as data, and what may be said to a peer that speaks it.

3.3 (Aldiscon, 1997) has no TLVs, no transceiver, and message_ids of eight hexadecimal digits at the
most. Whoever gives an interface_version below 0x34, 0x00 included, speaks it or something older, and
must be sent nothing newer (SMPP 5.0 section 2.11.2). What such a peer sends is read all the same:
gateways that say 3.3 and send TLVs are met.

Of what 3.4 dropped (param_retrieve, query_last_msgs, query_msg_details) nothing is offered.
"""

from __future__ import annotations

from typing import Final

from smppcast.errors import FieldError
from smppcast.smpp.pdu import Overlong, Pdu
from smppcast.smpp.vocabulary import RESPONSE, CommandId, InterfaceVersion

__all__ = ["LATER_THAN_3_3", "MESSAGE_ID_MAX_3_3", "has_command", "refuse_newer", "speaks_3_3"]

MESSAGE_ID_MAX_3_3: Final = 8
"""Octets of a message_id without its NUL; hexadecimal digits."""

_LATER: Final[tuple[CommandId, ...]] = (
    *(CommandId.BIND_TRANSCEIVER, CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION, CommandId.DATA_SM),
    *(CommandId.BROADCAST_SM, CommandId.QUERY_BROADCAST_SM, CommandId.CANCEL_BROADCAST_SM),
)

LATER_THAN_3_3: Final[frozenset[int]] = frozenset(_LATER) | {request | RESPONSE for request in _LATER}
"""Commands that 3.4 or 5.0 brought, and their responses."""


def speaks_3_3(interface_version: int) -> bool:
    """Whether that is SMPP 3.3 or older."""
    return interface_version < InterfaceVersion.V3_4


def has_command(interface_version: int, command_id: int) -> bool:
    """Whether the specification of that version may know the command: a vendor's is taken for known."""
    return command_id not in LATER_THAN_3_3 or not speaks_3_3(interface_version)


def refuse_newer(pdu: Pdu) -> None:
    """Does nothing where SMPP 3.3 can say `pdu`.

    Raises:
        FieldError: it cannot: for the command, a TLV, or a message_id that is too long (but an
            `Overlong` goes, since it repeats what came).
    """
    if pdu.command_id in LATER_THAN_3_3:
        raise FieldError(pdu.command, "command_id", pdu.command_id, "a command of SMPP 3.3")
    if pdu.tlvs.raw:
        raise FieldError(pdu.command, "tlvs", pdu.tlvs, "none, since SMPP 3.3 has no TLVs")
    message_id = getattr(pdu, "message_id", None) or ""
    if len(message_id) > MESSAGE_ID_MAX_3_3 and not isinstance(message_id, Overlong):
        expected = f"at most {MESSAGE_ID_MAX_3_3} octets, as SMPP 3.3 has it"
        raise FieldError(pdu.command, "message_id", message_id, expected)
