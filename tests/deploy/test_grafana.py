"""Dashboard and alert rules: they name what the daemon yields, and the alerts fire when they should."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from smppcast.model import CampaignState, Outcome
from smppcast.operators.statistics import LaneState
from tests.daemon.served import office
from tests.deploy.alert_cases import CASES
from tests.deploy.expressions import TARGET, faults, named

# --- what there is ------------------------------------------------------------------------

HOOK = "  webhooks:\n    shop: {url: 'http://127.0.0.1:1/', secret: '0123456789abcdef01234567'}\n"

VALUES = {
    ("smppcast_operator_state", "state"): frozenset(LaneState),
    ("smppcast_campaign_state", "state"): frozenset(CampaignState),
    ("smppcast_campaign_recipients", "outcome"): frozenset(Outcome),
    ("smppcast_operator_submit_latency_seconds", "quantile"): frozenset({"0.50", "0.90", "0.99"}),
    ("smppcast_operator_receipt_latency_seconds", "quantile"): frozenset({"0.50", "0.90", "0.99"}),
}

Metrics = dict[str, frozenset[str]]


async def _scraped(folder: Path) -> str:
    async with office(folder, operator="    quota: 1000\n    rate: 500\n", daemon=HOOK) as desk:
        await desk.draft("alert", 3)
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        return (await desk.viewer.ask("GET", "/metrics")).text


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    """The labels of each metric, of a daemon that has sent a campaign."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(anyio.run(_scraped, tmp_path_factory.mktemp("daemon"))):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return {name: frozenset(labels) for name, labels in found.items()}


def _shipped(name: str) -> str:
    return files("smppcast.deploy").joinpath(name).read_text("utf-8")


DASHBOARD: dict[str, Any] = json.loads(_shipped("grafana-dashboard.json"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TARGETS = [(panel["title"], each) for panel in PANELS for each in panel.get("targets", ())]
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(_shipped("prometheus-alerts.yml"))["groups"] for rule in group["rules"]
]
VARIABLES: dict[str, dict[str, Any]] = {each["name"]: each for each in DASHBOARD["templating"]["list"]}


# --- names --------------------------------------------------------------------------------


def test_the_daemon_that_is_asked_has_sent_a_campaign(metrics: Metrics) -> None:
    assert metrics["smppcast_operator_receipt_latency_seconds"] == {"operator", "quantile"}
    assert metrics["smppcast_campaign_recipients"] == {"campaign", "operator", "outcome"}


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("smppcast_nothing == 1", "no metric smppcast_nothing"),
        ("sum(rate(smppcast_operator_lost[5m]))", "no metric smppcast_operator_lost"),
        ('smppcast_operator_binds{campaign="a"}', "smppcast_operator_binds has no label campaign"),
        ("sum by (campaign) (smppcast_operator_binds)", "no label campaign to group by"),
        ('smppcast_operator_state{state=~"down|gone"}', "smppcast_operator_state is never of state gone"),
        ('smppcast_operator_submit_latency_seconds{quantile="0.5"}', "is never of quantile 0.5"),
        ("vector(1) > 2e9", "no metric in"),
    ],
)
def test_what_nobody_yields_is_found(metrics: Metrics, expression: str, fault: str) -> None:
    (found,) = faults(expression, metrics, VALUES)

    assert fault in found


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{t}-{e['refId']}" for t, e in TARGETS])
def test_a_panel_asks_for_what_the_daemon_yields(
    metrics: Metrics, title: str, target: dict[str, Any]
) -> None:
    expression = target["expr"]

    assert list(faults(expression, metrics, VALUES)) == []
    assert set(re.findall(r"\$(\w+)", expression)) <= VARIABLES.keys() | {"__rate_interval"}
    _labels_are_there(target["legendFormat"], r"\{\{\s*(\w+)\s*\}\}", expression, metrics)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_what_the_daemon_yields(metrics: Metrics, rule: dict[str, Any]) -> None:
    assert list(faults(rule["expr"], metrics, VALUES)) == []
    for text in rule["annotations"].values():
        _labels_are_there(text, r"\$labels\.(\w+)", rule["expr"], metrics)


def _labels_are_there(text: str, pattern: str, expression: str, metrics: Metrics) -> None:
    """What a legend or a text says of a series is what the expression leaves on it."""
    said = set(re.findall(pattern, text))
    aggregated = re.match(r"\s*\w+ by \(([^)]*)\)", expression)
    if aggregated:
        left = {label.strip() for label in aggregated[1].split(",")}
    else:
        left = set(TARGET.union(*(metrics.get(name, ()) for name in named(expression).metrics)))
    assert said <= left


@pytest.mark.parametrize("name", ["instance", "operator", "campaign"])
def test_a_variable_asks_for_what_the_daemon_yields(metrics: Metrics, name: str) -> None:
    variable = VARIABLES[name]
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])

    assert asked is not None
    assert list(faults(asked[1], metrics, VALUES)) == []
    (metric,) = named(asked[1]).metrics
    assert asked[2] in metrics[metric] | TARGET
    several = name in ("operator", "campaign")
    assert (variable["multi"], variable["includeAll"]) == (several, several)


# --- the dashboard ------------------------------------------------------------------------


def test_the_dashboard_can_be_imported_with_any_prometheus() -> None:
    assert DASHBOARD["id"] is None
    assert DASHBOARD["schemaVersion"] >= 39
    assert VARIABLES["datasource"]["type"] == "datasource"
    for panel in PANELS:
        for each in (panel, *panel.get("targets", ())):
            if panel["type"] != "row":
                assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_rows_are_what_an_operator_looks_for() -> None:
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]

    assert rows == ["At a glance", "Operators", "Campaigns", "Ledger", "HTTP API", "Webhooks"]


def test_each_panel_has_an_id_of_its_own_and_says_what_it_shows() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        if panel["type"] != "row":
            assert len(panel["description"]) > 20, panel["title"]
            assert panel["targets"], panel["title"]
            if panel["type"] != "state-timeline":
                assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_no_panels_lie_on_each_other() -> None:
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] >= 0
        assert at["x"] + at["w"] <= 24
    for one, other in combinations(PANELS, 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one["title"], other["title"])


@pytest.mark.parametrize(
    ("metric", "enum"), [("smppcast_operator_state", LaneState), ("smppcast_campaign_state", CampaignState)]
)
def test_every_state_has_its_word_on_the_timeline(
    metric: str, enum: type[LaneState] | type[CampaignState]
) -> None:
    (panel,) = (
        each
        for each in PANELS
        if each["type"] == "state-timeline" and metric in named(each["targets"][0]["expr"]).metrics
    )
    codes = re.findall(r'state="(\w+)"\} \* (\d+)', panel["targets"][0]["expr"])
    (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]

    assert {state for state, _ in codes} == set(enum)
    assert {code: each["text"] for code, each in mapping["options"].items()} == {n: s for s, n in codes}


# --- the rules ----------------------------------------------------------------------------


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["for"], rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["description"]) > 80, rule["alert"]


def test_each_alert_is_tried_both_ways() -> None:
    alerts = {rule["alert"].removeprefix("Smppcast") for rule in RULES}

    assert {case.alert for case in CASES if case.fires} == alerts
    assert {case.alert for case in CASES if not case.fires} == alerts


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        assert os.environ.get("CI") != "true", "promtool belongs to what CI installs"
        pytest.skip("promtool is not here: Prometheus brings it")
    return found


def _passes(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules(promtool: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(_shipped("prometheus-alerts.yml"), "utf-8")

    _passes(promtool, "check", "rules", str(rules))


def test_prometheus_takes_what_the_panels_ask(promtool: str, tmp_path: Path) -> None:
    # As recording rules: promtool reads expressions nowhere else.
    filled = [target["expr"].replace("$__rate_interval", "5m") for _, target in TARGETS]
    group = {
        "name": "dashboard",
        "rules": [{"record": f"panel:{n}", "expr": expression} for n, expression in enumerate(filled)],
    }
    rules = tmp_path / "panels.yml"
    rules.write_text(yaml.safe_dump({"groups": [group]}), "utf-8")

    _passes(promtool, "check", "rules", str(rules))


def test_alerts_fire_when_they_should_and_else_not(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(_shipped("prometheus-alerts.yml"), "utf-8")
    tests = []
    for number, case in enumerate(CASES):
        asked = f'count(ALERTS{{alertname="Smppcast{case.alert}", alertstate="firing"}})'
        firing = [{"labels": "{}", "value": case.fires}] if case.fires else []
        tests.append(
            {
                "name": f"{number} {case.alert}",
                "interval": "1m",
                "input_series": case.input_series,
                "promql_expr_test": [{"expr": asked, "eval_time": f"{case.minute}m", "exp_samples": firing}],
            }
        )
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "cases.yml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    _passes(promtool, "test", "rules", str(tmp_path / "cases.yml"))


def test_what_an_alert_says(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(_shipped("prometheus-alerts.yml"), "utf-8")
    (rule,) = (each for each in RULES if each["alert"] == "SmppcastQuotaNearlyUsed")
    labels = {"job": "smppcast", "instance": "a:8080", "operator": "orange"}
    said = {
        "summary": "orange has 99 submit_sm left today",
        "description": rule["annotations"]["description"].replace("{{ $labels.operator }}", "orange"),
    }
    selector = ",".join(f'{name}="{value}"' for name, value in labels.items())
    test = {
        "interval": "1m",
        "input_series": [
            {"series": f"smppcast_operator_quota_left{{{selector}}}", "values": "1000 900 99x60"},
        ],
        "alert_rule_test": [
            {
                "alertname": rule["alert"],
                "eval_time": "20m",
                "exp_alerts": [{"exp_labels": {**labels, "severity": "warning"}, "exp_annotations": said}],
            }
        ],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "texts.yml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    _passes(promtool, "test", "rules", str(tmp_path / "texts.yml"))
