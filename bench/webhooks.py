"""Webhooks beside a campaign: what a receiver that takes all, and one that is dead, cost it.

A daemon of its own process casts a campaign, at a fixed rate and as fast as it can; without a target, with
one that takes every request (a process of its own), and with one that nobody listens for. Rates are the
SMSC's own record.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import anyio
import httpx

from bench._common import machine, run, table
from bench._daemon import served, start_campaign
from smppcast.smsc import SmscProcess, spawn

LOSS_MOST = 0.05
WARM_S = 3.0
DEAD = "http://127.0.0.1:1/"


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench webhooks", description=__doc__)
    parser.add_argument("--seconds", type=float, help="of each case; default 15, 2 with --quick")
    parser.add_argument("--rate", type=int, help="segments a second; default 20,000, 2,000 with --quick")
    parser.add_argument("--receive", action="store_true", help="be the receiver: for the benchmark itself")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    if options.receive:
        asyncio.run(_receive())
        return 0
    options.seconds = options.seconds or (2.0 if options.quick else 15.0)
    options.rate = options.rate or (2_000 if options.quick else 20_000)
    print(machine())
    print(f"setup: receipts, users' messages and campaigns to one target; {options.seconds:g} s a case")
    rates = [options.rate] if options.quick else [options.rate, None]
    rows, worst = [["rate", "target", "submit_sm/s", "events told/s", "loss"]], 0.0
    for rate in rates:
        base = 0.0
        for target in ("none", "takes all", "dead"):
            sent, told = run(partial(_measure, options, rate, target))
            base = base or sent
            loss = 1 - sent / base
            worst = max(worst, loss if rate else 0.0)
            rows.append(
                [f"{rate:,}" if rate else "none", target, f"{sent:,.0f}", f"{told:,.0f}", f"{loss:.1%}"]
            )
    print(table(rows))
    missed = worst > LOSS_MOST
    if missed and not options.quick:
        print(f"missed: at {options.rate:,} a second a loss under {LOSS_MOST:.0%} is wanted", file=sys.stderr)
    return int(missed and not options.quick)


async def _measure(options: Namespace, rate: int | None, target: str) -> tuple[float, float]:
    with _receiver() as receiver:
        url = {"none": None, "takes all": receiver, "dead": DEAD}[target]
        hooks = {"webhooks": {"bench": {"url": url, "secret": "0" * 24}}} if url else {}
        recipients = int((rate or 250_000) * (options.seconds + 4 * WARM_S))
        async with (
            spawn("ideal") as smsc,
            served(smsc.url, operator={"window": 2000, "rate": rate}, daemon=hooks) as (http, _),
        ):
            await start_campaign(http, recipients)
            await anyio.sleep(WARM_S)
            before, events, began = await _sent(smsc), await _told(http), time.perf_counter()
            await anyio.sleep(options.seconds)
            seconds = time.perf_counter() - began
            return (await _sent(smsc) - before) / seconds, (await _told(http) - events) / seconds


async def _sent(smsc: SmscProcess) -> int:
    return int((await smsc.account())["accepted"])


async def _told(http: httpx.AsyncClient) -> int:
    hooks = (await http.get("/webhooks")).json()["webhooks"]
    return sum(int(each["delivered"]) for each in hooks)


@contextmanager
def _receiver() -> Iterator[str]:
    command = [sys.executable, "-m", "bench", "webhooks", "--receive"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()
            process.wait()


async def _receive() -> None:
    """Takes whatever is posted, and looks at none of it."""
    server = await asyncio.start_server(_take, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
