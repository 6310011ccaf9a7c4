"""The engine: lanes to every operator, one ledger, and the campaigns between them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from smppcast.campaign.campaign import Campaign, TakesIn
from smppcast.campaign.conductor import Conductor
from smppcast.campaign.fleet import Fleet
from smppcast.campaign.follow_up import FollowUp, text_of
from smppcast.campaign.gate import Gate
from smppcast.campaign.handover import Handover
from smppcast.campaign.intake import Intake
from smppcast.campaign.leftovers import leftovers
from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.plan import Plan
from smppcast.campaign.posting import Posting
from smppcast.campaign.recall import Recall, recall
from smppcast.campaign.sender import Sender
from smppcast.campaign.wording import Wording
from smppcast.errors import CampaignError, FeedError, LedgerError, UsageError
from smppcast.feed import (
    Feed,
    FeedDigest,
    Rejects,
    Source,
    Suppression,
    Template,
    identify,
    open_feed,
    read_list,
)
from smppcast.ledger.board import Boards, replay
from smppcast.ledger.contract import Campaign as Record
from smppcast.ledger.contract import ChunkInfo, Cursor, Store
from smppcast.ledger.facts import CAMPAIGN_SHIFT, Received
from smppcast.ledger.reached import reached
from smppcast.ledger.writer import Writer
from smppcast.model import CampaignState, Outcome
from smppcast.net.clock import Clock, monotonic, wall
from smppcast.operators.lane import Lane, LaneStatistics
from smppcast.operators.settings import OperatorSettings

__all__ = ["Engine", "EngineSettings", "default_name"]

log = structlog.get_logger("smppcast.engine")

# A campaign's name is also a file's: `NAME.rejects.csv`.
_NAME = re.compile(r"\w[\w .+-]{0,99}")

# Of single messages each has its own text.
_POSTED = "{text}"


@dataclass(frozen=True, slots=True)
class _Common:
    """What a feed's intake and a posting are both given.

    Args:
        chunks: counts the campaign's chunks up.
    """

    record: Record
    chunks: Iterator[int]
    wordings: Mapping[str, Wording]
    cursor: Cursor
    suppression: Suppression


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is told.

    Args:
        operators: the accounts, by name.
        country: ISO 3166 code: numbers in its national format are understood.
        settle_s: longest wait for receipts after the last answer.
        rejects: folder for `NAME.rejects.csv`.
        options: of campaigns that say nothing else.
    """

    operators: Mapping[str, OperatorSettings]
    country: str | None = None
    settle_s: float = 60.0
    rejects: Path = Path()
    options: CampaignOptions = field(default_factory=CampaignOptions)


async def default_name(feed: Source, text: str) -> str:
    """The name of a campaign without one: the same feed and text give the same name.

    Raises:
        FeedError: the feed can be read but once, so that its campaign needs a name.
    """
    content = await identify(feed)
    return "cast-" + hashlib.blake2b(f"{content}\0{text}".encode(), digest_size=5).hexdigest()


class Engine:
    """Casts texts to feeds; use `Engine.open`, or `smppcast.open_engine` for a configuration file.

    It belongs to the event loop that opened it, and installs nothing outside itself: no signal
    handler, no logging configuration.

    Attributes:
        lanes: by operator.
        campaigns: those of this run, by name.
    """

    def __init__(
        self,
        settings: EngineSettings,
        store: Store,
        tasks: TaskGroup,
        *,
        clock: Clock = monotonic,
        wall: Clock = wall,
    ) -> None:
        self.settings = settings
        self.campaigns: dict[str, Campaign] = {}
        self._casting: set[str] = set()
        self._by_id: dict[int, Campaign] = {}
        self._meanwhile: dict[int, list[Received]] = {}
        self._store, self._tasks, self._clock, self._wall = store, tasks, clock, wall
        self._writer = Writer(store, on_failure=self._on_failure)
        self._fleet = Fleet(
            settings.operators, self._writer, store, tasks, self._reported, clock=clock, wall=wall
        )
        self._lanes = self._fleet.lanes
        self._draining = False
        self._closed = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: EngineSettings,
        store: Store,
        *,
        drain_s: float | None = None,
        clock: Clock = monotonic,
        wall: Clock = wall,
    ) -> AsyncIterator[Engine]:
        """Opens lanes and ledger; on leaving, drains what is in flight, unbinds and saves the state.

        Cancelling while it drains is safe: it loses nothing but answers.

        Args:
            drain_s: longest wait for answers on leaving; None for as long as a response may take.
            clock, wall: for intervals and for dates.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        try:
            async with anyio.create_task_group() as tasks:
                engine = cls(settings, store, tasks, clock=clock, wall=wall)
                try:
                    await engine._start()
                    yield engine
                    with anyio.move_on_after(drain_s):
                        await engine.drain()
                finally:
                    with anyio.CancelScope(shield=True):
                        await engine._close()
                    tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            # A task group wraps whatever leaves it; who embeds us catches what they know.
            if len(group.exceptions) > 1:
                raise
            error = group.exceptions[0]
            raise error from error.__cause__

    def __repr__(self) -> str:
        return f"<Engine {' '.join(map(repr, self._lanes.values()))}>"

    @property
    def lanes(self) -> Mapping[str, Lane]:
        return MappingProxyType(self._lanes)

    async def _start(self) -> None:
        self._writer.start()
        await self._fleet.start()

    # --- campaigns -------------------------------------------------------------------------

    async def cast(
        self,
        text: str,
        feed: Source,
        *,
        name: str | None = None,
        options: CampaignOptions | None = None,
        kept: Mapping[str, Any] | None = None,
        paused: bool = False,
    ) -> Campaign:
        """Casts a text to a feed, or resumes the campaign of that name, or finds it finished.

        Args:
            text: with `{column}` for cells of the feed's rows.
            feed: a path, "-", or any iterable or async iterable of numbers or mappings. To resume it
                is given again from its start.
            name: of the campaign; without one it follows from feed and text.
            kept: what else the ledger shall keep with it, when it begins: plain data, as JSON has it.
            paused: take the feed in, and send nothing before `Campaign.resume`.

        Raises:
            CampaignError: a campaign of that name has another text or other settings, or runs already, or
                was cancelled; or its plan has ended, or names a stranger; or an operator that it still needs
                is gone; or the engine is draining.
            UsageError: the name is none.
            FeedError: the feed cannot be read, or can be read but once and no name is given; that it is
                another feed than before is found while it is read, and raised by `Campaign.wait`.
            TextError: an operator's dialect cannot carry the text.
            LedgerError: the ledger cannot be read or written.
        """
        options = options or self.settings.options
        name = name or await default_name(feed, text)
        self._require_name(name)
        self._casting.add(name)
        try:
            return await self._cast(Template(text), feed, name, options, kept or {}, paused=paused)
        finally:
            self._casting.remove(name)

    async def retry(
        self,
        of: str,
        outcomes: Collection[Outcome],
        *,
        text: str | None = None,
        name: str | None = None,
        options: CampaignOptions | None = None,
    ) -> Campaign:
        """Casts to those whom a finished campaign did not reach, or resumes that, or finds it finished.

        Who they are is settled when it begins: receipts that come later change nothing.

        Args:
            of: the earlier campaign.
            outcomes: of `follow_up.NOT_REACHED`.
            text: by default what each was sent before.
            name: by default OF-retry.

        Raises:
            CampaignError: there is no such campaign, it is not finished, or `name` is another one's.
            SmppcastError: as `cast`.
        """
        earlier = await self._writer.call(self._store.campaign, of)
        if earlier is None:
            raise CampaignError(f"there is no campaign {of}")
        if earlier.state is CampaignState.PURGED:
            raise CampaignError(f"campaign {of} was purged: nobody is left to be tried again")
        if not earlier.state.ended:
            raise CampaignError(f"campaign {of} is {earlier.state}: it can be retried once it is finished")
        name = name or f"{of}-retry"
        follow_up = FollowUp(of, frozenset(outcomes), self._wall())
        there = await self._writer.call(self._store.campaign, name)
        if there is not None:
            follow_up.require_same(there)
            follow_up = FollowUp.kept(there) or follow_up
        if text is None:
            first = await self._writer.call(lambda: next(self._store.chunks(earlier.id), None))
            text = text_of(earlier, personalised=first is not None and first.personalised)
        feed = follow_up.feed(self._store, self._writer, earlier)
        return await self.cast(text, feed, name=name, options=options, kept=follow_up.settings)

    async def post_office(
        self, name: str, *, options: CampaignOptions | None = None
    ) -> tuple[Campaign, Posting]:
        """Opens, or opens again, a campaign without a feed: its `Posting` takes single messages in.

        It goes on until the posting is closed, and finishes once all of it is answered and settled.

        Raises:
            CampaignError, UsageError, LedgerError: as `cast`.
        """
        options = options or self.settings.options
        self._require_name(name)
        self._casting.add(name)
        try:
            campaign = await self._cast(
                Template(_POSTED), None, name, options, {"posted": True}, paused=False
            )
        finally:
            self._casting.remove(name)
        if not isinstance(campaign.intake, Posting):
            raise CampaignError(f"campaign {name} is {campaign.state}: it takes no messages in")
        return campaign, campaign.intake

    def _require_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"campaign name {name!r}: expected 1 to 100 letters, digits, spaces or . _ - +")
        if name in self._casting or (name in self.campaigns and not self.campaigns[name].ended):
            raise CampaignError(f"campaign {name} is running")

    async def _cast(
        self,
        template: Template,
        feed: Source | None,
        name: str,
        options: CampaignOptions,
        kept: Mapping[str, Any],
        *,
        paused: bool,
    ) -> Campaign:
        await self._check_plan(name, options.plan)
        if options.retention_s is not None:
            kept = {"retention_s": options.retention_s, **kept}
        settings = json.dumps({"text": template.text, **kept}, ensure_ascii=False)
        record = await self._record(name, options.fingerprint(template.text), settings)
        wordings = {
            operator: Wording(lane.settings, options, _reference(record), record.created, self._wall())
            for operator, lane in self._lanes.items()
        }
        for wording in wordings.values():
            # Whatever the rows say, the other fields must fit; a text for all must as well.
            wording.parts(template.plain or "")
        opened = None if feed is None else open_feed(feed, text_columns=template.columns)
        suppression = await self._suppression(options)
        cursor = await self._writer.call(self._store.cursor, record.id)
        if record.state is CampaignState.FINISHED and opened is not None:
            await _same_feed(opened, cursor)
        counts = {info.key: info.count for info in await self._writer.call(self._chunks, record)}
        boards = await self._replayed(record)
        if record.state is not CampaignState.FINISHED:
            self._require_lanes(boards)
        if self._draining:
            raise CampaignError("the engine is draining: it casts nothing any more")
        # Nothing is awaited from here on: no receipt can come between boards and campaign, and what
        # failed before has left no trace of itself.
        campaign = Campaign(
            record,
            boards,
            self._writer,
            settle_s=self.settings.settle_s if options.receipts else 0.0,
            clock=self._clock,
            wall=self._wall,
        )
        if record.state is CampaignState.FINISHED:
            campaign.found_finished()
        else:
            numbers = count(cursor.chunks)
            common = _Common(record, numbers, wordings, cursor, suppression)
            intake = (
                self._posting(campaign, common)
                if opened is None
                else self._intake(campaign, common, opened, template)
            )
            self._begin(campaign, common, intake, counts, options=options, text=template.plain, paused=paused)
        self.campaigns[name] = self._by_id[record.id] = campaign
        return campaign

    def _begin(
        self,
        campaign: Campaign,
        common: _Common,
        intake: TakesIn,
        counts: Mapping[int, int],
        *,
        options: CampaignOptions,
        text: str | None,
        paused: bool,
    ) -> None:
        """Starts a campaign's tasks, with what earlier runs left open."""
        handover = Handover(
            campaign.id,
            text=text,
            boards=campaign.boards,
            writer=self._writer,
            wordings=common.wordings,
            routes=self._fleet.routes,
            lanes=self._lanes,
            numbers=common.chunks,
            clock=self._clock,
            wall=self._wall,
        )
        conductor = Conductor(
            options.plan,
            tuple(self._lanes),
            campaign.boards,
            complete=lambda: campaign.taken_in,
            short=campaign.fell_short,
            expired=campaign.expire,
            wall=self._wall,
            paused=paused,
        )
        senders = self._senders(campaign, common, options=options, handover=handover, gates=conductor.gates)
        for operator, sender in senders.items():
            for left in leftovers(campaign.boards, operator, counts):
                sender.resume(left)
        campaign.prepare(intake, senders, self._lanes, conductor)
        self._tasks.start_soon(self._run, campaign, handover)

    def _intake(self, campaign: Campaign, common: _Common, feed: Feed, template: Template) -> Intake:
        return Intake(
            common.record.id,
            feed,
            template,
            router=self._fleet.router,
            routes=self._fleet.routes,
            chunks=common.chunks,
            wordings=common.wordings,
            country=self.settings.country,
            cursor=common.cursor,
            rejects=Rejects(self.settings.rejects / f"{campaign.name}.rejects.csv"),
            suppression=common.suppression,
            writer=self._writer,
            taken=campaign.taken,
            ahead=campaign.ahead,
            clock=self._clock,
            wall=self._wall,
        )

    def _posting(self, campaign: Campaign, common: _Common) -> Posting:
        return Posting(
            common.record.id,
            router=self._fleet.router,
            routes=self._fleet.routes,
            chunks=common.chunks,
            wordings=common.wordings,
            country=self.settings.country,
            cursor=common.cursor,
            suppression=common.suppression,
            writer=self._writer,
            taken=campaign.taken,
            wall=self._wall,
        )

    async def _check_plan(self, name: str, plan: Plan) -> None:
        strangers = plan.operators.keys() - self._lanes.keys()
        if strangers:
            raise CampaignError(f"campaign {name}: its plan names {min(strangers)}, which is no operator")
        if plan.over_at(self._wall()) and await self._writer.call(self._store.campaign, name) is None:
            raise CampaignError(f"campaign {name}: not_after = {plan.not_after} has passed")

    def _senders(
        self,
        campaign: Campaign,
        common: _Common,
        *,
        options: CampaignOptions,
        handover: Handover,
        gates: Mapping[str, Gate],
    ) -> dict[str, Sender]:
        senders = {
            operator: Sender(
                common.record.id,
                lane,
                wording=common.wordings[operator],
                text=handover.text,
                boards=campaign.boards,
                writer=self._writer,
                store=self._store,
                retry=lane.settings.retry,
                unknowns=options.unknowns,
                priority=options.priority,
                weight=options.weight,
                began=common.record.created,
                response_s=lane.settings.timers.response,
                gate=gates[operator],
                clock=self._clock,
                wall=self._wall,
                changed=campaign.changed,
                reroute=handover.reroute_of(operator, lane.settings.reroute),
            )
            for operator, lane in self._lanes.items()
        }
        handover.senders = senders
        return senders

    async def _suppression(self, options: CampaignOptions) -> Suppression:
        """Who gets no message.

        Raises:
            FeedError: a list cannot be read.
            CampaignError: there is no such campaign.
        """
        suppression = Suppression()
        for path in options.suppress:
            await read_list(suppression, path, self.settings.country)
        for named in options.suppress_reached:
            record = await self._writer.call(self._store.campaign, named.campaign)
            if record is None or record.state is CampaignState.PURGED:
                why = "there is no" if record is None else "there are no recipients left of"
                raise CampaignError(f"{why} campaign {named.campaign}, whom it reached cannot be left out")
            await self._writer.call(_add_reached, suppression, self._store, record.id, named.outcomes)
        return suppression

    async def _record(self, name: str, fingerprint: str, settings: str) -> Record:
        record = await self._writer.call(self._store.campaign, name)
        if record is None:
            return await self._writer.call(
                self._store.create_campaign, name, self._wall(), fingerprint, settings
            )
        if record.state in (CampaignState.PURGED, CampaignState.CANCELLED):
            raise CampaignError(f"campaign {name} was {record.state}: give this one another name")
        if record.fingerprint != fingerprint and not await self._begun(record):
            return await self._writer.call(self._store.amend_campaign, record, fingerprint, settings)
        if record.fingerprint != fingerprint:
            raise CampaignError(
                f"campaign {name} was begun with another text, sender or encoding; give this one another name"
            )
        return record

    async def _replayed(self, record: Record) -> Boards:
        """The boards of a campaign, with what lanes report of it while they are read: the binds of a
        resumed campaign bring receipts before it is cast again."""
        meanwhile = self._meanwhile[record.id] = []
        try:
            # Its place among the facts is taken here and now, so none is missed and none comes twice.
            boards = await self._writer.call(replay, self._store, record)
        finally:
            del self._meanwhile[record.id]
        for fact in meanwhile:
            boards.apply(fact)
        return boards

    def _require_lanes(self, boards: Boards) -> None:
        """A campaign that an operator has still a part in cannot go on, and end, without it.

        Raises:
            CampaignError: there is such an operator, and no lane to it.
        """
        for operator, part in boards.by_operator().items():
            if operator not in self._lanes and part.not_sent + part.in_flight + part.unknown:
                raise CampaignError(
                    f"campaign {boards.campaign} has recipients left for operator {operator}, "
                    "which is not configured any more"
                )

    async def _begun(self, record: Record) -> bool:
        """Whether a row of it was ever taken in; one that failed before may be given other words."""
        return (await self._writer.call(self._store.cursor, record.id)).rows > 0

    async def _run(self, campaign: Campaign, handover: Handover) -> None:
        try:
            await campaign.run(handover)
            if campaign.error is None and campaign.state is CampaignState.SETTLING:
                await campaign.finish()
            else:
                await self._stopped(campaign)
        except LedgerError as error:
            campaign.error = campaign.error or error

    async def _stopped(self, campaign: Campaign) -> None:
        """Waits for answers to what is in flight, then leaves the campaign to be resumed."""
        try:
            await campaign.landed(self._fleet.response_s)
        finally:
            with anyio.CancelScope(shield=True):
                await campaign.finish()

    def _chunks(self, record: Record) -> list[ChunkInfo]:
        return list(self._store.chunks(record.id))

    def _reported(self, fact: Received) -> None:
        number = fact.refs[0] >> CAMPAIGN_SHIFT
        if number in self._meanwhile:
            self._meanwhile[number].append(fact)
        elif number in self._by_id:
            self._by_id[number].boards.apply(fact)

    def _on_failure(self, error: LedgerError) -> None:
        """Nothing can be made durable any more, so nothing more may be sent."""
        log.error("ledger_failed", error=str(error))
        for campaign in self.campaigns.values():
            if not campaign.ended:
                campaign.fail(error)
        self._fleet.stop()

    # --- what people do while it works -----------------------------------------------------

    def halt(self) -> None:
        """Stops everything: no lane submits from here on; answers and receipts are taken."""
        for lane in self._lanes.values():
            lane.hold()

    def release(self) -> None:
        """Goes on after `halt`, or after single lanes were held."""
        for lane in self._lanes.values():
            lane.release()

    async def recall(self, name: str) -> Recall:
        """Asks the SMSCs not to deliver what they hold of a campaign; its outcomes follow its receipts.

        Raises:
            CampaignError: there is no such campaign, or it still sends.
            LedgerError: the ledger cannot be read.
        """
        record = await self._writer.call(self._store.campaign, name)
        if record is None or record.state is CampaignState.PURGED:
            raise CampaignError(f"there is no campaign {name}")
        in_work = self.campaigns.get(name)
        if in_work is not None and not in_work.ended and in_work.state is CampaignState.RUNNING:
            raise CampaignError(f"campaign {name} is running: pause or cancel it before it is recalled")
        return await recall(record.id, self._store, self._writer, self._lanes, self.settings.options.source)

    async def state_of(self, name: str) -> CampaignState | None:
        """A campaign's state as the ledger has it; None where it has no such campaign.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        record = await self._writer.call(self._store.campaign, name)
        return None if record is None else record.state

    def forget(self, name: str) -> None:
        """Drops a campaign that has ended from memory; the ledger keeps it, and takes its late receipts."""
        campaign = self.campaigns.get(name)
        if campaign is not None and campaign.ended:
            del self.campaigns[name], self._by_id[campaign.id]

    async def reload(self, settings: EngineSettings) -> list[str]:
        """Takes other settings on, lane by lane, without dropping those that stay the same.

        A lane that is new is opened. One that is gone is drained, and closed where no campaign in work may
        need it. Campaigns in work keep their wording and their operators; those cast later have the new.

        Returns:
            What could not be done, a sentence each; all the rest holds.
        """
        in_work = any(not campaign.ended for campaign in self.campaigns.values())
        problems = await self._fleet.reload(settings.operators, in_work=in_work)
        self.settings = settings
        return problems

    # --- the end ---------------------------------------------------------------------------

    async def drain(self) -> None:
        """Sends nothing new, takes the answers to what is in flight, and leaves campaigns resumable.

        Waits as long as a response may take; cancelling loses nothing but answers.
        """
        self._draining = True
        campaigns = self._stop()
        self._fleet.stop()
        for campaign in campaigns:
            await campaign.over()

    def _stop(self) -> list[Campaign]:
        """Stops the campaigns that are in work, and tells which they were."""
        campaigns = [campaign for campaign in self.campaigns.values() if not campaign.ended]
        for campaign in campaigns:
            campaign.stop()
        return campaigns

    async def _close(self) -> None:
        if self._closed:
            return
        self._closed = self._draining = True
        # In work still where the block was left by an error, or cancelled: then nobody drained.
        campaigns = self._stop()
        with suppress(LedgerError):  # told below, when the binds are closed
            # What came in is acknowledged before the binds go, so that it need not come again.
            await self._writer.durable()
        await self._fleet.close()
        if self._writer.failed is not None:
            with suppress(LedgerError):  # whoever waited has been told; this ends its thread
                await self._writer.aclose()
            return
        try:
            for campaign in campaigns:
                await campaign.finish()
            await self._fleet.settle()
        finally:
            await self._writer.aclose()

    @property
    def backlog(self) -> int:
        """Facts that wait for a commit, in refs and receipts."""
        return self._writer.backlog

    @property
    def failed(self) -> LedgerError | None:
        """Why nothing can be made durable any more, None while all is well."""
        return self._writer.failed

    def statistics(self) -> list[LaneStatistics]:
        """All lanes at this moment."""
        return [lane.statistics() for lane in self._lanes.values()]


def _add_reached(suppression: Suppression, store: Store, campaign: int, outcomes: frozenset[Outcome]) -> None:
    for numbers in reached(store, campaign, outcomes):
        suppression.add(numbers)


def _reference(record: Record) -> int:
    """Campaigns that follow one another differ in their concatenation reference."""
    return record.id & 0xFFFF


async def _same_feed(feed: Feed, cursor: Cursor) -> None:
    """A finished campaign is finished only for the feed that it had.

    Raises:
        FeedError: this is another one.
    """
    seen = FeedDigest()
    async with feed:
        async for batch in feed:
            seen.update(batch)
    if seen.rows != cursor.rows:
        raise FeedError(
            f"has {seen.rows} rows; the campaign finished with {cursor.rows}: give this one another name",
            feed=feed.name,
        )
    seen.require(cursor.digest, feed=feed.name)
