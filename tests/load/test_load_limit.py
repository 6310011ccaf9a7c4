"""Which rates a search tries, and what it says of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.load import Bounds, Limit, Measured, Ramp, Result, Step
from smppcast.load.schedule import Schedule


def search(ramp: Ramp, limit_per_s: float) -> list[float]:
    tried = []
    while ramp.per_s is not None:
        tried.append(ramp.per_s)
        ramp.tell(ramp.per_s <= limit_per_s)
        assert len(tried) < 60
    return tried


@given(st.floats(1, 1e5), st.floats(1, 1e6), st.sampled_from((0.02, 0.05, 0.2)))
def test_the_limit_is_found_as_precisely_as_asked(first: float, limit: float, precision: float) -> None:
    tried = search(Ramp(first, precision), limit)

    held = max((rate for rate in tried if rate <= limit), default=None)
    assert held is not None
    assert held <= limit <= held * (1 + precision)


def test_an_smsc_that_holds_nothing_ends_the_search() -> None:
    assert search(Ramp(8.0, 0.05), 0.0) == [8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125]


def run(
    *, sent: int, statuses: dict[int, int], latency_s: float = 0.01, unsent: int = 0, **parts: Any
) -> Result:
    measured = Measured(Schedule(100.0, 0.0, 1.0))
    measured.wrote([0.0] * sent, 0.0)
    for status, count in statuses.items():
        measured.answered([0.0] * count, [status] * count, latency_s)
    return Result(
        measured=measured,
        per_s=100.0,
        binds=1,
        window=10,
        window_mean=1.0,
        window_highest=2,
        unsent=unsent,
        ended=1.0,
        cpu_s=0.1,
        **parts,
    )


BOUNDS = Bounds(latency_s=0.1, errors=0.01)


@pytest.mark.parametrize(
    ("result", "broken"),
    [
        (run(sent=100, statuses={0: 100}), ""),
        (run(sent=100, statuses={0: 99, 0x58: 1}), ""),
        (
            run(sent=100, statuses={0: 90, 0x58: 8}),
            "10% errors (ESME_RTHROTTLED 8%, unanswered 2%), above 1%",
        ),
        (run(sent=100, statuses={0: 100}, latency_s=0.2), "p99 of responses 200.0 ms, above 100.0 ms"),
        (run(sent=50, statuses={0: 50}, unsent=50), "50 of 100 not sent, since the windows were full"),
        (run(sent=100, statuses={0: 100}, unsent=2), ""),
        (run(sent=9, statuses={0: 9}, unsent=1), ""),
        (run(sent=100, statuses={0: 100}, stopped="no bind"), "no bind"),
    ],
)
def test_why_a_rate_is_not_held(result: Result, broken: str) -> None:
    assert BOUNDS.broken(result) == broken


FINE = run(sent=100, statuses={0: 100})
NEAR = run(sent=100, statuses={0: 98, 0x58: 2})
FAR = run(sent=100, statuses={0: 96, 0x58: 4})


@pytest.mark.parametrize(
    ("results", "decided"),
    [
        ([], None),
        ([FINE], True),
        ([FAR], False),
        ([run(sent=100, statuses={0: 100}, latency_s=0.21)], False),
        ([run(sent=100, statuses={0: 100}, latency_s=0.19)], None),
        ([run(sent=100, statuses={0: 100}, unsent=5)], False),
        ([run(sent=100, statuses={0: 100}, unsent=4)], None),
        ([NEAR], None),
        ([NEAR, FINE], None),
        ([NEAR, FAR], False),
        ([NEAR, FINE, FINE], True),
        ([NEAR, FINE, NEAR], False),
    ],
)
def test_a_near_miss_is_tried_again_and_one_pass_of_two_is_none(
    results: list[Result], decided: bool | None
) -> None:
    assert BOUNDS.decided([Step(100.0, result, BOUNDS.broken(result)) for result in results]) is decided


def test_what_was_found_and_fails_when_confirmed_is_not_held() -> None:
    ramp = Ramp(100.0, 0.5)
    tried = []
    for held in (True, True, False, True, False, False, True, True):
        tried.append(ramp.per_s)
        ramp.tell(held)

    assert ramp.per_s is None
    assert tried == [100, 200, 400, 283, 283, 200, 141, 141]


def test_a_limit_lies_between_the_highest_held_and_the_lowest_not_held() -> None:
    rates = [(100.0, ""), (200.0, "slow"), (200.0, ""), (200.0, ""), (400.0, "errors"), (283.0, "p99")]
    limit = Limit([Step(per_s, FINE, broken) for per_s, broken in rates])

    assert limit.held is not None
    assert limit.failed is not None
    assert (limit.held.per_s, limit.failed.per_s, limit.failed.broken) == (200.0, 283.0, "p99")
    limit.steps.append(Step(200.0, FINE, "slow"))
    assert limit.held.per_s == 100.0
    assert Limit([]).held is Limit([]).failed is None
