"""One campaign from its first row to its last receipt."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Protocol

import anyio
import structlog

from smppcast.campaign.conductor import Conductor, Progress
from smppcast.campaign.handover import Handover
from smppcast.campaign.sender import Sender
from smppcast.errors import CampaignError, FeedError, SmppcastError
from smppcast.feed import Suppression
from smppcast.ledger.board import Boards
from smppcast.ledger.contract import Campaign as Record
from smppcast.ledger.facts import CampaignChanged, TakenIn
from smppcast.ledger.writer import Writer
from smppcast.model import Account, CampaignState
from smppcast.net.clock import Clock
from smppcast.operators.lane import Lane

__all__ = ["Campaign", "TakesIn"]

log = structlog.get_logger("smppcast.campaign")

# How often the account is looked at while receipts are awaited.
SETTLE_POLL_S = 0.1


class TakesIn(Protocol):
    """Where a campaign's recipients come from: a feed, or one message after the other."""

    fed: int
    suppression: Suppression

    async def run(self) -> None:
        """Until there are no more."""


class Campaign:
    """A campaign in work, or one found finished; `Engine.cast` gives it.

    Attributes:
        id, name: by which the ledger knows it.
        state: see `CampaignState`.
        error: why it stopped before its end, None where it was asked to.
        pause_reason: why it is paused, "" where it is not.
        on_short: told when a wave fell short, and people have to decide.
    """

    def __init__(
        self,
        record: Record,
        boards: Boards,
        writer: Writer,
        *,
        settle_s: float,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self.id, self.name = record.id, record.name
        self.state = record.state
        self.error: SmppcastError | None = None
        self.pause_reason = ""
        self.on_short: Callable[[str], None] | None = None
        self.intake: TakesIn | None = None
        self.boards, self._writer = boards, writer
        self._settle_s, self._clock, self._wall = settle_s, clock, wall
        self._senders: dict[str, Sender] = {}
        self._lanes: dict[str, Lane] = {}
        self._complete = False
        self._changed = anyio.Event()
        self._ended = anyio.Event()
        self._conductor: Conductor | None = None
        self._draining = self._cancelled = self._expired = False
        self._began = clock()
        self._took_s: float | None = None

    def __repr__(self) -> str:
        return f"<Campaign {self.name} [{self.state}]>"

    @property
    def ended(self) -> bool:
        """Finished, or stopped: nothing goes on."""
        return self._ended.is_set()

    @property
    def taken_in(self) -> bool:
        """The feed is read to its end: no further operator will be needed."""
        return self._complete

    def account(self) -> Account:
        """The account as it stands now, by recipients; in flight includes what is about to be sent."""
        account = self.boards.account(live=not self.ended)
        took = self._clock() - self._began if self._took_s is None else self._took_s
        account.seconds = round(took, 3)
        for lane in self._lanes.values():
            unmatched = lane.inbox.unmatched
            account.receipts.unmatched += unmatched
            account.receipts.received += unmatched
        return account

    def by_operator(self) -> dict[str, Account]:
        """The account of each operator; rows that never reached one are in none."""
        return self.boards.by_operator(live=not self.ended)

    def progress(self) -> Mapping[str, Progress]:
        """Where each operator's part stands in its plan; empty for one that is not in work."""
        return self._conductor.progress() if self._conductor is not None else {}

    def pause(self, reason: str = "paused by a person") -> None:
        """Sends nothing new until `resume`; answers and receipts are taken. The ledger keeps it.

        Raises:
            CampaignError: it is not running.
        """
        if self.state is not CampaignState.RUNNING or self._conductor is None:
            raise CampaignError(f"campaign {self.name} is {self.state}: only a running one can be paused")
        self.pause_reason = reason
        self._conductor.pause()
        self._enter(CampaignState.PAUSED)

    def resume(self) -> None:
        """Goes on after `pause`; a wave that fell short is let pass.

        Raises:
            CampaignError: it is not paused.
        """
        if self.state is not CampaignState.PAUSED or self._conductor is None:
            raise CampaignError(f"campaign {self.name} is {self.state}: only a paused one can be resumed")
        self.pause_reason = ""
        self._enter(CampaignState.RUNNING)
        self._conductor.resume()

    def cancel(self) -> None:
        """Ends it for good: nothing new is sent, and it cannot be resumed. Answers are awaited.

        Raises:
            CampaignError: all of it is sent, or it has ended.
        """
        if self.state not in (CampaignState.RUNNING, CampaignState.PAUSED) or self.ended:
            raise CampaignError(
                f"campaign {self.name} is {self.state}: only a running or paused one can be cancelled"
            )
        self._cancelled = True
        # The ledger has it at once: one that is killed while it drains is not resumed either.
        self._enter(CampaignState.CANCELLED)
        self.state = CampaignState.DRAINING
        self.stop()

    def suppress(self, numbers: array[int]) -> None:
        """These get no message from now on, where the feed is not taken in as far as their row."""
        if self.intake is not None:
            self.intake.suppression.add(numbers)

    async def wait(self) -> Account:
        """Waits until the campaign is finished or stopped; returns its account.

        Cancelling loses only the waiting.

        Raises:
            SmppcastError: it stopped for this reason before its end.
        """
        await self._ended.wait()
        if self.error is not None:
            raise self.error
        return self.account()

    # --- the engine's side -----------------------------------------------------------------

    def found_finished(self) -> None:
        """An earlier run finished it: there is nothing to do."""
        self._took_s = 0.0
        self._ended.set()

    def taken(self, fact: TakenIn) -> None:
        """A step of the feed is on its way to the ledger: its chunks may be sent."""
        self.boards.apply(fact)
        for chunk in fact.chunks:
            self._senders[chunk.operator].offer(chunk)
        self._complete = fact.complete
        self.changed()

    def ahead(self) -> int:
        """Chunks that wait for the lane that has least."""
        return min(sender.waiting for sender in self._senders.values())

    def changed(self) -> None:
        """Something ended: a chunk, the feed, a lane."""
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def fell_short(self, reason: str) -> None:
        """A wave did not arrive as its plan wants: people decide."""
        if self.state is CampaignState.RUNNING:
            log.warning("wave_fell_short", name=self.name, reason=reason)
            self.pause_reason = reason
            self._enter(CampaignState.PAUSED)
            if self.on_short is not None:
                self.on_short(reason)

    def expire(self) -> None:
        """Its plan's end has come: whoever was not sent a message gets none."""
        if not self._expired:
            self._expired = True
            self._enter(CampaignState.DRAINING)
            for sender in self._senders.values():
                sender.stop()
            self.changed()

    def prepare(
        self, intake: TakesIn, senders: Mapping[str, Sender], lanes: Mapping[str, Lane], conductor: Conductor
    ) -> None:
        """What it works with, before `run`."""
        self.intake, self._senders, self._lanes = intake, dict(senders), dict(lanes)
        self._conductor = conductor

    async def run(self, handover: Handover) -> None:
        """Takes in, sends and settles, until finished, stopped, or failed (see `error`)."""
        intake, conductor = self.intake, self._conductor
        if intake is None or conductor is None:
            raise RuntimeError("a campaign runs once it is prepared")
        senders, lanes = self._senders, self._lanes
        self._enter(CampaignState.PAUSED if conductor.paused else CampaignState.RUNNING)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._take_in, intake)
                tasks.start_soon(handover.run)
                tasks.start_soon(conductor.run, senders)
                for name, sender in senders.items():
                    tasks.start_soon(self._send, sender)
                    lanes[name].sources.add(sender)
                    lanes[name].wake()
                await self._sent()
                if not self._draining and self.error is None:
                    self._enter(CampaignState.SETTLING)
                    await self._settled()
                tasks.cancel_scope.cancel()
        finally:
            # They stay the lanes' sources until `finish`: answers to what is in flight are theirs.
            for sender in senders.values():
                sender.stop()
            self._took_s = self._clock() - self._began

    async def _take_in(self, intake: TakesIn) -> None:
        try:
            await intake.run()
        except SmppcastError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001 - an iterable of the caller's may raise anything
            # This is logged, and words of others may quote a row: they are in the cause.
            told = repr(error) if isinstance(error, OSError) else type(error).__name__
            failure = FeedError(f"taking in the feed raised {told}")
            failure.__cause__ = error
            self.fail(failure)
        self._complete = True
        self.changed()

    async def _send(self, sender: Sender) -> None:
        try:
            await sender.run()
        except SmppcastError as error:
            self.fail(error)

    async def _sent(self) -> None:
        while not self._draining and self.error is None:
            senders = self._senders.values()
            done = not any(each.in_flight for each in senders) if self._expired else False
            if self._complete and (done or all(sender.idle for sender in senders)):
                return
            await self._changed.wait()

    async def _settled(self) -> None:
        """Waits for receipts, at most `settle_s`."""
        with anyio.move_on_after(self._settle_s):
            while self._awaiting():  # noqa: ASYNC110 - an event for each batch would count far more often
                await anyio.sleep(SETTLE_POLL_S)

    def _awaiting(self) -> bool:
        if self._draining or self.error is not None:
            return False
        return self.boards.account().awaiting_receipt > 0

    def fail(self, error: SmppcastError) -> None:
        """Stops the campaign for this reason."""
        self.error = self.error or error
        self.stop()

    def stop(self) -> None:
        """Nothing new is sent from here on; `run` returns when its tasks have."""
        self._draining = True
        for sender in self._senders.values():
            sender.stop()
        self.changed()

    async def landed(self, timeout_s: float) -> None:
        """Waits until all that was in flight is answered or lost, or the time is over."""
        with anyio.move_on_after(timeout_s):
            while any(sender.in_flight for sender in self._senders.values()):
                await self._changed.wait()

    async def over(self) -> None:
        """Waits until it is finished or stopped, whatever the reason."""
        await self._ended.wait()

    async def finish(self) -> None:
        """After the lanes have drained: leaves the ledger as the next run shall find it.

        Raises:
            LedgerError: it cannot be written.
        """
        if self._ended.is_set():
            return
        try:
            await self._writer.durable()
            for sender in self._senders.values():
                sender.retract()
            done = self.state is CampaignState.SETTLING and not self._draining and self.error is None
            paused = CampaignState.PAUSED if self.state is CampaignState.PAUSED else CampaignState.STOPPED
            left = CampaignState.CANCELLED if self._cancelled else paused
            self._enter(CampaignState.FINISHED if done else left)
            await self._writer.durable()
        except SmppcastError as error:
            self.error = self.error or error
            raise
        finally:
            for name, sender in self._senders.items():
                self._lanes[name].sources.remove(sender)
            self._ended.set()

    def _enter(self, state: CampaignState) -> None:
        self.state = state
        self._writer.add(CampaignChanged(self.id, self._wall(), state))
        log.info("campaign", name=self.name, state=str(state))
