"""Rates against simulated SMSCs: fixed ones kept through a stall, hidden limits found, windows sized.

Each case casts one campaign at a real rate for some seconds, ledger and receipts on, and looks at the
lane each second and at the SMSC's own record afterwards.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from struct import unpack_from
from typing import Any

import anyio

from bench._common import FIRST_NUMBER, machine, run, table
from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.ledger.sqlite import SqliteStore
from smppcast.net.clock import monotonic
from smppcast.net.link import Link
from smppcast.operators.lane import Lane
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp.vocabulary import CommandId
from smppcast.smsc import SmscProcess, load_scenario, spawn

TEXT = "Restez chez vous"
SMOKE_ONLY = ("window 10 at 50 ms, 2", "fixed 500")
SETTLED_S = 10  # from here on a rate that is looked for must have been found
STALL_S = 2.0


@dataclass(frozen=True)
class Case:
    """One run.

    Args:
        scenario: what is changed of `ideal`, or another one's name.
        changes: of the SMSC while it runs, by their second.
        budget: that no second may exceed; `unread` where the SMSC's own record cannot show it.
        wanted, miss: accepted submits a second, by the second from which that holds; the share that means of
            `mean_s` seconds may miss it by (0: the mean of all of them).
    """

    name: str
    operator: dict[str, Any]
    scenario: dict[str, Any] | str = field(default_factory=dict)
    changes: tuple[tuple[float, dict[str, Any]], ...] = ()
    wanted: tuple[tuple[int, float], ...] = ()
    miss: float = 0.05
    mean_s: int = 5
    throttled_most: float = 0.01
    budget: float | None = None
    unread: bool = False
    window_most: float | None = None
    states: tuple[int, int] | None = None


def cases(seconds: int) -> list[Case]:
    middle = seconds / 2
    stall = (
        (middle, {"response_latency": {"fixed": 1000 * STALL_S}}),
        (middle + STALL_S, {"response_latency": {"fixed": 0}}),
    )
    fixed = [
        Case(
            f"fixed {rate:,}/s, {STALL_S:g} s without responses",
            {"rate": rate, "window": max(10, rate // 5)},
            changes=stall,
            wanted=((2, rate), (int(middle) - 1, 0), (int(middle + STALL_S) + 2, rate)),
            miss=0.01,
            mean_s=0,
            budget=rate,
        )
        for rate in (500, 5_000, 20_000)
    ]
    # Bytes that wait in sockets reach the SMSC together: there its own record shows a burst that we did not
    # write. Ours shows what we wrote.
    unread = [
        Case(
            f"fixed {rate:,}/s, {STALL_S:g} s without reading",
            {"rate": rate, "window": max(10, rate // 5)},
            {"faults": {"stall_after": int(rate * middle), "stall_s": STALL_S}},
            wanted=((2, rate), (int(middle) - 1, 0), (int(middle + STALL_S) + 2, rate)),
            miss=0.01,
            mean_s=0,
            budget=rate,
            unread=True,
        )
        for rate in (500, 5_000, 20_000)
    ]
    hidden = [
        Case(
            f"auto, hidden limit {limit:,}/s",
            {"rate": "auto", "window": max(50, limit // 20)},
            {"rate": {"per_s": limit, "burst": limit // 10}},
            wanted=((SETTLED_S, limit),),
        )
        for limit in (300, 3_000, 30_000)
    ]
    third = seconds / 3
    moving = Case(
        "auto, a limit of 2,000/s that halves and doubles",
        {"rate": "auto", "window": 200},
        {"rate": {"per_s": 2_000, "burst": 200}},
        changes=(
            (third, {"rate": {"per_s": 1_000, "burst": 100}}),
            (2 * third, {"rate": {"per_s": 2_000, "burst": 200}}),
        ),
        wanted=(
            (SETTLED_S, 2_000), (int(third), 0), (int(third) + 4, 1_000), (int(2 * third), 0),
            (int(2 * third) + 8, 2_000),
        ),
    )  # fmt: skip
    window = [
        Case(
            f"window auto, {rate:,}/s at 50 ms, {binds} bind(s)",
            {"rate": rate, "window": "auto", "binds": binds},
            {"response_latency": 50},
            wanted=((4, rate),),
            miss=0.01,
            window_most=1.5 * rate * 0.05,
        )
        for rate, binds in ((1_000, 1), (1_000, 4))
    ]
    little = [
        Case(
            f"window 10 at 50 ms, {binds} bind(s)",
            {"window": 10, "binds": binds},
            {"response_latency": 50},
            wanted=((2, 200 * binds),),
            miss=0.01,
            # Windows come whole: which of them the two ends of five seconds cut off is 1 % already.
            mean_s=0,
        )
        for binds in (1, 2, 10)
    ]
    congested = Case(
        "auto, congestion_state alone",
        {"rate": "auto", "window": "auto", "interface_version": "5.0"},
        "congested-v5",
        states=(75, 92),
        throttled_most=0.0,
    )
    return [*fixed, *unread, *hidden, moving, *window, *little, congested]


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench rate", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="of each case; 60 shows limits that move")
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    seconds = 6 if options.quick else options.seconds
    chosen = [case for case in cases(seconds) if options.only in case.name]
    if options.quick:
        chosen = [case for case in chosen if case.name.startswith(SMOKE_ONLY)]
    print(machine())
    print(f"setup: {seconds} s a case, SQLite ledger and receipts on", flush=True)
    heads = ["case", "accepted/s", "worst mean", "most/s", "throttled", "window", "verdict"]
    rows, failed = [heads], False
    for case in chosen:
        found = run(partial(_measure, case, seconds))
        problems = [] if options.quick else list(_judge(case, found, seconds))
        failed = failed or bool(problems)
        rows.append(_row(case, found, problems))
        print(f"{case.name}: {'; '.join(problems) or 'held'}", file=sys.stderr, flush=True)
    print(table(rows))
    return 1 if failed else 0


class Written:
    """Counts the submit_sm of each write of each link, by the time of the write."""

    def __init__(self) -> None:
        self.writes: list[tuple[float, int]] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Takes note of all writes meanwhile."""
        write, note = Link.write, self._note

        def noting(link: Link, data: bytes) -> None:
            note(data)
            write(link, data)

        Link.write = noting  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            Link.write = write  # type: ignore[method-assign]

    def most_in_a_second(self) -> int:
        most = count = first = 0
        for at, submits in self.writes:
            count += submits
            while self.writes[first][0] <= at - 1:
                count -= self.writes[first][1]
                first += 1
            most = max(most, count)
        return most

    def _note(self, data: bytes) -> None:
        at = count = 0
        while at < len(data):
            length, command_id = unpack_from(">II", data, at)
            count += command_id == CommandId.SUBMIT_SM
            at += length
        if count:
            self.writes.append((monotonic(), count))


@dataclass
class Found:
    """What one run showed.

    Args:
        accepted: of each second.
        recorded: submits that the SMSC took in each second of its clock.
        written: the most that any second, wherever it begins, had at our writes.
        windows, states: of the lane, each second.
    """

    accepted: list[int]
    recorded: list[int]
    written: int
    throttled: float
    windows: list[int]
    states: list[int]


async def _measure(case: Case, seconds: int) -> Found:
    scenario = load_scenario(case.scenario if isinstance(case.scenario, str) else "ideal")
    if isinstance(case.scenario, dict):
        scenario = scenario.changed(**case.scenario)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqliteStore(folder / "ledger.db")
        try:
            async with spawn(scenario) as smsc:
                operator = OperatorSettings.model_validate(
                    {"url": smsc.url, "password": "x", **case.operator}
                )
                settings = EngineSettings({"operator": operator}, settle_s=0, rejects=folder)
                async with Engine.open(settings, store) as engine:
                    await engine.lanes["operator"].bound()
                    written = Written()
                    # Counting costs time of its own, so only where it is looked at.
                    with written.noted() if case.budget is not None else nullcontext():
                        campaign = await engine.cast(TEXT, _endless(), name="rate")
                        found = await _watch(case, seconds, engine.lanes["operator"], campaign, smsc)
                    return replace(found, written=written.most_in_a_second())
        finally:
            store.close()


def _endless() -> Iterator[str]:
    """Far more than any case sends: what is not sent costs nothing but its place in the ledger."""
    return map(str, range(FIRST_NUMBER, FIRST_NUMBER + 4_000_000))


async def _watch(case: Case, seconds: int, lane: Lane, campaign: Campaign, smsc: SmscProcess) -> Found:
    accepted, windows, states = [], [], []
    changes = list(case.changes)
    began, before = anyio.current_time(), 0
    for second in range(1, seconds + 1):
        while changes and changes[0][0] < second:
            at, change = changes.pop(0)
            await anyio.sleep_until(began + at)
            await smsc.change(**change)
        await anyio.sleep_until(began + second)
        now = lane.statistics()
        accepted.append(now.accepted - before)
        before = now.accepted
        windows.append(now.window)
        states.append(lane.congestion_state)
    campaign.stop()
    sent, throttled = lane.statistics().sent, lane.statistics().throttled
    await campaign.over()
    rates = (await smsc.account())["rates"]
    recorded = [int(count) for _, count in sorted(rates.items(), key=lambda each: int(each[0]))]
    return Found(accepted, recorded[1:-1], 0, throttled / max(1, sent), windows, states)


def _worst(case: Case, found: Found, seconds: int) -> Iterator[tuple[float, float, int]]:
    """Of each span in which one rate is wanted: the mean that misses it most, that rate, and over how many
    seconds it was taken."""
    ends = [*(start for start, _ in case.wanted[1:]), seconds]
    for (start, wanted), end in zip(case.wanted, ends, strict=False):  # a case may want no rate at all
        length = case.mean_s or max(1, end - start)  # of --quick some spans are none
        if wanted and end - start >= length:
            means = [sum(found.accepted[at : at + length]) / length for at in range(start, end - length + 1)]
            yield max(means, key=lambda mean, wanted=wanted: abs(mean - wanted)), wanted, length  # type: ignore[misc]


def _judge(case: Case, found: Found, seconds: int) -> Iterator[str]:
    for worst, wanted, length in _worst(case, found, seconds):
        if abs(worst - wanted) > case.miss * wanted:
            yield f"a mean of {length} s was {worst:,.0f}/s, not {wanted:,.0f}/s"
    if case.budget is not None:
        most = max(case.budget * 1.01, case.budget + 1)
        if not case.unread and max(found.recorded) > most:
            yield f"the SMSC had {max(found.recorded):,} submits in a second, more than {case.budget:,.0f}"
        if found.written > most:
            yield f"{found.written:,} submits were written in a second, more than {case.budget:,.0f}"
    if found.throttled > case.throttled_most:
        yield f"{found.throttled:.2%} were throttled"
    if case.window_most is not None and max(found.windows[4:]) > case.window_most:
        yield f"the window grew to {max(found.windows[4:])}, more than {case.window_most:.0f}"
    if case.states is not None:
        late = found.states[len(found.states) // 2 :]
        low, high = case.states
        if not low <= min(late) <= max(late) <= high:
            yield f"congestion_state was between {min(late)} and {max(late)}"


def _row(case: Case, found: Found, problems: Sequence[str]) -> list[str]:
    mean = sum(found.accepted[SETTLED_S:] or found.accepted) / len(
        found.accepted[SETTLED_S:] or found.accepted
    )
    worst = ", ".join(f"{mean:,.0f}" for mean, _, _ in _worst(case, found, len(found.accepted))) or "-"
    window = f"{found.windows[-1]:,}"
    return [
        case.name,
        f"{mean:,.0f}",
        worst,
        f"{found.written:,}" if case.budget is not None else "-",
        f"{found.throttled:.2%}",
        window,
        "missed" if problems else "held",
    ]
