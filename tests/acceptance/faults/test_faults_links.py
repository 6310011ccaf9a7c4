"""Whole campaigns over links that fail: nobody is lost or doubled unmarked, and all binds return."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account
from smppcast.operators.statistics import LaneStatistics
from smppcast.smsc import Smsc, load_scenario, serve
from tests.acceptance.faults.netns import Namespace, namespace
from tests.acceptance.faults.proxy import FaultProxy, proxied
from tests.campaign.casts import TEXT, TWO_SEGMENTS, closed, numbers, operator, rows, until, until_submitted
from tests.clocks import clock_of_turns

pytestmark = pytest.mark.anyio

BINDS = 4
PATIENCE_S = 60
# Short, so that silence is noticed within a second; jitter alone stays well below, by a clock that stalls of
# this process do not hurry. Dials go by a real one.
TIMERS = {"bind": 10, "enquire_link": 0.3, "response": 0.6}
# SMPPCAST_CUTS=60 SMPPCAST_CUT_EVERY_S=1 makes a minute of it.
CUTS = int(os.environ.get("SMPPCAST_CUTS", "8"))
CUT_EVERY_S = float(os.environ.get("SMPPCAST_CUT_EVERY_S", "0.25"))


@dataclass
class Run:
    """A campaign under way, by way of the proxy."""

    engine: Engine
    proxy: FaultProxy
    store: SqliteStore
    smscs: list[Smsc] = field(default_factory=list)

    @property
    def lane(self) -> LaneStatistics:
        return self.engine.lanes["orange"].statistics()

    async def reconnected(self, times: int) -> None:
        await until(lambda: self.lane.reconnects == times)

    async def finish(self, fed: list[str], segments: int = 1) -> Account:
        """Waits, and holds the campaign to the SMSC's own account."""
        campaign = self.engine.campaigns["alert"]
        account = closed(await campaign.wait())
        await until(lambda: self.lane.bound == BINDS)
        taken: Counter[str] = Counter()
        for smsc in self.smscs:
            taken += smsc.account.destinations(accepted=True)
        assert account.accepted == len(fed)
        assert {number for number, count in taken.items() if count >= segments} == set(fed)
        flagged = {row.number for row in rows(self.store) if row.possible_duplicate}
        assert {int(number) for number, count in taken.items() if count > segments} <= flagged
        assert sum(taken.values()) <= account.segments.submitted
        assert account.segments.submitted - len(fed) * segments == account.segments.resubmitted
        return account


@asynccontextmanager
async def cast_over(
    smsc: Smsc,
    folder: Path,
    fed: list[str],
    *,
    text: str = TEXT,
    sock: Any = None,
    spoil: Callable[[FaultProxy], None] | None = None,
    **changes: Any,
) -> AsyncIterator[Run]:
    store = SqliteStore(folder / "ledger.db", durability="relaxed")
    try:
        async with proxied(smsc.port, sock) as proxy:
            settings = operator(proxy.url, **{"binds": BINDS, "window": 20, "timers": TIMERS, **changes})
            told = EngineSettings({"orange": settings}, settle_s=0, rejects=folder)
            with anyio.fail_after(PATIENCE_S + CUTS * CUT_EVERY_S), clock_of_turns() as clock:
                async with Engine.open(told, store, clock=clock) as engine:
                    await until(lambda: engine.lanes["orange"].statistics().bound == BINDS)
                    if spoil is not None:
                        spoil(proxy)
                    await engine.cast(text, fed, name="alert")
                    yield Run(engine, proxy, store, [smsc])
    finally:
        store.close()


@pytest.mark.parametrize("text", [TEXT, TWO_SEGMENTS])
async def test_links_cut_in_the_middle_of_their_windows(tmp_path: Path, text: str) -> None:
    fed, segments = numbers(600), 1 if text is TEXT else 2
    scenario = load_scenario("ideal").changed(response_latency=20)
    async with serve(scenario) as smsc, cast_over(smsc, tmp_path, fed, text=text) as run:
        for least in (100, 300, 500):
            await until_submitted(smsc, least)
            run.proxy.cut()
        account = await run.finish(fed, segments)
        assert run.lane.reconnects >= BINDS
        assert 0 < account.segments.resubmitted <= 3 * BINDS * 20


async def test_links_whose_pieces_come_up_to_200_ms_late(tmp_path: Path) -> None:
    fed = numbers(600)
    async with serve() as smsc, cast_over(smsc, tmp_path, fed) as run:
        run.proxy.jitter_s = 0.2
        account = await run.finish(fed)
        assert (run.lane.reconnects, run.lane.lost, account.segments.resubmitted) == (0, 0, 0)


async def test_an_smsc_that_is_restarted_on_its_port(tmp_path: Path, reserved_port: int) -> None:
    fed = numbers(600)
    scenario = load_scenario("ideal").changed(response_latency=20)
    async with AsyncExitStack() as first:
        smsc = await first.enter_async_context(serve(scenario, port=reserved_port))
        async with cast_over(smsc, tmp_path, fed) as run:
            await until_submitted(smsc, 200)
            await first.aclose()
            await until(lambda: run.lane.bound == 0 and run.lane.last_error)
            async with serve(scenario, port=reserved_port) as again:
                run.smscs.append(again)
                await run.finish(fed)
                assert again.account.submitted > 0


async def test_a_peer_that_stops_reading_is_noticed_and_its_bind_replaced(tmp_path: Path) -> None:
    """More is sent than the sockets' buffers hold: the write waits until the link is given up."""
    fed = numbers(6000)
    changes: dict[str, Any] = {"window": 1000, "timers": {"enquire_link": 60, "response": 0.6}}
    async with (
        serve() as smsc,
        cast_over(smsc, tmp_path, fed, text="x" * 150, spoil=_stop_reading_one, **changes) as run,
    ):
        await run.reconnected(1)
        account = await run.finish(fed)
        (error,) = [bind.last_error for bind in run.lane.by_bind if bind.last_error is not None]
        assert "read nothing" in error
        assert account.segments.resubmitted > 0
        assert run.proxy.accepted == BINDS + 1


def _stop_reading_one(proxy: FaultProxy) -> None:
    proxy.links[0].stop_reading()


async def test_a_peer_that_reads_nothing_and_owes_little_is_asked_and_replaced(tmp_path: Path) -> None:
    """The sockets' buffers take all that the window lets out: only the silence tells."""
    fed = numbers(600)
    async with serve() as smsc, cast_over(smsc, tmp_path, fed, spoil=_stop_reading_one) as run:
        await run.reconnected(1)
        account = await run.finish(fed)
        (error,) = [bind.last_error for bind in run.lane.by_bind if bind.last_error is not None]
        assert "not answered in time" in error
        assert account.segments.resubmitted > 0


async def test_one_of_four_binds_is_cut_again_and_again(tmp_path: Path) -> None:
    rate = 300
    fed = numbers(int(rate * CUTS * CUT_EVERY_S))
    async with serve() as smsc, cast_over(smsc, tmp_path, fed, rate=rate) as run:
        for cuts in range(1, CUTS + 1):
            await anyio.sleep(CUT_EVERY_S)
            run.proxy.links[0].cut()  # the oldest: each has its turn
            await run.reconnected(cuts)
        await run.finish(fed)
        assert all(bind.reconnects for bind in run.lane.by_bind)
        assert run.proxy.accepted == BINDS + CUTS


# --- packets that vanish ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def far() -> Iterator[Namespace]:
    """One for all: browsers' tests must not run while it comes and goes."""
    with namespace() as made:
        yield made


async def test_a_half_open_link_is_noticed_and_its_bind_replaced(tmp_path: Path, far: Namespace) -> None:
    """No FIN and no RST ever comes: only silence tells."""
    fed = numbers(1200)
    async with serve() as smsc, cast_over(smsc, tmp_path, fed, rate=600, sock=far.listener()) as run:
        await until_submitted(smsc, 100)
        dead = run.proxy.links[1]
        far.drop(run.proxy.port, client_port=dead.client_port)
        await run.reconnected(1)
        assert run.lane.lost > 0
        await run.finish(fed)
        (error,) = [bind.last_error for bind in run.lane.by_bind if bind.last_error is not None]
        assert "in time" in error
        assert dead in run.proxy.links  # it has heard of nothing
        assert smsc.account.links == BINDS + 1


async def test_a_host_that_falls_silent_is_found_again(tmp_path: Path, far: Namespace) -> None:
    fed = numbers(600)
    scenario = load_scenario("ideal").changed(response_latency=20)
    async with serve(scenario) as smsc, cast_over(smsc, tmp_path, fed, sock=far.listener()) as run:
        await until_submitted(smsc, 100)
        far.drop(run.proxy.port)
        await until(lambda: run.lane.bound == 0 and run.lane.reconnects >= BINDS)
        far.pass_again(run.proxy.port)
        await run.finish(fed)


async def test_an_idle_half_open_link_is_noticed_too(tmp_path: Path, far: Namespace) -> None:
    async with serve() as smsc, cast_over(smsc, tmp_path, numbers(1), sock=far.listener()) as run:
        await run.finish(numbers(1))
        far.drop(run.proxy.port, client_port=run.proxy.links[0].client_port)
        await run.reconnected(1)
        await until(lambda: run.lane.bound == BINDS)
        assert run.lane.lost == 0
