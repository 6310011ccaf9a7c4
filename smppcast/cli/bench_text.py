"""A benchmark's result as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smppcast.load import PERCENTILES, Histogram, Limit, Result, compared
from smppcast.report.account import columns

__all__ = ["as_text", "comparison_as_text", "limit_as_text", "limit_rows", "setup", "tables"]

Rows = list[list[str]]

# From this share of one core on, the process that sends may be what limits the rate.
BUSY = 0.9


def setup(result: Result) -> str:
    """How it was measured."""
    asked = f"{result.per_s:,g}/s" if result.per_s is not None else "as fast as the windows allow"
    binds = f"{result.binds} binds" if result.binds > 1 else "1 bind"
    return f"{asked}, {binds}, window {result.window}, {result.seconds:,.4g} s"


def tables(result: Result) -> list[Rows]:
    """Counts, and latencies; the first row of each is its head."""
    return [_counts(result), _latencies(result)]


def as_text(result: Result) -> str:
    """All of it."""
    shown = ["\n".join(columns(rows)) for rows in tables(result)]
    return "\n\n".join([setup(result), *shown, *_notes(result)])


def _counts(result: Result) -> Rows:
    measured, seconds = result.measured, result.seconds or 1.0
    counts = {
        "sent": measured.sent,
        "due, not sent": result.unsent,
        "acknowledged": measured.acknowledged,
        **{f"  {name}": count for name, count in result.statuses.items()},
        "not acknowledged": result.unknown,
        "receipts": measured.receipts,
        "receipts of others": measured.receipts - measured.matched,
        "inbound, put off": measured.inbound,
        "links lost": measured.links_lost,
    }
    always = ("sent", "acknowledged")
    return [
        ["", "count", "per second"],
        *(
            [name, f"{count:,}", f"{count / seconds:,.1f}"]
            for name, count in counts.items()
            if count or name in always
        ),
    ]


def _latencies(result: Result) -> Rows:
    measured = result.measured
    since = "write" if result.service_time else "due"
    rows = [["ms", *(f"p{percent:g}" for percent in PERCENTILES), "max", "mean"]]
    named = {
        f"{since} to response": measured.latency,
        f"{since} to receipt": measured.receipt_latency,
        "due to write": measured.late,
    }
    for name, histogram in named.items():
        if histogram.count:
            rows.append([name, *(f"{ms:,.3f}" for ms in _ms(histogram))])
    return rows


def _ms(histogram: Histogram) -> list[float]:
    values = [*histogram.percentiles(PERCENTILES), histogram.max_s, histogram.mean_s]
    return [value * 1e3 for value in values]


def _notes(result: Result) -> list[str]:
    measured = result.measured
    per_message = result.cpu_s * 1e6 / measured.sent if measured.sent else 0.0
    busy = result.cpu_s / result.seconds if result.seconds else 0.0
    notes = [
        f"window of a bind: {result.window_mean:,.1f} in use on average, {result.window_highest:,} at most",
        f"this process: {per_message:,.1f} us of CPU a message, {busy:.0%} of a core",
    ]
    if measured.congestion is not None:
        notes.append(
            f"congestion_state: {measured.congestion} at last, {measured.congestion_highest} at most"
        )
    if result.service_time:
        notes.append(
            "latencies are service times: a stall shows in what was under way, not in what it held back; "
            "--rate N shows both"
        )
    if busy >= BUSY:
        notes.append("this process used a core up: the limit may be its own, not the SMSC's")
    if result.unsent:
        notes.append(
            f"the {result.unsent:,} due and not sent count in what is since due, "
            "with the time that they had waited"
        )
    if measured.link_error:
        notes.append(f"the last link was lost: {measured.link_error}")
    if result.stopped:
        notes.append(f"not finished: {result.stopped}")
    return ["\n".join(notes)]


# --- a search, and a comparison -------------------------------------------------------------


def limit_rows(limit: Limit) -> Rows:
    """The rates that were tried; the first row is the head."""
    rows = [["per second", "p99 ms", "not accepted", "held", ""]]
    for step in limit.steps:
        p99 = step.result.measured.latency.percentile(99) * 1e3
        held = ["no", step.broken] if step.broken else ["yes", ""]
        rows.append([f"{step.per_s:,g}", f"{p99:,.1f}", f"{step.result.errors:.3%}", *held])
    return rows


def limit_as_text(limit: Limit) -> str:
    """The rates that were tried and why they were not held, and the one that was."""
    rows = limit_rows(limit)
    tried = columns([row[:-1] for row in rows])
    lines = [f"{line}  {row[-1]}".rstrip() for line, row in zip(tried, rows, strict=True)]
    if limit.stopped:
        found = f"at least {limit.held.per_s:,g}/s" if limit.held else "no rate was found to be held"
        lines += ["", f"the search was not finished: {found} ({limit.stopped})"]
    else:
        lines += ["", f"held: {limit.held.per_s:,g}/s" if limit.held else "held: no rate that was tried"]
    if limit.failed:
        lines.append(f"{limit.failed.per_s:,g}/s was not: {limit.failed.broken}")
    return "\n".join(lines)


def comparison_as_text(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Each figure before and now, and the ratio."""
    figures, differing = compared(old, new)
    rows: list[Sequence[str]] = [["", "before", "now", "ratio"]]
    for figure in figures:
        ratio = "-" if figure.ratio is None else f"{figure.ratio:.3f}"
        rows.append([figure.name, f"{figure.old:,.12g}", f"{figure.new:,.12g}", ratio])
    return "\n".join([*columns(rows), *(f"set differently: {each}" for each in differing)])
