"""What a lane makes of refusals: which slow it, which pause it, and which are a destination's own."""

from __future__ import annotations

import pytest

from smppcast.ledger.facts import CAMPAIGN_SHIFT
from smppcast.operators.statistics import LaneState, PauseReason
from smppcast.smpp.session import Answers
from smppcast.smsc import load_scenario, serve
from tests.operators.shelves import running, settings, until

pytestmark = pytest.mark.anyio

REFS = [(1 << CAMPAIGN_SHIFT) + at for at in range(100)]
FULL, TROUBLE, FINAL = 0x14, 0x08, 0x0B


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("ESME_RTHROTTLED", PauseReason.THROTTLED),
        ("ESME_RMSGQFUL", PauseReason.QUEUE_FULL),
        ("ESME_RSYSERR", PauseReason.TROUBLE),
    ],
)
async def test_an_smsc_that_refuses_all_is_left_alone_for_a_while_and_asked_again(
    status: str, reason: PauseReason
) -> None:
    now = [100.0]
    scenario = load_scenario("ideal").changed(refusals=[{"status": status, "share": 1.0}])
    async with (
        serve(scenario) as smsc,
        running(settings(smsc), 1_000, clock=lambda: now[0], wall=lambda: now[0]) as (lane, shelf),
    ):
        await until(lambda: len(shelf.statuses) == 20)
        shelf.offer(0)
        found = lane.statistics()
        assert (found.state, found.sent) == (LaneState.PAUSED, 20)  # a window, while time stands still
        assert found.pause is not None
        assert (found.pause.reason, found.pause.until > now[0]) == (reason, True)
        assert f"paused: {reason}, until 1970-01-01 00:01:40Z" in repr(lane)
        smsc.change(refusals=[])
        now[0] = found.pause.until + 0.001  # two clocks: their sums are rounded apart
        await until(lambda: shelf.taken)
        assert lane.state is LaneState.UP
        assert lane.statistics().pause == found.pause  # the last one


async def test_pauses_for_an_smsc_out_of_order_double_until_it_accepts() -> None:
    now, pauses = [100.0], []
    scenario = load_scenario("ideal").changed(refusals=[{"status": "ESME_RSYSERR", "share": 1.0}])
    async with (
        serve(scenario) as smsc,
        running(settings(smsc), 100, clock=lambda: now[0], wall=lambda: now[0]) as (lane, shelf),
    ):
        for times in range(1, 5):
            await until(lambda times=times: len(shelf.statuses) == 20 * times)
            pause = lane.statistics().pause
            assert pause is not None
            pauses.append(pause.until - now[0])
            now[0] = pause.until + 0.001
        assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8])


@pytest.mark.parametrize("status", [FULL, TROUBLE])
async def test_refusals_of_single_destinations_do_not_slow_a_lane(status: int) -> None:
    async with serve() as smsc, running(settings(smsc, window=100, rate=100)) as (lane, _):
        statuses = [status if at % 4 == 0 else 0 for at in range(100)]  # far more than pass for everywhere
        lane.answered(Answers(REFS, statuses, [f"id{ref}" for ref in REFS]))
        found = lane.statistics()
        assert (found.pause, found.rate, found.refused) == (None, 100, 25)
        assert smsc.account.submitted == 0


@pytest.mark.parametrize("status", [FULL, TROUBLE])
async def test_refusals_in_a_row_are_counted_over_several_answers(status: int) -> None:
    async with serve() as smsc, running(settings(smsc, window=100, rate=100)) as (lane, _):
        for at in range(4):
            lane.answered(Answers(REFS[at : at + 1], [status], [""]))
        lane.answered(Answers(REFS[4:6], [0, FINAL], ["a", ""]))
        lane.answered(Answers(REFS[6:10], [status] * 4, [""] * 4))
        assert lane.statistics().pause is None
        lane.answered(Answers(REFS[10:12], [status, 0], ["", "b"]))
        pause = lane.statistics().pause
        assert pause is not None
        assert pause.reason is (PauseReason.QUEUE_FULL if status == FULL else PauseReason.TROUBLE)
        assert smsc.account.submitted == 0


async def test_one_throttle_slows_the_lane() -> None:
    async with serve() as smsc, running(settings(smsc, window=100, rate=100)) as (lane, _):
        lane.answered(Answers(REFS[:3], [0, 0x58, 0], ["a", "", "b"]))
        found = lane.statistics()
        assert found.rate is not None
        assert found.rate < 100
        assert (found.throttled, found.refused, found.accepted) == (1, 1, 2)
        assert found.pause is not None
        assert found.pause.reason is PauseReason.THROTTLED
        assert smsc.account.submitted == 0


async def test_first_attempts_keep_the_order_of_the_feed_on_each_bind_whatever_is_throttled() -> None:
    scenario = load_scenario("throttling").changed(rate={"per_s": 500, "burst": 10})  # half a window
    async with serve(scenario) as one, serve(scenario) as other:
        account = settings(one, hosts=[f"127.0.0.1:{other.port}"], spread=True, binds=2)
        async with running(account) as (lane, shelf):
            await until(lambda: lane.statistics().bound == 2)
            shelf.offer(400)
            await until(lambda: len(shelf.taken) + len(shelf.statuses) == 400)
        orders = [smsc.account.order() for smsc in (one, other)]
    assert all(order == sorted(order) for order in orders)
    assert min(map(len, orders)) > 0
    assert one.account.refused[0x58] + other.account.refused[0x58] == len(shelf.statuses) > 0
