"""What a scenario says happens while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from smppcast.errors import ConfigError
from smppcast.smsc.scenario import Scenario
from tests.smsc.made import made, timed
from tests.smsc.raw_esme import RESPONSE, SUBMIT_SM, UNBIND, bound_esme, raw_esme

pytestmark = pytest.mark.anyio

STEPS = [
    {"at": "30s", "change": {"rate": {"per_s": 0.001, "burst": 1}}},
    {"at": "1m", "change": {"rate": None, "receipts": {"form": "tlv"}}, "do": "unbind"},
    {"at": "500ms", "change": {"receipts": {"window": 7}}},
]


async def test_steps_come_in_their_time_and_keep_what_others_changed() -> None:
    async with timed(schedule=STEPS) as made, bound_esme(made.smsc.port) as esme:
        assert made.smsc.scenario.receipts.window == 1000
        made.passes(0.5)
        assert made.smsc.scenario.receipts.window == 7
        made.smsc.change(seed=9)
        made.passes(29.5)
        await esme.submit("33600001", "33600001", registered=0)
        assert [frame.status for frame in await esme.read_many(2)] == [0x58, 0]
        made.passes(30)
        assert (await esme.read()).command_id == UNBIND
        scenario = made.smsc.scenario
        assert (scenario.rate, scenario.receipts.form, scenario.receipts.window) == (None, "tlv", 7)
        assert (scenario.seed, len(scenario.schedule)) == (9, 3)


async def test_a_step_may_come_again_and_again() -> None:
    steps = [{"at": 10, "every": 60, "do": "cut"}]
    async with timed(schedule=steps) as made:
        for wait in (10, 60, 60):
            async with bound_esme(made.smsc.port) as esme, raw_esme(made.smsc.port) as other:
                await other.settle()
                made.passes(wait - 1)
                await esme.settle()
                made.passes(1)
                assert await esme.ended()
                assert await other.ended()


async def test_a_change_that_no_longer_fits_is_told_and_nothing_else_suffers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps = [
        {"at": 0, "change": {"rate": {"per_s": 100}}},
        {"at": 10, "change": {"rate": {"burst": 5}}, "do": "unbind"},
        {"at": 10, "change": {"seed": 7}},
    ]
    async with timed(schedule=steps, response_latency=10_000) as made, bound_esme(made.smsc.port) as esme:
        made.smsc.change(rate=None)
        await esme.submit("33600001", registered=0)
        await esme.settle()
        made.passes(10)
        assert [frame.command_id for frame in await esme.read_many(2)] == [UNBIND, SUBMIT_SM | RESPONSE]
        assert (made.smsc.scenario.rate, made.smsc.scenario.seed) == (None, 7)
    (record,) = caplog.records
    assert record.message.endswith("leaves out a change of its schedule, due at 10 s: rate.per_s: is missing")


async def test_a_new_schedule_takes_the_place_of_the_old_one() -> None:
    async with timed(schedule=[{"at": 10, "change": {"seed": 2}}]) as made:
        made.passes(9)
        made.smsc.change(schedule=[{"at": 5, "change": {"seed": 3}}])
        made.passes(4)
        assert made.smsc.scenario.seed == 1
        made.passes(1)
        assert made.smsc.scenario.seed == 3
        made.passes(100)
        assert made.smsc.scenario.seed == 3
        made.smsc.change(schedule=[])
        made.passes(100)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"at": "soon", "do": "cut"}, "schedule.0.at"),
        ({"at": "30x", "do": "cut"}, "schedule.0.at"),
        ({"at": float("inf"), "do": "cut"}, "schedule.0.at"),
        ({"at": -1, "do": "cut"}, "schedule.0.at"),
        ({"at": 1}, "schedule.0"),
        ({"at": 1, "do": "dance"}, "schedule.0.do"),
        ({"at": 1, "every": 0, "do": "cut"}, "schedule.0.every"),
        ({"at": 1, "change": {"schedule": []}}, "schedule.0"),
    ],
)
def test_a_step_that_is_none_is_told(step: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(schedule=[step])
    assert caught.value.key == problem


def test_a_change_that_will_fail_is_told_before_it_is_due() -> None:
    steps = [
        {"at": 60, "change": {"receipts": {"lost": 0.6}}},
        {"at": 30, "change": {"receipts": {"early": 0.6}}},
    ]
    with pytest.raises(
        ConfigError, match=r"^schedule\.0\.change\.receipts: expected early, lost,.* not 1\.2$"
    ):
        made(schedule=steps)
    assert made(schedule=steps[:1]).schedule[0].at == 60


def test_a_schedule_survives_json() -> None:
    scenario = made(schedule=STEPS)
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario
