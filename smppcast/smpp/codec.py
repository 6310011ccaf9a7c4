"""One whole PDU from bytes, and to bytes: any command, typed.

The layouts of `fields` are compiled once. A run of octets and C-octet strings becomes one
regular expression that reads it and one format that writes it, over Latin-1 text, where a
character is an octet: several times faster than walking the fields, which is done only to say
what is wrong with a PDU that did not fit.

Reading is tolerant by default, as operators require (see `decode`); writing never is.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise, repeat
from operator import attrgetter, call
from typing import Any, Final, NoReturn, Protocol

from smppcast.errors import DecodeError, FieldError
from smppcast.smpp.fields import (
    LAYOUTS,
    MAX_DESTINATIONS,
    CString,
    Destinations,
    Field,
    Octet,
    ShortMessage,
    Unsuccessful,
)
from smppcast.smpp.pdu import (
    PDU_CLASSES,
    DistributionList,
    Overlong,
    Pdu,
    SmeAddress,
    UnknownPdu,
    UnsuccessSme,
)
from smppcast.smpp.tlv import NO_TLVS, Tlvs, read_tlvs, write_tlvs
from smppcast.smpp.versions import refuse_newer
from smppcast.smpp.vocabulary import RESPONSE, CommandStatus, InterfaceVersion, command_name

__all__ = ["decode", "encode"]

_HEADER: Final = struct.Struct(">IIII")
_HEADER_LENGTH: Final = 16
_V3_4: Final = int(InterfaceVersion.V3_4)  # a plain int: a comparison a PDU
_TLV_HEADER_LENGTH: Final = 4
_new: Final = object.__new__
_MAX_TEXT: Final = 255  # sm_length is one octet


def decode(data: bytes | bytearray | memoryview, *, strict: bool = False) -> Pdu:
    """Reads exactly one PDU; an unknown command gives an `UnknownPdu`.

    What operators send and their clients must live with is taken, unless `strict`:

    - a string longer than the specification's field: whole, as an `Overlong`;
    - a response without its body (its first field is then None), whatever its status;
    - a response whose only string is not terminated: the rest is the string;
    - an error response whose body cannot be read: its fields stay at their defaults;
    - octets after the last whole TLV, or where no body is due: `pdu.tlvs.trailing`.

    Args:
        data: the octets of the PDU, from command_length on.
        strict: refuse all of these; for an SMSC that holds its clients to the specification.

    Raises:
        DecodeError: anything else; with the command_status that answers it.
    """
    data = data if type(data) is bytes else bytes(data)
    if len(data) < _HEADER_LENGTH:
        raise DecodeError(f"{len(data)} octets: no header", command_status=CommandStatus.ESME_RINVCMDLEN)
    command_length, command_id, command_status, sequence_number = _HEADER.unpack_from(data)
    try:
        if command_length != len(data):
            problem = f"command_length {command_length}, but {len(data)} octets"
            raise _BrokenError(problem, CommandStatus.ESME_RINVCMDLEN)
        layout = _COMPILED.get(command_id)
        if layout is not None:
            return layout.read(data, command_status, sequence_number, strict=strict)
    except _BrokenError as broken:
        raise DecodeError(
            f"{command_name(command_id)}: {broken.problem}",
            command_status=broken.status,
            command_id=command_id,
            sequence_number=sequence_number,
        ) from None
    return UnknownPdu(command_status, sequence_number, NO_TLVS, command_id, data[_HEADER_LENGTH:])


def encode(pdu: Pdu, *, interface_version: int = InterfaceVersion.V5_0) -> bytes:
    """Writes one PDU, command_length included.

    sequence_number may be any of 32 bits: the specification gives requests 1 to 0x7FFFFFFF, but
    a response has to repeat what came.

    Args:
        interface_version: what the peer speaks. Below 0x34 that is SMPP 3.3, which has neither TLVs
            nor the later commands, and message_ids of 8 octets: nothing is left out, all is refused.

    Raises:
        FieldError: a value that does not fit its field, or the version; nothing is ever cut.
    """
    if not isinstance(pdu.tlvs, Tlvs):
        raise FieldError(pdu.command, "tlvs", pdu.tlvs, "a Tlvs")
    if interface_version < _V3_4:
        refuse_newer(pdu)
    layout = _BY_CLASS.get(type(pdu))
    if layout is not None:
        body = layout.write(pdu)
    elif isinstance(pdu, UnknownPdu) and isinstance(pdu.body, bytes):
        body = pdu.body
    else:
        raise FieldError(type(pdu).__name__, "body", pdu, "a PDU class of smppcast.smpp.pdu")
    if pdu.tlvs is not NO_TLVS:
        body += write_tlvs(pdu.tlvs)
    try:
        length = _HEADER_LENGTH + len(body)
        return _HEADER.pack(length, pdu.command_id, pdu.command_status, pdu.sequence_number) + body
    except struct.error:
        _refuse_header(pdu)


class _BrokenError(Exception):
    """What is wrong with a PDU, before its header is told; never leaves this module."""

    def __init__(self, problem: str, status: int) -> None:
        super().__init__(problem)
        self.problem, self.status = problem, status


def _refuse_trailing(octets: bytes) -> NoReturn:
    overrun = len(octets) >= _TLV_HEADER_LENGTH
    status = CommandStatus.ESME_RINVTLVLEN if overrun else CommandStatus.ESME_RINVTLVSTREAM
    raise _BrokenError(f"{len(octets)} octets that are no TLV", status)


def _refuse_header(pdu: Pdu) -> NoReturn:
    for name in ("command_id", "command_status", "sequence_number"):
        value = getattr(pdu, name)
        if not isinstance(value, int) or not 0 <= value <= 0xFFFFFFFF:
            raise FieldError(pdu.command, name, value, "an integer of 32 bits")
    raise FieldError(pdu.command, "command_length", pdu, "a PDU of at most 0xFFFFFFFF octets")


# --- sections of a body -------------------------------------------------------------------


class _Section(Protocol):
    """A part of a body: `width` values, which stand side by side in the PDU's class too."""

    width: int

    def read(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:
        """Appends what stands in `text` at `at`, and returns where that ends.

        `text` is the whole PDU in Latin-1; `strict` refuses strings longer than their field.
        """

    def write(self, command: str, values: Sequence[Any]) -> bytes:
        """The octets of `values`; FieldError where one does not fit."""


class _Run:
    """Octets and C-octet strings one after the other."""

    def __init__(self, fields: Sequence[Octet | CString]) -> None:
        self.fields, self.width = tuple(fields), len(fields)
        # Possessive, so that a body that does not fit is given up in one pass.
        parts = [f"([^\0]{{0,{f.size - 1}}}+)\0" if isinstance(f, CString) else "(.)" for f in fields]
        self.match = re.compile("".join(parts), re.DOTALL).match
        self.template = b"".join(b"%b\0" if isinstance(field, CString) else b"%c" for field in fields)
        self.octets = [index for index, field in enumerate(fields) if isinstance(field, Octet)]
        self.strings = [(i, field.size) for i, field in enumerate(fields) if isinstance(field, CString)]

    def read(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:
        found = self.match(text, at)
        if found is None:
            return self._walk(text, at, values, strict=strict)
        groups: list[Any] = list(found.groups())
        for index in self.octets:
            groups[index] = ord(groups[index])
        values += groups
        return found.end()

    def write(self, command: str, values: Sequence[Any]) -> bytes:
        octets = list(values)
        try:
            for index, size in self.strings:
                octets[index] = string = octets[index].encode("latin-1")
                if 0 in string or (len(string) >= size and not isinstance(values[index], Overlong)):
                    self._refuse(command, values)
            return self.template % tuple(octets)
        except (AttributeError, TypeError, OverflowError, UnicodeEncodeError):
            self._refuse(command, values)

    def _walk(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:
        """What did not fit: says why, or takes the strings that are too long."""
        for field in self.fields:
            if at >= len(text):
                raise _BrokenError(f"ends before {field.name}", CommandStatus.ESME_RINVCMDLEN)
            if isinstance(field, Octet):
                values.append(ord(text[at]))
                at += 1
                continue
            end = text.find("\0", at)
            if end < 0:
                raise _BrokenError(f"{field.name} is not terminated", CommandStatus.ESME_RINVPARLEN)
            if end - at >= field.size and strict:
                raise _BrokenError(f"{field.name} has {end - at} octets", field.status)
            values.append(text[at:end] if end - at < field.size else Overlong(text[at:end]))
            at = end + 1
        return at

    def _refuse(self, command: str, values: Sequence[Any]) -> NoReturn:
        for field, value in zip(self.fields, values, strict=True):
            if isinstance(field, CString):
                fits = isinstance(value, str) and _CLEAN(value) is not None
                fits = fits and (len(value) < field.size or isinstance(value, Overlong))
                expected = f"at most {field.size - 1} octets of Latin-1 text without NUL"
            else:
                fits, expected = isinstance(value, int) and 0 <= value <= 0xFF, "an integer of one octet"
            if not fits:
                raise FieldError(command, field.name, value, expected)
        raise FieldError(command, "body", tuple(values), "str and int")  # write has no other way to fail


_CLEAN: Final = re.compile("[\x01-\xff]*").fullmatch


class _ShortMessage:
    """sm_length and short_message."""

    width = 1

    def read(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:  # noqa: ARG002 - no string
        length, at = _octet(text, at, "sm_length")
        end = at + length
        if end > len(text):
            problem = f"sm_length {length}, but {len(text) - at} octets are left"
            raise _BrokenError(problem, CommandStatus.ESME_RINVMSGLEN)
        values.append(text[at:end].encode("latin-1"))
        return end

    def write(self, command: str, values: Sequence[Any]) -> bytes:
        message = values[0]
        if not isinstance(message, bytes) or len(message) > _MAX_TEXT:
            raise FieldError(command, "short_message", message, f"at most {_MAX_TEXT} octets as bytes")
        return b"%c%b" % (len(message), message)


_ADDRESS: Final = _Run((Octet("dest_addr_ton"), Octet("dest_addr_npi"), CString("destination_addr", 21)))
_ADDRESS_OF: Final = attrgetter("dest_addr_ton", "dest_addr_npi", "destination_addr")
_ERROR_STATUS: Final = struct.Struct(">I")
_LIST: Final = _Run((CString("dl_name", 21),))


class _Destinations:
    """number_of_dests and dest_address, each of which begins with its dest_flag."""

    width = 1

    def read(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:
        found: list[SmeAddress | DistributionList] = []
        number, at = _octet(text, at, "number_of_dests")
        for _ in range(number):
            dest_flag, at = _octet(text, at, "dest_flag")
            parts: list[Any] = []
            if dest_flag == SmeAddress.dest_flag:
                at = _ADDRESS.read(text, at, parts, strict=strict)
                found.append(SmeAddress(*parts))
            elif dest_flag == DistributionList.dest_flag:
                at = _LIST.read(text, at, parts, strict=strict)
                found.append(DistributionList(*parts))
            else:
                raise _BrokenError(f"dest_flag {dest_flag}", CommandStatus.ESME_RINVDESTFLAG)
        values.append(tuple(found))
        return at

    def write(self, command: str, values: Sequence[Any]) -> bytes:
        parts = [_number(command, "dest_address", values[0])]
        for one in values[0]:
            if isinstance(one, SmeAddress):
                parts.append(b"\x01" + _ADDRESS.write(command, _ADDRESS_OF(one)))
            elif isinstance(one, DistributionList):
                parts.append(b"\x02" + _LIST.write(command, (one.dl_name,)))
            else:
                raise FieldError(command, "dest_address", one, "an SmeAddress or a DistributionList")
        return b"".join(parts)


class _Unsuccessful:
    """no_unsuccess and unsuccess_sme, each of which ends with four octets of its status."""

    width = 1

    def read(self, text: str, at: int, values: list[Any], *, strict: bool) -> int:
        found: list[UnsuccessSme] = []
        number, at = _octet(text, at, "no_unsuccess")
        for _ in range(number):
            parts: list[Any] = []
            at = _ADDRESS.read(text, at, parts, strict=strict)
            status, at = text[at : at + 4].encode("latin-1"), at + 4
            if at > len(text):
                raise _BrokenError("ends within error_status_code", CommandStatus.ESME_RINVCMDLEN)
            parts += _ERROR_STATUS.unpack(status)
            found.append(UnsuccessSme(*parts))
        values.append(tuple(found))
        return at

    def write(self, command: str, values: Sequence[Any]) -> bytes:
        parts = [_number(command, "unsuccess_sme", values[0])]
        for one in values[0]:
            if not isinstance(one, UnsuccessSme):
                raise FieldError(command, "unsuccess_sme", one, "an UnsuccessSme")
            status = one.error_status_code
            try:
                parts.append(_ADDRESS.write(command, _ADDRESS_OF(one)) + _ERROR_STATUS.pack(status))
            except struct.error:
                raise FieldError(command, "error_status_code", status, "an integer of 32 bits") from None
        return b"".join(parts)


def _octet(text: str, at: int, name: str) -> tuple[int, int]:
    if at >= len(text):
        raise _BrokenError(f"ends before {name}", CommandStatus.ESME_RINVCMDLEN)
    return ord(text[at]), at + 1


def _number(command: str, name: str, values: Any) -> bytes:
    if not isinstance(values, tuple) or len(values) > MAX_DESTINATIONS:
        raise FieldError(command, name, values, f"a tuple of at most {MAX_DESTINATIONS}")
    return b"%c" % len(values)


# --- whole bodies -------------------------------------------------------------------------


class _Layout:
    """A command's body, compiled: its sections in their order."""

    def __init__(self, cls: type[Pdu], fields: Sequence[Field]) -> None:
        self.cls, self.fields, self.sections = cls, fields, _sections(fields)
        self.command = command_name(cls.command_id)
        self.is_response = cls.command_id >= RESPONSE
        names = [field.name for field in fields]
        # One more, so that they are a tuple where there is one field too.
        self.values = attrgetter("tlvs", *names)
        ends = list(accumulate((section.width for section in self.sections), initial=1))
        self.writers = [
            (section.write, slice(*span)) for section, span in zip(self.sections, pairwise(ends), strict=True)
        ]
        self.setters = [
            getattr(cls, name).__set__ for name in ("command_status", "sequence_number", "tlvs", *names)
        ]

    def read(self, data: bytes, command_status: int, sequence_number: int, *, strict: bool) -> Pdu:
        values: list[Any] = [command_status, sequence_number, NO_TLVS]
        at = _HEADER_LENGTH
        if len(data) == at and self.is_response and (command_status or not strict):
            return self.cls(*values)
        text = data.decode("latin-1")
        try:
            for section in self.sections:
                at = section.read(text, at, values, strict=strict)
        except _BrokenError:
            if strict or not self.is_response or (len(self.fields) > 1 and not command_status):
                raise
            return self._salvage(text, command_status, sequence_number)
        if at != len(data):
            values[2] = tlvs = read_tlvs(data, at)
            if strict and tlvs.trailing:
                _refuse_trailing(tlvs.trailing)
        return self._make(values)

    def _make(self, values: Sequence[Any]) -> Pdu:
        """What ``self.cls(*values)`` makes, in two thirds of the time: half of what decoding takes
        is spent there, since a frozen class sets its slots one call after the other."""
        pdu = _new(self.cls)
        any(map(call, self.setters, repeat(pdu), values))  # each gives None: all are called
        return pdu

    def _salvage(self, text: str, command_status: int, sequence_number: int) -> Pdu:
        """A response whose lone string is not terminated, or whose status says all."""
        body = text[_HEADER_LENGTH:]
        match self.fields:
            case (CString(size=size),):
                string = body if len(body) < size else Overlong(body)
                return self._make((command_status, sequence_number, NO_TLVS, string))
        return self.cls(command_status, sequence_number, Tlvs.from_raw((), body.encode("latin-1")))

    def write(self, pdu: Pdu) -> bytes:
        if not self.sections:
            return b""
        values = self.values(pdu)
        if self.is_response and values[1] is None:
            if pdu.command_status and not pdu.tlvs.raw and not any(values[2:]):
                return b""
            values = (None, "", *values[2:])
        command = self.command
        return b"".join([write(command, values[span]) for write, span in self.writers])


_SECTIONS: Final[dict[type[Field], type[_ShortMessage | _Destinations | _Unsuccessful]]] = {
    ShortMessage: _ShortMessage,
    Destinations: _Destinations,
    Unsuccessful: _Unsuccessful,
}


def _sections(fields: Sequence[Field]) -> tuple[_Section, ...]:
    sections: list[_Section] = []
    run: list[Octet | CString] = []
    for field in fields:
        if isinstance(field, Octet | CString):
            run.append(field)
            continue
        if run:
            sections.append(_Run(run))
            run = []
        sections.append(_SECTIONS[type(field)]())
    if run:
        sections.append(_Run(run))
    return tuple(sections)


_COMPILED: Final = {int(key): _Layout(PDU_CLASSES[key], fields) for key, fields in LAYOUTS.items()}
_BY_CLASS: Final[dict[type[Pdu], _Layout]] = {layout.cls: layout for layout in _COMPILED.values()}
