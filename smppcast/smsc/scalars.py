"""How single values of a scenario are read: shares, times, and names from the specification.

YAML has typed them: 5.0 is a number there, and a text in quotes.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from smppcast.model import MessageState
from smppcast.smpp.vocabulary import CommandStatus, InterfaceVersion

__all__ = [
    "Duration",
    "NotNegative",
    "Number",
    "Share",
    "State",
    "Status",
    "Unquoted",
    "Version",
    "Word",
]

Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]


def _graphic(text: str) -> str:
    if not all("!" <= character <= "~" for character in text):
        raise ValueError("expected ASCII characters, and no spaces")
    return text


Word = Annotated[str, AfterValidator(_graphic)]
Number = Annotated[Word, Field(min_length=1, max_length=20)]
"""A destination_addr."""


def _message_state(value: object) -> object:
    if isinstance(value, str):
        value = int(value) if value.isdecimal() else MessageState.__members__.get(value.upper())
    if isinstance(value, int) and value in set(MessageState):
        return MessageState(value)
    names = ", ".join(state.name.lower() for state in MessageState)
    raise ValueError(f"expected one of {names}, or its number")


State = Annotated[MessageState, BeforeValidator(_message_state)]


def _command_status(value: object) -> object:
    """YAML reads 0x58 as a number; in quotes or JSON it is a text."""
    if not isinstance(value, str):
        return value
    names = CommandStatus.__members__
    try:
        return names[value.upper()] if value.upper() in names else int(value, 0)
    except ValueError:
        near = get_close_matches(value.upper(), names, n=1, cutoff=0.8)
        hint = f": did you mean {near[0]}?" if near else ""
        raise ValueError(f"expected a command_status such as ESME_RTHROTTLED or 0x58{hint}") from None


Status = Annotated[int, BeforeValidator(_command_status), Field(ge=1, le=0xFFFFFFFF)]
"""A command_status other than ESME_ROK, by the specification's name or number."""


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value)
    if found is None:
        raise ValueError("expected seconds, or a duration such as 500ms, 30s, 5m or 2h")
    return float(found[1]) * _SECONDS[found[2] or "s"]


Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
"""Seconds; or a text such as 500ms, 30s, 5m, 2h."""


_VERSIONS = {3.3: InterfaceVersion.V3_3, 3.4: InterfaceVersion.V3_4, 5.0: InterfaceVersion.V5_0}


def _version(value: object) -> object:
    """3.4 is a number to YAML and a text in quotes; 0x34 is as PDUs have it."""
    try:
        number = float(value) if isinstance(value, str | int | float) else 0
    except ValueError:
        number = 0
    if number in _VERSIONS:
        return int(_VERSIONS[number])
    if isinstance(value, int) and InterfaceVersion.V3_3 <= value <= InterfaceVersion.V5_0:
        return value
    raise ValueError("expected 3.3, 3.4 or 5.0")


Version = Annotated[int, BeforeValidator(_version)]
"""An interface_version."""


def _unquoted(value: object) -> object:
    return str(value) if isinstance(value, float) else value


Unquoted = BeforeValidator(_unquoted)
"""For texts that look like a number with a fraction."""
