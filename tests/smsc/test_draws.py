from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.smsc.draws import SIZE, Delays, Table
from smppcast.smsc.habits import Habits
from smppcast.smsc.scenario import Latency, Scenario

MIXED = Table([0.9, 0.07, 0.03], Random(1))


def test_shares_are_exact_over_a_whole_table() -> None:
    kinds = MIXED.slice(0, SIZE)
    assert [kinds.count(kind) for kind in range(3)] == [SIZE - 4586 - 1966, 4586, 1966]


def test_a_share_above_zero_happens_and_zero_never_does() -> None:
    kinds = Table([1.0, 1e-9, 0.0], Random(1)).slice(0, SIZE)
    assert (kinds.count(1), kinds.count(2)) == (1, 0)


def test_a_table_of_one_kind_says_so() -> None:
    assert Table([1.0, 0.0], Random(1)).constant == 0
    assert Table([0.0, 1.0], Random(1)).constant == 1
    assert MIXED.constant is None


@given(st.integers(0, 10**12), st.lists(st.integers(1, 200_000), min_size=1, max_size=4))
def test_draws_do_not_depend_on_the_cuts(first: int, counts: list[int]) -> None:
    pieces, at = [], first
    for count in counts:
        pieces.append(MIXED.slice(at, count))
        at += count
    assert b"".join(pieces) == MIXED.slice(first, sum(counts))


def test_delays_are_seconds_and_keep_to_their_distribution() -> None:
    assert Delays(Latency(fixed=250), Random(1)).draw() == 0.25
    assert Delays(Latency(), Random(1)).fixed == 0
    uniform = Delays(Latency(uniform=(10, 20)), Random(1))
    draws = [uniform.draw() for _ in range(1000)]
    assert 0.010 <= min(draws) < 0.0105
    assert 0.0195 < max(draws) <= 0.020
    lognormal = Delays(Latency(lognormal=(100, 0.5)), Random(1))
    median = sorted(lognormal.draw() for _ in range(1001))[500]
    assert 0.09 < median < 0.11


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [400, 4000])
def test_the_percentiles_of_one_burst_are_those_of_its_distribution(count: int, seed: int) -> None:
    habits = Habits(Scenario().changed(seed=seed, response_latency={"lognormal": [100, 1.0]}))
    delays = habits.delays(count)
    assert len({respond for respond, _ in delays}) > 100
    spread = sorted(delays[position % len(delays)][0] * 1000 for position in range(count))
    for share, expected in ((0.1, 27.8), (0.5, 100), (0.9, 360), (0.99, 1024)):
        assert spread[int(share * count)] == pytest.approx(expected, rel=0.2)


def test_few_messages_have_a_delay_each() -> None:
    latency = {"uniform": [10, 20]}
    habits = Habits(Scenario().changed(response_latency=latency, receipt_latency=latency))
    assert [len(set(habits.delays(count))) for count in (1, 5, 10)] == [1, 5, 10]
    respond, report = zip(*habits.delays(10), strict=True)
    assert sorted(int(delay * 1000) for delay in respond) == list(range(10, 20))
    assert [delay > 0.015 for delay in respond] != [delay > 0.015 for delay in report]
