"""An inbox alone: what is matched, what is parked, and when the SMSC is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from smppcast.errors import LedgerError
from smppcast.ledger.facts import Fact, ParkedReceipt, Received
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.model import MessageState
from smppcast.operators import inbox as inbox_module
from smppcast.operators import parked as parked_module
from smppcast.operators.inbox import Claim, Inbox
from smppcast.operators.settings import OperatorSettings
from smppcast.smpp import DataSm, DeliverSm, Tlvs, encode

pytestmark = pytest.mark.anyio

NUMBER = 33_612_345_678
REF = 1 << 46 | 5 << 8


class Desk:
    """An inbox with its ledger, and what it answered."""

    def __init__(self, store: MemoryStore, **settings: Any) -> None:
        self.store, self.writer = store, Writer(store)
        self.reported: list[Received] = []
        self.answers: list[tuple[int, int]] = []
        self.held: dict[str, int] = {}
        account = OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1", **settings})
        self.resolver = resolver = Resolver("orange", self.writer, store)
        self.inbox = Inbox(
            "orange",
            account,
            resolver,
            self.writer,
            self.reported.append,
            lambda orphan: self.claim(orphan),  # noqa: PLW0108 - a test may put another in its place
            lambda: 1.0,
        )
        self.claim: Claim = self._claim

    def _claim(self, orphan: ParkedReceipt) -> tuple[int, int] | None:
        ref = self.held.pop(orphan.source_addr, None)
        return None if ref is None else (ref, NUMBER)

    def answer(self, numbers: Sequence[int], status: int) -> None:
        self.answers += [(number, status) for number in numbers]

    def deliver(self, *pdus: DeliverSm) -> None:
        octets = [encode(pdu) for pdu in pdus]
        self.inbox.deliver(octets, self.answer)

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(10):
            while not holds():  # noqa: ASYNC110 - the ledger's thread sets no event
                await anyio.sleep(0.001)

    async def answered(self, count: int) -> list[tuple[int, int]]:
        await self.until(lambda: len(self.answers) >= count)
        return self.answers


@asynccontextmanager
async def desk(store: MemoryStore | None = None, **settings: Any) -> AsyncIterator[Desk]:
    async with running(Desk(store or MemoryStore(), **settings)) as made:
        yield made


@asynccontextmanager
async def running(made: Desk) -> AsyncIterator[Desk]:
    made.writer.start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.inbox.run)
        yield made
        tasks.cancel_scope.cancel()
    await made.writer.aclose()


def receipt(
    message_id: str, number: int, source: str = str(NUMBER), state: MessageState = MessageState.DELIVERED
) -> DeliverSm:
    return DeliverSm(
        sequence_number=number,
        source_addr=source,
        destination_addr="GOUV",
        esm_class=4,
        tlvs=Tlvs({"receipted_message_id": message_id, "message_state": int(state)}),
    )


async def test_a_receipt_is_matched_reported_and_answered_once_it_is_durable() -> None:
    async with desk() as it:
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        it.deliver(receipt("A1", 7))
        assert it.answers == []
        assert await it.answered(1) == [(7, 0)]
    assert [list(fact.refs) for fact in it.reported] == [[REF]]
    assert (it.inbox.tally.receipts, it.inbox.tally.matched, it.inbox.unmatched) == (1, 1, 0)


async def test_one_that_comes_before_its_response_waits_for_it() -> None:
    async with desk() as it:
        it.deliver(receipt("A1", 7))
        assert await it.answered(1) == [(7, 0)]
        assert (it.inbox.unmatched, len(list(it.store.parked("orange")))) == (1, 1)
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        assert [list(fact.refs) for fact in it.reported] == [[REF]]
        await it.writer.durable()
    assert (it.inbox.unmatched, list(it.store.parked("orange"))) == (0, [])


async def test_parked_receipts_outlive_the_process() -> None:
    store = MemoryStore()
    async with desk(store) as it:
        it.deliver(receipt("A1", 7))
        await it.answered(1)
    async with desk(store) as it:
        it.inbox.restore(list(store.parked("orange")))
        assert it.inbox.unmatched == 1
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        it.deliver(receipt("B2", 8))  # its key is a new one
        await it.answered(1)
    assert len(it.reported) == 1
    assert [parked.message_id for _, parked in store.parked("orange")] == ["B2"]


async def test_the_same_id_of_another_number_is_not_ours() -> None:
    async with desk() as it:
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        it.deliver(receipt("A1", 7, source="33799999999"))
        it.deliver(receipt("A1", 8, source="0612345678"))  # the same subscriber, nationally
        assert sorted(await it.answered(2)) == [(7, 0), (8, 0)]
    assert (it.inbox.tally.matched, it.inbox.unmatched) == (1, 1)


async def test_a_receipt_without_a_known_id_settles_what_is_held_for_its_number() -> None:
    async with desk() as it:
        it.held[str(NUMBER)] = REF
        it.deliver(receipt("Z9", 7), receipt("Z8", 8))
        assert sorted(await it.answered(2)) == [(7, 0), (8, 0)]
        assert (it.inbox.tally.matched, it.inbox.unmatched) == (1, 1)
        it.deliver(receipt("Z9", 9))  # again: its message_id is known by now
        await it.answered(3)
    assert (it.inbox.tally.matched, it.inbox.unmatched) == (2, 1)


async def test_a_receipt_that_came_first_settles_what_is_held_later() -> None:
    async with desk() as it:
        it.deliver(receipt("Z9", 7))
        await it.answered(1)
        it.inbox.reconsider()
        assert (it.reported, it.inbox.unmatched) == ([], 1)
        it.held[str(NUMBER)] = REF
        it.inbox.reconsider()
        assert [list(fact.refs) for fact in it.reported] == [[REF]]
        it.inbox.reconsider()
        await it.writer.durable()
    assert (len(it.reported), it.inbox.unmatched, list(it.store.parked("orange"))) == (1, 0, [])


async def test_messages_of_users_are_kept_and_then_answered() -> None:
    async with desk() as it:
        it.deliver(
            DeliverSm(sequence_number=3, source_addr="336", destination_addr="GOUV", short_message=b"STOP")
        )
        it.inbox.data(DataSm(sequence_number=4, source_addr="336", destination_addr="GOUV"), it.answer)
        assert await it.answered(2) == [(3, 0), (4, 0)]
    assert it.inbox.tally.inbound == len(it.store.inbound) == 2


async def test_a_data_sm_carries_a_receipt_too() -> None:
    async with desk() as it:
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        tlvs = Tlvs({"receipted_message_id": "A1", "message_state": 2})
        pdu = DataSm(sequence_number=4, source_addr=str(NUMBER), esm_class=4, tlvs=tlvs)
        it.inbox.data(pdu, it.answer)
        assert await it.answered(1) == [(4, 0)]
    assert it.inbox.tally.matched == 1


async def test_one_that_cannot_be_read_is_answered_with_the_status_that_fits() -> None:
    async with desk() as it:
        it.inbox.deliver([encode(DeliverSm(sequence_number=9))[:20]], it.answer)
        ((number, status),) = it.answers
    assert number == 9
    assert status
    assert it.inbox.tally.malformed == 1


async def test_past_a_bound_the_smsc_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "UNCOMMITTED_MAX", 0)
    async with desk() as it:
        it.deliver(receipt("A1", 7))
        it.deliver(receipt("A2", 8), receipt("A3", 9))  # the first still waits
        assert it.answers == [(8, 0x64), (9, 0x64)]
        await it.answered(3)
    assert it.inbox.tally.postponed == 2


async def test_parked_receipts_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked_module, "PARKED_MAX", 3)
    async with desk() as it:
        it.deliver(*(receipt(f"Q{number}", number) for number in range(1, 21)))
        await it.answered(20)
        assert it.inbox.unmatched == len(list(it.store.parked("orange"))) == 20
        assert len(list(it.inbox._parked)) == 3


async def test_one_that_memory_had_no_room_for_finds_its_message_at_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parked_module, "PARKED_MAX", 1)
    store = MemoryStore()
    async with desk(store) as it:
        it.deliver(receipt("Q1", 1), receipt("Q2", 2))
        await it.answered(2)
        it.inbox.accepted(["Q1"], [REF], [NUMBER])
        assert it.reported == []
        await it.resolver.aclose()
    monkeypatch.setattr(parked_module, "PARKED_MAX", 2)
    made = Desk(store)
    made.inbox.restore(list(store.parked("orange")))
    async with running(made) as it:
        await it.until(lambda: it.reported)
        await it.writer.durable()
    assert [parked.message_id for _, parked in store.parked("orange")] == ["Q2"]


async def test_one_receipt_under_two_ids_is_settled_once() -> None:
    """Until the mapping is known, the decimal 16 waits for a response of 16 and for one of 10."""
    async with desk() as it:
        it.deliver(receipt("16", 7))
        await it.answered(1)
        it.inbox.accepted(["16", "10"], [REF, REF + (1 << 8)], [NUMBER, NUMBER])
        assert sum(len(fact.refs) for fact in it.reported) == 1
        assert it.inbox.unmatched == 0


class Unreadable(MemoryStore):
    """A ledger whose index cannot be read."""

    def find_ids(
        self, operator: str, keys: Sequence[str], *, likely: bool = False
    ) -> list[tuple[str, int, int]]:
        raise LedgerError("the disk is gone")


async def test_what_cannot_be_looked_up_is_to_come_again_and_kills_nothing() -> None:
    async with desk(Unreadable()) as it:
        it.deliver(receipt("A1", 7))
        assert await it.answered(1) == [(7, 0x64)]
        it.inbox.accepted(["A1"], [REF], [NUMBER])
        it.deliver(receipt("A1", 8))
        assert (await it.answered(2))[1] == (8, 0)


class Failing(MemoryStore):
    def commit(self, facts: Sequence[Fact]) -> None:
        raise LedgerError("no space left on device")


async def test_without_a_ledger_nothing_is_acknowledged() -> None:
    made = Desk(Failing())
    made.writer.start()
    made.inbox.accepted(["A1"], [REF], [NUMBER])
    made.deliver(receipt("A1", 7))
    with pytest.raises(LedgerError):
        await made.writer.aclose()
    assert made.answers == []


@pytest.mark.parametrize("first", ["parked", "held"])
async def test_one_that_comes_twice_settles_one_segment(first: str) -> None:
    async with desk() as it:
        claims = iter([(REF, NUMBER), (REF + 1, NUMBER)])
        holding = first == "held"
        it.claim = lambda _: next(claims) if holding else None
        it.deliver(receipt("Z9", 7), receipt("Z9", 8))
        await it.answered(2)
        holding = True
        it.inbox.reconsider()
        assert {ref for fact in it.reported for ref in fact.refs} == {REF}
        assert (it.inbox.tally.matched, it.inbox.unmatched) == (2, 0)


async def test_a_receipt_without_any_id_settles_what_is_held() -> None:
    async with desk() as it:
        it.held[str(NUMBER)] = REF
        text = b"id: sub:001 dlvrd:001 submit date:2001010000 done date:2001010000 stat:DELIVRD err:000 text:"
        it.deliver(
            DeliverSm(
                sequence_number=9,
                source_addr=str(NUMBER),
                destination_addr="GOUV",
                esm_class=4,
                short_message=text,
            )
        )
        assert await it.answered(1) == [(9, 0)]
        assert [list(fact.refs) for fact in it.reported] == [[REF]]


async def test_of_messages_with_one_id_and_number_the_newest_gets_the_receipt() -> None:
    """A counter that wrapped: both are in the index, neither is hot any more."""
    older, newer = REF, REF + (1 << 22)
    store = MemoryStore()
    store.index_ids("orange", [("77", newer, NUMBER), ("77", older, NUMBER), ("77", older + 1, NUMBER + 1)])
    async with desk(store) as it:
        it.deliver(receipt("77", 1))
        assert await it.answered(1) == [(1, 0)]
        (fact,) = it.reported
        assert list(fact.refs) == [newer]
        assert it.inbox._matching.repeated == 1
