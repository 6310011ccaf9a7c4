"""`smppcast check`: does the file hold, and does each operator let us in?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug
from smppcast.config import load
from smppcast.errors import BindRefused, LinkLost, ResponseTimeout, SmppcastError, UsageError
from smppcast.net.clock import monotonic
from smppcast.net.dialling import dial
from smppcast.net.link import Link
from smppcast.operators.bind import BindKind, bind_pdu
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import DeliverSm, DeliverSmResp, EnquireLink, Pdu, Unbind, decode, encode
from smppcast.smpp.framing import Framer
from smppcast.smpp.vocabulary import CommandStatus, status_name

__all__ = ["EXAMPLE", "check"]

EXAMPLE = "Example: smppcast check -c smppcast.yaml"


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
    link = await dial(settings.address, settings.timers.bind)
    try:
        caller = _Caller(link, settings.timers.response)
        answer = await caller.ask(bind_pdu(kind, settings))
        if answer.command_status:
            status = answer.command_status
            raise BindRefused(f"bind_{kind}", status, status_name(status))
        facts = [f"bound as {kind} at {settings.address}", *_introduction(answer), *_tls(link)]
        began = monotonic()
        await caller.ask(EnquireLink())
        facts.append(f"enquire_link answered in {1000 * (monotonic() - began):.1f} ms")
        await caller.ask(Unbind())
    finally:
        await link.aclose()
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


def _tls(link: Link) -> list[str]:
    encrypted = link.info("ssl_object")
    if encrypted is None:
        return []
    cipher, *_ = encrypted.cipher()
    until = (encrypted.getpeercert() or {}).get("notAfter")
    return [
        f"{encrypted.version()} with {cipher}",
        f"certificate until {until}" if until else "certificate not verified",
    ]


class _Caller:
    """One request at a time over a link, as its taker."""

    def __init__(self, link: Link, timeout_s: float) -> None:
        self._link, self._timeout_s = link, timeout_s
        self._framer, self._number = Framer(), 0
        self._response: Pdu | None = None
        self._error: SmppcastError | None = None
        self._came = anyio.Event()
        link.begin(self)

    async def ask(self, pdu: Pdu) -> Pdu:
        """The response.

        Raises:
            ResponseTimeout: none came.
            LinkLost: the link ended.
            ProtocolError: what came is no SMPP.
        """
        self._number += 1
        self._response, self._came = None, anyio.Event()
        if self._error is None:
            self._link.write(encode(replace(pdu, sequence_number=self._number)))
            with anyio.move_on_after(self._timeout_s):
                await self._came.wait()
        response: Pdu | None = self._response  # `received` has set it meanwhile
        if response is None:
            raise self._error or ResponseTimeout(f"no response in {self._timeout_s:g} s")
        return response

    def received(self, data: bytes) -> None:
        try:
            for octets in self._framer.feed(data):
                found = decode(octets)
                if found.is_response and found.sequence_number == self._number:
                    self._response = found
                    self._came.set()
                else:
                    self._turn_away(found)
        except SmppcastError as error:
            self._fail(error)

    def writable(self) -> None:
        """What is asked is short, and waited for."""

    def lost(self, error: Exception | None) -> None:
        lost = LinkLost("the SMSC ended the link")
        lost.__cause__ = error
        self._fail(lost)

    def _fail(self, error: SmppcastError) -> None:
        self._error = self._error or error
        self._came.set()

    def _turn_away(self, pdu: Pdu) -> None:
        """A receipt has no ledger to go to here: it shall come again."""
        if isinstance(pdu, DeliverSm):
            later = DeliverSmResp(
                command_status=CommandStatus.ESME_RX_T_APPN, sequence_number=pdu.sequence_number
            )
            self._link.write(encode(later))
