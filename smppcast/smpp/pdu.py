"""The PDUs of SMPP 3.4 and 5.0, one frozen class each, fields spelled as the specification does.

C-octet strings are str, read as Latin-1, so that any octet survives (one that came longer than
its field is an `Overlong`); short_message is bytes; an unknown value of an enumeration is the int
that came. The octets that follow from other fields (sm_length, number_of_dests, no_unsuccess) are
properties.

The first field of a response with a body is None where there was no body: an error response
leaves it out (SMPP 3.4 section 4.4.2), and some SMSCs do so on success. None is also the default
and is written so: no body beside an error status, an empty string beside ESME_ROK.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from smppcast.smpp.tlv import NO_TLVS, Tlvs
from smppcast.smpp.vocabulary import RESPONSE, CommandId, InterfaceVersion, command_name

__all__ = [
    "PDU",
    "PDU_CLASSES",
    "AlertNotification",
    "BindReceiver",
    "BindReceiverResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "BroadcastSm",
    "BroadcastSmResp",
    "CancelBroadcastSm",
    "CancelBroadcastSmResp",
    "CancelSm",
    "CancelSmResp",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "GenericNack",
    "Outbind",
    "Overlong",
    "Pdu",
    "QueryBroadcastSm",
    "QueryBroadcastSmResp",
    "QuerySm",
    "QuerySmResp",
    "ReplaceSm",
    "ReplaceSmResp",
    "SmeAddress",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Unbind",
    "UnbindResp",
    "UnknownPdu",
    "UnsuccessSme",
    "response_class",
]


@dataclass(frozen=True, slots=True)
class Pdu:
    """What every PDU has."""

    if TYPE_CHECKING:  # at run time it would take the first place among UnknownPdu's fields
        command_id: ClassVar[int]

    command_status: int = 0
    sequence_number: int = 0
    tlvs: Tlvs = NO_TLVS

    @property
    def command(self) -> str:
        """The command's name, as in ``submit_sm``."""
        return command_name(self.command_id)

    @property
    def is_response(self) -> bool:
        """Whether it answers a request; generic_nack does."""
        return self.command_id >= RESPONSE


PDU = Pdu
"""The name under which signatures speak of any PDU."""


class Overlong(str):
    """A string that a peer sent longer than its field.

    `encode` writes it as it came; a plain str of that length is a mistake of ours and refused.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnknownPdu(Pdu):
    """A command that no version has, or one of a vendor: its whole body, TLVs or not."""

    # Every other class knows its command_id; this one is told.
    command_id: int = 0  # type: ignore[misc]
    body: bytes = b""


# --- session management -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bind(Pdu):
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = InterfaceVersion.V3_4
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


@dataclass(frozen=True, slots=True)
class _BindResp(Pdu):
    system_id: str | None = None


@dataclass(frozen=True, slots=True)
class BindTransmitter(_Bind):
    """SMPP 5.0 section 4.1.1.1."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER


@dataclass(frozen=True, slots=True)
class BindTransmitterResp(_BindResp):
    """SMPP 5.0 section 4.1.1.2; a 3.4 or later SMSC adds the TLV sc_interface_version."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER_RESP


@dataclass(frozen=True, slots=True)
class BindReceiver(_Bind):
    """SMPP 5.0 section 4.1.1.3."""

    command_id: ClassVar[int] = CommandId.BIND_RECEIVER


@dataclass(frozen=True, slots=True)
class BindReceiverResp(_BindResp):
    """SMPP 5.0 section 4.1.1.4."""

    command_id: ClassVar[int] = CommandId.BIND_RECEIVER_RESP


@dataclass(frozen=True, slots=True)
class BindTransceiver(_Bind):
    """SMPP 5.0 section 4.1.1.5."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER


@dataclass(frozen=True, slots=True)
class BindTransceiverResp(_BindResp):
    """SMPP 5.0 section 4.1.1.6."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER_RESP


@dataclass(frozen=True, slots=True)
class Outbind(Pdu):
    """The SMSC asks a receiver to bind (SMPP 5.0 section 4.1.1.7); it has no response."""

    command_id: ClassVar[int] = CommandId.OUTBIND

    system_id: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Unbind(Pdu):
    """SMPP 5.0 section 4.1.1.8."""

    command_id: ClassVar[int] = CommandId.UNBIND


@dataclass(frozen=True, slots=True)
class UnbindResp(Pdu):
    """SMPP 5.0 section 4.1.1.9."""

    command_id: ClassVar[int] = CommandId.UNBIND_RESP


@dataclass(frozen=True, slots=True)
class EnquireLink(Pdu):
    """SMPP 5.0 section 4.1.2.1."""

    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK


@dataclass(frozen=True, slots=True)
class EnquireLinkResp(Pdu):
    """SMPP 5.0 section 4.1.2.2."""

    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK_RESP


@dataclass(frozen=True, slots=True)
class AlertNotification(Pdu):
    """The handset can be reached again (SMPP 5.0 section 4.1.3.1); it has no response."""

    command_id: ClassVar[int] = CommandId.ALERT_NOTIFICATION

    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""


@dataclass(frozen=True, slots=True)
class GenericNack(Pdu):
    """The answer to what could not be read (SMPP 5.0 section 4.1.4.1); some SMSCs refuse by it."""

    command_id: ClassVar[int] = CommandId.GENERIC_NACK


# --- messages -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Message(Pdu):
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""

    @property
    def sm_length(self) -> int:
        """Octets of short_message."""
        return len(self.short_message)


@dataclass(frozen=True, slots=True)
class _Accepted(Pdu):
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class SubmitSm(_Message):
    """SMPP 5.0 section 4.2.1.1."""

    command_id: ClassVar[int] = CommandId.SUBMIT_SM


@dataclass(frozen=True, slots=True)
class SubmitSmResp(_Accepted):
    """SMPP 5.0 section 4.2.1.2."""

    command_id: ClassVar[int] = CommandId.SUBMIT_SM_RESP


@dataclass(frozen=True, slots=True)
class DeliverSm(_Message):
    """A message of a user, or a receipt (SMPP 5.0 section 4.3.1.1)."""

    command_id: ClassVar[int] = CommandId.DELIVER_SM


@dataclass(frozen=True, slots=True)
class DeliverSmResp(_Accepted):
    """SMPP 5.0 section 4.3.1.2; message_id stays empty."""

    command_id: ClassVar[int] = CommandId.DELIVER_SM_RESP


@dataclass(frozen=True, slots=True)
class DataSm(Pdu):
    """SMPP 5.0 section 4.2.2.1; the text is in the TLV message_payload."""

    command_id: ClassVar[int] = CommandId.DATA_SM

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0


@dataclass(frozen=True, slots=True)
class DataSmResp(_Accepted):
    """SMPP 5.0 section 4.2.2.2."""

    command_id: ClassVar[int] = CommandId.DATA_SM_RESP


@dataclass(frozen=True, slots=True)
class SmeAddress:
    """A number among submit_multi's destinations."""

    dest_flag: ClassVar[int] = 1

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A list that the SMSC keeps, among submit_multi's destinations."""

    dest_flag: ClassVar[int] = 2

    dl_name: str = ""


@dataclass(frozen=True, slots=True)
class UnsuccessSme:
    """A destination of submit_multi that was refused, and why."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    error_status_code: int = 0


@dataclass(frozen=True, slots=True)
class SubmitMulti(Pdu):
    """SMPP 5.0 section 4.2.3.1."""

    command_id: ClassVar[int] = CommandId.SUBMIT_MULTI

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_address: tuple[SmeAddress | DistributionList, ...] = ()
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""

    @property
    def number_of_dests(self) -> int:
        """Destinations, lists counting once."""
        return len(self.dest_address)

    @property
    def sm_length(self) -> int:
        """Octets of short_message."""
        return len(self.short_message)


@dataclass(frozen=True, slots=True)
class SubmitMultiResp(_Accepted):
    """SMPP 5.0 section 4.2.3.2."""

    command_id: ClassVar[int] = CommandId.SUBMIT_MULTI_RESP

    unsuccess_sme: tuple[UnsuccessSme, ...] = ()

    @property
    def no_unsuccess(self) -> int:
        """Destinations that were refused."""
        return len(self.unsuccess_sme)


# --- messages sent before -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuerySm(Pdu):
    """SMPP 5.0 section 4.5.2.1."""

    command_id: ClassVar[int] = CommandId.QUERY_SM

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


@dataclass(frozen=True, slots=True)
class QuerySmResp(_Accepted):
    """SMPP 5.0 section 4.5.2.2."""

    command_id: ClassVar[int] = CommandId.QUERY_SM_RESP

    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


@dataclass(frozen=True, slots=True)
class CancelSm(Pdu):
    """SMPP 5.0 section 4.5.1.1."""

    command_id: ClassVar[int] = CommandId.CANCEL_SM

    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


@dataclass(frozen=True, slots=True)
class CancelSmResp(Pdu):
    """SMPP 5.0 section 4.5.1.2."""

    command_id: ClassVar[int] = CommandId.CANCEL_SM_RESP


@dataclass(frozen=True, slots=True)
class ReplaceSm(Pdu):
    """SMPP 5.0 section 4.5.3.1."""

    command_id: ClassVar[int] = CommandId.REPLACE_SM

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""

    @property
    def sm_length(self) -> int:
        """Octets of short_message."""
        return len(self.short_message)


@dataclass(frozen=True, slots=True)
class ReplaceSmResp(Pdu):
    """SMPP 5.0 section 4.5.3.2."""

    command_id: ClassVar[int] = CommandId.REPLACE_SM_RESP


# --- cell broadcast (5.0) -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BroadcastSm(Pdu):
    """SMPP 5.0 section 4.4.1.1; areas, content, frequency and repetitions are TLVs."""

    command_id: ClassVar[int] = CommandId.BROADCAST_SM

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    message_id: str = ""
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0


@dataclass(frozen=True, slots=True)
class BroadcastSmResp(_Accepted):
    """SMPP 5.0 section 4.4.1.2."""

    command_id: ClassVar[int] = CommandId.BROADCAST_SM_RESP


@dataclass(frozen=True, slots=True)
class QueryBroadcastSm(Pdu):
    """SMPP 5.0 section 4.6.1.1."""

    command_id: ClassVar[int] = CommandId.QUERY_BROADCAST_SM

    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


@dataclass(frozen=True, slots=True)
class QueryBroadcastSmResp(_Accepted):
    """SMPP 5.0 section 4.6.1.3; state, areas and their success are TLVs."""

    command_id: ClassVar[int] = CommandId.QUERY_BROADCAST_SM_RESP


@dataclass(frozen=True, slots=True)
class CancelBroadcastSm(Pdu):
    """SMPP 5.0 section 4.6.2.1."""

    command_id: ClassVar[int] = CommandId.CANCEL_BROADCAST_SM

    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


@dataclass(frozen=True, slots=True)
class CancelBroadcastSmResp(Pdu):
    """SMPP 5.0 section 4.6.2.3."""

    command_id: ClassVar[int] = CommandId.CANCEL_BROADCAST_SM_RESP


_ALL: Final[tuple[type[Pdu], ...]] = (
    *(BindTransmitter, BindTransmitterResp, BindReceiver, BindReceiverResp),
    *(BindTransceiver, BindTransceiverResp, Outbind, Unbind, UnbindResp),
    *(EnquireLink, EnquireLinkResp, AlertNotification, GenericNack),
    *(SubmitSm, SubmitSmResp, DeliverSm, DeliverSmResp, DataSm, DataSmResp),
    *(SubmitMulti, SubmitMultiResp, QuerySm, QuerySmResp, CancelSm, CancelSmResp),
    *(ReplaceSm, ReplaceSmResp, BroadcastSm, BroadcastSmResp),
    *(QueryBroadcastSm, QueryBroadcastSmResp, CancelBroadcastSm, CancelBroadcastSmResp),
)

PDU_CLASSES: Final = MappingProxyType({cls.command_id: cls for cls in _ALL})
"""The class of every command_id; `UnknownPdu` is for all others."""


def response_class(command_id: int) -> type[Pdu] | None:
    """The class that answers a request; None for those that have no answer, and for unknown ones."""
    return PDU_CLASSES.get(command_id | RESPONSE) if 0 < command_id < RESPONSE else None
