"""How single settings are read: durations, names from the specification, files.

A file gives texts, code gives values; each type here takes both, and says in the JSON Schema what
a file may hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from smppcast.smpp.vocabulary import CommandStatus, InterfaceVersion, Npi, RegisteredDelivery, Ton

__all__ = [
    "Also",
    "ExistingFile",
    "NpiSetting",
    "Priority",
    "Rate",
    "Registered",
    "Seconds",
    "SettingsModel",
    "Share",
    "Status",
    "TonSetting",
    "Version",
    "Zone",
    "duration",
    "time_zone",
]

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+|0")
_OFFSET = re.compile(r"([+-])([01]\d):?([0-5]\d)")
_DURATION_PART = re.compile(r"([\d.]+)(ms|s|m|h|d)")


def duration(text: str) -> float:
    """Seconds of a duration such as "500ms", "30s", "10m", "1h30m" or "30d".

    Raises:
        ValueError: it is none. A number without a unit is refused: is 30 a minute's half, or a month?
    """
    text = text.strip().replace(" ", "")
    if not _DURATION.fullmatch(text):
        raise ValueError("expected a duration such as 500ms, 30s, 10m, 2h or 30d")
    return sum(float(count) * _UNITS_S[unit] for count, unit in _DURATION_PART.findall(text))


def _seconds(value: object) -> object:
    """Python code gives seconds as a number, a file a duration with its unit."""
    return duration(value) if isinstance(value, str) else value


Seconds = Annotated[
    float,
    Field(ge=0, allow_inf_nan=False),
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{_DURATION.pattern})$", "examples": ["30s", "10m"]}),
]
"""Seconds, written in a file with their unit: "30s"."""


def _named(kind: type[IntEnum]) -> BeforeValidator:
    """Reads a member of `kind` by its name, in any letter case, or by its number."""

    def read(value: object) -> object:
        if not isinstance(value, str) or value.strip().isdigit():
            return value
        try:
            return kind[value.strip().upper().replace("-", "_").replace(" ", "_")]
        except KeyError:
            raise ValueError(f"expected {_names(kind)}, or a number") from None

    return BeforeValidator(read)


def _names(kind: type[IntEnum]) -> str:
    return ", ".join(member.name.lower() for member in kind)


def _kind_schema(kind: type[IntEnum]) -> WithJsonSchema:
    names = [member.name.lower() for member in kind]
    return WithJsonSchema({"anyOf": [{"enum": names}, {"type": "integer", "minimum": 0, "maximum": 255}]})


def _status(value: object) -> object:
    """YAML reads 0x58 as a number; quoted it is a text."""
    if not isinstance(value, str):
        return value
    name = value.strip().upper()
    try:
        return CommandStatus[name] if name in CommandStatus.__members__ else int(name, 0)
    except ValueError:
        raise ValueError("expected a command_status such as ESME_RINVDSTADR or 0x0B") from None


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Octet = Field(ge=0, le=255)
TonSetting = Annotated[int, _Octet, _named(Ton), _kind_schema(Ton)]
NpiSetting = Annotated[int, _Octet, _named(Npi), _kind_schema(Npi)]
Status = Annotated[
    int,
    Field(ge=1, le=0xFFFFFFFF),
    BeforeValidator(_status),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["ESME_RINVDSTADR", 0x0B]}),
]
"""A command_status: its name, or its number, which a file may give in hexadecimal."""
Registered = Annotated[int, _Octet, _named(RegisteredDelivery), _kind_schema(RegisteredDelivery)]


def _version(value: object) -> object:
    versions = {"3.3": InterfaceVersion.V3_3, "3.4": InterfaceVersion.V3_4, "5.0": InterfaceVersion.V5_0}
    if isinstance(value, InterfaceVersion):
        return value
    if str(value) not in versions:
        raise ValueError("expected 3.3, 3.4 or 5.0")
    return versions[str(value)]


Version = Annotated[InterfaceVersion, BeforeValidator(_version), WithJsonSchema({"enum": [3.3, 3.4, 5.0]})]


def time_zone(name: str) -> tzinfo:
    """The zone of a name such as "UTC" or "Europe/Paris", or of an offset such as "+02:00".

    Raises:
        ValueError: it is none, or this machine knows no zones by name.
    """
    if name.upper() in ("UTC", "Z"):
        return UTC
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups()
        away = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-away if sign == "-" else away)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        if not available_timezones():  # small containers, Windows
            raise ValueError(
                "expected an offset such as +02:00: this machine has no time zone data, "
                "which the system's package tzdata, or PyPI's of that name, brings"
            ) from error
        raise ValueError("expected a zone such as Europe/Paris, or an offset such as +02:00") from error


def _zone(name: str) -> str:
    time_zone(name)
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


def _existing(path: Path, info: ValidationInfo) -> Path:
    """The path, from the folder of the configuration file where there is one."""
    folder = (info.context or {}).get("folder")
    found = folder / path if folder else path
    if not found.is_file():
        raise ValueError("expected a file that exists")
    return found


ExistingFile = Annotated[Path, AfterValidator(_existing)]


class SettingsModel(BaseModel):
    """Settings are checked when made, never change, and refuse keys that they do not know."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # a url may hold a password
        use_attribute_docstrings=True,
        validate_default=True,
    )


@dataclass(frozen=True, slots=True)
class Also:
    """Adds to a setting's JSON Schema another form in which a file may write it."""

    form: dict[str, Any]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [self.form, handler(schema)]}
