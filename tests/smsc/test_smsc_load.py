"""The load against the capacity, and who is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.smpp import Tlvs, decode
from smppcast.smsc import load_scenario
from smppcast.smsc.load import Load
from smppcast.smsc.scenario import Capacity
from tests.smsc.made import timed
from tests.smsc.raw_esme import ENQUIRE_LINK, Frame, bound_esme, pdu, raw_esme

DATA_SM, SUBMIT_MULTI, QUERY_SM, BIND_TRANSMITTER = 0x103, 0x21, 3, 2
V5, V4, V3 = 0x50, 0x34, 0x33


def steady(load: Load, per_s: float, seconds: float = 10.0) -> tuple[int, int]:
    """Submits let in during the last second of so many, and congestion_state at the end."""
    step, let_in, at, owed = 0.01, 0, 0.0, 0.0
    while at < seconds:
        at += step
        owed += per_s * step
        admitted = load.admit(int(owed), at)
        owed -= int(owed)
        let_in += admitted if at > seconds - 1 else 0
    return let_in, load.congestion_state(at)


@pytest.mark.parametrize(
    ("per_s", "low", "high"), [(0, 0, 0), (50, 9, 11), (425, 83, 87), (475, 93, 97), (1000, 100, 100)]
)
def test_the_state_is_the_load_in_percent(per_s: float, low: int, high: int) -> None:
    let_in, state = steady(Load(Capacity(per_s=500)), per_s)
    assert low <= state <= high
    assert abs(let_in - min(per_s, 500)) <= 10


def test_a_rested_smsc_takes_a_burst_and_recovers() -> None:
    load = Load(Capacity(per_s=100, over_s=2))
    assert load.admit(1000, 5.0) == 200
    assert load.congestion_state(5.0) == 100
    assert load.admit(1, 5.0) == 0
    assert 36 <= load.congestion_state(7.0) <= 37  # e to the -1
    assert load.congestion_state(1000.0) == 0


def test_a_capacity_below_one_still_lets_one_in() -> None:
    load = Load(Capacity(per_s=0.1))
    assert (load.admit(2, 0.0), load.congestion_state(0.0)) == (1, 100)


@given(st.floats(0.1, 1000), st.lists(st.tuples(st.floats(0, 10), st.integers(0, 5000)), max_size=30))
def test_never_more_than_full_and_never_less_than_idle(
    per_s: float, arrivals: list[tuple[float, int]]
) -> None:
    load, now = Load(Capacity(per_s=per_s)), 0.0
    for pause, count in arrivals:
        now += pause
        assert 0 <= load.admit(count, now) <= min(count, max(1, int(per_s + 1e-6)))
        assert 0 <= load.congestion_state(now) <= 100


# --- on the wire --------------------------------------------------------------------------


def congestion(frame: Frame) -> Any:
    octets = pdu(frame.command_id, frame.body, number=frame.number, status=frame.status)
    return decode(octets, strict=True).tlvs.get("congestion_state")


@pytest.mark.anyio
async def test_every_response_tells_it_to_a_client_of_5_0() -> None:
    async with timed(capacity={"per_s": 10}) as made, raw_esme(made.smsc.port) as esme:
        bound = await esme.bind(version=V5)
        assert decode(pdu(bound.command_id, bound.body), strict=True).tlvs == Tlvs(
            sc_interface_version=V5, congestion_state=0
        )
        await esme.submit(*["33600000"] * 8, registered=0)
        assert [congestion(frame) for frame in await esme.read_many(8)] == [80] * 8
        await esme.submit(*["33600000"] * 3, registered=0)
        answers = [(frame.status, congestion(frame)) for frame in await esme.read_many(3)]
        assert answers == [(0x58, 100), (0, 100), (0, 100)]
        body = b"\0\0\0\0\0\1\1" + b"33600000\0"
        throttled = await esme.ask(DATA_SM, body + b"\0\0\0")
        assert (throttled.status, congestion(throttled), throttled.text) == (0x58, 100, "")
        multi = b"\0\0\0\0\1\1\1\x0133600000\0" + bytes(10)
        throttled = await esme.ask(SUBMIT_MULTI, multi)
        assert (throttled.status, congestion(throttled)) == (0x58, 100)
        assert congestion(await esme.ask(QUERY_SM, b"1\0\0\0\0")) == 100
        assert congestion(await esme.ask(ENQUIRE_LINK)) == 100
        made.passes(100)
        assert congestion(await esme.ask(SUBMIT_MULTI, multi)) == 10


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tell", "version", "told"),
    [("5.0", V4, False), ("all", V4, True), ("all", V3, False), ("nobody", V5, False), ("5.0", V5, True)],
)
async def test_who_is_told(tell: str, version: int, told: bool) -> None:
    async with (
        timed(capacity={"per_s": 10, "tell": tell}) as made,
        bound_esme(made.smsc.port, BIND_TRANSMITTER, version=version) as esme,
    ):
        await esme.submit("33600000", registered=0)
        assert (congestion(await esme.read()) is not None) == told


@pytest.mark.anyio
async def test_a_capacity_may_change_or_end() -> None:
    async with timed(capacity={"per_s": 1}) as made, bound_esme(made.smsc.port, version=V5) as esme:
        await esme.submit("33600000", "33600000", registered=0)
        assert [frame.status for frame in await esme.read_many(2)] == [0x58, 0]
        made.smsc.change(capacity={"per_s": 100, "status": "ESME_RMSGQFUL"})
        await esme.submit("33600000", registered=0)
        assert congestion(await esme.read()) == 2
        made.smsc.change(capacity=None)
        await esme.submit("33600000", registered=0)
        assert congestion(await esme.read()) is None


def test_the_shipped_scenario_is_of_5_0() -> None:
    scenario = load_scenario("congested-v5")
    assert scenario.interface_version == V5
    assert scenario.capacity is not None
