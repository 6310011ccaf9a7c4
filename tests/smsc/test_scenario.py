from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from smppcast.errors import ConfigError, ConfigFaults
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


STATES = (
    "scheduled, enroute, delivered, expired, deleted, undeliverable, accepted, unknown, rejected, skipped, "
    "or its number"
)
LATENCY = "expected ms, or {uniform: [from, to]} or {lognormal: [median, sigma]}"
STATUS = "expected a command_status such as ESME_RTHROTTLED or 0x58"
VERSION = "expected 3.3, 3.4 or 5.0"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rate: {per_s: 0}", "1: rate.per_s = '0': expected greater than 0"),
        ("rate: {per_s: .inf}", "1: rate.per_s = '.inf': expected a finite number"),
        ("rate: 300", "1: rate = '300': expected a mapping of keys to values"),
        ("seed: 1\nrate:\n  per_s: 1\nrate: ~", "4: rate: stands here a second time, first in line 2"),
        ("rte: {per_s: 1}", "1: rte: unknown key: did you mean rate?"),
        ("receipts:\n  windw: 1", "2: receipts.windw: unknown key: did you mean window?"),
        (
            "receipts: {early: 0.6, lost: 0.6}",
            "1: receipts: expected early, lost, repeated and orphan as shares of one whole, not 1.2",
        ),
        (
            "faults: {withhold: 0.6, stray: 0.6}",
            "1: faults: expected withhold, repeat, stray, bodyless and garbage as shares of one whole, not 1",
        ),
        ("outcomes: [{share: 0}]", "1: outcomes: expected a share above 0 of one at least"),
        ("outcomes:\n- state: dead", f"2: outcomes.0.state = 'dead': expected one of {STATES}"),
        ("outcomes: [{err: 011}]", "1: outcomes.0.err = '011': expected a text, in quotes"),
        ("outcomes: [{err: 'a b'}]", "1: outcomes.0.err = 'a b': expected ASCII characters, and no spaces"),
        ("refusals: [{status: ESME_FOO, share: 0.1}]", f"1: refusals.0.status = 'ESME_FOO': {STATUS}"),
        (
            "refusals: [{status: ESME_RTHROTLED, share: 0.1}]",
            f"1: refusals.0.status = 'ESME_RTHROTLED': {STATUS}: did you mean ESME_RTHROTTLED?",
        ),
        (
            "refusals: [{status: 8, share: 0.6}, {status: 9, share: 0.6}]",
            "1: refusals: expected shares of one whole, not 1.2",
        ),
        (
            "numbers: [{match: '(', state: expired}]",
            "1: numbers.0.match = '(': expected a regular expression: ",
        ),
        (
            "numbers: [{suffix: '1', match: '1', state: expired}]",
            "1: numbers.0: expected either suffix or match, found both",
        ),
        (
            "numbers:\n- suffix: '0'\n  state: expired\n- suffix: '1'",
            "4: numbers.1: expected either state or status, found neither",
        ),
        (
            "response_latency: {fixed: 1, uniform: [1, 2]}",
            "1: response_latency: expected one of fixed, uniform and lognormal, not fixed and uniform",
        ),
        ("response_latency: .nan", "1: response_latency = '.nan': expected a finite number"),
        ("response_latency: soon", f"1: response_latency = 'soon': {LATENCY}"),
        (
            "response_latency: {uniform: [-1, 2]}",
            "1: response_latency.uniform.0 = '-1': expected greater than or equal to 0",
        ),
        (
            "response_latency:\n  uniform: [2, 1]",
            "2: response_latency.uniform: expected the lower first, not 2 and 1",
        ),
        (
            "accounts:\n- system_id: a\n- system_id: b\n- system_id: a",
            "4: accounts.2.system_id = 'a': accounts.0 has it too",
        ),
        (
            "accounts: [{system_id: a, password: hunter2hunter2}]",
            "1: accounts.0.password: expected at most 8 characters",
        ),
        (
            "message_ids: {response: h}",
            "1: message_ids.response = 'h': expected 'decimal', 'hex', 'hex_upper'",
        ),
        ("interface_version: 3.5", f"1: interface_version = '3.5': {VERSION}"),
        ("interface_version: new", f"1: interface_version = 'new': {VERSION}"),
        ("interface_version: 0x51", f"1: interface_version = '0x51': {VERSION}"),
        ("[]", "1: expected a mapping of keys to values"),
        ("seed: 1\nname: [\n", "3: is no YAML: expected the node content, but found '<stream end>'"),
    ],
)
def test_a_fault_is_named_with_file_line_key_and_value(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_scenario(file)
    assert str(caught.value).startswith(f"{file}:{fault}")
    assert "\n" not in str(caught.value)


def test_all_faults_are_told_at_once_those_of_the_schedule_too(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "schedule:\n"
        "  - {at: 40s, change: {receipts: {early: 0.6}}}\n"
        "  - at: 30s\n"
        "    change:\n"
        "      receipts: {lost: 0.6}\n"
        "  - at: 50s\n"
        "    change:\n"
        "      rte: 1\n"
        "      rate: {burst: 2}\n"
        "      message_ids:\n"
        "        response: h\n"
    )
    with pytest.raises(ConfigFaults) as caught:
        load_scenario(file)
    told = [str(fault).removeprefix(f"{file}:").partition(" expected ")[0] for fault in caught.value.faults]
    assert told == [
        "2: schedule.0.change.receipts:",
        "8: schedule.2.change.rte: unknown key: did you mean rate?",
        "9: schedule.2.change.rate.per_s: is missing",
        "11: schedule.2.change.message_ids.response = 'h':",
    ]


def test_a_change_that_is_none_is_told_without_what_the_library_raised() -> None:
    scheduled = Scenario().changed(schedule=[{"at": 1, "change": {"receipts": {"lost": 0.6}}}])
    for scenario, change, fault in (
        (Scenario(), {"seed": "x"}, "seed = 'x': expected a valid integer"),
        (scheduled, {"receipts": {"early": 0.6}}, "schedule.0.change.receipts: expected early, lost"),
    ):
        with pytest.raises(ConfigError) as caught:
            scenario.changed(**change)
        assert str(caught.value).startswith(fault)
        assert "ValidationError" not in "".join(traceback.format_exception(caught.value))


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
