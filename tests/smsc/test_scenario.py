from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smppcast.errors import ConfigError
from smppcast.model import MessageState
from smppcast.smsc import Scenario, load_scenario, scenario_names
from smppcast.smsc.scenario import IdStyle, Latency, Login, MessageIds, NumberRule, Rate


@pytest.mark.parametrize("name", scenario_names())
def test_shipped_scenarios_load_and_say_what_they_are(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_the_promised_scenarios_are_shipped() -> None:
    promised = {
        "early-receipts",
        "flaky",
        "hex-ids",
        "ideal",
        "other-bind-receipts",
        "slow-operator",
        "throttling",
    }
    assert promised <= set(scenario_names())


def test_a_file_with_names_of_the_specification(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "response_latency: 12.5\n"
        "receipt_latency: {lognormal: [100, 0.5]}\n"
        "outcomes: [{state: skipped}]\n"
        "rate: {per_s: 10, status: ESME_RMSGQFUL}\n"
        "message_ids: {response: hex, text: {style: decimal, width: 10}}\n"
    )
    scenario = load_scenario(file)
    assert scenario.response_latency.fixed == 12.5
    assert scenario.outcomes[0].state is MessageState.SKIPPED
    assert scenario.rate is not None
    assert scenario.rate.status == 0x14
    assert scenario.message_ids.text is not None
    assert scenario.message_ids.text.width == 10


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rate: {per_s: 0}", "rate.per_s"),
        ("receipts: {windw: 1}", "receipts.windw"),
        ("receipts: {early: 0.6, lost: 0.6}", "receipts"),
        ("outcomes: [{share: 0}]", "outcomes"),
        ("refusals: [{status: ESME_RNOSUCH, share: 0.1}]", "refusals.0.status"),
        ("refusals: [{status: 8, share: 0.6}, {status: 9, share: 0.6}]", "refusals"),
        ("numbers: [{match: '(', state: expired}]", "numbers.0"),
        ("numbers: [{suffix: '1', match: '1', state: expired}]", "numbers.0"),
        ("numbers: [{suffix: '1'}]", "numbers.0"),
        ("response_latency: {fixed: 1, uniform: [1, 2]}", "response_latency"),
        ("response_latency: {uniform: [-1, 2]}", "response_latency"),
        ("response_latency: {uniform: [2, 1]}", "response_latency"),
        ("[]", None),
    ],
)
def test_a_fault_is_named_with_file_and_key(tmp_path: Path, text: str, key: str | None) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_scenario(file)
    assert caught.value.file == str(file)
    assert caught.value.key == key


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("seed: 1\nname: [\n")
    with pytest.raises(ConfigError) as caught:
        load_scenario(file)
    assert caught.value.line == 3


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(ConfigError, match="slow-operator"):
        load_scenario("no-such-scenario")


def test_changes_reach_into_parts_and_leave_the_rest() -> None:
    before = Scenario().changed(
        receipts={"window": 7, "form": "text"}, numbers=[{"suffix": "1", "status": 11}]
    )
    after = before.changed(receipts={"lost": 0.5}, seed=9)
    assert (after.receipts.window, after.receipts.form, after.receipts.lost) == (7, "text", 0.5)
    assert (after.numbers, after.seed) == (before.numbers, 9)
    assert before.receipts.lost == 0


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ({"lognormal": [40, 0.3]}, {"uniform": [1, 2]}, Latency(uniform=(1, 2))),
        ({"uniform": [1, 2]}, {"lognormal": [40, 0.3]}, Latency(lognormal=(40, 0.3))),
        ({"uniform": [1, 2]}, 5, Latency(fixed=5)),
        ({"uniform": [1, 2]}, {}, Latency()),
        (5, Latency(uniform=(1, 2)), Latency(uniform=(1, 2))),
    ],
)
def test_a_latency_is_replaced_whole(before: Any, change: Any, after: Latency) -> None:
    names = ("response_latency", "receipt_latency", "alert_latency")
    scenario = Scenario().changed(
        **dict.fromkeys(names, before),
        schedule=[{"at": 1, "change": dict.fromkeys(names, change)}],
    )
    for changed in (
        scenario.stepped(scenario.schedule[0]),
        scenario.changed(**dict.fromkeys(names, change)),
    ):
        assert [getattr(changed, name) for name in names] == [after] * 3
        assert changed.schedule == scenario.schedule


def test_lists_are_replaced_and_other_parts_merged() -> None:
    before = Scenario().changed(
        accounts=[{"system_id": "a", "password": "secret", "rate": {"per_s": 5}}],
        numbers=[{"suffix": "1", "status": 11}],
        message_ids={"response": {"style": "hex", "width": 8}, "text": "decimal"},
        rate={"per_s": 300, "burst": 30},
        distribution_lists={"a": ["336"]},
    )
    after = before.changed(
        accounts=[{"system_id": "b"}],
        numbers=[{"match": "2$", "state": "expired"}],
        message_ids={"response": "uuid"},
        rate={"per_s": 150},
        distribution_lists={"b": ["337"]},
    )
    assert after.accounts == (Login(system_id="b"),)
    assert after.numbers == (NumberRule(match="2$", state=MessageState.EXPIRED),)
    assert after.message_ids == MessageIds(response=IdStyle(style="uuid"), text=IdStyle())
    assert after.rate == Rate(per_s=150, burst=30)
    assert after.distribution_lists == {"a": ("336",), "b": ("337",)}
