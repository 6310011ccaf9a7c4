"""Single messages and requests, over real TCP against the simulated SMSC."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import anyio
import pytest

from smppcast.client import ClientSession, Sent, Source, connect
from smppcast.errors import (
    FieldError,
    LinkLost,
    OutcomeUnknown,
    ResponseTimeout,
    SmppcastError,
    StatusError,
    SubmitRefused,
    TextError,
    UsageError,
)
from smppcast.model import MessageState
from smppcast.smpp import DistributionList, EnquireLink, SubmitSm, SubmitSmResp, Unbind
from smppcast.smpp.session import Timers
from smppcast.smsc import Scenario, serve

pytestmark = pytest.mark.anyio

connecting = import_module("smppcast.client.connect")  # the package has the function under that name

TO = "33612345678"
HOUR_MS = 3_600_000
LONG = "é" * 400  # three segments
PATIENCE_S = 10.0


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


async def submit_all(session: ClientSession, numbers: list[str]) -> dict[str, Sent | Exception]:
    """Each in a task of its own."""
    results: dict[str, Sent | Exception] = {}

    async def one(number: str) -> None:
        try:
            results[number] = await session.submit(number, "Bonjour", "GOUV")
        except SmppcastError as error:
            results[number] = error

    async with anyio.create_task_group() as tasks:
        for number in numbers:
            tasks.start_soon(one, number)
    return results


# --- submits ------------------------------------------------------------------------------


async def test_a_message_and_its_receipt() -> None:
    async with serve() as smsc, connect(smsc.url, window=50) as session:
        sent = await session.submit(to=TO, text="Bonjour", source="GOUV", receipt=True)
        assert (sent.message_id, sent.segments, sent.to) == ("1", 1, TO)
        assert TO not in repr(sent)
        receipt = await sent.receipt(timeout_s=PATIENCE_S)
        assert receipt.state is MessageState.DELIVERED
        assert receipt.source_addr == TO
        assert receipt.submitted is not None
        assert await sent.receipt() == receipt
        assert session.statistics().awaiting_receipts == 0


async def test_a_long_text_is_one_message() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        sent = await session.submit(TO, LONG, receipt=True)
        assert sent.message_ids == ("1", "2", "3")
        assert (await sent.receipt(PATIENCE_S)).state is MessageState.DELIVERED
        assert smsc.account.submitted == 3


async def test_a_long_text_passes_a_window_of_one() -> None:
    async with serve() as smsc, connect(smsc.url, window=1) as session:
        assert (await session.submit(TO, LONG)).segments == 3
        assert smsc.account.window == 1


async def test_long_texts_to_one_number_differ_in_their_reference() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        composer = session._composer
        first = composer.wording(TO, LONG, None, False).parts
        second = composer.wording(TO, LONG, None, False).parts
        assert first != second
        assert composer.wording(TO, "Hi", None, False) is composer.wording("", "Hi", None, False)


async def test_every_option_finds_its_field() -> None:
    async with serve() as smsc, connect(smsc.url, service_type="WAP") as session:
        (pdu,) = session._composer.pdus(
            0,
            "Bonjour",
            Source("12345", 3, 9),
            True,
            validity_s=3600,
            priority_flag=2,
            flash=True,
            protocol_id=0x41,
            replace_if_present_flag=1,
            schedule_delivery_time="000001000000000R",
            tlvs={"user_message_reference": 7},
        )
        assert pdu == SubmitSm(
            service_type="WAP",
            source_addr_ton=3,
            source_addr_npi=9,
            source_addr="12345",
            dest_addr_ton=1,
            dest_addr_npi=1,
            protocol_id=0x41,
            priority_flag=2,
            schedule_delivery_time="000001000000000R",
            validity_period="000000010000000R",
            registered_delivery=1,
            replace_if_present_flag=1,
            data_coding=0x10,
            short_message=b"Bonjour",
            tlvs=pdu.tlvs,
        )
        assert pdu.tlvs["user_message_reference"] == 7
        assert (await session.submit(TO, "Hi", tlvs={"user_message_reference": 7})).message_id == "1"
        assert (await session.submit(TO, b"\x00\x01", long_messages="payload")).message_id == "2"


async def test_a_refusal_carries_the_status() -> None:
    numbers = [{"suffix": "0000", "status": "ESME_RINVDSTADR"}]
    async with serve(made(numbers=numbers)) as smsc, connect(smsc.url) as session:
        with pytest.raises(SubmitRefused, match="ESME_RINVDSTADR") as caught:
            await session.submit("33600000000", "Bonjour", receipt=True)
        assert caught.value.command_status == 0x0B
        assert caught.value.message_ids == ("",)
        assert session.statistics().refused == 1
        assert not session._wire.awaiting.any


async def test_a_throttle_is_a_refusal_and_says_which_segments_were_accepted() -> None:
    async with serve(made(rate={"per_s": 0.001, "burst": 2})) as smsc, connect(smsc.url) as session:
        with pytest.raises(SubmitRefused, match=r"ESME_RTHROTTLED.*2 of 3 segments") as caught:
            await session.submit(TO, LONG)
        assert caught.value.statuses == (0, 0, 0x58)
        assert caught.value.message_ids == ("1", "2", "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"to": "12"}, FieldError),
        ({"to": "0612345678"}, FieldError),
        ({"to": "GOUV"}, FieldError),
        ({"source": "A name that is far too long"}, FieldError),
        ({"text": "日本", "encoding": "gsm"}, TextError),
        ({"validity_s": -1}, FieldError),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_sent(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        with pytest.raises(error):
            await session.submit(**{"to": TO, "text": "Bonjour", **arguments})
        assert smsc.account.submitted == 0


async def test_a_number_may_be_written_as_people_do() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        sent = await session.submit("+33 6 12 34 56 78", "Bonjour", receipt=True)
        assert smsc.account.order() == [TO]
        assert (await sent.receipt(PATIENCE_S)).source_addr == TO


async def test_other_kinds_of_destinations_go_as_they_are() -> None:
    async with serve() as smsc, connect(smsc.url, dest_addr_ton=2) as session:
        await session.submit("0612345678", "Bonjour")
        assert smsc.account.order() == ["0612345678"]
        with pytest.raises(FieldError):
            await session.submit("+0612", "Bonjour")


# --- many tasks ---------------------------------------------------------------------------


async def test_a_hundred_tasks_share_one_window_in_their_order() -> None:
    numbers = [f"336{n:08d}" for n in range(100)]
    async with serve() as smsc, connect(smsc.url, window=7) as session:
        results = await submit_all(session, numbers)
        assert all(isinstance(result, Sent) for result in results.values())
        assert len({result.message_id for result in results.values()}) == 100  # type: ignore[union-attr]
        assert smsc.account.order() == numbers
        assert smsc.account.window <= 7


async def test_cancelling_one_loses_only_its_own_waiting() -> None:
    async with serve(made(response_latency=20)) as smsc, connect(smsc.url, window=2) as session:
        results = []

        async def one(number: str, scope: anyio.CancelScope) -> None:
            with scope:
                results.append((await session.submit(number, "Bonjour")).to)

        numbers = ["33600000001", "33600000002", "33600000003", "33600000004"]
        scopes = {number: anyio.CancelScope() for number in numbers}
        async with anyio.create_task_group() as tasks:
            for number, scope in scopes.items():
                tasks.start_soon(one, number, scope)
            while session.statistics().in_flight < 2:
                await anyio.lowlevel.checkpoint()
            scopes["33600000001"].cancel()  # sent already
            scopes["33600000003"].cancel()  # still waiting for room
        assert results == ["33600000002", "33600000004"]
        assert smsc.account.order() == ["33600000001", "33600000002", "33600000004"]


# --- a link that ends ---------------------------------------------------------------------


async def test_what_was_sent_is_unknown_and_what_was_not_is_not() -> None:
    scenario = made(response_latency=HOUR_MS)
    async with serve(scenario) as smsc, connect(smsc.url, window=2) as session:
        async with anyio.create_task_group() as tasks:
            outcome: dict[str, Any] = {}

            async def submit() -> None:
                outcome.update(await submit_all(session, ["33600000001", "33600000002", "33600000003"]))

            tasks.start_soon(submit)
            while smsc.account.submitted < 2:
                await anyio.lowlevel.checkpoint()
            await smsc.cut()
        assert [type(result) for result in outcome.values()].count(OutcomeUnknown) == 2
        lost = outcome["33600000003"]
        assert type(lost) is LinkLost
        assert "nothing was sent" in str(lost)
        unknown = outcome["33600000001"]
        assert unknown.numbers == ("33600000001",)
        assert "336" not in str(unknown)
        assert isinstance(unknown.__cause__, LinkLost)


async def test_leaving_the_block_sends_nothing_that_still_waits() -> None:
    async with serve(made(response_latency=HOUR_MS)) as smsc:
        results: list[BaseException] = []

        async def one(session: ClientSession) -> None:
            try:
                await session.submit(TO, "Bonjour")
            except (OutcomeUnknown, LinkLost) as error:
                results.append(error)

        async with (
            anyio.create_task_group() as tasks,
            connect(smsc.url, window=1, unbind_timeout_s=1) as session,
        ):
            tasks.start_soon(one, session)
            tasks.start_soon(one, session)
            while not smsc.account.submitted:
                await anyio.lowlevel.checkpoint()
        assert sorted(type(error).__name__ for error in results) == ["LinkLost", "OutcomeUnknown"]
        assert smsc.account.submitted == 1


async def test_a_response_that_never_comes_costs_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(connecting, "monotonic", lambda: now[0])
    timers = Timers(response_s=10, enquire_link_s=1_000)
    async with serve(made(faults={"withhold": 1.0})) as smsc, connect(smsc.url, timers=timers) as session:

        async def expire(number: int) -> None:
            while smsc.account.withheld < number:
                await anyio.lowlevel.checkpoint()
            now[0] += 11

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(expire, 1)
            with pytest.raises(OutcomeUnknown):
                await session.submit(TO, "Bonjour", receipt=True)
            tasks.start_soon(expire, 2)
            with pytest.raises(OutcomeUnknown):
                await session.request(SubmitSm(destination_addr=TO, short_message=b"Hi"))
        smsc.change(faults={"withhold": 0.0})
        assert (await session.submit(TO, "Bonjour")).segments == 1
        assert session.statistics().unanswered == 2


# --- receipts -----------------------------------------------------------------------------


async def test_receipts_that_overtake_their_responses() -> None:
    async with (
        serve(made(receipts={"early": 1.0}, response_latency=10)) as smsc,
        connect(smsc.url) as session,
    ):
        sent = await session.submit(TO, LONG, receipt=True)
        assert (await sent.receipt(PATIENCE_S)).state is MessageState.DELIVERED
        assert not session._wire.awaiting._early


@pytest.mark.parametrize("scenario", ["hex-ids", "other-bind-receipts", "early-receipts"])
async def test_receipts_of_many_habits(scenario: str) -> None:
    changed = {"receipts": {"lost": 0.0, "orphan": 0.0}, "receipt_latency": 1}
    async with serve(scenario) as smsc:
        smsc.change(**changed)
        async with connect(smsc.url, window=50) as session:
            sent = [await session.submit(f"336{n:08d}", "Bonjour", receipt=True) for n in range(30)]
            receipts = [await message.receipt(PATIENCE_S) for message in sent]
            assert [receipt.source_addr for receipt in receipts] == [message.to for message in sent]


async def test_the_worst_segment_decides() -> None:
    outcomes = [{"state": "delivered", "share": 0.5}, {"state": "undeliverable", "share": 0.5, "err": "011"}]
    async with serve(made(outcomes=outcomes, seed=3)) as smsc, connect(smsc.url) as session:
        sent = await session.submit(TO, "é" * 2000, receipt=True)
        assert sent.segments == 14
        receipt = await sent.receipt(PATIENCE_S)
        assert (receipt.state, receipt.error) == (MessageState.UNDELIVERABLE, "011")


async def test_a_receipt_that_does_not_come() -> None:
    async with serve(made(receipts={"lost": 1.0})) as smsc:
        async with connect(smsc.url) as session:
            sent = await session.submit(TO, "Bonjour", receipt=True)
            with pytest.raises(ResponseTimeout):
                await sent.receipt(timeout_s=0.01)
            plain = await session.submit(TO, "Bonjour")
            with pytest.raises(UsageError):
                await plain.receipt()
        with pytest.raises(LinkLost, match="accepted"):
            await sent.receipt()


# --- other requests -----------------------------------------------------------------------


async def test_query_cancel_and_replace() -> None:
    async with serve(made(receipt_latency=HOUR_MS)) as smsc, connect(smsc.url, source="GOUV") as session:
        sent = await session.submit(TO, "Bonjour", receipt=True)
        assert (await session.query(sent.message_id)).message_state == MessageState.ENROUTE
        await session.replace(sent.message_id, "Bonsoir")
        await session.cancel(sent.message_id, to=TO)
        assert (await session.query(sent.message_id)).message_state == MessageState.DELETED
        with pytest.raises(StatusError) as caught:
            await session.query("none")
        assert caught.value.command == "query_sm"


async def test_data_sm_and_submit_multi() -> None:
    async with serve() as smsc, connect(smsc.url, source="GOUV") as session:
        assert (await session.data(TO, "é" * 300)).message_id == "1"
        response = await session.submit_multi([TO, "+33 6 00 00 00 01"], "Bonjour")
        assert response.unsuccess_sme == ()
        assert smsc.account.order() == [TO, TO, "33600000001"]
        with pytest.raises(StatusError, match="ESME_RINVDLNAME"):
            await session.submit_multi([TO, DistributionList("staff")], "Bonjour")
        with pytest.raises(UsageError, match="2 segments"):
            await session.replace("1", "é" * 200)


async def test_broadcast_is_refused_by_whom_does_not_know_it() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        with pytest.raises(StatusError, match="ESME_RINVCMDID"):
            await session.broadcast("Restez chez vous", "GOUV", areas=[b"\x01Paris"])


async def test_any_request() -> None:
    async with serve() as smsc, connect(smsc.url, window=1) as session:
        response = await session.request(SubmitSm(destination_addr=TO, short_message=b"Hi"))
        assert response == SubmitSmResp(message_id="1")
        for own in (Unbind(), EnquireLink()):
            with pytest.raises(UsageError):
                await session.request(own)


async def test_statistics_close() -> None:
    async with serve(made(refusals=[{"status": 0x14, "share": 0.5}])) as smsc, connect(smsc.url) as session:
        await submit_all(session, [f"336{n:08d}" for n in range(50)])
        counts = session.statistics()
        assert counts.submitted == 50 == counts.accepted + counts.refused
        assert counts.accepted > 0 < counts.refused
        assert counts.waiting == counts.in_flight == counts.late == 0
        assert counts.latency_s is not None
