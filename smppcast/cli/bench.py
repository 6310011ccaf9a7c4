"""`smppcast bench`: an SMSC under load, and what it bears."""

from __future__ import annotations

import ipaddress
import json as codec
import math
import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from smppcast.cli import logs
from smppcast.cli.bench_hints import hinting
from smppcast.cli.bench_progress import show_progress, show_step
from smppcast.cli.bench_text import as_text, comparison_as_text, limit_as_text, limit_rows, setup, tables
from smppcast.cli.bench_values import rate, seconds, share, some_seconds, version
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Debug, EncodingName, Json
from smppcast.cli.signals import Interrupt, interruptible
from smppcast.cli.values import source_address
from smppcast.client.addresses import Source, login_of
from smppcast.client.wording import Composer, Dialect
from smppcast.errors import UsageError
from smppcast.load import (
    Bounds,
    Limit,
    Load,
    Messages,
    Ramp,
    Result,
    Target,
    compared,
    find_limit,
    latencies,
    numbers_of,
    open_load,
    page,
)
from smppcast.net.dialling import Address, Tls
from smppcast.plots import need_plots
from smppcast.receipts import MessageIdMapping
from smppcast.smpp.versions import speaks_3_3

__all__ = ["EXAMPLE", "bench"]

EXAMPLE = "Example: smppcast bench smpp://user:secret@127.0.0.1:2775 --rate 1000 --duration 30s --receipts"

# On this machine there is nobody to reach; and if what listens here passes messages on, the French
# regulator keeps 06 39 98 for films and books.
NUMBERS = "33639980000-33639989999"

FIRST_PER_S = 100.0
PRECISION = 0.05
LEAD_S = 1.0


@dataclass(frozen=True, slots=True)
class _Bench:
    """What is measured, and what is made of it; `bounds` where a limit is searched, `asked` what JSON tells
    of the options beside the result."""

    load: Load
    per_s: float | None
    duration_s: float
    wait_s: float
    bounds: Bounds | None
    asked: dict[str, Any]
    html: Path | None
    old: dict[str, Any] | None
    as_json: bool


def bench(
    url: Annotated[str, typer.Argument(metavar="smpp://SYSTEM_ID:PASSWORD@HOST:PORT", help="Or smpps://.")],
    *,
    per_s: Annotated[
        Any, typer.Option("--rate", parser=rate, metavar="N|max", help="Submits a second over all binds.")
    ] = "max",
    binds: Annotated[int, typer.Option(min=1, help="Binds that share them.")] = 1,
    window: Annotated[int, typer.Option(min=1, help="Submits of one bind that may await their answer.")] = 10,
    duration: Annotated[
        Any, typer.Option(parser=some_seconds, metavar="DURATION", help="How long it sends.")
    ] = "10s",
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Ask for receipts, and time them too.")
    ] = False,
    numbers: Annotated[
        str | None,
        typer.Option(
            metavar="FIRST-LAST",
            help="Whom to send to, in turn.",
            show_default=f"{NUMBERS} on this machine; elsewhere it must be given",
        ),
    ] = None,
    text: Annotated[str, typer.Option(help="The text; each of its segments is a submit.")] = "smppcast bench",
    encoding: Annotated[EncodingName, typer.Option(help="Of the text.")] = EncodingName.AUTO,
    source: Annotated[
        Any,
        typer.Option(
            parser=source_address,
            metavar="ADDR",
            help="The sender: GOUV, +33123456789, 36111, or ADDR:TON:NPI.",
            show_default="none",
        ),
    ] = None,
    wait: Annotated[
        Any,
        typer.Option(parser=seconds, metavar="DURATION", help="For what is unanswered at the end."),
    ] = "10s",
    limit: Annotated[
        bool,
        typer.Option(
            "--find-limit",
            help="Find the highest rate within both bounds, from --rate on; each is tried for the duration.",
        ),
    ] = False,
    latency_bound: Annotated[
        Any, typer.Option(parser=some_seconds, metavar="DURATION", help="Of p99, with --find-limit.")
    ] = "100ms",
    error_bound: Annotated[
        Any, typer.Option(parser=share, metavar="PERCENT", help="Of all submits, with --find-limit.")
    ] = "0.1%",
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Show the figures as ratios to those that --json printed."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with plots that needs no network.")
    ] = None,
    transmitters: Annotated[
        bool, typer.Option("--transmitters", help="Bind transmitters, and a receiver for receipts.")
    ] = False,
    smpp: Annotated[
        Any, typer.Option(parser=version, metavar="3.3|3.4|5.0", help="The version to speak.")
    ] = "3.4",
    message_ids: Annotated[
        MessageIdMapping, typer.Option(help="How receipts spell the message_ids of responses.")
    ] = MessageIdMapping.AUTO,
    password_file: Annotated[
        Path | None, typer.Option(help="Holds the password, which then shows in no list of processes.")
    ] = None,
    tls_ca: Annotated[
        Path | None, typer.Option(help="Authorities to trust with smpps://.", show_default="the system's")
    ] = None,
    tls_verify: Annotated[bool, typer.Option(help="Verify the certificate of smpps://.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending to another machine.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure an SMSC: rate, latency percentiles, statuses, receipts; or find the rate that it holds.

    With --rate N latencies count from when a message was due, so that a stall shows in all that it
    held up. With max nothing is due: they count from the write (service time). Nothing is sent
    twice; refusals are counted by status. A lost link is dialled again, and what was unanswered on it is
    counted. Ctrl-C ends it with what was measured so far.
    """
    logs.configure(debug=debug)
    tls = Tls(verify=tls_verify, ca=str(tls_ca) if tls_ca else None) if tls_ca or not tls_verify else None
    login = login_of(url, _password(password_file), tls)
    sender = Source(source.addr, source.ton, source.npi) if source else None
    composer = Composer(Dialect(sender, interface_version=smpp), seed=0)
    options: dict[str, Any] = {"encoding": encoding.value}
    wording = composer.wording("", text, None, receipts, **options)
    local = _is_local(login.address)
    if numbers is None and not local:
        raise UsageError(f"{login.address} is another machine: say by --numbers whom to send to")
    destinations = numbers_of(numbers or NUMBERS)
    per_s = None if math.isinf(per_s) else per_s
    measured = _Bench(
        load=Load(
            Target(login.address, login.system_id, login.password, interface_version=smpp, window=window),
            Messages(wording.parts, destinations),
            binds=binds,
            kind="transmitter" if transmitters or speaks_3_3(smpp) else "transceiver",
            receipts=receipts,
            message_ids=message_ids,
        ),
        per_s=per_s,
        duration_s=duration,
        wait_s=wait,
        bounds=Bounds(latency_bound, error_bound) if limit else None,
        asked={
            "duration_asked_s": duration,
            "smpp": f"{smpp >> 4}.{smpp & 15}",
            "receipts_asked": receipts,
            "text": text,
            "encoding": encoding.value,
        },
        html=_writable(html),
        old=_old(compare),
        as_json=json,
    )
    if not local and not yes:
        _ask(measured, destinations)
    run(partial(_bench, measured))


# --- before anything is sent ----------------------------------------------------------------


def _is_local(address: Address) -> bool:
    """Whether that is nothing but this machine."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:
        return False  # whoever dials it says what is wrong
    return all(ipaddress.ip_address(row[4][0]).is_loopback for row in found)


def _ask(bench: _Bench, destinations: range) -> None:
    """Has the user confirm that real people may be reached.

    Raises:
        UsageError: nobody can be asked.
        typer.Exit: they would rather not.
    """
    if not _someone_is_there():
        raise UsageError(
            f"this would send to another machine, {bench.load.target.address}, and there is no terminal "
            "to ask at: --yes confirms it beforehand"
        )
    count = "as many messages as it takes" if bench.per_s is None else f"{bench.per_s:,g} messages a second"
    numbers = f"{destinations[0]} to {destinations[-1]}"
    account = f"{bench.load.target.system_id} at {bench.load.target.address}"
    what = f"Send {count} for {bench.duration_s:g} s as {account} to the numbers {numbers}?"
    if bench.bounds is not None:
        what = f"Send more and more messages as {account} to the numbers {numbers}?"
    if not typer.confirm(what, err=True):
        print("nothing was sent", file=sys.stderr)
        raise typer.Exit(ExitCode.STOPPED)


def _someone_is_there() -> bool:
    return sys.stdin.isatty()


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text("utf-8").strip()


def _writable(html: Path | None) -> Path | None:
    """The page's file, which is not to fail after the measurement."""
    if html is not None:
        need_plots()
        if not html.absolute().parent.is_dir():
            raise UsageError(f"{html}: there is no such folder")
    return html


def _old(compare: Path | None) -> dict[str, Any] | None:
    """The last line of a file that --json wrote."""
    if compare is None:
        return None
    expected = f"--compare {compare}: expected the JSON object that --json printed"
    try:
        old = codec.loads(compare.read_text("utf-8").strip().rpartition("\n")[2])
    except OSError as error:
        raise UsageError(f"--compare {compare}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{expected}: {error}") from error
    if not isinstance(old, dict) or "rate_per_s" not in old:
        raise UsageError(expected)
    rate_per_s = old["rate_per_s"]
    if not isinstance(rate_per_s, int | float) or isinstance(rate_per_s, bool):
        raise UsageError(f"{expected}: rate_per_s: {codec.dumps(rate_per_s)}: expected a number")
    return old


# --- the measurement ------------------------------------------------------------------------


async def _bench(bench: _Bench) -> ExitCode:
    load, limit = bench.load, None if bench.bounds is None else Limit([])
    result: Result | None = None
    async with interruptible() as interrupt, anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_when_asked, interrupt, bench, tasks.cancel_scope)
        async with hinting(load), open_load(load):
            tasks.start_soon(partial(show_progress, load, steps=limit is not None))
            if bench.bounds is None or limit is None:
                result = await load.run(bench.per_s, bench.duration_s, bench.wait_s)
            else:
                ramp = Ramp(bench.per_s or FIRST_PER_S, PRECISION)
                await find_limit(
                    load,
                    limit,
                    ramp,
                    bench.bounds,
                    step_s=bench.duration_s,
                    wait_s=bench.wait_s,
                    lead_s=LEAD_S,
                    told=show_step,
                )
        tasks.cancel_scope.cancel()
    if limit is not None and limit.steps:
        result = (limit.held or limit.steps[-1]).result
    if result is None and load.measured.sent:
        result = load.result()  # insisted: what there is
    if result is None:
        print("stopped before anything was sent", file=sys.stderr)
        return ExitCode.STOPPED
    _show(bench, result, limit)
    if load.stopping:
        return ExitCode.STOPPED
    failed = result.stopped if limit is None else limit.stopped or limit.held is None
    return ExitCode.FAILED if failed else ExitCode.FINISHED


async def _stop_when_asked(interrupt: Interrupt, bench: _Bench, scope: anyio.CancelScope) -> None:
    load = bench.load
    await interrupt.asked.wait()
    load.stop()
    if not any(bind.bound for bind in load.binds):
        scope.cancel()  # there is nothing to wait for
        return
    counts = {"answers": load.in_flight, "receipts": load.awaiting_receipt}
    awaited = " and ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    waiting = f"waiting up to {bench.wait_s:g} s for {awaited or 'what is under way'}"
    print(f"stopping: {waiting}; Ctrl-C again ends at once", file=sys.stderr, flush=True)


# --- what is made of it ---------------------------------------------------------------------


def _show(bench: _Bench, result: Result, limit: Limit | None) -> None:
    new = {**result.as_dict(), **bench.asked}
    if bench.html is not None:
        title = f"{bench.load.target.address}: {setup(result)}"
        shown = tables(result) if limit is None else [limit_rows(limit), *tables(result)]
        bench.html.write_text(page(title, result, shown, limit), "utf-8")
        print(f"plots: {bench.html}", file=sys.stderr)
    if bench.as_json:
        print(codec.dumps({**new, **_limit(limit), **_compared(bench.old, new)}), flush=True)
        return
    if limit is not None:
        print(limit_as_text(limit), end="\n\n")
    print(as_text(result), flush=True)
    if bench.old is not None:
        print(f"\n{comparison_as_text(bench.old, new)}", flush=True)


def _limit(limit: Limit | None) -> dict[str, Any]:
    if limit is None:
        return {}
    steps = [
        {
            "per_s": step.per_s,
            "held": not step.broken,
            "broken": step.broken,
            "errors": round(step.result.errors, 6),
            "latency_ms": latencies(step.result.measured.latency),
        }
        for step in limit.steps
    ]
    return {
        "limit_per_s": limit.held.per_s if limit.held else None,
        "limit_broken": limit.failed.broken if limit.failed else "",
        "stopped": limit.stopped,
        "steps": steps,
    }


def _compared(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    if old is None:
        return {}
    figures, differing = compared(old, new)
    return {"ratios": {each.name: each.ratio for each in figures}, "set_differently": differing}
