"""A sender alone, on a lane that does nothing: what late answers change, and how far intents run."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest

from smppcast.campaign.gate import Gate
from smppcast.campaign.leftovers import leftovers
from smppcast.campaign.options import CampaignOptions, Hold, Resend, UnknownPolicy
from smppcast.campaign.sender import AHEAD_FIRST, Sender
from smppcast.campaign.wording import Wording
from smppcast.ledger.board import Boards
from smppcast.ledger.facts import Chunk, Rejected, TakenIn, chunk_key, make_ref
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.rules import Cell
from smppcast.ledger.writer import Writer
from smppcast.operators.settings import OperatorSettings

pytestmark = pytest.mark.anyio

CHUNK = chunk_key(1, 0)
COUNT = 600
REFS = [make_ref(CHUNK, offset) for offset in range(COUNT)]


class QuietLane:
    name = "orange"

    def __init__(self, window: int) -> None:
        self.window, self.reconsidered = window, 0

    def wake(self) -> None: ...

    def reconsider(self) -> None:
        self.reconsidered += 1


class Desk:
    """A sender with a chunk of `COUNT` recipients, and the message_ids that it passed on."""

    def __init__(self, unknowns: UnknownPolicy, window: int, changed: Callable[[], None]) -> None:
        settings = OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1"})
        wording = Wording(settings, CampaignOptions(), 1, 1.0)
        store = MemoryStore()
        store.create_campaign("alert", 1.0, "print", "{}")
        self.boards, self.writer = Boards("alert"), Writer(store)
        self.lane = QuietLane(window)
        self.indexed: dict[str, tuple[int, int]] = {}
        self.now, self.gate = 1_000_000.0, Gate()
        self.another_sender = partial(
            Sender,
            1,
            self.lane,
            wording=wording,
            text="Bonjour",
            boards=self.boards,
            writer=self.writer,
            store=store,
            retry=settings.retry,
            unknowns=unknowns,
            priority=10,
            weight=1.0,
            began=1.0,
            response_s=60.0,
            gate=self.gate,
            clock=lambda: self.now,
            wall=lambda: self.now,
            changed=changed,
        )
        self.sender = self.another_sender()

    def take_in(self) -> None:
        chunk = Chunk(CHUNK, "orange", array("q", range(33_600_000_000, 33_600_000_000 + COUNT)), 1)
        fact = TakenIn(1, 1.0, COUNT, b"", COUNT, {}, 0, 0, complete=True, chunks=(chunk,))
        self.writer.add(fact)
        self.boards.apply(fact)
        self.sender.offer(chunk)

    def index(self, ids: Sequence[str], refs: Sequence[int], numbers: Sequence[int]) -> None:
        self.indexed.update(zip(ids, zip(refs, numbers, strict=True), strict=True))

    async def pulled(self, room: int) -> list[int]:
        """What is sent next, once it may be."""
        with anyio.fail_after(10):
            while (batch := self.sender.pull(room)) is None:  # noqa: ASYNC110 - the ledger's thread sets no event
                await anyio.sleep(0.001)
        return list(batch[1])

    def late(self, refs: Sequence[int], status: int = 0) -> None:
        self.sender.late(refs, [status] * len(refs), [f"id{ref & 0xFFFFFF}" for ref in refs], self.index)

    def account(self) -> Any:
        account = self.boards.account()
        assert account.closes
        return account


@asynccontextmanager
async def sending(
    unknowns: UnknownPolicy | None = None, window: int = 100, changed: Callable[[], None] = lambda: None
) -> AsyncIterator[Desk]:
    desk = Desk(unknowns or Resend(), window, changed)
    desk.writer.start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.sender.run)
        desk.take_in()
        yield desk
        desk.sender.stop()
        tasks.cancel_scope.cancel()
    await desk.writer.aclose()


@pytest.mark.parametrize(("window", "ahead"), [(5, 10), (100, 200), (1000, AHEAD_FIRST)])
async def test_intents_begin_within_twice_the_windows(window: int, ahead: int) -> None:
    async with sending(window=window) as desk:
        await desk.pulled(1)
        assert desk.boards.board(CHUNK).below <= ahead + 1


async def test_one_accepted_late_is_not_sent_again_if_it_is_not_written_yet() -> None:
    async with sending() as desk:
        refs = await desk.pulled(3)
        desk.sender.lost(refs, expired=True)
        await desk.writer.durable()  # what is to be sent again waits for its turn
        desk.late(refs[:1])
        assert await desk.pulled(2) == refs[1:]
        assert desk.account().segments.resubmitted == 2
        assert desk.boards.state(refs[0]) is Cell.AWAITING
    assert desk.indexed == {f"id{refs[0] & 0xFFFFFF}": (refs[0], 33_600_000_000)}


async def test_nor_while_its_attempt_is_not_durable() -> None:
    async with sending() as desk:
        refs = await desk.pulled(2)
        desk.sender.lost(refs, expired=True)
        desk.late(refs[:1])
        await desk.writer.durable()
        assert await desk.pulled(1) == refs[1:]
        assert desk.boards.state(refs[0]) is Cell.AWAITING


@pytest.mark.parametrize("end", ["accepted", "refused", "lost"])
async def test_one_accepted_late_while_it_is_in_flight_again_is_done_whatever_comes(end: str) -> None:
    async with sending() as desk:
        (ref,) = await desk.pulled(1)
        for _ in range(1, COUNT):
            desk.sender.accepted(await desk.pulled(1), ["x"])
        desk.sender.lost([ref], expired=True)
        assert await desk.pulled(1) == [ref]
        desk.late([ref])
        assert desk.sender.in_flight == 1
        if end == "accepted":
            desk.sender.accepted([ref], ["y"])
        elif end == "refused":
            desk.sender.refused([ref], [0x58])
        else:
            desk.sender.lost([ref])
        assert desk.sender.idle
        account = desk.account()
        assert (account.accepted, account.in_flight, account.segments.submitted) == (COUNT, 0, COUNT + 1)


async def test_one_that_was_given_up_becomes_accepted_though_its_chunk_is_gone() -> None:
    async with sending(Hold(0.0)) as desk:
        while not desk.sender.idle:
            refs = await desk.pulled(COUNT)
            desk.sender.lost(refs)
            with anyio.move_on_after(10):
                while len(desk.sender._held):  # noqa: ASYNC110 - a timer sets no event
                    await anyio.sleep(0.001)
        assert desk.account().unknown == COUNT
        desk.late(REFS[:2])
        with anyio.fail_after(10):
            while len(desk.indexed) < 2:  # noqa: ASYNC110 - the ledger's thread sets no event
                await anyio.sleep(0.001)
        assert (desk.account().unknown, desk.account().awaiting_receipt) == (COUNT - 2, 2)
    assert {number for _, number in desk.indexed.values()} == {33_600_000_000, 33_600_000_001}


async def test_a_late_refusal_of_what_is_held_counts_and_of_what_is_sent_again_does_not() -> None:
    async with sending(Hold(60)) as desk:
        refs = await desk.pulled(2)
        desk.sender.lost(refs, expired=True)
        assert desk.lane.reconsidered == 1
        desk.late(refs[:1], 0x0B)  # ESME_RINVDSTADR
        desk.late(refs[1:], 0x58)  # ESME_RTHROTTLED: the SMSC has it not
        await desk.writer.durable()
        assert await desk.pulled(1) == refs[1:]
        account = desk.account()
        assert (account.rejected, account.unknown, account.segments.throttled) == (1, 0, 1)
    async with sending() as desk:
        refs = await desk.pulled(1)
        desk.sender.lost(refs, expired=True)
        await desk.writer.durable()
        assert await desk.pulled(1) == refs
        desk.late(refs, 0x0B)
        assert desk.boards.state(refs[0]) is Cell.IN_FLIGHT


async def test_a_receipt_settles_what_is_held_once() -> None:
    async with sending(Hold(60)) as desk:
        refs = await desk.pulled(1)
        desk.sender.lost(refs)
        assert desk.sender.settle(refs[0]) == 33_600_000_000
        assert len(desk.sender._held) == 0
        assert desk.sender._chunks[CHUNK].left == COUNT - 1


async def test_nothing_is_remembered_of_what_is_done() -> None:
    async with sending() as desk:
        sender = desk.sender
        late, refused, given_up = refs = await desk.pulled(3)
        sender.lost(refs[:1], expired=True)
        desk.late([late])
        sender.refused([refused], [0x14])  # ESME_RMSGQFUL
        sender.lost([given_up], expired=True)
        await desk.writer.durable()
        assert await desk.pulled(2) == [refused, given_up]
        sender.refused([refused], [0x0B])  # ESME_RINVDSTADR
        sender.accepted([given_up], ["x"])
        remembered = (sender._attempts, sender._troubled, sender._expiries, sender._late)
        assert not any(remembered)


async def test_a_sender_that_is_stopped_leaves_no_timer_behind() -> None:
    async with sending(Hold(3_600)) as desk:
        lost, refused = await desk.pulled(2)
        desk.sender.stop()
        desk.sender.lost([lost])
        desk.sender.refused([refused], [0x64])  # ESME_RX_T_APPN
        assert not desk.sender._timers
        assert (desk.boards.state(lost), desk.boards.state(refused)) == (Cell.UNKNOWN, Cell.NOT_SENT)


@pytest.mark.parametrize("unknowns", [Resend(), Hold(3_600)])
async def test_one_accepted_late_while_its_chunk_waits_to_be_resumed_is_not_sent_again(
    unknowns: UnknownPolicy,
) -> None:
    async with sending(unknowns) as desk:
        refs = await desk.pulled(2)
        await desk.writer.durable()
        desk.sender.stop()
        desk.sender.lost(refs, expired=True)
        desk.sender.retract()
        (left,) = leftovers(desk.boards, "orange", {CHUNK: COUNT})
        assert list(left.unknown) == refs
        resumed = desk.another_sender()
        resumed.resume(left)
        ids = [f"id{ref}" for ref in refs]
        resumed.late(refs, [0, 0], ids, desk.index)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(resumed.run)
            with anyio.fail_after(10):
                while (batch := resumed.pull(1)) is None:  # noqa: ASYNC110 - the ledger's thread sets no event
                    await anyio.sleep(0.001)
            assert list(batch[1]) == REFS[2:3]
            assert resumed._chunks[CHUNK].left == COUNT - 2
            tasks.cancel_scope.cancel()
        assert (desk.account().unknown, desk.account().segments.resubmitted) == (0, 0)


# --- refusals: whose attempt it is, when it comes again, and in which order --------------------


def delays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the sender puts off, and for how long; it happens at once."""
    found: list[float] = []

    def after(delay_s: float, run: Callable[[], object]) -> None:
        found.append(delay_s)
        run()

    monkeypatch.setattr(desk.sender._timers, "after", after)
    return found


async def test_what_is_throttled_is_the_next_to_go_in_feed_order_and_no_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with sending() as desk:
        waited = delays(desk, monkeypatch)
        first, second = await desk.pulled(5), await desk.pulled(5)
        for _ in range(10):  # far more often than there are attempts
            desk.sender.refused(second[2:], [0x58] * 3)
            desk.sender.refused(first[1:], [0x58] * 4)
            await desk.writer.durable()
            again = [*first[1:], *second[2:]]
            assert await desk.pulled(3) == again[:3]
            assert await desk.pulled(5) == again[3:]  # and nothing new beside it
        assert await desk.pulled(2) == REFS[10:12]
        assert waited == []
        account = desk.account()
        assert (account.rejected, account.segments.throttled) == (0, 70)


async def test_a_passing_refusal_comes_again_after_doubling_pauses_and_so_many_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with sending() as desk:
        waited = delays(desk, monkeypatch)
        (ref,) = await desk.pulled(1)
        for _ in range(2):
            desk.sender.refused([ref], [0x45])  # ESME_RSUBMITFAIL
            await desk.writer.durable()
            assert await desk.pulled(1) == [ref]
        assert waited == [30.0, 60.0]
        desk.sender.refused([ref], [0x45])
        assert (waited, desk.boards.state(ref)) == ([30.0, 60.0], Cell.REJECTED)
        assert desk.account().rejected == 1


@pytest.mark.parametrize("status", [0x0B, 0x45D, 0xFFFF])
async def test_a_final_refusal_is_no_second_attempt_and_keeps_its_status(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async with sending() as desk:
        waited = delays(desk, monkeypatch)
        (ref,) = await desk.pulled(1)
        desk.sender.refused([ref], [status])
        await desk.writer.durable()
        assert await desk.pulled(1) == REFS[1:2]
        assert (waited, desk.boards.state(ref)) == ([], Cell.REJECTED)
        told = [fact for fact in desk.sender._store.facts(1) if isinstance(fact, Rejected)]
        assert [list(fact.statuses) for fact in told] == [[status]]


@pytest.mark.parametrize("status", [0x14, 0x08])
async def test_a_full_queue_is_the_lanes_until_others_are_accepted_then_its_destinations(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async with sending() as desk:
        waited = delays(desk, monkeypatch)
        full, other = await desk.pulled(2)
        for _ in range(10):  # nothing was accepted between: the lane waits, and these go first when it may
            desk.sender.refused([full], [status])
            await desk.writer.durable()
            assert await desk.pulled(1) == [full]
        assert waited == []
        desk.sender.accepted([other], ["x"])
        desk.sender.refused([full], [status])
        await desk.writer.durable()
        assert await desk.pulled(1) == [full]
        assert waited == [30.0]
