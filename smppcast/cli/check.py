"""`smppcast check`: does the file hold, and does each operator let us in?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug
from smppcast.config import load
from smppcast.errors import BindRefused, LinkLost, ResponseTimeout, SmppcastError, UsageError
from smppcast.net.clock import monotonic
from smppcast.net.link import dial
from smppcast.operators.bind import BindKind, bind_pdu
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import DeliverSm, DeliverSmResp, EnquireLink, Pdu, Unbind, decode, encode
from smppcast.smpp.framing import Framer
from smppcast.smpp.vocabulary import CommandStatus, status_name

__all__ = ["EXAMPLE", "check"]

EXAMPLE = "Example: smppcast check -c smppcast.yaml"

_READ_MAX = 0x10000


def check(
    *,
    config: Config = Path("smppcast.yaml"),
    only: Annotated[str | None, typer.Option("--operator", help="Only this one.")] = None,
    debug: Debug = False,
) -> None:
    """Check the file, then bind and unbind at each operator and tell what its SMSC says of itself.

    Nothing is submitted. Exit code 1 where an operator does not let us in.
    """
    logs.configure(debug=debug)
    operators = dict(load(config).operators)
    if only is not None:
        if only not in operators:
            raise UsageError(f"{config} has no operator {only}; it has {', '.join(operators)}")
        operators = {only: operators[only]}
    print(f"{config}: holds")
    run(partial(_check, operators))


async def _check(operators: Mapping[str, OperatorSettings]) -> ExitCode:
    found: dict[str, str] = {}
    failed: list[str] = []

    async def ask(name: str, settings: OperatorSettings) -> None:
        try:
            found[name] = await _visit(settings)
        except SmppcastError as error:
            found[name] = f"FAILED: {error}"
            failed.append(name)

    async with anyio.create_task_group() as tasks:
        for name, settings in operators.items():
            tasks.start_soon(ask, name, settings)
    for name in operators:
        print(f"{name}: {found[name]}")
    return ExitCode.FAILED if failed else ExitCode.FINISHED


async def _visit(settings: OperatorSettings) -> str:
    """Binds, asks for a sign of life, unbinds.

    Raises:
        SmppcastError: something of that failed.
    """
    # A transmitter gets no receipts that would have to be turned away.
    kind = BindKind.TRANSMITTER if settings.binds.transmitter else BindKind.TRANSCEIVER
    stream = await dial(settings.address, settings.timers.bind)
    async with stream:
        caller = _Caller(stream, settings.timers.response)
        answer = await caller.ask(bind_pdu(kind, settings))
        if answer.command_status:
            status = answer.command_status
            raise BindRefused(f"bind_{kind}", status, status_name(status))
        facts = [f"bound as {kind} at {settings.address}", *_introduction(answer), *_tls(stream)]
        began = monotonic()
        await caller.ask(EnquireLink())
        facts.append(f"enquire_link answered in {1000 * (monotonic() - began):.1f} ms")
        await caller.ask(Unbind())
    return ", ".join(facts)


def _introduction(answer: Pdu) -> list[str]:
    """What a bind response tells of the SMSC."""
    name = getattr(answer, "system_id", None)
    version = answer.tlvs.get("sc_interface_version")
    told = [f"system_id {name}" if name else "no system_id"]
    if isinstance(version, int):
        told.append(f"sc_interface_version {version >> 4}.{version & 0xF}")
    else:
        told.append("no sc_interface_version (an SMSC of SMPP 3.3, or a silent one)")
    return told


def _tls(stream: ByteStream) -> list[str]:
    if not isinstance(stream, TLSStream):
        return []
    encrypted = stream.extra_attributes
    version, (cipher, *_) = encrypted[TLSAttribute.tls_version](), encrypted[TLSAttribute.cipher]()
    certificate = encrypted[TLSAttribute.peer_certificate]() or {}
    until = certificate.get("notAfter")
    return [f"{version} with {cipher}", f"certificate until {until}" if until else "certificate not verified"]


@dataclass(slots=True)
class _Caller:
    """One request at a time over a link."""

    stream: ByteStream
    timeout_s: float
    _framer: Framer = field(default_factory=Framer)
    _number: int = 0

    async def ask(self, pdu: Pdu) -> Pdu:
        """The response.

        Raises:
            ResponseTimeout: none came.
            LinkLost: the link ended.
            ProtocolError: what came is no SMPP.
        """
        self._number += 1
        try:
            with anyio.fail_after(self.timeout_s):
                await self.stream.send(encode(replace(pdu, sequence_number=self._number)))
                while True:
                    for octets in self._framer.feed(await self.stream.receive(_READ_MAX)):
                        found = decode(octets)
                        if found.is_response and found.sequence_number == self._number:
                            return found
                        await self._turn_away(found)
        except TimeoutError:
            raise ResponseTimeout(f"no response in {self.timeout_s:g} s") from None
        except (anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise LinkLost("the SMSC ended the link") from error

    async def _turn_away(self, pdu: Pdu) -> None:
        """A receipt has no ledger to go to here: it shall come again."""
        if isinstance(pdu, DeliverSm):
            later = DeliverSmResp(
                command_status=CommandStatus.ESME_RX_T_APPN, sequence_number=pdu.sequence_number
            )
            await self.stream.send(encode(later))
