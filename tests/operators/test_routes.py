"""Which lanes serve a route."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import ConfigError
from smppcast.operators.routes import Routes
from smppcast.operators.settings import OperatorSettings


def operator(**settings: Any) -> OperatorSettings:
    return OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1", **settings})


def routes(**operators: dict[str, Any]) -> Routes:
    return Routes({name: operator(**settings) for name, settings in operators.items()})


def up(*names: str) -> Any:
    return names.__contains__


def test_a_lane_without_a_route_is_one_by_itself() -> None:
    found = routes(orange={"prefixes": ["3367"]}, sfr={"prefixes": ["3361"]})
    assert not found.shared
    assert found.prefixes == {"orange": ["3367"], "sfr": ["3361"]}
    rows: list[str | None] = ["orange", None, "sfr"]
    assert found.spread(rows) is rows


def test_prefixes_of_a_route_are_those_of_all_its_lanes() -> None:
    found = routes(
        orange={"prefixes": ["3367"]}, second={"route": "orange", "prefixes": ["3368", "3367"]}, sfr={}
    )
    assert found.prefixes == {"orange": ["3367", "3368"], "sfr": []}
    assert list(found.others) == ["second"]


def test_a_lane_that_is_named_by_itself_gets_its_rows_alone() -> None:
    found = routes(one={"route": "fr"}, two={"route": "fr"})
    assert found.spread(["two"] * 9) == ["two"] * 9


@given(
    weights=st.lists(st.integers(1, 20), min_size=2, max_size=4),
    batches=st.lists(st.integers(0, 700), min_size=1, max_size=20),
)
def test_shares_follow_the_weights_and_neighbours_stay_together(
    weights: list[int], batches: list[int]
) -> None:
    names = [f"lane{at}" for at in range(len(weights))]
    found = routes(**{name: {"route": "fr", "weight": w} for name, w in zip(names, weights, strict=True)})
    total: Counter[str | None] = Counter()
    for count in batches:
        lanes = found.spread(["fr"] * count)
        assert len(lanes) == count
        assert sum(one != other for one, other in pairwise(lanes)) < len(names)
        total.update(lanes)
    for name, weight in zip(names, weights, strict=True):
        assert total[name] == pytest.approx(sum(batches) * weight / sum(weights), abs=len(names) * len(names))


def test_who_stands_by_serves_while_no_other_is_up() -> None:
    found = routes(one={"route": "fr"}, two={"route": "fr"}, spare={"route": "fr", "standby": True})
    assert set(found.spread(["fr"] * 10)) == {"one", "two"}
    assert found.substitutes("one", up("two", "spare")) == ["two"]
    assert found.substitutes("one", up("spare")) == ["spare"]
    assert found.substitutes("one", up("one")) == ()
    assert found.choose("fr", up("two", "spare")) == "two"
    assert found.choose("fr", up("spare")) == "spare"
    assert found.choose("fr", up()) == "one"
    assert found.choose("spare", up()) == "spare"


@pytest.mark.parametrize(
    ("operators", "key"),
    [
        ({"one": {"standby": True}}, "operators.one.standby"),
        (
            {"one": {"route": "fr"}, "two": {"route": "fr", "long_messages": "udh16"}},
            "operators.two.long_messages",
        ),
        (
            {"one": {"route": "fr"}, "two": {"route": "fr", "default_alphabet": "latin1"}},
            "operators.two.default_alphabet",
        ),
        ({"one": {"reroute": {"statuses": [11], "to": "two"}}}, "operators.one.reroute.to"),
        ({"one": {"reroute": {"statuses": [11], "to": "one"}}}, "operators.one.reroute.to"),
    ],
)
def test_what_makes_no_route(operators: dict[str, dict[str, Any]], key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        routes(**operators)
    assert raised.value.key == key
