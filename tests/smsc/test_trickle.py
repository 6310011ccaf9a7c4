"""Links that are read slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.smsc.trickle import Trickle
from smppcast.smsc.wheel import Wheel
from tests.smsc.made import Hands, timed, until
from tests.smsc.raw_esme import SUBMIT_SM, bound_esme, pdu, submit_body


@given(
    st.floats(0.5, 10_000),
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 2)), min_size=1, max_size=10),
)
def test_no_octet_is_lost_and_none_comes_before_its_time(
    rate: float, arrivals: list[tuple[int, float]]
) -> None:
    hands, wheel, taken, ends = Hands(0.0), Wheel(), bytearray(), []
    trickle = Trickle(wheel, hands, lambda: rate, taken.extend, lambda: ends.append(len(taken)))
    given_in = b""
    for size, pause in arrivals:
        data = bytes((len(given_in) + at) & 0xFF for at in range(size))
        if data:
            trickle.add(data)
        given_in += data
        hands.now += pause
        wheel.run(hands.now)
    for _ in range(1000):
        if not trickle:
            assert bytes(taken) == given_in
            break
        hands.now = wheel.next_due or hands.now
        wheel.run(hands.now)
        assert len(taken) <= rate * hands.now + 0.001
    assert ends == sorted(ends)
    assert not ends or ends[-1] == len(taken) or trickle


def test_a_rate_that_ends_lets_all_in_and_a_link_that_ends_none() -> None:
    hands, wheel, taken = Hands(0.0), Wheel(), bytearray()
    rate: list[float | None] = [1.0]
    trickle = Trickle(wheel, hands, lambda: rate[0], taken.extend, lambda: None)
    trickle.add(b"abcdef")
    wheel.run(1.0)
    assert taken == b"a"
    rate[0] = None
    wheel.run(2.0)
    assert taken == b"abcdef"
    trickle.add(b"ghi")
    trickle.clear()
    wheel.run(10.0)
    assert taken == b"abcdef"


@pytest.mark.anyio
async def test_a_slow_link_is_answered_as_it_is_read() -> None:
    size = len(pdu(SUBMIT_SM, submit_body("33600001")))
    async with timed() as made, bound_esme(made.smsc.port) as esme:
        made.smsc.change(faults={"read_bytes_per_s": size * 10})
        await esme.submit(*["33600001"] * 20, registered=0)
        (link,) = made.smsc.links
        await until(lambda: bool(link._trickle))
        assert made.smsc.account.submitted == 0
        for _ in range(20):
            made.passes(0.05)
        assert made.smsc.account.submitted == 10
        assert [frame.text for frame in await esme.read_many(10)] == [str(n) for n in range(1, 11)]
        made.smsc.change(faults={"read_bytes_per_s": None})
        made.passes(0.1)
        assert made.smsc.account.submitted == 20
        assert len(await esme.read_many(10)) == 10
        await esme.settle()  # read at once again
