"""The session without a socket: octets in, octets and events out, integers for time."""

from __future__ import annotations

from struct import pack, unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FramingError, ResponseTimeout, SmppcastError, UsageError
from smppcast.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    QuerySm,
    SubmitSm,
    Unbind,
    decode,
    encode,
)
from smppcast.smpp.session import (
    Answer,
    Answers,
    Deliveries,
    Ended,
    Event,
    Expired,
    LateAnswers,
    Request,
    Session,
    Timers,
    merged,
)
from smppcast.smpp.states import State
from smppcast.smpp.vocabulary import CommandId

RESPONSE = 0x80000000
BODY = encode(SubmitSm(destination_addr="33612345678", short_message=b"Bonjour"))[16:]
BINDS = {
    State.BOUND_TX: BindTransmitter,
    State.BOUND_RX: BindReceiver,
    State.BOUND_TRX: BindTransceiver,
}


def pdu(command_id: int, number: int, status: int = 0, body: bytes = b"") -> bytes:
    return pack(">IIII", 16 + len(body), command_id, status, number) + body


def heads(octets: bytes) -> list[tuple[int, int, int]]:
    """command_id, command_status and sequence_number of each PDU."""
    found = []
    while octets:
        length, command_id, status, number = unpack_from(">IIII", octets)
        found.append((command_id, status, number))
        octets = octets[length:]
    return found


def resp(number: int, message_id: str = "id", status: int = 0) -> bytes:
    return pdu(CommandId.SUBMIT_SM_RESP, number, status, message_id.encode() + b"\0")


def bound(state: State = State.BOUND_TRX, window: int = 10, **timers: float) -> Session:
    """A session bound at 0; its next sequence_number is 2."""
    session = Session(window, Timers(**timers), 0)
    request = BINDS[state](system_id="us")
    session.request(request, "bind", 0)
    session.take()
    session.receive(pdu(request.command_id | RESPONSE, 1, 0, b"them\0"), 0)
    assert session.state is state
    return session


# --- binding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", BINDS)
def test_a_bind_is_asked_for_and_answered(state: State) -> None:
    session = Session(10, Timers(), 0)
    request = BINDS[state](system_id="us", password="secret")
    session.request(request, "bind", 0)
    assert heads(session.take()) == [(request.command_id, 0, 1)]
    assert not session.bound
    (event,) = session.receive(pdu(request.command_id | RESPONSE, 1, 0, b"them\0"), 0)
    assert isinstance(event, Answer)
    assert event.token == "bind"
    assert session.state is state
    assert session.can_submit is (state is not State.BOUND_RX)


def test_a_receiver_that_is_answered_as_a_transmitter_is_bound_as_a_receiver() -> None:
    session = Session(10, Timers(), 0)
    session.request(BindReceiver(), "bind", 0)
    session.receive(pdu(CommandId.BIND_TRANSMITTER_RESP, 1, 0, b"osmo\0"), 0)
    assert session.state is State.BOUND_RX


@pytest.mark.parametrize("command_id", [CommandId.BIND_TRANSCEIVER_RESP, CommandId.GENERIC_NACK])
def test_a_refused_bind_leaves_it_open(command_id: int) -> None:
    session = Session(10, Timers(), 0)
    session.request(BindTransceiver(), "bind", 0)
    (event,) = session.receive(pdu(command_id, 1, 0x0E), 0)
    assert isinstance(event, Answer)
    assert event.pdu.command_status == 0x0E
    assert session.state is State.OPEN


@pytest.mark.parametrize(
    "stray", [CommandId.ENQUIRE_LINK_RESP, CommandId.QUERY_SM_RESP, CommandId.UNBIND_RESP]
)
def test_a_response_of_another_command_does_not_answer_the_bind(stray: int) -> None:
    session = Session(10, Timers(), 0)
    session.request(BindTransceiver(), "bind", 0)
    assert session.receive(pdu(stray, 1), 1) == []
    assert session.late == 1
    assert session.receive(pdu(CommandId.BIND_TRANSCEIVER_RESP, 1), 2)
    assert session.bound


def test_a_bind_that_is_not_answered_ends_it_in_its_own_time() -> None:
    session = Session(10, Timers(response_s=60), 0)
    session.request(BindTransceiver(), "bind", 0, 5)
    assert session.tick(5) == []
    (event,) = session.tick(6)
    assert isinstance(event, Ended)
    assert isinstance(event.error, ResponseTimeout)
    assert session.tick(7) == []
    assert session.close() == ["bind"]


# --- submits -----------------------------------------------------------------------------------


def test_answers_come_with_their_tokens_in_whatever_order_and_cuts() -> None:
    session = bound(window=5)
    session.submit([BODY] * 5, list("abcde"), 1)
    assert heads(session.take()) == [(CommandId.SUBMIT_SM, 0, number) for number in range(2, 7)]
    assert session.window.room == 0
    stream = resp(4, "C") + resp(2, "A", 0x58) + resp(3, "B")
    events = [event for at in range(len(stream)) for event in session.receive(stream[at : at + 1], 1)]
    assert events == [Answers(["c"], [], ["C"]), Answers(["a"], [0x58], ["A"]), Answers(["b"], [], ["B"])]
    again = resp(4, "C") + resp(2, "A") + resp(3, "B")
    assert session.receive(again + resp(5, "D"), 1) == [Answers(["d"], [], ["D"])]
    assert session.late == 3
    assert session.close() == ["e"]
    assert session.close() == []


def test_responses_to_nothing_are_counted() -> None:
    session = bound()
    assert session.receive(
        resp(99) + pdu(CommandId.QUERY_SM_RESP, 98) + pdu(CommandId.UNBIND_RESP, 97), 1
    ) in (
        [Answers([], [], [])],
        [],
    )
    assert session.late == 3
    assert session.bound


def test_a_generic_nack_refuses_a_submit() -> None:
    session = bound()
    session.submit([BODY, BODY], ["a", "b"], 1)
    assert session.receive(pdu(CommandId.GENERIC_NACK, 2, 3), 1) == [Answers(["a"], [3], [""])]
    assert session.receive(pdu(CommandId.GENERIC_NACK, 3, 0), 1) == [Answers(["b"], [8], [""])]
    assert session.receive(pdu(CommandId.GENERIC_NACK, 0, 2), 1) == []
    assert session.late == 1


def test_submits_that_are_not_answered_expire_and_a_late_answer_is_told_apart() -> None:
    session = bound(response_s=10, enquire_link_s=1000)
    session.submit([BODY], ["a"], 1)
    session.submit([BODY], ["b"], 5)
    assert session.tick(11) == []
    assert session.tick(12) == [Expired(["a"])]
    assert session.bound
    both = resp(2, "A") + resp(3, "B")
    assert session.receive(both, 13) == [Answers(["b"], [], ["B"]), LateAnswers(["a"], [0], ["A"])]
    assert session.late == 1
    assert session.receive(both, 13) == [Answers([], [], [])]  # repeated
    assert session.late == 3


def test_a_late_refusal_keeps_its_status() -> None:
    session = bound(response_s=10, enquire_link_s=1000)
    session.submit([BODY], ["a"], 1)
    session.tick(12)
    refusal = pdu(CommandId.SUBMIT_SM_RESP, 2, 0x58)
    assert session.receive(refusal, 13)[1:] == [LateAnswers(["a"], [0x58], [""])]


def test_sequence_numbers_begin_again_after_the_last() -> None:
    session = bound()
    session._sequence_number = 0x7FFFFFFE
    session.submit([BODY] * 4, list("abcd"), 1)
    assert [number for _, _, number in heads(session.take())] == [0x7FFFFFFE, 0x7FFFFFFF, 1, 2]
    (event,) = session.receive(resp(2, "D") + resp(0x7FFFFFFF, "B"), 1)
    assert event == Answers(["d", "b"], [], ["D", "B"])


def test_the_latency_of_one_at_a_time_comes_with_its_answer() -> None:
    session = bound()
    session.submit([BODY] * 2, ["a", "b"], 5)
    session.submit([BODY], ["c"], 6)
    found = [session.receive(resp(number, "A"), number + 4.5)[0] for number in (4, 2, 3)]
    assert [event.latency_s for event in found if isinstance(event, Answers)] == [None, 1.5, None]
    session.submit([BODY], ["d"], 10)
    (event,) = session.receive(pdu(CommandId.GENERIC_NACK, 5, 3), 11)
    assert isinstance(event, Answers)
    assert event.latency_s == 1


def test_reads_merge_with_their_acceptances_first() -> None:
    reads: list[Event] = [
        Answers(["a"], [], ["A"], latency_s=0.5),
        Deliveries([b"1"]),
        Answers(["b"], [], ["B"]),
        Deliveries([b"2"]),
    ]
    found = merged(reads)
    assert found == [Answers(["a", "b"], [], ["A", "B"]), Deliveries([b"1", b"2"])]
    assert isinstance(found[0], Answers)
    assert found[0].latency_s == 0.5
    assert merged([Deliveries([b"1"])]) == [Deliveries([b"1"])]
    assert merged([]) == []


# --- other requests ----------------------------------------------------------------------------


def test_what_the_state_does_not_allow_is_refused_and_leaves_nothing() -> None:
    session = Session(10, Timers(), 0)
    with pytest.raises(UsageError):
        session.request(QuerySm(), "query", 0)
    assert (session.take(), session.close()) == (b"", [])


def test_a_malformed_response_is_taken_for_a_refusal() -> None:
    session = bound()
    session.request(QuerySm(message_id="1"), "query", 1)
    (event,) = session.receive(pdu(CommandId.QUERY_SM_RESP, 2, 0, b"unterminated"), 1)
    assert isinstance(event, Answer)
    assert event.token == "query"
    assert event.pdu.command_status
    assert session.close() == []


def test_deliveries_come_as_they_are_and_are_answered_when_the_owner_says() -> None:
    session = bound()
    one = encode(DeliverSm(sequence_number=7, short_message=b"one"))
    two = encode(DeliverSm(sequence_number=8, short_message=b"two"))
    assert session.receive(one + two, 1) == [Deliveries([one, two])]
    assert session.take() == b""
    session.acknowledge([7, 8])
    session.acknowledge([9], 0x64)
    assert heads(session.take()) == [(0x80000005, 0, 7), (0x80000005, 0, 8), (0x80000005, 0x64, 9)]


def test_a_data_sm_is_owed_an_answer() -> None:
    session = bound()
    (event,) = session.receive(encode(DataSm(sequence_number=5)), 1)
    assert isinstance(event, Request)
    assert isinstance(event.pdu, DataSm)


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (pdu(0x0000F00D, 5), (CommandId.GENERIC_NACK, 3, 5)),
        (pdu(CommandId.DATA_SM, 6, 0, b"unterminated"), (CommandId.DATA_SM_RESP, 0xC2, 6)),
        (pdu(CommandId.ALERT_NOTIFICATION, 7, 0, b"\1"), (CommandId.GENERIC_NACK, None, 7)),
        (pdu(CommandId.SUBMIT_SM, 8, 0, BODY), (CommandId.GENERIC_NACK, 3, 8)),
    ],
    ids=["unknown", "malformed data_sm", "malformed alert", "not of an SMSC"],
)
def test_what_cannot_be_understood_is_answered_with_the_status_that_fits(
    octets: bytes, answer: tuple[int, int | None, int]
) -> None:
    session = bound()
    assert session.receive(octets, 1) == []
    ((command_id, status, number),) = heads(session.take())
    assert (command_id, number) == (answer[0], answer[2])
    assert status == answer[1] or (answer[1] is None and status)
    assert session.bound


@pytest.mark.parametrize("length", [0, 15, 0x7FFFFFFF])
def test_a_stream_that_cannot_be_cut_ends_it(length: int) -> None:
    session = bound()
    session.submit([BODY], ["a"], 1)
    session.take()
    (event,) = session.receive(pack(">I", length) + b"garbage", 1)
    assert isinstance(event, Ended)
    assert isinstance(event.error, FramingError)
    assert heads(session.take()) == [(CommandId.GENERIC_NACK, 2, 0)]
    assert session.state is State.CLOSED
    assert session.receive(resp(2), 1) == []
    assert session.close() == ["a"]


# --- the link's own ----------------------------------------------------------------------------


def test_their_enquire_link_is_answered_in_every_state() -> None:
    for session in (Session(1, Timers(), 0), bound(State.BOUND_RX)):
        session.receive(encode(EnquireLink(sequence_number=77)), 1)
        assert heads(session.take()) == [(CommandId.ENQUIRE_LINK_RESP, 0, 77)]


def test_a_quiet_link_is_asked_once_and_lives_by_its_answer() -> None:
    session = bound(enquire_link_s=30, response_s=10)
    assert session.tick(29) == []
    assert session.take() == b""
    session.tick(30)
    assert heads(session.take()) == [(CommandId.ENQUIRE_LINK, 0, 2)]
    session.tick(35)
    assert session.take() == b""
    assert session.receive(pdu(CommandId.ENQUIRE_LINK_RESP, 2), 36) == []
    session.tick(65)
    assert session.take() == b""
    session.tick(66)
    assert heads(session.take()) == [(CommandId.ENQUIRE_LINK, 0, 3)]


def test_an_enquire_link_may_have_less_time_than_a_submit() -> None:
    session = bound(enquire_link_s=30, response_s=60, enquire_link_resp_s=5)
    assert session.tick(30) == []
    assert heads(session.take()) == [(CommandId.ENQUIRE_LINK, 0, 2)]
    session.submit([BODY], ["late"], 30)
    assert session.tick(35) == []
    (event,) = session.tick(35.1)
    assert isinstance(event, Ended)
    assert isinstance(event.error, ResponseTimeout)
    assert session.close() == ["late"]


def test_a_link_that_does_not_answer_is_given_up() -> None:
    session = bound(enquire_link_s=30, response_s=10)
    session.submit([BODY], ["a"], 25)
    session.tick(30)
    (event,) = session.tick(41)[-1:]
    assert isinstance(event, Ended)
    assert isinstance(event.error, ResponseTimeout)
    assert session.state is State.CLOSED


def test_an_idle_session_unbinds() -> None:
    session = bound(inactivity_s=100, enquire_link_s=1000)
    session.submit([BODY], ["a"], 50)
    session.receive(resp(2), 60)
    session.take()
    session.tick(159)
    assert session.take() == b""
    session.tick(160)
    assert heads(session.take()) == [(CommandId.UNBIND, 0, 3)]
    assert session.state is State.UNBINDING


def test_their_unbind_is_answered_and_ends_it() -> None:
    session = bound()
    session.submit([BODY], ["a"], 1)
    session.take()
    assert session.receive(pdu(CommandId.UNBIND, 9) + pdu(CommandId.ENQUIRE_LINK, 10), 1) == [Ended(None)]
    assert heads(session.take()) == [(CommandId.UNBIND_RESP, 0, 9)]
    assert session.state is State.UNBOUND
    assert session.close() == ["a"]


@pytest.mark.parametrize("command_id", [CommandId.UNBIND_RESP, CommandId.GENERIC_NACK])
def test_our_unbind_waits_for_its_answer_and_takes_those_before(command_id: int) -> None:
    session = bound()
    session.submit([BODY, BODY], ["a", "b"], 1)
    session.request(Unbind(), None, 1)
    assert (session.state, session.can_submit) == (State.UNBINDING, False)
    with pytest.raises(UsageError):
        session.request(CancelSm(), "cancel", 1)
    assert session.receive(resp(2, "A"), 2) == [Answers(["a"], [], ["A"])]
    assert session.receive(pdu(command_id, 4, 3 if command_id == CommandId.GENERIC_NACK else 0), 2) == [
        Ended(None)
    ]
    assert session.state is State.UNBOUND
    assert session.close() == ["b"]


def test_an_unbind_that_is_not_answered_ends_it_too() -> None:
    session = bound(response_s=10)
    session.request(Unbind(), None, 1)
    (event,) = session.tick(12)
    assert isinstance(event, Ended)


# --- whatever comes ----------------------------------------------------------------------------

_COMMANDS = st.sampled_from([*map(int, CommandId), 0x0000F00D, 0x8000F00D])
_PDUS = st.builds(
    pdu,
    _COMMANDS,
    st.integers(0, 12),
    st.sampled_from([0, 0, 3, 0x58]),
    st.sampled_from([b"", b"id\0", BODY, b"x"]),
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), _PDUS),
        st.tuples(st.just("receive"), st.binary(max_size=40)),
        st.tuples(st.just("submit"), st.integers(1, 4)),
        st.tuples(
            st.just("request"), st.sampled_from([QuerySm(), EnquireLink(), Unbind(), BindTransceiver()])
        ),
        st.tuples(st.just("tick"), st.integers(0, 20)),
    ),
    max_size=25,
)


@given(st.sampled_from([None, *BINDS]), _STEPS)
def test_nothing_that_comes_breaks_it_and_every_token_comes_back_once(
    state: State | None, steps: list[tuple[str, object]]
) -> None:
    session = bound(state, response_s=10, enquire_link_s=5) if state else Session(10, Timers(10, 10), 0)
    given_out, back, now = 0, list[object](), 0
    for step, value in steps:
        events: list[Event] = []
        if step == "receive":
            assert isinstance(value, bytes)
            events = session.receive(value, now)
        elif step == "tick":
            assert isinstance(value, int)
            now += value
            events = session.tick(now)
        elif step == "submit":
            assert isinstance(value, int)
            count = min(value, session.window.room) if session.can_submit else 0
            session.submit([BODY] * count, range(given_out, given_out + count), now)
            given_out += count
        else:
            try:
                session.request(value, given_out, now)  # type: ignore[arg-type]  # one of the PDUs above
                given_out += 1
            except SmppcastError:
                pass
        for event in events:
            if isinstance(event, Answers | Expired):
                back += event.tokens
            elif isinstance(event, Answer):
                back.append(event.token)
        written = session.take()
        while written:  # all that is written can be read
            length = int.from_bytes(written[:4], "big")
            decode(written[:length])
            written = written[length:]
    back += session.close()
    unbinds = given_out - len(back)
    assert len(set(back)) == len(back)
    assert unbinds in (0, 1)  # an unbind ends the session, and tells so by that alone
