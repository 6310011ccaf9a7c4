"""The quota: never more than a day's, from midnight to midnight of its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.pacing.quota import Quota

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()


def test_a_day_ends_at_midnight_and_begins_with_nothing_used() -> None:
    quota = Quota(100, UTC, NOON)
    assert (quota.since, quota.until) == (NOON - 43_200, NOON + 43_200)
    quota.spend(100)
    assert quota.left(NOON) == 0
    assert quota.left(quota.until - 0.001) == 0
    assert quota.left(NOON + 43_200) == 100
    assert quota.until == NOON + 43_200 + 86_400


def test_midnight_is_that_of_the_zone() -> None:
    quota = Quota(1, timezone(timedelta(hours=2)), NOON)
    assert quota.until == NOON + 36_000


def test_a_clock_that_is_set_back_gives_nothing_back() -> None:
    quota = Quota(10, UTC, NOON)
    quota.spend(10)
    assert quota.left(NOON - 86_400) == 0
    assert quota.left(NOON) == 0


def test_more_than_the_quota_may_have_been_used_by_earlier_runs() -> None:
    quota = Quota(10, UTC, NOON)
    quota.spend(25)
    assert quota.left(NOON) == 0


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
def test_a_day_on_which_the_clocks_change_is_shorter_or_longer(day: tuple[int, int, int], hours: int) -> None:
    paris = ZoneInfo("Europe/Paris")
    quota = Quota(1, paris, datetime(*day, 12, tzinfo=paris).timestamp())
    assert quota.until - quota.since == hours * 3_600


ZONES = ["UTC", "Europe/Paris", "America/Havana", "America/Asuncion", "Africa/Cairo", "Australia/Lord_Howe"]


# Havana and Asuncion changed their clocks at midnight: it came twice, or not at all.
@given(st.sampled_from(ZONES), st.floats(1_000_000_000, 1_800_000_000), st.floats(0, 1))
def test_a_moment_lies_in_its_day_and_the_next_one_follows(name: str, now: float, part: float) -> None:
    where = ZoneInfo(name)
    quota = Quota(1, where, now)
    since, until = quota.since, quota.until
    assert since <= now < until
    within = min(since + part * (until - since), until - 0.001)
    today = datetime.fromtimestamp(now, where).date()
    assert datetime.fromtimestamp(within, where).date() == today
    quota.left(until)
    assert quota.since == until
    assert datetime.fromtimestamp(until, where).date() == today + timedelta(days=1)


@given(
    st.integers(0, 500),
    st.lists(st.tuples(st.floats(-3_600, 20_000), st.integers(0, 200)), min_size=1, max_size=100),
)
def test_no_day_has_more_than_its_quota_whatever_the_demand_and_the_clock(
    per_day: int, steps: list[tuple[float, int]]
) -> None:
    quota, now, reached = Quota(per_day, UTC, NOON), NOON, NOON
    spent: dict[int, int] = {}
    for gap, wish in steps:
        now += gap
        reached = max(reached, now)
        count = min(wish, quota.left(now))
        quota.spend(count)
        day = int(reached // 86_400)
        spent[day] = spent.get(day, 0) + count
    assert max(spent.values()) <= per_day
