"""Who leaves first when all wait: seen by what an SMSC took in, in its order."""

from __future__ import annotations

import pytest

from smppcast.smsc import load_scenario, serve
from tests.operators.shelves import Shelf, running, settings, until

pytestmark = pytest.mark.anyio

# Far from the numbers that a bulk source gets to.
APART = 5_000_000


def number(at: int) -> str:
    return f"336{at:08d}"


@pytest.mark.parametrize("window", [100, "auto"])
async def test_a_single_text_leaves_within_a_round_trip_while_a_million_fill_the_window(
    window: object,
) -> None:
    """What the SMSC has before it was written before it was offered. With the window full, the oldest of that
    is answered within a round trip of 50 ms, and the room that this makes is the single text's."""
    scenario = load_scenario("ideal").changed(response_latency=50)
    async with (
        serve(scenario) as smsc,
        running(settings(smsc, window=window), 10**6) as (lane, _),
    ):
        singles = Shelf(lane, APART, campaign=2, priority=0, next=APART)
        lane.sources.add(singles)
        before = []
        for _ in range(10):
            await until(lambda: lane.in_flight == lane.bind_window and smsc.account.submitted > 100)
            before.append(lane.statistics().sent)
            taken = len(singles.taken)
            singles.offer(1)
            await until(lambda taken=taken: len(singles.taken) > taken)
        order = smsc.account.order()
    assert [order.index(number(APART + at)) for at in range(10)] == before


async def test_a_single_text_is_the_next_that_the_rate_lets_through() -> None:
    scenario = load_scenario("ideal").changed(response_latency=50)
    async with (
        serve(scenario) as smsc,
        running(settings(smsc, window=100, rate=200), 10**6) as (lane, _),
    ):
        await until(lambda: smsc.account.submitted > 20)
        single = Shelf(lane, APART, campaign=2, priority=0, next=APART)
        lane.sources.add(single)
        before = lane.statistics().sent
        single.offer(1)
        await until(lambda: single.taken)
        order = smsc.account.order()
    assert order.index(number(APART)) == before


async def test_a_class_keeps_its_share_while_others_go_first() -> None:
    scenario = load_scenario("ideal").changed(response_latency=2)
    async with (
        serve(scenario) as smsc,
        running(settings(smsc, window=20, shares={10: 0.25})) as (lane, bulk),
    ):
        urgent = Shelf(lane, APART, campaign=2, priority=0, next=APART)
        lane.sources.add(urgent)
        await lane.bound()
        lane.stopped = True
        bulk.offer(10**6)
        urgent.offer(600)
        lane.stopped = False
        lane.wake()
        await until(lambda: smsc.account.submitted >= 1_000)
        order = smsc.account.order()
    last = order.index(number(APART + 599))
    share = sum(each < number(APART) for each in order[:last]) / last
    assert share == pytest.approx(0.25, abs=0.03)
    assert all(each < number(APART) for each in order[last + 1 :])  # and has all when the others are done
