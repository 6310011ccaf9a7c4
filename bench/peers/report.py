"""RESULTS.md: what was measured, as Markdown."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from bench.peers.found import Found, Setting
from bench.peers.sides import CEILING, OURS, Side

_HEAD: Final = """\
# smppcast beside its peers

Written by `{command}` on {date}; bench/README.md says how to read it.

{machine}
{versions}

One simulated SMSC ("ideal", a process of its own) serves all clients, which take turns: {rounds} round(s),
medians, everything over loopback. A run is {counts} submits of 160 characters behind a
warm-up; every one was accepted, and with receipts every receipt received and answered, by the client's
count and by the SMSC's. CPU is that of the client's process with all its threads, for one message.
"""


def versions(commands: Mapping[Side, Sequence[str]]) -> dict[str, str]:
    """Of each package, and of Node.js."""
    found = {side.package: side.version for side in commands if side.package}
    for side, command in commands.items():
        if side.script.suffix == ".js":
            told = subprocess.run([*command[:-1], "--version"], capture_output=True, text=True, check=True)
            found["Node.js"] = told.stdout.strip()
    return found


def markdown(found: Found) -> str:
    """All of it."""
    settings = sorted({setting for _, setting in found.runs}, key=lambda each: each.window)
    near = [setting for setting in settings if not setting.latency_ms]
    off, on = ([each for each in near if each.receipts == receipts] for receipts in (False, True))
    parts = [
        _head(found, near),
        "## Without receipts\n",
        _rates(found, off),
        "## With receipts\n",
        _rates(found, on),
        _ceiling(found, off),
        _smsc(found, near),
        *(_distant(found, setting) for setting in settings if setting.latency_ms),
        _latency(found),
        _tuning(found),
    ]
    return "\n".join(part for part in parts if part)


def _head(found: Found, near: Sequence[Setting]) -> str:
    counts = [count for (_, setting), count in found.counts.items() if setting in near]
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    text = _HEAD.format(
        command=found.command,
        date=dt.datetime.now(dt.UTC).date(),
        machine=found.machine,
        versions=f"Peers: {versions}." if versions else "",
        rounds=found.rounds,
        counts=f"{min(counts):,} to {max(counts):,}",
    )
    absent = [f"Left out: {name} ({reason}).\n" for name, reason in found.absent.items()]
    return text + "".join(absent)


def _table(rows: Iterable[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rates(found: Found, settings: Sequence[Setting]) -> str:
    head = [""]
    for setting in settings:
        head += [f"window {setting.window:,}: messages/s", "smppcast's share", "CPU, µs"]
    rows, stalls = [head], []
    for side in found.sides:
        if side is CEILING or side.name in found.absent:
            continue
        row = [side.name]
        for setting in settings:
            run, ours = found.median(side.name, setting), found.median(OURS.name, setting)
            stalled = found.stalls(side.name, setting)
            if stalled:
                stalls.append(
                    f"{side.name} stood still in {stalled} of {found.rounds} round(s) at {setting.window:,}."
                )
            if run is None:
                row += ["stands still", "", ""]
                continue
            ratio = f"x {ours.rate / run.rate:.1f}" if ours else ""
            row += [f"{run.rate:,.0f}", "" if side is OURS else ratio, f"{run.cpu_us:.1f}"]
        rows.append(row)
    spreads = sorted(found.spread(side.name, setting) for side in found.sides for setting in settings)
    told = f"Between a client's quickest round and its slowest: {median(spreads):.0%} of its median as a rule"
    notes = [f"{told}, {spreads[-1]:.0%} at worst.", *stalls]
    return _table(rows) + "\n" + "\n".join(notes) + "\n"


def _ceiling(found: Found, settings: Sequence[Setting]) -> str:
    head = ["window", "raw ceiling: messages/s", "smppcast", "share", "CPU, µs: ceiling", "smppcast"]
    rows = [head]
    for setting in settings:
        most, ours = found.median(CEILING.name, setting), found.median(OURS.name, setting)
        if most and ours:
            rows.append(
                [
                    f"{setting.window:,}",
                    f"{most.rate:,.0f}",
                    f"{ours.rate:,.0f}",
                    f"{ours.rate / most.rate:.0%}",
                    f"{most.cpu_us:.2f}",
                    f"{ours.cpu_us:.2f}",
                ]
            )
    return f"## The raw ceiling\n\n{CEILING.tuning()}\n\n{_table(rows)}" if len(rows) > 1 else ""


def _smsc(found: Found, settings: Sequence[Setting]) -> str:
    rows = [["window", "receipts", "CPU, µs: SMSC", "smppcast", "SMSC at work"]]
    for setting in settings:
        ours = found.median(OURS.name, setting)
        if ours:
            receipts = "on" if setting.receipts else "off"
            worked, share = f"{ours.smsc_us:.2f}", f"{ours.smsc_share:.0%}"
            rows.append([f"{setting.window:,}", receipts, worked, f"{ours.cpu_us:.2f}", share])
    why = (
        "Beside smppcast, the quickest of its clients. Its time awake and waiting is taken off, ours is\n"
        "not: both poll. In what is short of all of the time, it waited for us."
    )
    return f"## The SMSC\n\n{why}\n\n{_table(rows)}" if len(rows) > 1 else ""


def _distant(found: Found, setting: Setting) -> str:
    most = setting.possible
    rows = [["", "messages/s", f"of the possible {most:,}", "CPU, µs"]]
    for side in found.sides:
        run = found.median(side.name, setting)
        if run:
            rows.append([side.name, f"{run.rate:,.0f}", f"{run.rate / most:.1%}", f"{run.cpu_us:.1f}"])
    title = f"## {setting.latency_ms} ms away, window {setting.window:,}\n"
    why = "Where operators are: the rate is bounded by window / latency, and the art is to reach that."
    return f"{title}\n{why}\n\n{_table(rows)}"


def _latency(found: Found) -> str:
    if not found.latency:
        return ""
    told = {name: median(each[name] for each in found.latency) * 1e3 for name in found.latency[0]}
    text = f"p50 {told['p50']:.2f} ms, p99 {told['p99']:.2f} ms, p99.9 {told['p999']:.2f} ms"
    return f"## The latency of `submit`\n\nAt 1,000 calls a second over loopback: {text}.\n"


def _tuning(found: Found) -> str:
    texts = {
        side.tuning(): side for side in found.sides if side is not CEILING and side.name not in found.absent
    }
    parts = [f"**{side.name.partition(',')[0]}** (`{side.client}`): {text}\n" for text, side in texts.items()]
    return "\n".join(["## How each was tuned\n", *parts])
