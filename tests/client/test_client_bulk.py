"""One text to many numbers, over real TCP against the simulated SMSC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from importlib import import_module
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.client import NO_RESPONSE, ClientSession, connect
from smppcast.client.addresses import Source, destinations_of, source_of
from smppcast.client.session import AHEAD_LEAST
from smppcast.errors import FieldError, LinkLost, OutcomeUnknown, TextError
from smppcast.feed.msisdn import normalise
from smppcast.net import pump
from smppcast.smpp.session import Timers
from smppcast.smpp.vocabulary import CommandStatus
from smppcast.smsc import Scenario, serve

pytestmark = pytest.mark.anyio

connecting = import_module("smppcast.client.connect")  # the package has the function under that name

NUMBERS = [f"336{n:08d}" for n in range(1000)]
HOUR_MS = 3_600_000


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


async def gather(
    session: ClientSession, numbers: Any, text: str = "Bonjour", rows: list[Any] | None = None
) -> list[Any]:
    """Rows of (number, status, message_ids), added to `rows`."""
    rows = [] if rows is None else rows
    async for batch in session.submit_many(numbers, text, "GOUV"):
        assert len(batch) == len(batch.numbers) == len(batch.statuses) == len(batch.message_ids)
        rows += zip(batch.numbers, batch.statuses, batch.message_ids, strict=True)
    return rows


async def later(numbers: Iterable[str]) -> AsyncIterator[str]:
    for number in numbers:
        await anyio.lowlevel.checkpoint()
        yield number


@pytest.mark.parametrize("window", [1, 10, 300])
@pytest.mark.parametrize("source", [list, iter, later])
async def test_every_number_gets_one_row(window: int, source: Any) -> None:
    async with serve() as smsc, connect(smsc.url, window=window) as session:
        rows = await gather(session, source(NUMBERS))
        assert rows == [(number, 0, (str(n),)) for n, number in enumerate(NUMBERS, 1)]
        assert smsc.account.order() == NUMBERS
        assert smsc.account.window <= window


@pytest.mark.parametrize("window", [1, 2, 7, 100])
async def test_several_segments_make_one_row(window: int) -> None:
    async with serve() as smsc, connect(smsc.url, window=window) as session:
        rows = await gather(session, NUMBERS[:100], "é" * 400)
        assert [number for number, _, _ in rows] == NUMBERS[:100]
        assert rows[0] == (NUMBERS[0], 0, ("1", "2", "3"))
        assert smsc.account.submitted == 300


async def test_no_numbers_give_no_rows() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        assert await gather(session, []) == await gather(session, later([])) == []


async def test_refusals_and_throttles_are_reported_as_they_are() -> None:
    numbers = [{"suffix": "7", "status": "ESME_RINVDSTADR"}]
    async with serve(made(numbers=numbers)) as smsc, connect(smsc.url) as session:
        rows = await gather(session, NUMBERS[:20])
        refused = [row for row in rows if row[1]]
        assert refused == [(NUMBERS[7], 0x0B, ("",)), (NUMBERS[17], 0x0B, ("",))]
        smsc.change(rate={"per_s": 0.001, "burst": 5})
        statuses = [status for _, status, _ in await gather(session, NUMBERS[20:27])]
        assert statuses.count(0x58) >= 1
        assert smsc.account.submitted == 27


async def test_a_refused_segment_shows_in_its_row() -> None:
    async with serve(made(rate={"per_s": 0.001, "burst": 4})) as smsc, connect(smsc.url) as session:
        rows = await gather(session, NUMBERS[:2], "é" * 400)
        assert rows == [(NUMBERS[0], 0, ("1", "2", "3")), (NUMBERS[1], 0x58, ("4", "", ""))]


async def test_what_is_no_number_is_not_sent() -> None:
    given_ones = ["", "abc", "33612345678", "0612345678", "+33 6 12 34 56 79", 33612345670, None]
    async with serve() as smsc, connect(smsc.url) as session:
        rows = await gather(session, given_ones)
        assert {number: status for number, status, _ in rows} == {
            "": 0x0B, "abc": 0x0B, "33612345678": 0, "0612345678": 0x0B,
            "+33 6 12 34 56 79": 0, 33612345670: 0, None: 0x0B,
        }  # fmt: skip
        assert smsc.account.order() == ["33612345678", "33612345679", "33612345670"]
        assert len(await gather(session, ["nobody"] * 100)) == 100


async def test_a_text_that_cannot_be_written_is_told_at_once() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        with pytest.raises(TextError):
            session.submit_many(NUMBERS, "日本", encoding="gsm")
        with pytest.raises(FieldError):
            session.submit_many(NUMBERS, "Bonjour", "a name that is too long to be one")
        assert smsc.account.submitted == 0


@pytest.mark.parametrize("source", [iter, later])
async def test_a_failing_iterable_fails_after_its_results(source: Any) -> None:
    class OwnError(Exception):
        pass

    def failing() -> Iterator[str]:
        yield from NUMBERS[:25]
        raise OwnError

    async with serve() as smsc, connect(smsc.url, window=10) as session:
        rows: list[Any] = []
        with pytest.raises(OwnError):
            await gather(session, source(failing()), rows=rows)
        assert [number for number, _, _ in rows] == NUMBERS[:25]


async def test_an_iterator_that_failed_is_not_asked_again() -> None:
    class Cursor:
        """It fails once, and would go on."""

        def __init__(self) -> None:
            self._rows = iter(NUMBERS)
            self._given = 0

        def __iter__(self) -> Iterator[str]:
            return self

        def __next__(self) -> str:
            self._given += 1
            if self._given == 11:
                raise OSError("the cursor is gone")
            return next(self._rows)

    async with serve() as smsc, connect(smsc.url, window=10) as session:
        rows: list[Any] = []
        with pytest.raises(OSError, match="the cursor is gone"):
            await gather(session, Cursor(), rows=rows)
        assert [number for number, _, _ in rows] == smsc.account.order() == NUMBERS[:10]


# --- backpressure and fairness ------------------------------------------------------------


async def test_a_slow_consumer_holds_the_link_back() -> None:
    taken = iter(NUMBERS)
    async with serve() as smsc, connect(smsc.url, window=10) as session:
        stream = session.submit_many(taken, "Bonjour")
        async with aclosing(stream):
            first = await anext(stream)
            while session.statistics().in_flight:
                await anyio.lowlevel.checkpoint()
            for _ in range(1_000):
                await anyio.lowlevel.checkpoint()
            assert smsc.account.submitted <= len(first) + AHEAD_LEAST + 10 < len(NUMBERS)
        before = smsc.account.submitted
        await session.submit(NUMBERS[-1], "Bonjour")
        assert smsc.account.submitted == before + 1


async def test_numbers_are_taken_a_window_ahead_and_no_more() -> None:
    taken = iter(NUMBERS)
    async with serve() as smsc, connect(smsc.url, window=10) as session:
        stream = session.submit_many(taken, "Bonjour")
        async with aclosing(stream):
            await anext(stream)
            while session.statistics().in_flight:
                await anyio.lowlevel.checkpoint()
        sent = smsc.account.submitted
        assert smsc.account.order() == NUMBERS[:sent]
        assert NUMBERS.index(next(taken)) <= sent + 10
        # What was ready is not sent with what comes next.
        await session.submit("33999999999", "Code 1234")
        assert smsc.account.order()[sent:] == ["33999999999"]


async def test_a_text_and_a_request_among_a_stream_change_nothing_of_it() -> None:
    """They take the sequence_numbers of what was encoded ahead."""
    scenario = made(response_latency={"uniform": [0, 2]})
    async with serve(scenario) as smsc, connect(smsc.url, window=10) as session:
        rows: list[Any] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gather, session, NUMBERS[:300], "Bonjour", rows)
            for number in range(20):
                await session.submit(f"337{number:08d}", "Code 1234")
                await session.query("1")
        order = smsc.account.order()
        assert [number for number in order if number.startswith("336")] == NUMBERS[:300]
        assert sorted(number for number, _, _ in rows) == NUMBERS[:300]
        assert len(order) == 320


async def test_leaving_the_loop_ends_the_sending_but_no_message_in_its_middle() -> None:
    async with serve() as smsc, connect(smsc.url, window=1) as session:
        stream = session.submit_many(later(NUMBERS), "é" * 400)
        async with aclosing(stream):
            await anext(stream)
        while session.statistics().in_flight or session._wire.outbox._streams:
            await anyio.lowlevel.checkpoint()
        assert smsc.account.submitted % 3 == 0
        assert smsc.account.submitted < 12


async def test_streams_take_turns_and_single_messages_go_first() -> None:
    done: dict[str, int] = {}
    async with serve() as smsc, connect(smsc.url, window=20) as session:

        async def cast(name: str, numbers: list[str], text: str) -> None:
            rows = await gather(session, numbers, text)
            assert {number for number, _, _ in rows} == set(numbers)
            done[name] = len(done)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cast, "long", NUMBERS, "Bonjour")
            tasks.start_soon(cast, "short", [f"337{n:08d}" for n in range(100)], "é" * 200)
            while not smsc.account.submitted:
                await anyio.lowlevel.checkpoint()
            await session.submit("33999999999", "Code 1234")
            done["code"] = len(done)
        assert done == {"code": 0, "short": 1, "long": 2}
        assert smsc.account.order().index("33999999999") < 200


# --- a link that ends ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Bonjour", "é" * 400])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_cut_link_accounts_for_every_number(asynchronous: bool, text: str) -> None:
    scenario = made(faults={"cut_after": 300}, response_latency={"uniform": [0, 2]})
    async with serve(scenario) as smsc, connect(smsc.url, window=50) as session:
        taken: list[str] = []

        def noted() -> Iterator[str]:
            for number in NUMBERS:
                taken.append(number)
                yield number

        async def noted_later() -> AsyncIterator[str]:
            for number in NUMBERS:
                await anyio.lowlevel.checkpoint()
                taken.append(number)
                yield number

        rows: list[Any] = []
        with pytest.raises(OutcomeUnknown) as caught:
            await gather(session, noted_later() if asynchronous else noted(), text, rows=rows)
        answered = [number for number, _, _ in rows]
        unknown, unsent = caught.value.numbers, caught.value.unsent
        assert unknown
        assert sorted((*answered, *unknown, *unsent)) == sorted(taken)
        assert set(smsc.account.order()) <= {*answered, *unknown}
        assert isinstance(caught.value.__cause__, LinkLost)
        assert "336" not in str(caught.value)


async def test_a_response_that_never_comes_costs_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(connecting, "monotonic", lambda: now[0])
    timers = Timers(response_s=10, enquire_link_s=1_000)
    scenario = made(faults={"withhold": 0.02})
    async with serve(scenario) as smsc, connect(smsc.url, timers=timers) as session:
        rows: list[Any] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gather, session, NUMBERS[:200], "Bonjour", rows)
            with anyio.fail_after(30):
                while session.statistics().accepted + smsc.account.withheld < 200:
                    await anyio.lowlevel.checkpoint()
            now[0] += 11
        lost = [row for row in rows if row[1] == NO_RESPONSE]
        assert len(rows) == 200
        assert len(lost) == smsc.account.withheld > 0
        assert lost[0][2] == ("",)


async def test_a_text_beside_a_stream_waits_for_no_second_window() -> None:
    """Whoever has just got an answer sends the next text before the stream takes the room."""
    alone = [f"337{n:08d}" for n in range(5)]
    scenario = made(response_latency={"fixed": 5})
    async with serve(scenario) as smsc, connect(smsc.url, window=100) as session:

        async def one_by_one() -> None:
            for number in alone:
                await session.submit(number, "Code 1234")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gather, session, NUMBERS)
            tasks.start_soon(one_by_one)
        order = smsc.account.order()
        places = [order.index(number) for number in alone]
        assert max(later - before for before, later in pairwise(places)) < 150


async def test_numbers_that_are_none_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "TICK_S", 1000)
    async with serve() as smsc, connect(smsc.url, window=10) as session:
        with anyio.fail_after(60):
            rows = await gather(session, ["none"] * 300 + NUMBERS[:5])
        assert [status for _, status, _ in rows] == [CommandStatus.ESME_RINVDSTADR] * 300 + [0] * 5
        assert smsc.account.order() == NUMBERS[:5]


# --- addresses ----------------------------------------------------------------------------


@given(st.lists(st.text("0123456789+ .-ab", max_size=17) | st.integers(10**6, 10**15 - 1).map(str)))
def test_the_quick_way_reads_numbers_as_the_plain_one(numbers: list[str]) -> None:
    digits = destinations_of(numbers, 1)
    assert digits == [str(number).encode() if number else b"" for number in normalise(numbers)[0]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, Source("", 0, 0)),
        ("GOUV", Source("GOUV", 5, 0)),
        ("36200", Source("36200", 3, 0)),
        ("33612345678", Source("33612345678", 1, 1)),
        ("+33612345678", Source("33612345678", 1, 1)),
        (Source("0612", 2, 1), Source("0612", 2, 1)),
    ],
)
def test_the_kind_of_a_sender_is_guessed(source: Any, expected: Source) -> None:
    assert source_of(source) == expected
