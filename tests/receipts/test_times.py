"""Dates of receipts, in every width."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.receipts.times import parse_time


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2601021504", datetime(2026, 1, 2, 15, 4, tzinfo=UTC)),
        ("260102150405", datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("202601021504", datetime(2026, 1, 2, 15, 4, tzinfo=UTC)),
        ("20260102150405", datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("20260102", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02 15:04:05", datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("2026-01-02T15:04:05", datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("7001010000", datetime(1970, 1, 1, tzinfo=UTC)),
        ("260102150405304+", datetime(2026, 1, 2, 14, 4, 5, 300_000, tzinfo=UTC)),
        ("260102150405012-", datetime(2026, 1, 2, 18, 4, 5, tzinfo=UTC)),
    ],
)
def test_forms(value: str, moment: datetime) -> None:
    assert parse_time(value, UTC) == moment


@pytest.mark.parametrize(
    "value", ["", "0000000000", "2613010000", "...", "null", "26010", "٢٦٠١٠٢١٥٠٤", "2" * 99]
)
def test_what_is_no_date(value: str) -> None:
    assert parse_time(value, UTC) is None


def test_the_zone_is_the_smscs() -> None:
    zone = timezone(timedelta(hours=-3))
    assert parse_time("2601021504", zone) == datetime(2026, 1, 2, 18, 4, tzinfo=UTC)


@given(st.text(st.sampled_from("0123456789-+: /.Tx"), max_size=20))
def test_nothing_makes_it_fail(value: str) -> None:
    parse_time(value, UTC)
