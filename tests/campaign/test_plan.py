from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from smppcast.campaign.plan import Hours, Plan, Waves


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


PARIS = {"from": "08:00", "to": "20:00", "zone": "Europe/Paris"}


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-03-17T07:59:59+01:00", False),
        ("2026-03-17T08:00:00+01:00", True),
        ("2026-03-17T19:59:59+01:00", True),
        ("2026-03-17T20:00:00+01:00", False),
    ],
)
def test_hours_hold_by_the_zones_own_clock(moment: str, opened: bool) -> None:
    assert Hours.model_validate(PARIS).open_at(at(moment)) is opened


def test_hours_follow_the_clock_when_it_is_set_forward() -> None:
    hours = Hours.model_validate({**PARIS, "from": "01:00", "to": "04:00"})
    opens = hours.opens(at("2026-03-29T00:00:00+01:00"))
    assert opens == at("2026-03-29T01:00:00+01:00")
    assert hours.closes(opens) - opens == 2 * 3600  # the night has an hour less


def test_hours_over_midnight_and_on_some_days_only() -> None:
    hours = Hours.model_validate({"from": "22:00", "to": "02:00", "days": ["fri"]})
    assert hours.open_at(at("2026-03-20T23:00:00+00:00"))
    assert hours.open_at(at("2026-03-21T01:00:00+00:00"))  # still Friday's
    assert not hours.open_at(at("2026-03-21T23:00:00+00:00"))
    assert hours.opens(at("2026-03-21T02:00:00+00:00")) == at("2026-03-27T22:00:00+00:00")


@given(
    st.integers(0, 23),
    st.integers(0, 23),
    st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "+09:30"]),
    st.floats(1.6e9, 1.9e9),
)
def test_hours_that_open_are_open_until_they_close(first: int, last: int, zone: str, moment: float) -> None:
    if first == last:
        return
    hours = Hours.model_validate({"from": f"{first:02}:00", "to": f"{last:02}:00", "zone": zone})
    opens = hours.opens(moment)
    assert moment <= opens
    assert hours.open_at(opens)
    assert (opens == moment) is hours.open_at(moment)
    closes = hours.closes(opens)
    assert closes > opens
    assert hours.open_at((opens + closes) / 2)
    assert not hours.open_at(closes) or closes == hours.opens(closes)


def test_a_plan_opens_after_its_beginning_and_never_after_its_end() -> None:
    plan = Plan.model_validate(
        {"not_before": "2026-03-17T21:00+01:00", "not_after": "2026-03-18T07:00+01:00", "hours": PARIS}
    )
    assert plan.opens(at("2026-03-17T09:00+01:00")) is None  # the next morning is too late
    later = Plan.model_validate({"not_before": "2026-03-17T21:00+01:00", "hours": PARIS})
    assert later.opens(at("2026-03-17T09:00+01:00")) == at("2026-03-18T08:00+01:00")


def test_bounds_of_waves() -> None:
    assert list(Waves(sizes=(10, 20)).bounds(None)) == [10, 30]
    assert list(Waves.model_validate({"shares": [0.1, 0.4]}).bounds(1_001)) == [100, 500]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"waves": {"sizes": [1], "shares": [0.5]}}, "either sizes or shares"),
        ({"waves": {}}, "either sizes or shares"),
        ({"waves": {"shares": [0.6, 0.6]}}, "no more than 1 together"),
        ({"waves": {"sizes": [5], "delivered": 0.9}}, "a gap beside delivered"),
        ({"not_before": "2026-03-17T10:00"}, "a zone behind the time"),
        (
            {"not_before": "2026-03-18T10:00Z", "not_after": "2026-03-17T10:00Z"},
            "not_before to lie before not_after",
        ),
        ({"hours": {"from": "08:00", "to": "08:00"}}, "to differ"),
        ({"hours": {"from": "08:00", "to": "20:00", "zone": "Atlantis"}}, "a zone such as"),
        ({"rate": 0}, "greater than 0"),
    ],
)
def test_what_is_no_plan_says_why(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Plan.model_validate(said)


def test_what_is_said_of_an_operator_goes_before_what_is_said_of_all() -> None:
    waves = {"sizes": [10], "gap": "1m"}
    said = {"rate": 100, "waves": waves, "operators": {"orange": {"rate": 7}, "sfr": {"waves": None}}}
    plan = Plan.model_validate(said)
    assert (plan.of("orange").rate, plan.of("orange").waves) == (7, plan.waves)
    assert (plan.of("sfr").rate, plan.of("sfr").waves) == (100, None)
    assert plan.of("bleu") is plan
