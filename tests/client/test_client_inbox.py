"""Receipts and inbound messages to handlers, over real TCP against the simulated SMSC."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs

from smppcast.client import connect, inbox
from smppcast.errors import UsageError
from smppcast.receipts import InboundMessage, Receipt, ReceiptBatch
from smppcast.smpp import AlertNotification, DataSm, DeliverSm, Pdu
from smppcast.smpp.tlv import Tlvs
from smppcast.smsc import Scenario, serve
from smppcast.text import split

pytestmark = pytest.mark.anyio

TO = "33612345678"


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


def mo(text: str, **fields: Any) -> list[DeliverSm]:
    """An inbound message in its parts."""
    cut = split(text, reference=7)
    return [
        DeliverSm(
            source_addr=TO,
            destination_addr="36200",
            esm_class=0x40 if segment.esm_class_udhi else 0,
            data_coding=cut.data_coding,
            short_message=segment.short_message,
            **fields,
        )
        for segment in cut.segments
    ]


class Seen:
    """A handler that notes what it is given, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.values: list[Any] = []
        self.calls = 0
        self._more = anyio.Event()

    async def __call__(self, value: Any) -> None:
        await anyio.lowlevel.checkpoint()
        self.note(value)

    def note(self, value: Any) -> None:
        self.calls += 1
        self._more.set()
        if self.calls <= self.failures:
            raise ValueError("not now")
        self.values.append(value)

    async def until(self, calls: int) -> None:
        with anyio.fail_after(10):
            while self.calls < calls:
                self._more = anyio.Event()
                await self._more.wait()


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
async def test_receipts_go_to_the_handler_and_are_acknowledged_after_it(kind: str) -> None:
    seen = Seen()
    handler = seen if kind == "asynchronous" else seen.note
    async with serve() as smsc:
        async with connect(smsc.url, on_receipt=handler) as session:
            async for _ in session.submit_many([f"336{n:08d}" for n in range(300)], "Hi", receipt=True):
                pass
            await seen.until(300)
        assert {receipt.source_addr for receipt in seen.values} == {f"336{n:08d}" for n in range(300)}
        assert all(isinstance(receipt, Receipt) for receipt in seen.values)
        assert smsc.account.receipts_acknowledged == 300
        assert smsc.receipts_owed == 0


async def test_a_receipt_that_its_handler_refuses_comes_again() -> None:
    seen = Seen(failures=2)
    scenario = made(receipts={"retry_ms": 1})
    with capture_logs() as logs:
        async with serve(scenario) as smsc, connect(smsc.url, on_receipt=seen) as session:
            sent = await session.submit(TO, "Bonjour", receipt=True)
            await sent.receipt(10)
            await seen.until(3)
            assert [receipt.message_id for receipt in seen.values] == [sent.message_id]
            assert session.statistics().handler_failures == 2
    failed = [entry for entry in logs if entry["event"] == "handler_failed"]
    assert [entry["log_level"] for entry in failed] == ["error", "debug"]


async def test_receipts_without_a_handler_are_acknowledged_by_the_batch() -> None:
    async with serve() as smsc:
        async with connect(smsc.url, window=100) as session:
            async for _ in session.submit_many([f"336{n:08d}" for n in range(300)], "Hi", receipt=True):
                pass
            with anyio.fail_after(10):
                while session.statistics().receipts < 300:
                    await anyio.lowlevel.checkpoint()
        assert smsc.receipts_owed == 0


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
async def test_receipts_go_to_a_handler_by_the_batch(kind: str) -> None:
    """Those that need the plain reader, of data_sm say, are batches of one."""
    seen = Seen()
    handler = seen if kind == "asynchronous" else seen.note
    numbers = {f"336{n:08d}" for n in range(300)}
    async with serve() as smsc:
        async with connect(smsc.url, window=100, on_receipts=handler) as session:
            ids: dict[str, str] = {}
            async for batch in session.submit_many(sorted(numbers), "Hi", receipt=True):
                ids.update(zip(batch.numbers, (one for (one,) in batch.message_ids), strict=True))
            with anyio.fail_after(10):
                while session.statistics().receipts < 300 or session.statistics().backlog:
                    await anyio.lowlevel.checkpoint()
            assert 0 < seen.calls < 150
            smsc.deliver(
                DataSm(
                    source_addr=TO,
                    destination_addr="36200",
                    esm_class=4,
                    tlvs=Tlvs({"receipted_message_id": "X", "message_state": 2}),
                )
            )
            calls = seen.calls
            await seen.until(calls + 1)
        assert smsc.receipts_owed == 0
    assert all(isinstance(value, ReceiptBatch) for value in seen.values)
    *most, last = seen.values
    found = {at: key for value in most for at, key in zip(value.sources, value.message_ids, strict=True)}
    assert found == ids
    assert (last.message_ids, last.sources) == (["X"], [TO])


async def test_a_batch_that_its_handler_refuses_comes_again() -> None:
    seen = Seen(failures=1)
    scenario = made(receipts={"retry_ms": 1})
    async with serve(scenario) as smsc, connect(smsc.url, on_receipts=seen) as session:
        sent = await session.submit(TO, "Bonjour", receipt=True)
        await seen.until(2)
        (batch,) = seen.values
        assert batch.message_ids == [sent.message_id]
        assert session.statistics().handler_failures == 1


async def test_one_kind_of_handler_is_enough() -> None:
    with pytest.raises(UsageError, match="expected one of them"):
        async with connect("smpp://u:p@127.0.0.1:1", on_receipt=print, on_receipts=print):
            pass


async def test_an_inbound_message_is_put_together() -> None:
    seen = Seen()
    async with serve() as smsc, connect(smsc.url, on_message=seen) as session:
        parts = mo("Ça va ? " * 40)
        assert len(parts) == 3
        for part in reversed(parts):
            smsc.deliver(part)
        await seen.until(1)
        (message,) = seen.values
        assert isinstance(message, InboundMessage)
        assert (message.text, message.parts, message.source_addr) == ("Ça va ? " * 40, 3, TO)
        assert session.statistics().inbound == 3


async def test_a_message_whose_handler_failed_is_whole_when_its_last_part_comes_again() -> None:
    seen = Seen(failures=1)
    async with serve() as smsc, connect(smsc.url, on_message=seen):
        first, last = mo("x" * 200)
        for part in (first, last):
            smsc.deliver(part)
        await seen.until(1)
        smsc.deliver(last)
        await seen.until(2)
        assert [message.text for message in seen.values] == ["x" * 200]


async def test_data_sm_is_a_message_too() -> None:
    seen = Seen()
    async with serve() as smsc, connect(smsc.url, on_message=seen):
        smsc.deliver(AlertNotification(source_addr=TO))
        smsc.deliver(DataSm(source_addr=TO, destination_addr="36200", tlvs=Tlvs(message_payload=b"Oui")))
        await seen.until(1)
        assert seen.values[0].text == "Oui"


async def test_a_message_that_nobody_takes_is_refused_and_told_once() -> None:
    with capture_logs() as logs:
        async with serve() as smsc, connect(smsc.url) as session:
            for pdu in mo("Bonjour") * 2:
                smsc.deliver(pdu)
            with anyio.fail_after(10):
                while session.statistics().inbound_refused < 2:
                    await anyio.lowlevel.checkpoint()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["inbound_refused"]


async def test_past_its_bound_the_backlog_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BACKLOG_MAX", 2)
    hold = anyio.Event()
    seen: list[str] = []

    async def slow(message: InboundMessage) -> None:
        await hold.wait()
        seen.append(message.text)

    async with serve() as smsc, connect(smsc.url, on_message=slow) as session:
        pdus: list[Pdu] = [pdu for text in "abc" for pdu in mo(text)]
        for pdu in pdus:
            smsc.deliver(pdu)
        with anyio.fail_after(10):
            while not session.statistics().postponed:
                await anyio.lowlevel.checkpoint()
        hold.set()
    assert seen == ["a", "b"]


async def test_a_handler_may_use_the_session() -> None:
    answered = anyio.Event()
    sessions: list[Any] = []

    async def reply(message: InboundMessage) -> None:
        await sessions[0].submit(message.source_addr, "Merci", message.destination_addr)
        answered.set()

    async with serve() as smsc, connect(smsc.url, on_message=reply) as session:
        sessions.append(session)
        smsc.deliver(mo("STOP")[0])
        with anyio.fail_after(10):
            await answered.wait()
        assert smsc.account.order() == [TO]


async def test_leaving_the_block_waits_for_handlers() -> None:
    seen = Seen()
    async with serve() as smsc:
        async with connect(smsc.url, on_receipt=seen) as session:
            sent = await session.submit(TO, "Bonjour", receipt=True)
            await sent.receipt(10)
        assert seen.calls == 1
        assert smsc.account.receipts_acknowledged == 1


async def test_a_handler_that_never_returns_delays_the_end_only_so_long() -> None:
    async with serve() as smsc:
        async with connect(
            smsc.url, on_receipt=lambda _: anyio.sleep_forever(), unbind_timeout_s=0.1
        ) as session:
            sent = await session.submit(TO, "Bonjour", receipt=True)
            await sent.receipt(10)
        with anyio.fail_after(10):
            while not smsc.account.other_requests["unbind"]:  # its answer was not waited for
                await anyio.lowlevel.checkpoint()
