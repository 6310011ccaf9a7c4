"""`smppcast smsc`: the simulated SMSC by itself."""

from __future__ import annotations

import json as codec
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Debug, Json
from smppcast.cli.signals import interruptible
from smppcast.errors import UsageError
from smppcast.report.account import columns
from smppcast.smsc import Scenario, Smsc, load_scenario, scenario_names, serve, serve_control
from smppcast.smsc.tls import server_tls

__all__ = ["EXAMPLE", "smsc"]

EXAMPLE = "Example: smppcast smsc --scenario throttling --port 2775 --watch"


@dataclass(frozen=True, slots=True)
class _Options:
    host: str
    port: int
    control: tuple[str, int] | None
    record: Path | None
    tls: tuple[Path, Path | None] | None
    watched: bool
    as_json: bool


def smsc(
    *,
    scenario: Annotated[str, typer.Option(help="The name of a shipped one, or a YAML file.")] = "ideal",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 2775,
    seed: Annotated[int | None, typer.Option(help="Of all draws; by default the scenario's.")] = None,
    control: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            help="Open a control port (HTTP and JSON) there, on loopback unless told; 0 takes a free one.",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show binds, rates and windows meanwhile.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write the traffic to this pcap file, for Wireshark.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Listen by TLS (smpps) with this certificate, in PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, if that is in a file of its own.")] = None,
    busy_poll: Annotated[
        bool, typer.Option("--busy-poll", help="Stay awake between submits: quicker, and a core is busy.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")] = False,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Run a simulated SMSC until Ctrl-C, then print what it took in.

    Its url is the first line of standard output, that of its control port the second.
    """
    if list_:
        shipped = {each.name: each.description for each in map(load_scenario, scenario_names())}
        print(codec.dumps(shipped) if json else "\n".join(f"{name:<22}{shipped[name]}" for name in shipped))
        return
    chosen = load_scenario(scenario)
    if seed is not None:
        chosen = chosen.changed(seed=seed)
    if busy_poll:
        chosen = chosen.changed(busy_poll=True)
    if tls_key is not None and tls_cert is None:
        raise UsageError("--tls-key needs --tls-cert")
    options = _Options(
        host=host,
        port=port,
        control=None if control is None else _address(control),
        record=record,
        tls=None if tls_cert is None else (tls_cert, tls_key),
        watched=watch,
        as_json=json,
    )
    run(partial(_serve, chosen, options))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--control {text}: expected [HOST:]PORT")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


async def _serve(scenario: Scenario, options: _Options) -> ExitCode:
    async with AsyncExitStack() as opened:
        running = await _listening(scenario, options, opened)
        controlled = "" if options.control is None else await _controlled(running, options.control, opened)
        async with interruptible() as interrupt, anyio.create_task_group() as tasks:
            # Who reads the url may send a signal at once.
            print(running.url, *filter(None, [controlled]), sep="\n", flush=True)
            print(f"{scenario.name}: Ctrl-C ends it", file=sys.stderr)
            if options.watched:
                # rich and the campaigns' meters, for those who watch alone.
                from smppcast.cli.smsc_watch import watch  # noqa: PLC0415

                tasks.start_soon(watch, running)
            await interrupt.asked.wait()
            tasks.cancel_scope.cancel()
        print(_as_json(running) if options.as_json else _as_text(running))
    recorder = running.recorder
    if recorder is not None and recorder.stopped is not None:
        print(f"{options.record}: recording stopped: {recorder.stopped}", file=sys.stderr)
    return ExitCode.FINISHED


async def _listening(scenario: Scenario, options: _Options, opened: AsyncExitStack) -> Smsc:
    tls = None if options.tls is None else server_tls(*options.tls)
    listening = serve(scenario, host=options.host, port=options.port, tls=tls, record=options.record)
    try:
        return await opened.enter_async_context(listening)
    except OSError as error:
        where = error.filename or f"{options.host}:{options.port}"
        raise UsageError(f"{where}: {error.strerror or error}") from error


async def _controlled(running: Smsc, address: tuple[str, int], opened: AsyncExitStack) -> str:
    host, port = address
    try:
        return await opened.enter_async_context(serve_control(running, host=host, port=port))
    except OSError as error:
        raise UsageError(f"--control {host}:{port}: {error.strerror or error}") from error


def _as_json(running: Smsc) -> str:
    owed = {"receipts_owed": running.receipts_owed, "inbound_owed": running.inbound_owed}
    return codec.dumps({**running.account.as_dict(), **owed})


def _as_text(running: Smsc) -> str:
    account = running.account
    counts = {
        "submits": account.submitted,
        "accepted": account.accepted,
        "refused": account.refused.total(),
        "receipts sent": account.receipts_sent,
        "receipts acknowledged": account.receipts_acknowledged,
        "receipts owed": running.receipts_owed,
        "binds": account.binds,
        "binds refused": account.binds_refused.total(),
    }
    return "\n".join(columns([(name, f"{count:,}") for name, count in counts.items()]))
