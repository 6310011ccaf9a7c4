"""schedule_delivery_time and validity_period move and end messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.smpp import SubmitSm, encode
from smppcast.smpp.times import AbsoluteTime, RelativeTime
from smppcast.smsc.timing import timing
from tests.smsc.made import timed
from tests.smsc.raw_esme import SUBMIT_SM, bound_esme, read_receipt

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = 60.0, 3600.0


def test_no_times_are_no_timing() -> None:
    assert timing("", "") is None


@given(
    st.timedeltas(timedelta(0), timedelta(days=99)).map(
        lambda span: timedelta(seconds=span // timedelta(seconds=1))
    )
)
def test_both_forms_of_a_time_mean_the_same(span: timedelta) -> None:
    for written in (str(RelativeTime.of(span)), str(AbsoluteTime.of(AT + span))):
        both = timing(written, written)
        assert both is not None
        assert both.span(AT.timestamp()) == (span.total_seconds(), span.total_seconds())


def test_what_is_past_is_now_and_without_end_is_for_ever() -> None:
    past = timing(str(AbsoluteTime.of(AT - timedelta(hours=1))), "")
    assert past is not None
    assert past.span(AT.timestamp()) == (0.0, inf)
    months = timing("", "010200000000000R")
    assert months is not None
    assert months.span(0.0) == (0.0, (365 + 60) * 24 * HOUR)


@pytest.mark.anyio
async def test_a_scheduled_message_goes_out_then() -> None:
    body = encode(
        SubmitSm(destination_addr="336", schedule_delivery_time="000000010000000R", registered_delivery=1)
    )
    async with timed(receipt_latency=10_000) as made, bound_esme(made.smsc.port) as esme:
        await esme.send(SUBMIT_SM, body[16:])
        assert (await esme.read()).text == "1"
        made.passes(HOUR + 9)
        await esme.settle()
        made.passes(1)
        assert "stat:DELIVRD" in read_receipt(await esme.read()).text


@pytest.mark.anyio
async def test_a_message_expires_with_its_validity_period_unless_it_is_delivered_before() -> None:
    def body(validity: timedelta) -> bytes:
        period = str(RelativeTime.of(validity))
        return encode(SubmitSm(destination_addr="336", validity_period=period, registered_delivery=1))[16:]

    async with timed(receipt_latency=60_000) as made, bound_esme(made.smsc.port) as esme:
        await esme.send(SUBMIT_SM, body(timedelta(seconds=59)))
        await esme.send(SUBMIT_SM, body(timedelta(seconds=61)))
        await esme.read_many(2)
        made.passes(58)
        await esme.settle()
        made.passes(1)
        assert "stat:EXPIRED" in read_receipt(await esme.read()).text
        made.passes(1)
        assert "stat:DELIVRD" in read_receipt(await esme.read()).text
