"""Names of the protocol's numbers: commands, statuses, TLV tags, number types.

Numbers that SMPP 3.4 knows come from smpplib; what SMPP 5.0 added is numbered here, and
only here. A number without a name is no error anywhere: it passes through as an int.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Final

from smpplib import consts
from smpplib.command_codes import commands

__all__ = [
    "STATUSES",
    "CommandId",
    "CommandStatus",
    "DataCoding",
    "EsmClass",
    "InterfaceVersion",
    "Npi",
    "RegisteredDelivery",
    "StatusClass",
    "Tag",
    "Ton",
    "classify",
    "command_name",
    "status_meaning",
    "status_name",
]

RESPONSE: Final = 0x80000000
"""The bit of command_id that marks a response (SMPP 3.4 section 5.1.2.1)."""

_TLV: Final = consts.OPTIONAL_PARAMS


class CommandId(IntEnum):
    """command_id (SMPP 5.0 section 4.7.5). A response is its request's number with bit 31 set."""

    BIND_RECEIVER = commands["bind_receiver"]
    BIND_TRANSMITTER = commands["bind_transmitter"]
    QUERY_SM = commands["query_sm"]
    SUBMIT_SM = commands["submit_sm"]
    DELIVER_SM = commands["deliver_sm"]
    UNBIND = commands["unbind"]
    REPLACE_SM = commands["replace_sm"]
    CANCEL_SM = commands["cancel_sm"]
    BIND_TRANSCEIVER = commands["bind_transceiver"]
    OUTBIND = commands["outbind"]
    ENQUIRE_LINK = commands["enquire_link"]
    SUBMIT_MULTI = commands["submit_multi"]
    ALERT_NOTIFICATION = commands["alert_notification"]
    DATA_SM = commands["data_sm"]
    BROADCAST_SM = 0x00000111
    QUERY_BROADCAST_SM = 0x00000112
    CANCEL_BROADCAST_SM = 0x00000113

    GENERIC_NACK = commands["generic_nack"]
    BIND_RECEIVER_RESP = commands["bind_receiver_resp"]
    BIND_TRANSMITTER_RESP = commands["bind_transmitter_resp"]
    QUERY_SM_RESP = commands["query_sm_resp"]
    SUBMIT_SM_RESP = commands["submit_sm_resp"]
    DELIVER_SM_RESP = commands["deliver_sm_resp"]
    UNBIND_RESP = commands["unbind_resp"]
    REPLACE_SM_RESP = commands["replace_sm_resp"]
    CANCEL_SM_RESP = commands["cancel_sm_resp"]
    BIND_TRANSCEIVER_RESP = commands["bind_transceiver_resp"]
    ENQUIRE_LINK_RESP = commands["enquire_link_resp"]
    SUBMIT_MULTI_RESP = commands["submit_multi_resp"]
    DATA_SM_RESP = commands["data_sm_resp"]
    BROADCAST_SM_RESP = 0x80000111
    QUERY_BROADCAST_SM_RESP = 0x80000112
    CANCEL_BROADCAST_SM_RESP = 0x80000113


class CommandStatus(IntEnum):
    """command_status. Where 5.0 renamed a status of 3.4, the new name is an alias of the old."""

    ESME_ROK = consts.SMPP_ESME_ROK
    ESME_RINVMSGLEN = consts.SMPP_ESME_RINVMSGLEN
    ESME_RINVCMDLEN = consts.SMPP_ESME_RINVCMDLEN
    ESME_RINVCMDID = consts.SMPP_ESME_RINVCMDID
    ESME_RINVBNDSTS = consts.SMPP_ESME_RINVBNDSTS
    ESME_RALYBND = consts.SMPP_ESME_RALYBND
    ESME_RINVPRTFLG = consts.SMPP_ESME_RINVPRTFLG
    ESME_RINVREGDLVFLG = consts.SMPP_ESME_RINVREGDLVFLG
    ESME_RSYSERR = consts.SMPP_ESME_RSYSERR
    ESME_RINVSRCADR = consts.SMPP_ESME_RINVSRCADR
    ESME_RINVDSTADR = consts.SMPP_ESME_RINVDSTADR
    ESME_RINVMSGID = consts.SMPP_ESME_RINVMSGID
    ESME_RBINDFAIL = consts.SMPP_ESME_RBINDFAIL
    ESME_RINVPASWD = consts.SMPP_ESME_RINVPASWD
    ESME_RINVSYSID = consts.SMPP_ESME_RINVSYSID
    ESME_RCANCELFAIL = consts.SMPP_ESME_RCANCELFAIL
    ESME_RREPLACEFAIL = consts.SMPP_ESME_RREPLACEFAIL
    ESME_RMSGQFUL = consts.SMPP_ESME_RMSGQFUL
    ESME_RINVSERTYP = consts.SMPP_ESME_RINVSERTYP
    ESME_RINVNUMDESTS = consts.SMPP_ESME_RINVNUMDESTS
    ESME_RINVDLNAME = consts.SMPP_ESME_RINVDLNAME
    ESME_RINVDESTFLAG = consts.SMPP_ESME_RINVDESTFLAG
    ESME_RINVSUBREP = consts.SMPP_ESME_RINVSUBREP
    ESME_RINVESMCLASS = consts.SMPP_ESME_RINVESMCLASS
    ESME_RCNTSUBDL = consts.SMPP_ESME_RCNTSUBDL
    ESME_RSUBMITFAIL = consts.SMPP_ESME_RSUBMITFAIL
    ESME_RINVSRCTON = consts.SMPP_ESME_RINVSRCTON
    ESME_RINVSRCNPI = consts.SMPP_ESME_RINVSRCNPI
    ESME_RINVDSTTON = consts.SMPP_ESME_RINVDSTTON
    ESME_RINVDSTNPI = consts.SMPP_ESME_RINVDSTNPI
    ESME_RINVSYSTYP = consts.SMPP_ESME_RINVSYSTYP
    ESME_RINVREPFLAG = consts.SMPP_ESME_RINVREPFLAG
    ESME_RINVNUMMSGS = consts.SMPP_ESME_RINVNUMMSGS
    ESME_RTHROTTLED = consts.SMPP_ESME_RTHROTTLED
    ESME_RINVSCHED = consts.SMPP_ESME_RINVSCHED
    ESME_RINVEXPIRY = consts.SMPP_ESME_RINVEXPIRY
    ESME_RINVDFTMSGID = consts.SMPP_ESME_RINVDFTMSGID
    ESME_RX_T_APPN = consts.SMPP_ESME_RX_T_APPN
    ESME_RX_P_APPN = consts.SMPP_ESME_RX_P_APPN
    ESME_RX_R_APPN = consts.SMPP_ESME_RX_R_APPN
    ESME_RQUERYFAIL = consts.SMPP_ESME_RQUERYFAIL
    ESME_RINVOPTPARSTREAM = consts.SMPP_ESME_RINVOPTPARSTREAM
    ESME_ROPTPARNOTALLWD = consts.SMPP_ESME_ROPTPARNOTALLWD
    ESME_RINVPARLEN = consts.SMPP_ESME_RINVPARLEN
    ESME_RMISSINGOPTPARAM = consts.SMPP_ESME_RMISSINGOPTPARAM
    ESME_RINVOPTPARAMVAL = consts.SMPP_ESME_RINVOPTPARAMVAL
    ESME_RDELIVERYFAILURE = consts.SMPP_ESME_RDELIVERYFAILURE
    ESME_RUNKNOWNERR = consts.SMPP_ESME_RUNKNOWNERR

    # SMPP 5.0 section 4.7.6: new names ...
    ESME_RINVTLVSTREAM = ESME_RINVOPTPARSTREAM
    ESME_RTLVNOTALLWD = ESME_ROPTPARNOTALLWD
    ESME_RINVTLVLEN = ESME_RINVPARLEN
    ESME_RMISSINGTLV = ESME_RMISSINGOPTPARAM
    ESME_RINVTLVVAL = ESME_RINVOPTPARAMVAL

    # ... and new numbers.
    ESME_RSERTYPUNAUTH = 0x00000100
    ESME_RPROHIBITED = 0x00000101
    ESME_RSERTYPUNAVAIL = 0x00000102
    ESME_RSERTYPDENIED = 0x00000103
    ESME_RINVDCS = 0x00000104
    ESME_RINVSRCADDRSUBUNIT = 0x00000105
    ESME_RINVDSTADDRSUBUNIT = 0x00000106
    ESME_RINVBCASTFREQINT = 0x00000107
    ESME_RINVBCASTALIAS_NAME = 0x00000108
    ESME_RINVBCASTAREAFMT = 0x00000109
    ESME_RINVNUMBCAST_AREAS = 0x0000010A
    ESME_RINVBCASTCNTTYPE = 0x0000010B
    ESME_RINVBCASTMSGCLASS = 0x0000010C
    ESME_RBCASTFAIL = 0x0000010D
    ESME_RBCASTQUERYFAIL = 0x0000010E
    ESME_RBCASTCANCELFAIL = 0x0000010F
    ESME_RINVBCAST_REP = 0x00000110
    ESME_RINVBCASTSRVGRP = 0x00000111
    ESME_RINVBCASTCHANIND = 0x00000112


class StatusClass(Enum):
    """What a lane does about an answer."""

    OK = "ok"
    """Accepted."""
    THROTTLE = "throttle"
    """Too fast: lower the rate, send the same segment again first."""
    QUEUE_FULL = "queue_full"
    """A queue is full, of one destination or of all: wait, then send again."""
    RETRIABLE = "retriable"
    """Nothing is wrong with the request: it may pass later."""
    LANE = "lane"
    """The account, the bind or the SMSC is at fault: every request would fare alike, so pause
    the lane and keep its messages."""
    FINAL = "final"
    """This request will never pass as it is."""


_S = CommandStatus
_C = StatusClass

STATUSES: Final[MappingProxyType[CommandStatus, tuple[StatusClass, str]]] = MappingProxyType(
    {
        _S.ESME_ROK: (_C.OK, "accepted"),
        _S.ESME_RINVMSGLEN: (_C.FINAL, "sm_length is wrong, or the message too long"),
        _S.ESME_RINVCMDLEN: (_C.FINAL, "command_length does not fit the command"),
        _S.ESME_RINVCMDID: (_C.FINAL, "the command is unknown there, or not offered"),
        _S.ESME_RINVBNDSTS: (_C.LANE, "not bound, or bound for the other direction"),
        _S.ESME_RALYBND: (_C.LANE, "this account is bound already, perhaps by a link that died"),
        _S.ESME_RINVPRTFLG: (_C.FINAL, "priority_flag is not one of the SMSC's"),
        _S.ESME_RINVREGDLVFLG: (_C.FINAL, "registered_delivery asks for what is not offered"),
        _S.ESME_RSYSERR: (_C.LANE, "the SMSC itself is in trouble"),
        _S.ESME_RINVSRCADR: (_C.FINAL, "the source address is not allowed or malformed"),
        _S.ESME_RINVDSTADR: (_C.FINAL, "the destination address is not allowed or malformed"),
        _S.ESME_RINVMSGID: (_C.FINAL, "no message by that message_id"),
        _S.ESME_RBINDFAIL: (_C.LANE, "the bind was refused without a closer reason"),
        _S.ESME_RINVPASWD: (_C.LANE, "wrong password"),
        _S.ESME_RINVSYSID: (_C.LANE, "unknown system_id"),
        _S.ESME_RCANCELFAIL: (_C.FINAL, "the message could not be cancelled"),
        _S.ESME_RREPLACEFAIL: (_C.FINAL, "the message could not be replaced"),
        _S.ESME_RMSGQFUL: (_C.QUEUE_FULL, "a message queue is full"),
        _S.ESME_RINVSERTYP: (_C.FINAL, "unknown service_type"),
        _S.ESME_RINVNUMDESTS: (_C.FINAL, "number_of_dests is out of range"),
        _S.ESME_RINVDLNAME: (_C.FINAL, "no distribution list of that name"),
        _S.ESME_RINVDESTFLAG: (_C.FINAL, "dest_flag is neither an address nor a list"),
        _S.ESME_RINVSUBREP: (_C.FINAL, "replace_if_present_flag cannot be served here"),
        _S.ESME_RINVESMCLASS: (_C.FINAL, "esm_class asks for what is not offered"),
        _S.ESME_RCNTSUBDL: (_C.FINAL, "distribution lists are not offered to this account"),
        _S.ESME_RSUBMITFAIL: (_C.RETRIABLE, "the submit failed without a closer reason"),
        _S.ESME_RINVSRCTON: (_C.FINAL, "source_addr_ton is not allowed"),
        _S.ESME_RINVSRCNPI: (_C.FINAL, "source_addr_npi is not allowed"),
        _S.ESME_RINVDSTTON: (_C.FINAL, "dest_addr_ton is not allowed"),
        _S.ESME_RINVDSTNPI: (_C.FINAL, "dest_addr_npi is not allowed"),
        _S.ESME_RINVSYSTYP: (_C.LANE, "unknown system_type"),
        _S.ESME_RINVREPFLAG: (_C.FINAL, "replace_if_present_flag is neither 0 nor 1"),
        _S.ESME_RINVNUMMSGS: (_C.FINAL, "the number of messages is out of range"),
        _S.ESME_RTHROTTLED: (_C.THROTTLE, "more a second than the account may send"),
        _S.ESME_RINVSCHED: (_C.FINAL, "schedule_delivery_time is no time, or out of range"),
        _S.ESME_RINVEXPIRY: (_C.FINAL, "validity_period is no time, or out of range"),
        _S.ESME_RINVDFTMSGID: (_C.FINAL, "no predefined message by that sm_default_msg_id"),
        _S.ESME_RX_T_APPN: (_C.RETRIABLE, "the receiver cannot take it now"),
        _S.ESME_RX_P_APPN: (_C.FINAL, "the receiver will never take it"),
        _S.ESME_RX_R_APPN: (_C.FINAL, "the receiver rejects this message"),
        _S.ESME_RQUERYFAIL: (_C.RETRIABLE, "the state of the message could not be had"),
        _S.ESME_RINVOPTPARSTREAM: (_C.FINAL, "the TLVs cannot be cut"),
        _S.ESME_ROPTPARNOTALLWD: (_C.FINAL, "a TLV that this command does not take"),
        _S.ESME_RINVPARLEN: (_C.FINAL, "a parameter of the wrong length"),
        _S.ESME_RMISSINGOPTPARAM: (_C.FINAL, "a TLV is missing that this case needs"),
        _S.ESME_RINVOPTPARAMVAL: (_C.FINAL, "a TLV's value is out of range"),
        _S.ESME_RDELIVERYFAILURE: (_C.FINAL, "not delivered (data_sm in transaction mode)"),
        _S.ESME_RUNKNOWNERR: (_C.RETRIABLE, "failed, and the SMSC cannot say why"),
        _S.ESME_RSERTYPUNAUTH: (_C.LANE, "the account may not use this service_type"),
        _S.ESME_RPROHIBITED: (_C.LANE, "the account may not use this operation"),
        _S.ESME_RSERTYPUNAVAIL: (_C.RETRIABLE, "the service_type is out of service now"),
        _S.ESME_RSERTYPDENIED: (_C.LANE, "the service_type is denied to this account"),
        _S.ESME_RINVDCS: (_C.FINAL, "data_coding is not offered"),
        _S.ESME_RINVSRCADDRSUBUNIT: (_C.FINAL, "source_addr_subunit is out of range"),
        _S.ESME_RINVDSTADDRSUBUNIT: (_C.FINAL, "dest_addr_subunit is out of range"),
        _S.ESME_RINVBCASTFREQINT: (_C.FINAL, "broadcast_frequency_interval is out of range"),
        _S.ESME_RINVBCASTALIAS_NAME: (_C.FINAL, "no broadcast area of that alias"),
        _S.ESME_RINVBCASTAREAFMT: (_C.FINAL, "broadcast_area_identifier is in an unknown format"),
        _S.ESME_RINVNUMBCAST_AREAS: (_C.FINAL, "too few or too many broadcast areas"),
        _S.ESME_RINVBCASTCNTTYPE: (_C.FINAL, "broadcast_content_type is out of range"),
        _S.ESME_RINVBCASTMSGCLASS: (_C.FINAL, "broadcast_message_class is out of range"),
        _S.ESME_RBCASTFAIL: (_C.RETRIABLE, "the broadcast failed without a closer reason"),
        _S.ESME_RBCASTQUERYFAIL: (_C.RETRIABLE, "the state of the broadcast could not be had"),
        _S.ESME_RBCASTCANCELFAIL: (_C.FINAL, "the broadcast could not be cancelled"),
        _S.ESME_RINVBCAST_REP: (_C.FINAL, "broadcast_rep_num is out of range"),
        _S.ESME_RINVBCASTSRVGRP: (_C.FINAL, "broadcast_service_group is out of range"),
        _S.ESME_RINVBCASTCHANIND: (_C.FINAL, "broadcast_channel_indicator is out of range"),
    }
)
"""Every status of 3.4 and 5.0: what to do about it, and what it means."""

_CLASSES: Final[dict[int, StatusClass]] = {int(key): row[0] for key, row in STATUSES.items()}


def classify(status: int) -> StatusClass:
    """What to do about `status`; FINAL for reserved and vendor numbers.

    Nobody can know what those mean, and FINAL is the one choice that neither repeats a message
    for ever nor stops a lane; an operator's configuration may say better.
    """
    return _CLASSES.get(status, StatusClass.FINAL)


def status_name(status: int) -> str:
    """The specification's name, or the number and who may define it: ``0x0000044B vendor``."""
    try:
        return CommandStatus(status).name
    except ValueError:
        # SMPP 3.4 section 5.1.3 gives 0x400 to 0x4FF to vendors.
        return f"0x{status:08X} {'vendor' if 0x400 <= status <= 0x4FF else 'reserved'}"


def status_meaning(status: int) -> str:
    """A few words on what `status` means, for a report or a log."""
    try:
        return STATUSES[CommandStatus(status)][1]
    except ValueError:
        return "a status of this SMSC's own" if 0x400 <= status <= 0x4FF else "a reserved status"


def command_name(command_id: int) -> str:
    """The specification's name, as in ``submit_sm_resp``; the number in hexadecimal if unknown."""
    try:
        return CommandId(command_id).name.lower()
    except ValueError:
        return f"0x{command_id:08X}"


class Tag(IntEnum):
    """Tags of TLVs (SMPP 5.0 section 4.8.1), spelled as the specification does.

    0x1400 to 0x3FFF are vendors'.
    """

    dest_addr_subunit = _TLV["dest_addr_subunit"]
    dest_network_type = _TLV["dest_network_type"]
    dest_bearer_type = _TLV["dest_bearer_type"]
    dest_telematics_id = _TLV["dest_telematics_id"]
    source_addr_subunit = _TLV["source_addr_subunit"]
    source_network_type = _TLV["source_network_type"]
    source_bearer_type = _TLV["source_bearer_type"]
    source_telematics_id = _TLV["source_telematics_id"]
    qos_time_to_live = _TLV["qos_time_to_live"]
    payload_type = _TLV["payload_type"]
    additional_status_info_text = _TLV["additional_status_info_text"]
    receipted_message_id = _TLV["receipted_message_id"]
    ms_msg_wait_facilities = _TLV["ms_msg_wait_facilities"]
    privacy_indicator = _TLV["privacy_indicator"]
    source_subaddress = _TLV["source_subaddress"]
    dest_subaddress = _TLV["dest_subaddress"]
    user_message_reference = _TLV["user_message_reference"]
    user_response_code = _TLV["user_response_code"]
    source_port = _TLV["source_port"]
    destination_port = _TLV["destination_port"]
    sar_msg_ref_num = _TLV["sar_msg_ref_num"]
    language_indicator = _TLV["language_indicator"]
    sar_total_segments = _TLV["sar_total_segments"]
    sar_segment_seqnum = _TLV["sar_segment_seqnum"]
    sc_interface_version = _TLV["sc_interface_version"]
    callback_num_pres_ind = _TLV["callback_num_pres_ind"]
    callback_num_atag = _TLV["callback_num_atag"]
    number_of_messages = _TLV["number_of_messages"]
    callback_num = _TLV["callback_num"]
    dpf_result = _TLV["dpf_result"]
    set_dpf = _TLV["set_dpf"]
    ms_availability_status = _TLV["ms_availability_status"]
    network_error_code = _TLV["network_error_code"]
    message_payload = _TLV["message_payload"]
    delivery_failure_reason = _TLV["delivery_failure_reason"]
    more_messages_to_send = _TLV["more_messages_to_send"]
    message_state = _TLV["message_state"]
    congestion_state = 0x0428
    ussd_service_op = _TLV["ussd_service_op"]
    broadcast_channel_indicator = 0x0600
    broadcast_content_type = 0x0601
    broadcast_content_type_info = 0x0602
    broadcast_message_class = 0x0603
    broadcast_rep_num = 0x0604
    broadcast_frequency_interval = 0x0605
    broadcast_area_identifier = 0x0606
    broadcast_error_status = 0x0607
    broadcast_area_success = 0x0608
    broadcast_end_time = 0x0609
    broadcast_service_group = 0x060A
    billing_identification = 0x060B
    source_network_id = 0x060D
    dest_network_id = 0x060E
    source_node_id = 0x060F
    dest_node_id = 0x0610
    dest_addr_np_resolution = 0x0611
    dest_addr_np_information = 0x0612
    dest_addr_np_country = 0x0613
    display_time = _TLV["display_time"]
    sms_signal = _TLV["sms_signal"]
    ms_validity = _TLV["ms_validity"]
    alert_on_message_delivery = _TLV["alert_on_message_delivery"]
    its_reply_type = _TLV["its_reply_type"]
    its_session_info = _TLV["its_session_info"]

    # Second names that 5.0 has for the same tags.
    dest_port = destination_port
    failed_broadcast_area_identifier = broadcast_area_identifier


class Ton(IntEnum):
    """Type of number (SMPP 5.0 section 4.7.1)."""

    UNKNOWN = consts.SMPP_TON_UNK
    INTERNATIONAL = consts.SMPP_TON_INTL
    NATIONAL = consts.SMPP_TON_NATNL
    NETWORK_SPECIFIC = consts.SMPP_TON_NWSPEC
    SUBSCRIBER_NUMBER = consts.SMPP_TON_SBSCR
    ALPHANUMERIC = consts.SMPP_TON_ALNUM
    ABBREVIATED = consts.SMPP_TON_ABBREV


class Npi(IntEnum):
    """Numbering plan indicator (SMPP 5.0 section 4.7.2)."""

    UNKNOWN = consts.SMPP_NPI_UNK
    ISDN = consts.SMPP_NPI_ISDN
    DATA = consts.SMPP_NPI_DATA
    TELEX = consts.SMPP_NPI_TELEX
    LAND_MOBILE = consts.SMPP_NPI_LNDMBL
    NATIONAL = consts.SMPP_NPI_NATNL
    PRIVATE = consts.SMPP_NPI_PRVT
    ERMES = consts.SMPP_NPI_ERMES
    INTERNET = consts.SMPP_NPI_IP
    WAP_CLIENT_ID = consts.SMPP_NPI_WAP


class InterfaceVersion(IntEnum):
    """interface_version and sc_interface_version; 0x00 to 0x33 all mean 3.3 or older."""

    V3_3 = consts.SMPP_VERSION_33
    V3_4 = consts.SMPP_VERSION_34
    V5_0 = 0x50


class DataCoding(IntEnum):
    """data_coding (SMPP 5.0 section 4.7.7); 0xC0 and above follow GSM 03.38 instead."""

    DEFAULT = consts.SMPP_ENCODING_DEFAULT
    ASCII = consts.SMPP_ENCODING_IA5
    OCTETS = consts.SMPP_ENCODING_BINARY
    LATIN_1 = consts.SMPP_ENCODING_ISO88591
    OCTETS_COMMON = consts.SMPP_ENCODING_BINARY2  # common to GSM, TDMA and CDMA: GSM 03.38 has it so
    JIS = consts.SMPP_ENCODING_JIS
    CYRILLIC = consts.SMPP_ENCODING_ISO88595
    LATIN_HEBREW = consts.SMPP_ENCODING_ISO88598
    UCS2 = consts.SMPP_ENCODING_ISO10646
    PICTOGRAM = consts.SMPP_ENCODING_PICTOGRAM
    ISO_2022_JP = consts.SMPP_ENCODING_ISO2022JP
    KANJI_JIS = consts.SMPP_ENCODING_EXTJIS
    KS_C_5601 = consts.SMPP_ENCODING_KSC5601


class EsmClass(IntEnum):
    """Parts of esm_class to be or-ed (SMPP 5.0 section 4.7.12); RECEIPT to INTERMEDIATE share
    the bits of TYPE_MASK and are compared after masking."""

    DEFAULT = 0x00
    DATAGRAM = 0x01
    FORWARD = 0x02
    STORE_AND_FORWARD = 0x03
    RECEIPT = 0x04
    DELIVERY_ACK = 0x08
    USER_ACK = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE = 0x20
    TYPE_MASK = 0x3C
    UDHI = 0x40
    REPLY_PATH = 0x80


class RegisteredDelivery(IntEnum):
    """Parts of registered_delivery to be or-ed (SMPP 5.0 section 4.7.21)."""

    NONE = 0x00
    FINAL = 0x01
    FAILURE = 0x02
    SUCCESS = 0x03
    SME_DELIVERY_ACK = 0x04
    SME_USER_ACK = 0x08
    INTERMEDIATE = 0x10
