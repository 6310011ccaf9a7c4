"""What a running SMSC may be asked for from outside: by its parent process, or over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from smppcast.documents import checked, described
from smppcast.errors import UsageError
from smppcast.smsc.server import Smsc
from smppcast.text import Encoding, LongMessages

__all__ = ["COMMANDS", "perform"]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nothing(_Asked):
    """No arguments."""


class Account(_Asked):
    """`destinations`: the count of each number too."""

    destinations: bool = False


class Change(_Asked):
    """`changes`: as `Smsc.change`."""

    changes: dict[str, Any]


class OfAccount(_Asked):
    """`system_id`: of that account's links only."""

    system_id: str | None = None


class Inject(_Asked):
    """As `Smsc.inject`; `octets`, in hexadecimal, instead of a text."""

    text: str | None = None
    octets: bytes | None = None
    source: str
    to: str
    system_id: str | None = None
    encoding: Encoding = "auto"
    long_messages: LongMessages = "udh8"


class Alert(_Asked):
    """As `Smsc.alert`."""

    source: str
    to: str
    system_id: str | None = None
    ms_availability_status: int = Field(default=0, ge=0, le=255)


class Outbind(_Asked):
    """As `Smsc.outbind`."""

    host: str
    port: int = Field(ge=1, le=65535)
    system_id: str | None = None
    password: str = ""
    timeout_s: float = Field(default=10.0, ge=0)


# --- what is done -------------------------------------------------------------------------


async def _account(smsc: Smsc, asked: Account) -> dict[str, Any]:
    return smsc.account.as_dict(destinations=asked.destinations) | _owed(smsc)


async def _totals(smsc: Smsc, _: Nothing) -> dict[str, Any]:
    return smsc.account.totals() | _owed(smsc) | {"work_s": smsc.work_s}


async def _binds(smsc: Smsc, _: Nothing) -> dict[str, Any]:
    return {"binds": [link.statistics()._asdict() for link in smsc.links if link.system_id is not None]}


async def _scenario(smsc: Smsc, _: Nothing) -> dict[str, Any]:
    return smsc.scenario.model_dump(mode="json")


async def _change(smsc: Smsc, asked: Change) -> dict[str, Any]:
    smsc.change(**asked.changes)
    return smsc.scenario.model_dump(mode="json")


async def _inject(smsc: Smsc, asked: Inject) -> dict[str, Any]:
    given = asked.model_dump(exclude={"text", "octets"})
    if (asked.text is None) == (asked.octets is None):
        raise UsageError("either text or octets")
    try:
        content = asked.text if asked.octets is None else bytes.fromhex(asked.octets.decode("ascii"))
    except ValueError as error:
        raise UsageError("octets are written in hexadecimal") from error
    return {"segments": smsc.inject(content or "", **given)}


async def _alert(smsc: Smsc, asked: Alert) -> dict[str, Any]:
    return {"sent": smsc.alert(**asked.model_dump())}


async def _cut(smsc: Smsc, asked: OfAccount) -> dict[str, Any]:
    return {"cut": await smsc.cut(asked.system_id)}


async def _unbind(smsc: Smsc, asked: OfAccount) -> dict[str, Any]:
    return {"unbound": smsc.unbind(asked.system_id)}


async def _outbind(smsc: Smsc, asked: Outbind) -> dict[str, Any]:
    return {"bound": await smsc.outbind(**asked.model_dump())}


def _owed(smsc: Smsc) -> dict[str, Any]:
    return {"receipts_owed": smsc.receipts_owed, "inbound_owed": smsc.inbound_owed}


_Arguments = TypeVar("_Arguments", bound=_Asked)
_Command = Callable[[Smsc, Mapping[str, Any]], Awaitable[dict[str, Any]]]


def _command(
    arguments: type[_Arguments], do: Callable[[Smsc, _Arguments], Awaitable[dict[str, Any]]]
) -> _Command:
    async def validated(smsc: Smsc, given: Mapping[str, Any]) -> dict[str, Any]:
        return await do(smsc, checked(arguments, described(given)))

    return validated


COMMANDS: Final[Mapping[str, _Command]] = {
    "account": _command(Account, _account),
    "totals": _command(Nothing, _totals),
    "binds": _command(Nothing, _binds),
    "scenario": _command(Nothing, _scenario),
    "change": _command(Change, _change),
    "inject": _command(Inject, _inject),
    "alert": _command(Alert, _alert),
    "cut": _command(OfAccount, _cut),
    "unbind": _command(OfAccount, _unbind),
    "outbind": _command(Outbind, _outbind),
}


async def perform(smsc: Smsc, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Does one of COMMANDS; returns its answer, ready for JSON.

    Raises:
        UsageError: there is no such command, or its arguments are wrong; nothing was changed.
        LinkError: `outbind` reached nobody.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(f"{name}: expected one of {', '.join(COMMANDS)}")
    return await command(smsc, arguments)
