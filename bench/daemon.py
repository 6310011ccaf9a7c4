"""The daemon's API under load: messages by hundreds while a campaign runs, and what each costs the other.

A daemon of its own process casts a campaign; the same again with ten requests a second of a hundred messages
each beside it. Rates are the SMSC's own record; latencies are those of the requests.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from statistics import quantiles
from typing import Any

import anyio
import httpx

from bench._common import machine, run, table
from bench._daemon import served, start_campaign
from smppcast.smsc import SmscProcess, spawn

BATCH, PER_S = 100, 10
LIMIT_MS, LOSS_MOST = 250, 0.2


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench daemon", description=__doc__)
    parser.add_argument("--seconds", type=float, help="of each half; default 15, 2 with --quick")
    parser.add_argument("--recipients", type=int, help="of the campaign; default 4,000,000")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    options.seconds = options.seconds or (2.0 if options.quick else 15.0)
    options.recipients = options.recipients or (50_000 if options.quick else 4_000_000)
    print(machine())
    print(
        f"setup: campaign of {options.recipients:,} recipients on 2 binds, window 1000; {PER_S} requests "
        f"a second of {BATCH} messages; ledger at synchronous=FULL; {options.seconds:g} s each"
    )
    alone = run(partial(_measure, options, messages=False))
    beside = run(partial(_measure, options, messages=True))
    return _report(alone, beside, judged=not options.quick)


async def _measure(options: Namespace, *, messages: bool) -> dict[str, Any]:
    async with (
        spawn("ideal") as smsc,
        served(smsc.url, operator={"window": 1000}, daemon={"requests": 100_000}) as (http, _),
    ):
        return await _load(http, smsc, options, messages=messages)


async def _load(
    http: httpx.AsyncClient, smsc: SmscProcess, options: Namespace, *, messages: bool
) -> dict[str, Any]:
    await start_campaign(http, options.recipients)
    while not (before := (await smsc.account())["accepted"]):  # noqa: ASYNC110 - another process
        await anyio.sleep(0.05)
    took: list[float] = []
    began, posted = time.perf_counter(), 0
    async with anyio.create_task_group() as tasks:
        for number in range(int(options.seconds * PER_S)):
            await anyio.sleep(max(0.0, began + number / PER_S - time.perf_counter()))
            if messages:
                tasks.start_soon(_post, http, number, took)
                posted += BATCH
    seconds = time.perf_counter() - began
    accepted = (await smsc.account())["accepted"] - before - posted
    return {"rate": accepted / seconds, "took": took}


async def _post(http: httpx.AsyncClient, number: int, took: list[float]) -> None:
    first = 33_900_000_000 + number * BATCH
    body = {"messages": [{"to": str(first + at), "text": f"Votre code : {at}"} for at in range(BATCH)]}
    began = time.perf_counter()
    answer = await http.post("/messages", json=body)
    took.append(time.perf_counter() - began)
    assert answer.json()["accepted"] == BATCH, answer.text


def _report(alone: dict[str, Any], beside: dict[str, Any], *, judged: bool) -> int:
    p50, p99 = (quantiles(beside["took"], n=100)[at] * 1e3 for at in (49, 98))
    loss = 1 - beside["rate"] / alone["rate"]
    rows = [
        ["", "campaign, submit_sm/s", "messages/s", "API p50, ms", "p99, ms"],
        ["campaign alone", f"{alone['rate']:,.0f}", "", "", ""],
        ["with messages", f"{beside['rate']:,.0f}", f"{BATCH * PER_S:,}", f"{p50:.0f}", f"{p99:.0f}"],
    ]
    print(table(rows))
    print(f"the campaign lost {loss:.1%} of its rate")
    missed = p99 > LIMIT_MS or loss > LOSS_MOST
    if judged and missed:
        print(f"missed: p99 under {LIMIT_MS} ms and a loss under {LOSS_MOST:.0%} are wanted", file=sys.stderr)
    return int(judged and missed)
