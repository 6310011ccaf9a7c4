"""Hypothesis strategies: any PDU that can be written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from smppcast.smpp.fields import LAYOUTS, CString, Destinations, Field, Octet, ShortMessage
from smppcast.smpp.pdu import PDU_CLASSES, DistributionList, Pdu, SmeAddress, UnknownPdu, UnsuccessSme
from smppcast.smpp.tlv import TLV_FORMS, CText, Integer, Octets, Tlvs
from smppcast.smpp.vocabulary import CommandId, Tag

UINT32 = st.integers(0, 0xFFFFFFFF)
OCTET = st.integers(0, 0xFF)
UNKNOWN_TAGS = st.integers(0, 0xFFFF).filter(lambda tag: tag not in Tag.__members__.values())


def c_strings(size: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=size - 1)


def tlv_values(tag: Tag) -> st.SearchStrategy[Any]:
    """Every value that the specification gives this TLV, in each of its forms that is read as written."""
    strategies: list[st.SearchStrategy[Any]] = []
    for form in TLV_FORMS[tag][:1] if tag is Tag.its_session_info else TLV_FORMS[tag]:
        match form:
            case Integer(size=size):
                strategies.append(st.integers(0, 256**size - 1))
            case CText(size=size, least=least):
                ascii_text = st.characters(min_codepoint=1, max_codepoint=0x7F)
                strategies.append(st.text(ascii_text, min_size=least - 1, max_size=size - 1))
            case Octets(least=least, most=most):
                strategies.append(st.binary(min_size=least, max_size=min(most, least + 80)))
    return st.one_of(strategies)


KNOWN_TLVS = st.sampled_from(list(Tag)).flatmap(lambda tag: st.tuples(st.just(tag.name), tlv_values(tag)))
TLVS = st.lists(KNOWN_TLVS | st.tuples(UNKNOWN_TAGS, st.binary(max_size=80)), max_size=5).map(Tlvs)

ADDRESSES = st.builds(SmeAddress, dest_addr_ton=OCTET, dest_addr_npi=OCTET, destination_addr=c_strings(21))
LISTS = st.builds(DistributionList, dl_name=c_strings(21))
UNSUCCESSFUL = st.builds(
    UnsuccessSme,
    dest_addr_ton=OCTET,
    dest_addr_npi=OCTET,
    destination_addr=c_strings(21),
    error_status_code=UINT32,
)


def field_values(field: Field) -> st.SearchStrategy[Any]:
    match field:
        case Octet():
            return OCTET
        case CString(size=size, absent=absent):
            return c_strings(size) | st.none() if absent else c_strings(size)
        case ShortMessage():
            return st.binary(max_size=255)
        case Destinations():
            return st.lists(ADDRESSES | LISTS, max_size=4).map(tuple)
        case _:
            return st.lists(UNSUCCESSFUL, max_size=4).map(tuple)


def pdus_of(command_id: CommandId) -> st.SearchStrategy[Pdu]:
    fields = {field.name: field_values(field) for field in LAYOUTS[command_id]}
    statuses = st.just(0) | UINT32
    return st.builds(
        PDU_CLASSES[command_id], command_status=statuses, sequence_number=UINT32, tlvs=TLVS, **fields
    )


UNKNOWN_PDUS = st.builds(
    UnknownPdu,
    command_status=UINT32,
    sequence_number=UINT32,
    command_id=UINT32.filter(lambda number: number not in PDU_CLASSES),
    body=st.binary(max_size=80),
)
PDUS = st.sampled_from(list(CommandId)).flatmap(pdus_of) | UNKNOWN_PDUS


def as_read(pdu: Pdu) -> Pdu:
    """How `pdu` comes back: None in a body's first field is an empty string if there is a body."""
    if isinstance(pdu, UnknownPdu):
        return pdu
    names = [field.name for field in LAYOUTS[CommandId(pdu.command_id)]]
    if not names or getattr(pdu, names[0]) is not None:
        return pdu
    others = any(getattr(pdu, name) for name in names[1:])
    has_body = not pdu.command_status or pdu.tlvs.raw or others
    change: dict[str, Any] = {names[0]: ""}
    return replace(pdu, **change) if has_body else pdu
