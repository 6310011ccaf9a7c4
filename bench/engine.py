"""Casting with receipts and the durable ledger, beside smpplib's bare submits.

Both talk to a simulated SMSC of the same kind in a process of its own. Ours casts a text of two
segments, takes in a receipt for each and has all of it on disk (SQLite, synchronous=FULL) before
the clock stops. smpplib's client submits as many single submit_sm of 160 characters, and does
nothing else: no receipts, no ledger. Each round measures each in a fresh process, in turns.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import anyio.to_thread
from smpplib.client import Client  # noqa: TID251 - the rival that is measured here

from bench._common import (
    FIRST_NUMBER,
    TWO_SEGMENTS,
    child,
    engine_at,
    machine,
    process_cpu,
    run,
    table,
    thread_cpu,
    written,
)
from smppcast.smsc import spawn

SIDES = ("smppcast", "smpplib")
SEGMENTS = 2


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    if options.side:
        measure = _smppcast if options.side == "smppcast" else _smpplib
        print(json.dumps(run(partial(measure, options))))
        return 0
    print(machine())
    print(
        f"setup: {options.count:,} recipients of {SEGMENTS} segments; {options.binds} bind(s), window "
        f"{options.window}; receipts on, SQLite synchronous=FULL in {tempfile.gettempdir()}; simulated "
        f"SMSC 'ideal'; {options.rounds} round(s), medians"
    )
    print(
        f"       smpplib: {options.count * SEGMENTS:,} submit_sm of 160 characters, one bind, window "
        f"{options.window}, no receipts, no ledger"
    )
    measured: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            measured[side].append(_measure(side, options))
    _print(measured)
    return 0


def _options(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m bench engine", description=__doc__)
    parser.add_argument("--count", type=int, help="recipients (default 100,000; 5,000 with --quick)")
    parser.add_argument("--rounds", type=int, help="default 3; 1 with --quick")
    parser.add_argument("--window", type=int, default=1000)
    # The receipts of a bind wait for a commit, a thousand at a time: one bind is bound by that.
    parser.add_argument("--binds", type=int, default=4, help="of smppcast; smpplib's client is one")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--side", choices=SIDES, help="measure one side once, print JSON")
    options = parser.parse_args(argv)
    options.count = options.count or (5_000 if options.quick else 100_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def _measure(side: str, options: Namespace) -> dict[str, Any]:
    settings = ("--count", options.count, "--window", options.window, "--binds", options.binds)
    found = child("engine", "--side", side, *settings)
    print(f"       {side}: {found['submitted'] / found['seconds']:,.0f}/s", flush=True)
    return found


# --- ours ------------------------------------------------------------------------------------


async def _smppcast(options: Namespace) -> dict[str, Any]:
    """Casts once; returns what it took, once every account agrees with every other."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            spawn("ideal") as smsc,
            engine_at(smsc.url, Path(folder), window=options.window, binds=options.binds) as (engine, store),
        ):
            smsc_before, before, written_before = process_cpu(smsc.pid), thread_cpu(), written()
            began = time.perf_counter()
            numbers = (FIRST_NUMBER + index for index in range(options.count))
            campaign = await engine.cast(TWO_SEGMENTS, numbers, name="bench")
            account = await campaign.wait()
            seconds, after = time.perf_counter() - began, thread_cpu()
            smsc_cpu = process_cpu(smsc.pid) - smsc_before
            theirs = await smsc.account()
    submits = options.count * SEGMENTS
    assert account.closes, account
    assert account.fed == account.delivered == options.count, account
    assert account.segments.submitted == account.receipts.matched == submits, account
    assert theirs["accepted"] == theirs["receipts_acknowledged"] == submits, theirs
    assert theirs["receipts_owed"] == theirs["repeated_destinations"] - options.count == 0, theirs
    cpu = {name: used - before.get(name, 0.0) for name, used in after.items()}
    return {
        "submitted": submits,
        "seconds": seconds,
        "cpu": cpu["all"],
        "loop": cpu["MainThread"],
        "ledger": cpu["smppcast-ledger"],
        "smsc": smsc_cpu,
        "commits": store.commits,
        "longest_s": store.longest_s,
        "written": written() - written_before,
    }


# --- smpplib ---------------------------------------------------------------------------------


async def _smpplib(options: Namespace) -> dict[str, Any]:
    submits = options.count * SEGMENTS
    async with spawn("ideal") as smsc:
        smsc_before = process_cpu(smsc.pid)
        found = await anyio.to_thread.run_sync(_submit, smsc.port, submits, options.window)
        found["smsc"] = process_cpu(smsc.pid) - smsc_before
        theirs = await smsc.account()
    assert theirs["accepted"] == submits, theirs
    return found


def _submit(port: int, submits: int, window: int) -> dict[str, Any]:
    """smpplib's client at its best: the window filled, then half of it read without a select."""
    logging.getLogger("smpplib").setLevel(logging.ERROR)
    client = Client("127.0.0.1", port, timeout=60, allow_unknown_opt_params=True, logger_name="smpplib")
    answered = 0

    def sent(pdu: Any) -> None:
        nonlocal answered
        answered += pdu.status == 0

    client.set_message_sent_handler(sent)
    client.connect()
    client.bind_transmitter(system_id="bench", password="x")  # noqa: S106 - any is let in
    text, in_flight, began, cpu = b"x" * 160, 0, time.perf_counter(), time.process_time()
    for index in range(submits):
        client.send_message(
            source_addr_ton=5,
            source_addr="GOUV",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=str(FIRST_NUMBER + index),
            short_message=text,
        )
        in_flight += 1
        if in_flight == window:
            in_flight -= _read(client, (window + 1) // 2)
    _read(client, in_flight)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    client.unbind()
    client.disconnect()
    assert answered == submits, f"{answered} of {submits} were accepted"
    return {"submitted": submits, "seconds": seconds, "cpu": used, "loop": used}


def _read(client: Client, count: int) -> int:
    for _ in range(count):
        client.read_once()
    return count


# --- the table -------------------------------------------------------------------------------


def _print(measured: dict[str, list[dict[str, Any]]]) -> None:
    rates = {
        side: median(each["submitted"] / each["seconds"] for each in rounds)
        for side, rounds in measured.items()
    }
    head = [
        "",
        "segments/s",
        "x smpplib",
        "CPU us/segment",
        "loop",
        "ledger",
        "other threads",
        "SMSC's",
        "commits",
        "longest, ms",
        "octets written",
    ]
    rows = [head]
    for side, rounds in measured.items():
        cpu = {
            key: median(each.get(key, 0.0) / each["submitted"] * 1e6 for each in rounds)
            for key in ("cpu", "loop", "ledger", "smsc")
        }
        other = max(0.0, cpu["cpu"] - cpu["loop"] - cpu["ledger"])
        parts = (cpu["cpu"], cpu["loop"], cpu["ledger"], other, cpu["smsc"])
        commits = median(each.get("commits", 0) for each in rounds)
        longest_ms = max(each.get("longest_s", 0.0) for each in rounds) * 1e3
        octets = median(each.get("written", 0) / each["submitted"] for each in rounds)
        ratio = rates[side] / rates["smpplib"]
        rows.append(
            [
                side,
                f"{rates[side]:,.0f}",
                f"{ratio:.2f}",
                *(f"{part:.1f}" for part in parts),
                f"{commits:,.0f}",
                f"{longest_ms:.0f}",
                f"{octets:.0f}",
            ]
        )
    print(table(rows))
    print("every recipient delivered, every receipt acknowledged: all accounts close")
