"""Whole PDUs of smpp.pdu3, the codec of the Jasmin gateway, made of ours and turned into ours."""

from __future__ import annotations

import contextlib
import io
from typing import Any, Final

from hypothesis import strategies as st
from smpp.pdu import operations, pdu_encoding, pdu_types  # type: ignore[import-untyped]

from smppcast.smpp.fields import LAYOUTS
from smppcast.smpp.pdu import PDU_CLASSES, Pdu
from smppcast.smpp.tlv import TlvKey, Tlvs, TlvValue
from smppcast.smpp.vocabulary import CommandId, CommandStatus, Tag
from tests.oracles.smpp_pdu3_forms import ENCODERS, field_form, tlv_form

__all__ = ["COMMANDS", "decode", "encode", "from_its", "its_tlvs", "pdus", "to_its"]


def _its_class(command: CommandId) -> Any:
    return operations.getPDUClass(pdu_types.CommandId[command.name.lower()])


def _is_whole(command: CommandId) -> bool:
    """Whether it has the command, and something to read and write each mandatory parameter with."""
    if command.name.lower() not in pdu_types.CommandId.__members__:
        return False
    return set(_its_class(command).mandatoryParams) <= set(
        pdu_encoding.PDUEncoder.DefaultRequiredParamEncoders
    )


COMMANDS: Final = [command for command in CommandId if _is_whole(command)]


def its_tlvs(command: CommandId) -> tuple[list[Tag], list[str]]:
    """The TLVs of that PDU, in its order: those that it can read and write, and the names of the others."""
    able: list[Tag] = []
    unable: list[str] = []
    for name in _its_class(command).optionalParams:
        if name == "vendor_specific_bypass":  # a vendor's TLVs, which it drops
            continue
        if pdu_types.Tag.__members__.get(name) in ENCODERS:
            able.append(Tag[name])
        else:
            unable.append(name)
    return able, unable


@st.composite
def pdus(draw: st.DrawFn, command: CommandId) -> Pdu:
    """Any PDU of ours that it can say.

    It leaves out the body of the bind responses and of submit_sm_resp beside an error status, as 3.4 has
    it, and needs that of any other response. sequence_number 0, which 3.4 reserves, is None to it.
    """
    header = draw(st.sampled_from(CommandStatus)), draw(st.integers(1, 0xFFFFFFFF))
    if header[0] and getattr(_its_class(command), "noBodyOnError", False):
        return PDU_CLASSES[command](*header)
    values = {field.name: draw(field_form(command, field).values) for field in LAYOUTS[command]}
    able, _ = its_tlvs(command)
    taken = draw(st.sets(st.sampled_from(able), max_size=6)) if able else set()
    tlvs: list[tuple[TlvKey, TlvValue]] = [(tag, draw(tlv_form(tag).values)) for tag in able if tag in taken]
    return PDU_CLASSES[command](int(header[0]), header[1], Tlvs(tlvs), **values)


def to_its(pdu: Pdu) -> Any:
    command = CommandId(pdu.command_id)
    params: dict[str, Any] = {}
    for field in LAYOUTS[command]:
        value = getattr(pdu, field.name)
        if value is not None:
            params[field.name] = field_form(command, field).to_its(value)
    for key, value in pdu.tlvs.items():
        params[str(key)] = tlv_form(Tag[str(key)]).to_its(value)
    status = pdu_types.CommandStatus[CommandStatus(pdu.command_status).name]
    return _its_class(command)(pdu.sequence_number, status, **params)


def from_its(its: Any) -> Pdu:
    command = CommandId[its.id.name.upper()]
    mandatory = {field.name: field_form(command, field) for field in LAYOUTS[command]}
    values = {name: form.from_its(its.params[name]) for name, form in mandatory.items() if name in its.params}
    tlvs = [
        (name, tlv_form(Tag[name]).from_its(value))
        for name, value in its.params.items()
        if name not in mandatory
    ]
    return PDU_CLASSES[command](CommandStatus[its.status.name], its.seqNum, Tlvs(tlvs), **values)


def encode(its: Any) -> bytes:
    return bytes(pdu_encoding.PDUEncoder().encode(its))


def decode(data: bytes) -> Any:
    # It prints the last character of each time.
    with contextlib.redirect_stdout(io.StringIO()):
        return pdu_encoding.PDUEncoder().decode(io.BytesIO(data))
