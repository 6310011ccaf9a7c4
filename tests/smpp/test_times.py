from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FieldError, ProtocolError
from smppcast.smpp.times import AbsoluteTime, RelativeTime, parse_time
from smppcast.smpp.vocabulary import CommandStatus

QUARTER_HOURS = st.integers(-48, 48).map(lambda quarters: timezone(quarters * timedelta(minutes=15)))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=QUARTER_HOURS)  # noqa: DTZ001 - bounds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("260102150405012-", datetime(2026, 1, 2, 18, 4, 5, tzinfo=UTC)),
        ("260102150405712-", datetime(2026, 1, 2, 18, 4, 5, 700_000, tzinfo=UTC)),
        ("260102150405004+", datetime(2026, 1, 2, 14, 4, 5, tzinfo=UTC)),
        ("260102150405022+", datetime(2026, 1, 2, 9, 34, 5, tzinfo=UTC)),
        ("260102150405023+", datetime(2026, 1, 2, 9, 19, 5, tzinfo=UTC)),
        ("151110145607000+", datetime(2015, 11, 10, 14, 56, 7, tzinfo=UTC)),
        ("000229000000000+", datetime(2000, 2, 29, tzinfo=UTC)),
        ("991231235959900+", datetime(2099, 12, 31, 23, 59, 59, 900_000, tzinfo=UTC)),
    ],
)
def test_absolute(text: str, moment: datetime) -> None:
    parsed = parse_time(text)
    assert isinstance(parsed, AbsoluteTime)
    assert parsed.moment == moment
    assert str(parsed) == text


def test_three_hours_behind_utc_is_twelve_quarters() -> None:
    moment = datetime(2026, 1, 2, 15, 4, 5, 699_999, tzinfo=timezone(timedelta(hours=-3)))
    assert str(AbsoluteTime.of(moment)) == "260102150405612-"
    parsed = AbsoluteTime.parse("260102150405612-")
    assert parsed.moment.utcoffset() == timedelta(hours=-3)


@given(MOMENTS)
def test_absolute_comes_back(moment: datetime) -> None:
    time = AbsoluteTime.of(moment)
    assert AbsoluteTime.parse(str(time)) == time
    assert timedelta() <= moment - time.moment < timedelta(milliseconds=100)
    assert time.moment.utcoffset() == moment.utcoffset()
    assert len(str(time)) == 16


@pytest.mark.parametrize("offset", [timedelta(hours=14), timedelta(minutes=7), -timedelta(minutes=735)])
def test_an_offset_that_cannot_be_written_becomes_utc(offset: timedelta) -> None:
    moment = datetime(2026, 1, 2, 15, 4, 5, tzinfo=timezone(offset))
    time = AbsoluteTime.of(moment)
    assert time.moment == moment
    assert str(time).endswith("00+")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 2),  # noqa: DTZ001 - that it says no zone is the point
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(2100, 1, 1, tzinfo=UTC),
    ],
)
def test_moments_that_cannot_be_written(moment: datetime) -> None:
    with pytest.raises(FieldError):
        AbsoluteTime.of(moment)


def test_an_inexact_moment_goes_through_of() -> None:
    with pytest.raises(FieldError):
        AbsoluteTime(datetime(2026, 1, 2, microsecond=1, tzinfo=UTC))
    with pytest.raises(FieldError):
        AbsoluteTime(datetime(2026, 1, 2, tzinfo=timezone(timedelta(minutes=7))))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("000002000000000R", RelativeTime(days=2)),
        ("000000233429000R", RelativeTime(hours=23, minutes=34, seconds=29)),
        ("010203040506000R", RelativeTime(1, 2, 3, 4, 5, 6)),
    ],
)
def test_relative(text: str, time: RelativeTime) -> None:
    assert parse_time(text) == time
    assert str(time) == text


@given(st.timedeltas(timedelta(), timedelta(days=99)))
def test_relative_of_a_span(span: timedelta) -> None:
    time = RelativeTime.of(span)
    written = timedelta(days=time.days, hours=time.hours, minutes=time.minutes, seconds=time.seconds)
    assert timedelta() <= written - span < timedelta(seconds=1)
    assert RelativeTime.parse(str(time)) == time


@pytest.mark.parametrize("span", [timedelta(seconds=-1), timedelta(days=100)])
def test_spans_that_cannot_be_written(span: timedelta) -> None:
    with pytest.raises(FieldError):
        RelativeTime.of(span)
    with pytest.raises(FieldError):
        RelativeTime(days=100)


def test_an_empty_field_asks_for_nothing() -> None:
    assert parse_time("") is None


@pytest.mark.parametrize(
    "text",
    [
        "260102150405",
        "2601021504050000",
        "261302150405000+",
        "260230150405000+",
        "260102240405000+",
        "260102150405049+",
        "260102150405100R",
        "2601021504050-0+",
        "٢60102150405000+",
        " 60102150405000+",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_time(text)
    assert caught.value.command_status == CommandStatus.ESME_RINVSCHED


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{15}[-+R]", fullmatch=True))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        time = parse_time(text)
    except ProtocolError:
        return
    # No offset behind UTC is none ahead of it: + is how it is written.
    expected = f"{text[:-1]}+" if text.endswith("00-") else text
    assert str(time or "") == expected
