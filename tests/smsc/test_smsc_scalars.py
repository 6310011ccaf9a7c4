"""Single values of a scenario, in all their spellings."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppcast.model import MessageState
from smppcast.smsc import Scenario, load_scenario
from tests.smsc.made import made


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(0, 0.0), (2.5, 2.5), ("500ms", 0.5), ("30s", 30.0), ("1.5m", 90.0), ("7", 7.0), ("2 h", 7200.0)],
)
def test_durations(written: object, seconds: float) -> None:
    (step,) = made(schedule=[{"at": written, "do": "cut"}]).schedule
    assert step.at == seconds


@pytest.mark.parametrize(
    ("written", "version"),
    [("3.3", 0x33), ("3.4", 0x34), ("'3.4'", 0x34), ("5.0", 0x50), ("5", 0x50), ("52", 0x34), ("0x40", 0x40)],
)
def test_versions_are_numbers_texts_or_octets(tmp_path: Path, written: str, version: int) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"interface_version: {written}\n")
    assert load_scenario(file).interface_version == version


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "esme_rthrottled", "0x58", "88", 88])
@pytest.mark.parametrize("state", ["expired", "EXPIRED", "3", 3])
def test_names_of_the_specification_in_any_spelling(status: str | int, state: str | int) -> None:
    scenario = Scenario().changed(
        refusals=[{"status": status, "share": 1}],
        outcomes=[{"state": state}],
        capacity={"per_s": 1, "tell": 5.0},
    )
    assert (scenario.refusals[0].status, scenario.outcomes[0].state) == (0x58, MessageState.EXPIRED)
    assert scenario.capacity is not None
    assert scenario.capacity.tell == "5.0"
