"""Submits that were encoded ahead leave as those that were not, whatever else is sent between."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from smppcast.client.ready import Alike, Bodies
from smppcast.smpp import BindTransceiver, EnquireLink, SubmitSm, encode
from smppcast.smpp.batch import around_destination
from smppcast.smpp.session import SEQUENCE_MAX, Session, Timers

AROUND = around_destination(encode(SubmitSm(short_message=b"Bonjour")))
NUMBERS = [f"336{n:08d}" for n in range(60)]
WIDTH = len(NUMBERS[0])


def bound(first: int) -> Session:
    """A session whose next sequence_number is `first`."""
    session = Session(len(NUMBERS), Timers(), 0)
    session.request(BindTransceiver(system_id="us"), "bind", 0)
    session.receive(pack(">IIII", 17, 0x80000009, 0, 1) + b"\0", 0)
    session.take()
    session._sequence_number = first
    return session


@given(
    first=st.just(2) | st.integers(SEQUENCE_MAX - len(NUMBERS) - 2, SEQUENCE_MAX),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    interrupted=st.sets(st.integers(0, 7)),
    alike=st.booleans(),
)
def test_ahead_or_not_the_octets_are_the_same(
    first: int, cuts: list[int], interrupted: set[int], alike: bool
) -> None:
    session, plain = bound(first), bound(first)
    tokens = [(None, number) for number in NUMBERS]
    bodies = [AROUND[0] + number.encode() + AROUND[1] for number in NUMBERS]
    ready = (
        Alike(session, AROUND, "".join(NUMBERS).encode(), WIDTH, tokens) if alike else Bodies(bodies, tokens)
    )
    done, left = 0, True
    for turn, count in enumerate(cuts):
        if not left:
            break
        if turn in interrupted:
            for each in (session, plain):
                each.request(EnquireLink(), None, 0)
        assert ready.keys == NUMBERS[done:]
        sent, left = ready.submit(session, count, 0)
        assert sent == min(count, len(NUMBERS) - done)
        plain.submit(bodies[done : done + sent], tokens[done : done + sent], 0)
        done += sent
        assert left == (done < len(NUMBERS))
        assert session.take() == plain.take()
        assert session.next_sequence_number == plain.next_sequence_number
    assert ready.keys == NUMBERS[done:]
    assert session.close() == plain.close()
