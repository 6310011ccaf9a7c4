"""The fields and TLVs of smpp.pdu3, the codec of the Jasmin gateway.

It gives nearly every number as a member of an enumeration, and a time as a datetime: it says what a
field means, not its octets alone. Each `Form` turns the value of one field into its own and back, and
has the values that can be said there; a comment tells why others cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from smpp.pdu import pdu_encoding, pdu_types, smpp_time  # type: ignore[import-untyped]

from smppcast.model import MessageState
from smppcast.smpp.fields import CString, Field
from smppcast.smpp.times import AbsoluteTime, RelativeTime, parse_time
from smppcast.smpp.vocabulary import CommandId, DataCoding, EsmClass, Npi, Tag, Ton
from smppcast.smpp.vocabulary import RegisteredDelivery as Delivery
from tests.smpp.pdu_strategies import OCTET, c_strings, tlv_values

__all__ = ["ENCODERS", "Form", "field_form", "tlv_form"]


class Form(NamedTuple):
    """The values of ours that it has too, how they become its own, and what its own are to us."""

    values: st.SearchStrategy[Any]
    to_its: Callable[[Any], Any]
    from_its: Callable[[Any], Any]


# --- numbers that are names to it ---------------------------------------------------------


def _same(value: Any) -> Any:
    return value


def _named(
    ours: type[IntEnum],
    its: Any,
    names: Mapping[str, str] = MappingProxyType({}),
    lacking: frozenset[str] = frozenset(),
) -> Form:
    """An enumeration of both; `names` are its names of our members, where they differ."""
    back = {name: ours_name for ours_name, name in names.items()}
    return Form(
        st.sampled_from([int(member) for member in ours if member.name not in lacking]),
        lambda value: its[names.get(ours(value).name, ours(value).name)],
        lambda member: int(ours[back.get(member.name, member.name)]),
    )


def _numbered(encoder: Any) -> Form:
    """An enumeration of its own: the names are not ours to compare, the numbers are."""
    return Form(
        st.sampled_from(sorted(encoder.valueMap)),
        lambda value: getattr(encoder.pduType, encoder.valueMap[value]),
        lambda member: encoder.nameMap[member.name],
    )


_MODES: Final = {
    EsmClass.DEFAULT: pdu_types.EsmClassMode.DEFAULT,
    EsmClass.DATAGRAM: pdu_types.EsmClassMode.DATAGRAM,
    EsmClass.FORWARD: pdu_types.EsmClassMode.FORWARD,
    EsmClass.STORE_AND_FORWARD: pdu_types.EsmClassMode.STORE_AND_FORWARD,
}
_TYPES: Final = {
    EsmClass.DEFAULT: pdu_types.EsmClassType.DEFAULT,
    EsmClass.RECEIPT: pdu_types.EsmClassType.SMSC_DELIVERY_RECEIPT,
    EsmClass.DELIVERY_ACK: pdu_types.EsmClassType.DELIVERY_ACKNOWLEDGEMENT,
    EsmClass.USER_ACK: pdu_types.EsmClassType.MANUAL_ACKNOWLEDGMENT,
    EsmClass.CONVERSATION_ABORT: pdu_types.EsmClassType.CONVERSATION_ABORT,
    EsmClass.INTERMEDIATE: pdu_types.EsmClassType.INTERMEDIATE_DELIVERY_NOTIFICATION,
}
_FEATURES: Final = {
    EsmClass.UDHI: pdu_types.EsmClassGsmFeatures.UDHI_INDICATOR_SET,
    EsmClass.REPLY_PATH: pdu_types.EsmClassGsmFeatures.SET_REPLY_PATH,
}
_RECEIPTS: Final = {
    Delivery.NONE: pdu_types.RegisteredDeliveryReceipt.NO_SMSC_DELIVERY_RECEIPT_REQUESTED,
    Delivery.FINAL: pdu_types.RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED,
    Delivery.FAILURE: pdu_types.RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED_FOR_FAILURE,
}
_ACKS: Final = {
    Delivery.SME_DELIVERY_ACK: pdu_types.RegisteredDeliverySmeOriginatedAcks.SME_DELIVERY_ACK_REQUESTED,
    Delivery.SME_USER_ACK: pdu_types.RegisteredDeliverySmeOriginatedAcks.SME_MANUAL_ACK_REQUESTED,
}
_FLAGS: Final = (
    pdu_types.ReplaceIfPresentFlag.DO_NOT_REPLACE,
    pdu_types.ReplaceIfPresentFlag.REPLACE,
)


def _key(table: Mapping[Any, Any], member: Any) -> int:
    return int(next(key for key, value in table.items() if value is member))


def _esm_class(value: int) -> Any:
    features = [member for bit, member in _FEATURES.items() if value & bit]
    return pdu_types.EsmClass(_MODES[EsmClass(value & 3)], _TYPES[EsmClass(value & 0x3C)], features)


def _from_esm_class(its: Any) -> int:
    features = sum(_key(_FEATURES, member) for member in its.gsmFeatures)
    return _key(_MODES, its.mode) | _key(_TYPES, its.type) | features


def _registered_delivery(value: int) -> Any:
    acks = [member for bit, member in _ACKS.items() if value & bit]
    intermediate = bool(value & Delivery.INTERMEDIATE)
    return pdu_types.RegisteredDelivery(_RECEIPTS[Delivery(value & 3)], acks, intermediate)


def _from_registered_delivery(its: Any) -> int:
    acks = sum(_key(_ACKS, member) for member in its.smeOriginatedAcks)
    intermediate = Delivery.INTERMEDIATE if its.intermediateNotification else 0
    return _key(_RECEIPTS, its.receipt) | acks | intermediate


def _sums(*choices: list[int]) -> st.SearchStrategy[int]:
    return st.tuples(*map(st.sampled_from, choices)).map(sum)


_ALPHABETS: Final = _named(
    DataCoding,
    pdu_types.DataCodingDefault,
    {
        "DEFAULT": "SMSC_DEFAULT_ALPHABET",
        "ASCII": "IA5_ASCII",
        "OCTETS": "OCTET_UNSPECIFIED",
        "OCTETS_COMMON": "OCTET_UNSPECIFIED_COMMON",
        "LATIN_HEBREW": "ISO_8859_8",
        "KANJI_JIS": "EXTENDED_KANJI_JIS",
    },
)
_GSM_CODINGS: Final = {
    0: pdu_types.DataCodingGsmMsgCoding.DEFAULT_ALPHABET,
    4: pdu_types.DataCodingGsmMsgCoding.DATA_8BIT,
}
_GSM_CLASSES: Final = dict(enumerate(pdu_types.DataCodingGsmMsgClass))  # it calls class 0 none


def _data_coding(value: int) -> Any:
    scheme = pdu_types.DataCodingScheme
    if value >= 0xF0:
        gsm = pdu_types.DataCodingGsmMsg(_GSM_CODINGS[value & 4], _GSM_CLASSES[value & 3])
        return pdu_types.DataCoding(scheme.GSM_MESSAGE_CLASS, gsm)
    if value in set(DataCoding):
        return pdu_types.DataCoding(scheme.DEFAULT, _ALPHABETS.to_its(value))
    return pdu_types.DataCoding(scheme.RAW, value)


def _from_data_coding(its: Any) -> int:
    scheme = pdu_types.DataCodingScheme
    if its.scheme is scheme.GSM_MESSAGE_CLASS:
        gsm = its.schemeData
        return 0xF0 | _key(_GSM_CODINGS, gsm.msgCoding) | _key(_GSM_CLASSES, gsm.msgClass)
    return int(its.schemeData if its.scheme is scheme.RAW else _ALPHABETS.from_its(its.schemeData))


# --- strings, times and octets ------------------------------------------------------------


_TEXT: Final = Form(c_strings(65), lambda value: value.encode("latin-1"), lambda its: its.decode("latin-1"))


_QUARTERS: Final = st.integers(-48, 48).map(lambda number: timezone(number * timedelta(minutes=15)))
# From 69 on its years are those of the last century, as strptime has it.
_MOMENTS: Final = st.datetimes(datetime(2000, 1, 2), datetime(2068, 12, 30), timezones=_QUARTERS)  # noqa: DTZ001
_SPANS: Final = st.builds(RelativeTime, *[st.integers(0, 99)] * 6)


def _time(text: str) -> Any:
    match parse_time(text):
        case AbsoluteTime(moment=moment):
            return moment
        case RelativeTime() as span:
            return smpp_time.SMPPRelativeTime(*(getattr(span, name) for name in span.__slots__))
    return None


def _from_time(its: Any) -> str:
    if its is None:
        return ""
    if isinstance(its, datetime):
        # It leaves UTC naive.
        return str(AbsoluteTime(its if its.tzinfo else its.replace(tzinfo=UTC)))
    return str(RelativeTime(*its))


_TIME: Final = Form(st.just("") | _MOMENTS.map(AbsoluteTime.of).map(str) | _SPANS.map(str), _time, _from_time)
_NO_TIME: Final = Form(st.just(""), _time, _from_time)
_NUMBER: Final = Form(OCTET, _same, _same)
_TON: Final = _named(Ton, pdu_types.AddrTon)
_NPI: Final = _named(Npi, pdu_types.AddrNpi)
_OF_5_0: Final = frozenset({"SCHEDULED", "SKIPPED"})
_STATE: Final = _named(MessageState, pdu_types.MessageState, lacking=_OF_5_0)

# --- mandatory parameters -----------------------------------------------------------------

_FIELDS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "esm_class": Form(
            _sums([*map(int, _MODES)], [*map(int, _TYPES)], [0, 0x40, 0x80, 0xC0]),
            _esm_class,
            _from_esm_class,
        ),
        # Success alone (3) and the upper three bits are not in 3.4: it refuses the one, drops the others.
        "registered_delivery": Form(
            _sums([*map(int, _RECEIPTS)], [0, 4, 8, 12], [0, 16]),
            _registered_delivery,
            _from_registered_delivery,
        ),
        # Of 0xF8 to 0xFF it drops bit 3, which GSM 03.38 reserves.
        "data_coding": Form(_ALPHABETS.values | st.integers(0, 0xF7), _data_coding, _from_data_coding),
        "priority_flag": Form(
            st.integers(0, 3),
            lambda value: pdu_types.PriorityFlag[f"LEVEL_{value}"],
            lambda its: int(its.name.removeprefix("LEVEL_")),
        ),
        "replace_if_present_flag": Form(st.integers(0, 1), _FLAGS.__getitem__, _FLAGS.index),
        "protocol_id": _NUMBER,
        "interface_version": _NUMBER,
        "sm_default_msg_id": Form(st.integers(0, 254), _same, _same),
        "error_code": Form(OCTET, _same, lambda its: its or 0),  # 0 is None to it
        "message_state": _STATE,
        "short_message": Form(st.binary(max_size=254), _same, _same),  # 255 came with 5.0
        "schedule_delivery_time": _TIME,
        "validity_period": _TIME,
        "final_date": _TIME,
    }
)


def field_form(command: CommandId, field: Field) -> Form:
    if (command, field.name) == (CommandId.DELIVER_SM, "schedule_delivery_time"):
        return _NO_TIME  # unused in deliver_sm, so it refuses one
    if (command, field.name) == (CommandId.DELIVER_SM_RESP, "message_id"):
        return Form(st.just(""), lambda _: None, lambda _: "")  # unused too
    if field.name.endswith("_ton"):
        return _TON
    if field.name.endswith("_npi"):
        return _NPI
    if field.name in _FIELDS:
        return _FIELDS[field.name]
    assert isinstance(field, CString)
    return _TEXT._replace(values=c_strings(field.size))


# --- TLVs ---------------------------------------------------------------------------------


def _subaddress(value: bytes) -> Any:
    return pdu_types.Subaddress(_SUBADDRESS_TYPES.to_its(value[0]), value[1:])


def _from_subaddress(its: Any) -> bytes:
    return bytes([_SUBADDRESS_TYPES.from_its(its.typeTag)]) + bytes(its.value)


def _callback_num(value: bytes) -> Any:
    mode = _DIGIT_MODES.to_its(value[0])
    return pdu_types.CallbackNum(mode, _TON.to_its(value[1]), _NPI.to_its(value[2]), value[3:])


def _from_callback_num(its: Any) -> bytes:
    mode = _DIGIT_MODES.from_its(its.digitModeIndicator)
    return bytes([mode, _TON.from_its(its.ton), _NPI.from_its(its.npi)]) + bytes(its.digits)


_SUBADDRESS_TYPES: Final = _numbered(pdu_encoding.SubaddressTypeTagEncoder())
_DIGIT_MODES: Final = _numbered(pdu_encoding.CallbackNumDigitModeIndicatorEncoder())
_SUBADDRESS: Final = Form(
    # Any other type tag it turns into one of its own, without the number.
    st.builds(
        lambda kind, rest: bytes([kind]) + rest, _SUBADDRESS_TYPES.values, st.binary(min_size=1, max_size=22)
    ),
    _subaddress,
    _from_subaddress,
)
_CALLBACK_NUM: Final = Form(
    st.builds(
        lambda mode, ton, npi, digits: bytes([mode, ton, npi]) + digits,
        _DIGIT_MODES.values,
        _TON.values,
        _NPI.values,
        st.binary(min_size=1, max_size=16),
    ),
    _callback_num,
    _from_callback_num,
)
_TLV_FORMS: Final[Mapping[Tag, Form]] = MappingProxyType(
    {
        Tag.source_subaddress: _SUBADDRESS,
        Tag.dest_subaddress: _SUBADDRESS,
        Tag.callback_num: _CALLBACK_NUM,
        Tag.message_state: _STATE,
        Tag.additional_status_info_text: _TEXT._replace(values=tlv_values(Tag.additional_status_info_text)),
        Tag.receipted_message_id: _TEXT._replace(values=tlv_values(Tag.receipted_message_id)),
        # One octet in the specification, two to it: as we write what does not fit one.
        Tag.source_telematics_id: Form(st.integers(256, 0xFFFF), _same, _same),
        Tag.number_of_messages: Form(st.integers(0, 99), _same, _same),
        Tag.sms_signal: Form(
            tlv_values(Tag.sms_signal),
            lambda value: value.to_bytes(2, "big"),
            lambda its: int.from_bytes(its, "big"),
        ),
    }
)
ENCODERS: Final[Mapping[Any, Any]] = pdu_encoding.OptionEncoder().options
"""What it has for a TLV's value, by its own tag."""


def tlv_form(tag: Tag) -> Form:
    if tag in _TLV_FORMS:
        return _TLV_FORMS[tag]
    encoder = ENCODERS[pdu_types.Tag[tag.name]]
    if isinstance(encoder, pdu_encoding.IntegerWrapperEncoder):
        return _numbered(encoder)
    return Form(tlv_values(tag), _same, _same)
