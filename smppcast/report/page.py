"""A campaign's report as one HTML file, with pictures and without a single number of a subscriber."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from smppcast.ledger.board import Boards
from smppcast.ledger.contract import Campaign
from smppcast.ledger.timeline import LATENCIES_S, Timeline
from smppcast.model import Account
from smppcast.plots import BLUE, COLOURS, GREEN, ORANGE, RED, Plot, bars, page, plot
from smppcast.report.account import rows_of
from smppcast.smpp.vocabulary import status_name

__all__ = ["report_page"]

# Points of a line: more cannot be told apart on a screen.
POINTS_MOST = 400
# Bars of a picture; the rest is one bar.
BARS_MOST = 15
_OUTCOMES = {
    "delivered": GREEN,
    "undelivered": RED,
    "expired": ORANGE,
    "awaiting_receipt": BLUE,
    "rejected": "#CC79A7",
    "unknown": "#999999",
    "not_sent": "#56B4E9",
}


def report_page(campaign: Campaign, boards: Boards, told: Timeline, *, live: bool) -> str:
    """The page.

    Raises:
        UsageError: the library that draws is not installed.
    """
    account, operators = boards.account(live=live), boards.by_operator(live=live)
    begun = datetime.fromtimestamp(campaign.created, UTC)
    begun_at = f"Begun {begun:%Y-%m-%d %H:%M:%S} UTC; {campaign.state}."
    what = (
        "The table counts recipients, pictures count segments (submit_sm) by when answers and receipts came."
    )
    plots = [_over_time(told), _outcomes({name: _counts(part) for name, part in operators.items()})]
    plots += [*_latencies(told), *_throttles(told), *_errors(told)]
    return page(f"Campaign {campaign.name}", [rows_of(account, operators)], plots, notes=[begun_at, what])


def _counts(account: Account) -> dict[str, int]:
    """The outcomes of an account by name."""
    return {name: getattr(account, name) for name in _OUTCOMES}


def _over_time(told: Timeline) -> Plot:
    """Sent and delivered, a colour an operator: accepted as a line, delivered as a dotted one."""
    names = sorted({*told.accepted, *told.delivered})
    points = _points(told.step_s, [*told.accepted.values(), *told.delivered.values()])
    data = []
    for at, name in enumerate(names):
        colour = COLOURS[at % len(COLOURS)]
        for label, counts, dash in (
            ("accepted", told.accepted, "solid"),
            ("delivered", told.delivered, "dot"),
        ):
            if counts.get(name):
                data.append(_line(f"{name} {label}", counts[name], points, colour, dash))
    return plot("Accepted and delivered", _TIME, {"title": {"text": "segments a second"}}, data)


_TIME: Mapping[str, Any] = {"type": "date", "title": {"text": "UTC"}}


def _points(step_s: int, counters: Sequence[Counter[int]]) -> tuple[int, int, range]:
    """Seconds of a step, how many of them make one point, and the points from the first to the last."""
    steps = [step for counter in counters for step in counter]
    if not steps:
        return step_s, 1, range(0)
    width = max(1, -(-(max(steps) - min(steps) + 1) // POINTS_MOST))
    return step_s, width, range(min(steps) // width, max(steps) // width + 1)


def _line(
    name: str, counts: Counter[int], points: tuple[int, int, range], colour: str, dash: str
) -> dict[str, Any]:
    step_s, width, span = points
    sums: Counter[int] = Counter()
    for step, count in counts.items():
        sums[step // width] += count
    seconds = width * step_s
    return {
        "type": "scatter",
        "name": name,
        "line": {"color": colour, "dash": dash, "shape": "hvh"},
        "x": [_moment(point * seconds) for point in span],
        "y": [round(sums[point] / seconds, 2) for point in span],
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _outcomes(operators: Mapping[str, Mapping[str, int]]) -> Plot:
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": outcome.replace("_", " "),
            "marker": {"color": colour},
            "y": list(operators),
            "x": [counts[outcome] for counts in operators.values()],
        }
        for outcome, colour in _OUTCOMES.items()
        if any(counts[outcome] for counts in operators.values())
    ]
    y = {"automargin": True, "autorange": "reversed"}
    found = plot("Outcomes by operator", {"title": {"text": "recipients"}}, y, data)
    found["layout"] |= {"barmode": "stack", "height": 180 + 40 * len(operators), "hovermode": "y unified"}
    return found


def _latencies(told: Timeline) -> Iterator[Plot]:
    """What share of final receipts had come by which time after the acceptance."""
    labels = [_duration(seconds) for seconds in LATENCIES_S]
    data = []
    for at, (name, classes) in enumerate(sorted(told.latencies.items())):
        total, so_far, shares = sum(classes.values()), 0, []
        for number in range(len(LATENCIES_S)):
            so_far += classes[number]
            shares.append(round(100 * so_far / total, 2) if total else 0.0)
        if total:
            line = {"color": COLOURS[at % len(COLOURS)], "shape": "hv"}
            data.append({"type": "scatter", "name": name, "line": line, "x": labels, "y": shares})
    if data:
        y = {"title": {"text": "% of final receipts"}, "range": [0, 101]}
        x = {"type": "category", "title": {"text": "within, after the acceptance"}}
        yield plot("Receipt latency", x, y, data)


def _duration(seconds: int) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _throttles(told: Timeline) -> Iterator[Plot]:
    if not any(told.throttled.values()):
        return
    points = _points(told.step_s, list(told.throttled.values()))
    data = [
        _line(name, counts, points, COLOURS[at % len(COLOURS)], "solid")
        for at, (name, counts) in enumerate(sorted(told.throttled.items()))
        if counts
    ]
    yield plot("Throttled, and sent again", _TIME, {"title": {"text": "segments a second"}}, data)


def _errors(told: Timeline) -> Iterator[Plot]:
    refused = {status_name(status): count for status, count in told.refused.items()}
    for title, counts in (("Refusals by status", refused), ("Errors of receipts", told.errors)):
        if counts:
            ordered = Counter(counts).most_common()
            shown = dict(ordered[:BARS_MOST])
            if rest := sum(count for _, count in ordered[BARS_MOST:]):
                shown["others"] = rest
            yield bars(title, "segments", shown, [RED] * len(shown))
