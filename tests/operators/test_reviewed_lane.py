"""What a lane takes in is kept whole, and finds its message after a crash between two commits."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from smppcast.ledger.facts import Received
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.model import MessageState
from smppcast.operators import parked as parked_module
from smppcast.operators.inbox import Inbox
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import DataSm, DeliverSm, Tlvs, decode, encode

pytestmark = pytest.mark.anyio

NUMBER = 33_612_345_678
REF = 1 << 46 | 5 << 8


class Desk:
    """An inbox on a store, with what it answered."""

    def __init__(self, store: MemoryStore) -> None:
        self.writer = Writer(store)
        self.writer.start()
        self.resolver = Resolver("orange", self.writer, store)
        self.reported: list[Received] = []
        self.answers: list[tuple[int, int]] = []
        settings = OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1"})
        self.inbox = Inbox(
            "orange",
            settings,
            self.resolver,
            self.writer,
            self.reported.append,
            lambda _: None,
            lambda: 1.0,
        )

    def answer(self, numbers: Sequence[int], status: int) -> None:
        self.answers += [(number, status) for number in numbers]


def receipt(message_id: str, number: int) -> DeliverSm:
    return DeliverSm(
        sequence_number=7,
        source_addr=str(number),
        destination_addr="GOUV",
        esm_class=4,
        tlvs=Tlvs({"receipted_message_id": message_id, "message_state": int(MessageState.DELIVERED)}),
    )


async def park(desk: Desk, *receipts: DeliverSm) -> None:
    """Delivers receipts of no known message, and waits until they are answered."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.inbox.run)
        desk.inbox.deliver([encode(each) for each in receipts], desk.answer)
        with anyio.fail_after(10):
            while len(desk.answers) < len(receipts):  # noqa: ASYNC110 - the ledger's thread sets no event
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()


async def test_a_message_whose_text_lies_in_a_tlv_is_kept_whole() -> None:
    store = MemoryStore()
    desk = Desk(store)
    payload = Tlvs({"message_payload": b"STOP"})
    long = DeliverSm(
        sequence_number=7, source_addr=str(NUMBER), destination_addr="36111", data_coding=8, tlvs=payload
    )
    data = DataSm(sequence_number=8, source_addr=str(NUMBER), destination_addr="36111", tlvs=payload)
    desk.inbox.deliver([encode(long)], desk.answer)
    desk.inbox.data(data, desk.answer)
    assert desk.answers == []
    await desk.writer.aclose()
    assert desk.answers == [(7, 0), (8, 0)]
    assert [decode(row[-1]) for row in store.inbound] == [long, data]


async def test_a_receipt_parked_before_a_crash_finds_the_response_that_was_committed() -> None:
    """The crash came after the commit of the response, and before that of the receipt it called for."""
    store = MemoryStore()
    desk = Desk(store)
    await park(desk, receipt("A1", NUMBER))
    await desk.writer.aclose()

    desk = Desk(store)
    desk.resolver.add(["a1"], [REF], [NUMBER])  # as it restores acceptances that no index has
    desk.inbox.restore(list(store.parked("orange")))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.inbox.run)
        with anyio.fail_after(10):
            while not desk.reported:  # noqa: ASYNC110 - the ledger's thread sets no event
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()
    await desk.writer.aclose()
    assert [(list(fact.refs), fact.states) for fact in desk.reported] == [
        ([REF], bytes([MessageState.DELIVERED]))
    ]
    assert desk.inbox.unmatched == 0
    assert list(store.parked("orange")) == []


async def test_a_flood_of_orphans_does_not_keep_an_early_receipt_from_its_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parked_module, "PARKED_MAX", 5)
    desk = Desk(MemoryStore())
    orphans = [receipt(f"orphan{at}", 33_799_999_999) for at in range(9)]
    await park(desk, *orphans, *[orphans[-1]] * 50, receipt("A1", NUMBER))
    desk.inbox.accepted(["A1"], [REF], [NUMBER])
    await desk.writer.aclose()
    assert [list(fact.refs) for fact in desk.reported] == [[REF]]
    assert desk.inbox.unmatched == 59
