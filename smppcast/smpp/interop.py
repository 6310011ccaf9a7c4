"""PDU objects of smpplib as ours."""

from __future__ import annotations

import re
from typing import Any, Final

from smppcast.errors import FieldError
from smppcast.smpp.fields import LAYOUTS, CString
from smppcast.smpp.pdu import PDU_CLASSES, Pdu
from smppcast.smpp.tlv import TLV_FORMS, CText, TlvKey, Tlvs, TlvValue
from smppcast.smpp.vocabulary import CommandId, Tag, command_name

__all__ = ["from_smpplib"]

_COMMANDS: Final = {command_name(command_id): command_id for command_id in CommandId}
_LATIN_1: Final = re.compile("[\0-\xff]*").fullmatch
_TEXT_TLVS: Final = {tag.name for tag, forms in TLV_FORMS.items() if isinstance(forms[0], CText)}


def from_smpplib(pdu: Any) -> Pdu:
    """Takes over a PDU of smpplib, made or parsed, field by field.

    Nothing passes through smpplib's writer, which cuts strings that are too long. A field that
    smpplib left None takes our default. Strings may be str or bytes there: it makes the one and
    parses the other.

    Args:
        pdu: an `smpplib.pdu.PDU`.

    Raises:
        FieldError: no such command, or a TLV that does not fit its type. Whether mandatory fields
            fit theirs is asked by `encode`.
    """
    command_id = _COMMANDS.get(pdu.command)
    if command_id is None:
        raise FieldError(str(pdu.command), "command", pdu.command, "a command of SMPP 5.0")
    values: dict[str, Any] = {}
    for field in LAYOUTS[command_id]:
        value = getattr(pdu, field.name, None)
        if value is not None:
            values[field.name] = _typed(value, text=isinstance(field, CString))
    tlvs: list[tuple[TlvKey, TlvValue]] = []
    for name in pdu.params_order:
        value = getattr(pdu, name, None)
        if value is not None and name in Tag.__members__ and name not in values:
            tlvs.append((name, _typed(value, text=name in _TEXT_TLVS)))
    return PDU_CLASSES[command_id](pdu.status or 0, pdu.sequence or 0, Tlvs(tlvs), **values)


def _typed(value: Any, *, text: bool) -> Any:
    """A string in the type that we give it: str where it is text, else bytes.

    What Latin-1 cannot say stays str, for `Tlvs` or `encode` to refuse.
    """
    if text and isinstance(value, bytes):
        return value.decode("latin-1")
    if not text and isinstance(value, str) and _LATIN_1(value):
        return value.encode("latin-1")
    return value
