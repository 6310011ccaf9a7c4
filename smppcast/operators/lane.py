"""A lane: one account at an operator's SMSC, with all its binds, its budget and its sources.

The lane answers throttles, full queues and lost links; what to do with a segment that was refused
or lost is its source's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import anyio
import structlog
from anyio.abc import TaskGroup

from smppcast.errors import BindRefused, LinkLost, SmppcastError
from smppcast.ledger.facts import CAMPAIGN_SHIFT, ParkedReceipt, Received
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock, monotonic, wall
from smppcast.operators.addresses import agrees
from smppcast.operators.bind import DRAIN_POLL_S, Bind, BindKind, BindState
from smppcast.operators.inbox import Inbox
from smppcast.operators.latencies import Latencies
from smppcast.operators.scalars import time_zone
from smppcast.operators.settings import AutoRate, AutoWindow, OperatorSettings
from smppcast.operators.sources import Source, Sources
from smppcast.operators.statistics import LaneState, LaneStatistics, Paused, PauseReason
from smppcast.pacing.adaptive import AdaptiveRate
from smppcast.pacing.budget import Budget
from smppcast.pacing.meter import Meter
from smppcast.pacing.pause import Pause
from smppcast.pacing.quota import Quota
from smppcast.pacing.sizing import WindowSizer
from smppcast.smpp import Pdu
from smppcast.smpp.session import Answers, LateAnswers, Session
from smppcast.smpp.vocabulary import StatusClass, classify

__all__ = ["Lane", "LaneStatistics"]

log = structlog.get_logger("smppcast.lane")

# PDUs a batch: large enough that its overhead vanishes (see bench), small enough that lanes on one
# event loop take turns within a few milliseconds.
BATCH_MAX = 512

# Refusals for a full queue or a system error in a row that are taken for the whole lane's.
EVERYWHERE = 5
_TROUBLES = (StatusClass.QUEUE_FULL, StatusClass.LANE)

# What of the settings is told when a link is made.
_OF_A_LINK = (
    "url",
    "hosts",
    "spread",
    "password",
    "interface_version",
    "system_type",
    "address_range",
    "timers",
    "tls",
)

# How long a lane waits before it looks again whether the ledger has caught up: some commits.
LEDGER_PAUSE_S = 0.01

# How often a lane whose quota is used up looks at the clock at least: it may be set meanwhile.
QUOTA_LOOK_S = 60.0


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    lost: int = 0


class Lane:
    """Runs the binds of one operator and feeds them from its sources.

    Args:
        name: the operator's.
        reported: told of every receipt that found its segment.
        clock, wall: for intervals and for dates.

    Attributes:
        quota: of its day, None where the account has none.
        held: a person let it submit nothing; see `hold`.
    """

    def __init__(
        self,
        name: str,
        settings: OperatorSettings,
        resolver: Resolver,
        writer: Writer,
        reported: Callable[[Received], None],
        *,
        clock: Clock = monotonic,
        wall: Clock = wall,
    ) -> None:
        self.name, self.settings, self.clock = name, settings, clock
        self.closing = False
        self.stopped = self.held = False
        self._closed = self._parked = False
        self._tasks: TaskGroup | None = None
        self.sources = Sources(settings.shares)
        self.inbox = Inbox(name, settings, resolver, writer, reported, self._claim, wall)
        self._writer, self._wall = writer, wall
        quota = settings.quota
        self.quota = Quota(quota.per_day, time_zone(quota.zone), wall()) if quota is not None else None
        self._paused: Paused | None = None
        self._meter = Meter()
        self._rate, self._pause = _rate(settings.rate), Pause()
        self._budget = Budget(self._rate.per_s)
        window = settings.window
        self._sizer = WindowSizer(window.ceiling) if isinstance(window, AutoWindow) else None
        self._in_a_row = self._most_in_a_row = 0
        self._losing = self._reconsider_due = False
        self._latencies = Latencies()
        self._tally = _Tally()
        self._binds = [
            Bind(self, kind, number, settings) for number, kind in enumerate(_kinds(settings), start=1)
        ]
        self._changed = anyio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0

    def __repr__(self) -> str:
        return repr(self.statistics())

    # --- life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps the binds up until `close`; run it in a task group of the owner's."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.inbox.run)
            async with anyio.create_task_group() as binds:
                self._tasks = binds
                for bind in self._binds:
                    binds.start_soon(bind.run)
                await self._closing()
                binds.cancel_scope.cancel()
            tasks.cancel_scope.cancel()

    async def close(self, timeout_s: float) -> None:
        """Unbinds what is bound, within the time, and ends `run`."""
        self.stopped = self.closing = True
        for bind in self._binds:
            bind.unbind()
        with anyio.move_on_after(timeout_s):
            while any(bind.bound for bind in self._binds):
                await self._change()
        if self._timer is not None:
            self._timer.cancel()
        self._closed = True
        self.changed()

    async def reload(self) -> None:
        """Replaces the binds one after the other by new ones, while the others go on.

        A bind that cannot bind again ends it: the others stay as they are.

        Raises:
            SmppcastError: why it cannot.
        """
        for bind in sorted(self._binds, key=lambda each: each.number):
            if bind.bound:
                await bind.replace()

    def hold(self) -> None:
        """Submits nothing from here on, until `release`; answers and receipts are taken."""
        self.held = True

    def release(self) -> None:
        """Submits again; drained, it binds again first."""
        self.held = self._parked = False
        self.changed()
        self.wake()

    async def drain(self) -> None:
        """Holds, awaits the answers to what is in flight, unbinds, and stays down until `release`."""
        self.hold()
        with anyio.move_on_after(self.settings.timers.response):
            while self.in_flight:  # noqa: ASYNC110 - answers set no event
                await anyio.sleep(DRAIN_POLL_S)
        if not self.held:
            return  # it was released meanwhile
        self._parked = True
        for bind in self._binds:
            bind.unbind()

    async def admitted(self) -> None:
        """Waits while the lane is drained."""
        while self._parked and not self._closed:
            await self._change()

    def change(self, **settings: object) -> None:
        """Sets rate or window at once, without touching a bind.

        Args:
            settings: `rate` and `window`, as the configuration has them.

        Raises:
            pydantic.ValidationError: they are none.
        """
        said = {name: getattr(self.settings, name) for name in self.settings.model_fields_set}
        self._set(OperatorSettings.model_validate({**said, **settings}))

    async def reconfigure(self, settings: OperatorSettings) -> None:
        """Takes other settings on: rate and window at once, the rest of a link's with its bind's successor.

        The binds are replaced one at a time, and come or go, while the others send; what of the settings
        belongs to a campaign (sender, dialect, attempts) holds for campaigns cast from now on.

        Raises:
            SmppcastError: a bind cannot bind again; the others stay as they are, with the new settings for
                their next link.
        """
        before = self.settings
        self._set(settings)
        await self._resize(settings)
        if any(getattr(before, name) != getattr(settings, name) for name in _OF_A_LINK):
            await self.reload()

    def _set(self, settings: OperatorSettings) -> None:
        before, self.settings = self.settings, settings
        if settings.rate != before.rate:
            self._rate = _rate(settings.rate)
            self._budget.change(self._rate.per_s, self.clock())
        if settings.window != before.window:
            window = settings.window
            self._sizer = WindowSizer(window.ceiling) if isinstance(window, AutoWindow) else None
        for bind in self._binds:
            bind.told(settings)
        self.wake()

    async def _resize(self, settings: OperatorSettings) -> None:
        """As many binds of each kind as are asked for now."""
        for kind in BindKind:
            have = [bind for bind in self._binds if bind.kind is kind]
            want = _kinds(settings).count(kind)
            for bind in sorted(have, key=lambda each: each.number)[want:]:
                await bind.retire()
                self._binds.remove(bind)
            for _ in range(want - len(have)):
                number = 1 + max((bind.number for bind in self._binds), default=0)
                bind = Bind(self, kind, number, settings)
                self._binds.append(bind)
                if self._tasks is not None:
                    self._tasks.start_soon(bind.run)

    async def request(self, pdu: Pdu, timeout_s: float | None = None) -> Pdu:
        """Sends a request of another kind than submit_sm by a bind that may; returns the SMSC's answer.

        Raises:
            LinkLost, ResponseTimeout: it was not answered.
        """
        bind = next((each for each in self._binds if each.sends), None)
        if bind is None:
            raise LinkLost(f"{self.name} has no bind that may submit")
        return await bind.request(pdu, self.settings.timers.response if timeout_s is None else timeout_s)

    async def bound(self) -> None:
        """Waits until one bind is up.

        Raises:
            BindRefused: every bind was refused for its credentials; waiting will not help.
        """
        while not any(bind.bound for bind in self._binds):
            if self.refused is not None:
                raise self.refused
            await self._change()

    def changed(self) -> None:
        """A bind came or went, or the windows emptied: whoever waits may look again."""
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _change(self) -> None:
        await self._changed.wait()

    async def _closing(self) -> None:
        while not self._closed:
            await self._change()

    # --- submits ---------------------------------------------------------------------------

    def wake(self) -> None:
        """There may be something to send; binds take turns at being first."""
        self._binds.append(self._binds.pop(0))
        for bind in self._binds:
            bind.wake()

    def fill(self, session: Session, now: float) -> None:
        """Queues on a bind what its window, the budget and the ledger's backlog allow."""
        if self.stopped or self.held or not session.can_submit or not self.sources:
            return
        self._rate.step(now)
        if self._rate.per_s != self._budget.per_s:
            self._budget.change(self._rate.per_s, now)
        allowed = self._allowed(now)
        if self._sizer is not None:
            self._size(session, allowed, now)
        room = min(session.window.room, BATCH_MAX)
        by_window = allowed is None or room < allowed
        if allowed is not None and allowed < room:
            room = allowed
            if room == 0:
                self._wait(now)
                return
        if room <= 0:
            return
        if self._writer.full or self.inbox.behind:
            # The ledger is behind: what is sent now would only wait in memory to be written down, and
            # its receipts in the SMSC.
            self._paused = Paused(PauseReason.LEDGER, self._wall() + LEDGER_PAUSE_S)
            self._wake_in(LEDGER_PAUSE_S)
            return
        batch = self.sources.pull(room)
        if batch is None:
            return
        bodies, refs = batch
        session.submit(bodies, refs, now)
        self._sent(len(refs), now)
        if self._sizer is not None:
            # A source that had no more to send was not held back.
            self._sizer.asked(held_back=by_window and len(refs) == room)

    def written(self, now: float) -> None:
        """What `fill` queued has been written."""
        self._budget.written(now)

    def _sent(self, count: int, now: float) -> None:
        self._budget.spend(count, now)
        if self.quota is not None:
            self.quota.spend(count)
        self._meter.add(count, now)
        self._rate.sent(count)
        self._tally.sent += count

    def _allowed(self, now: float) -> int | None:
        """PDUs that rate and quota let through now; None for as many as one likes."""
        allowed = self._budget.available(now)
        if self.quota is None:
            return allowed
        left = self.quota.left(self._wall())
        return left if allowed is None else min(allowed, left)

    def _wait(self, now: float) -> None:
        """Looks again when rate or quota let something through."""
        if (used_up := self._used_up()) is not None:
            self._paused = used_up
            self._wake_in(min(used_up.until - self._wall(), QUOTA_LOOK_S))
        else:
            self._wake_in(self._budget.wait(now))

    def _used_up(self) -> Paused | None:
        if self.quota is None or self.quota.left(self._wall()):
            return None
        return Paused(PauseReason.QUOTA, self.quota.until)

    def _size(self, session: Session, allowed: int | None, now: float) -> None:
        assert self._sizer is not None  # noqa: S101 - `fill` has looked
        self._sizer.step(self._rate.per_s, sum(bind.sends for bind in self._binds), now)
        session.window.size = self._sizer.size
        if not session.window.room:
            self._sizer.asked(held_back=allowed != 0)

    def _wake_in(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._timer is not None:
            if self._timer_due <= due:
                return
            self._timer.cancel()
        # The due time is kept here: uvloop's handle of a delay under half a ms knows none.
        self._timer, self._timer_due = loop.call_later(delay_s, self._on_timer), due

    def _on_timer(self) -> None:
        self._timer = None
        self.wake()

    def answered(self, answers: Answers) -> None:
        """Sorts answers by source and by what they mean."""
        if answers.congestion_state >= 0:
            self._rate.congestion(answers.congestion_state, self.clock())
        refs: Sequence[int] = answers.tokens
        if refs:
            self._count_trouble(answers.statuses)
        if refs and min(refs) >> CAMPAIGN_SHIFT == max(refs) >> CAMPAIGN_SHIFT:
            self._answered(refs, answers.statuses, answers.message_ids)
        else:
            for campaign in {ref >> CAMPAIGN_SHIFT for ref in refs}:
                rows = [row for row, ref in enumerate(refs) if ref >> CAMPAIGN_SHIFT == campaign]
                self._answered(
                    [refs[row] for row in rows],
                    [answers.statuses[row] for row in rows] if answers.statuses else (),
                    [answers.message_ids[row] for row in rows],
                )
        if self.stopped and not self.in_flight:
            self.changed()

    def _count_trouble(self, statuses: Sequence[int]) -> None:
        """Full queues and system errors in a row, with nothing accepted between them."""
        in_a_row, most = self._in_a_row if statuses else 0, 0
        for status in statuses:
            if not status:
                in_a_row = 0
            elif classify(status) in _TROUBLES:
                in_a_row += 1
                most = max(most, in_a_row)
        self._in_a_row, self._most_in_a_row = in_a_row, most

    def _answered(self, refs: Sequence[int], statuses: Sequence[int], message_ids: Sequence[str]) -> None:
        source = self.sources.get(refs[0] >> CAMPAIGN_SHIFT)
        if source is None:
            return
        if not statuses:
            self._accepted(source, refs, message_ids)
            return
        taken = [row for row, status in enumerate(statuses) if not status]
        self._accepted(source, [refs[row] for row in taken], [message_ids[row] for row in taken])
        refused = [row for row, status in enumerate(statuses) if status]
        self._refused(source, [refs[row] for row in refused], [statuses[row] for row in refused])

    def _accepted(self, source: Source, refs: Sequence[int], message_ids: Sequence[str]) -> None:
        if not refs:
            return
        self._tally.accepted += len(refs)
        self._rate.accepted(len(refs), self.clock())
        if self._sizer is not None:
            self._sizer.accepted(len(refs))
        self._pause.over()
        self.inbox.accepted(message_ids, refs, source.accepted(refs, message_ids))

    def _refused(self, source: Source, refs: Sequence[int], statuses: Sequence[int]) -> None:
        if not refs:
            return
        self._tally.refused += len(refs)
        classes = [classify(status) for status in statuses]
        now = self.clock()
        throttles = classes.count(StatusClass.THROTTLE)
        fulls, troubles = classes.count(StatusClass.QUEUE_FULL), classes.count(StatusClass.LANE)
        # A full queue or a system error may be of one destination; several with nothing accepted
        # between them are of the lane.
        everywhere = self._most_in_a_row >= min(EVERYWHERE, self.bind_window)
        self._rate.throttles += fulls
        if throttles or (fulls and everywhere):
            reason = PauseReason.THROTTLED if throttles else PauseReason.QUEUE_FULL
            self._rest(self._rate.throttled(throttles, now), now, reason)
        if troubles and everywhere:
            self._rest(self._pause.trouble(now), now, PauseReason.TROUBLE)
        source.refused(refs, statuses)

    def _rest(self, until: float, now: float, reason: PauseReason) -> None:
        self._paused = Paused(reason, self._wall() + until - now)
        self._budget.change(self._rate.per_s, now)
        self._budget.pause(until)
        self._wake_in(until - now)

    def sampled(self, latency_s: float, now: float) -> None:
        """How long one submit_sm took to be answered."""
        self._latencies.add(latency_s)
        self._rate.latency(latency_s, now)
        if self._sizer is not None:
            self._sizer.latency(latency_s)

    def expired(self, bind: Bind, refs: Sequence[int]) -> None:
        """Responses that did not come in time."""
        log.warning("responses_missing", operator=self.name, bind=bind.number, count=len(refs))
        self._lost(refs, expired=True)

    def link_ended(self, bind: Bind, refs: Sequence[int]) -> None:
        """A bind's link is gone, with these unanswered."""
        if refs:
            log.warning("outcome_unknown", operator=self.name, bind=bind.number, count=len(refs))
        self._lost(refs, expired=False)
        self.changed()

    def _lost(self, refs: Sequence[int], *, expired: bool) -> None:
        self._tally.lost += len(refs)
        self._losing = True
        for campaign in {ref >> CAMPAIGN_SHIFT for ref in refs}:
            source = self.sources.get(campaign)
            if source is not None:
                lost = [ref for ref in refs if ref >> CAMPAIGN_SHIFT == campaign]
                source.lost(lost, expired=expired)
        self._losing = False
        if self._reconsider_due:
            self.reconsider()
        if refs:
            self.changed()

    def late(self, answers: LateAnswers) -> None:
        """What had expired was answered after all: its source knows what that changes."""
        rows = list(zip(answers.tokens, answers.statuses, answers.message_ids, strict=True))
        for campaign in {ref >> CAMPAIGN_SHIFT for ref in answers.tokens}:
            source = self.sources.get(campaign)
            if source is not None:
                refs, statuses, ids = zip(
                    *(row for row in rows if row[0] >> CAMPAIGN_SHIFT == campaign), strict=True
                )
                source.late(refs, statuses, ids, self.inbox.accepted)

    def reconsider(self) -> None:
        """Segments have become unknown: receipts that came before may be theirs."""
        # Not before all sources know what they have lost: a receipt that may be of two settles neither.
        self._reconsider_due = self._losing
        if not self._losing:
            self.inbox.reconsider()

    def _claim(self, receipt: ParkedReceipt) -> tuple[int, int] | None:
        found = [(source, refs) for source in self.sources if (refs := source.settled_by(receipt))]
        if len(found) != 1:
            return None  # none, or campaigns that the receipt cannot tell apart
        ((source, refs),) = found
        if receipt.reference < 0 and self._under_way_to(receipt.source_addr):
            return None  # it may be that one's, and have overtaken its response
        return refs[0], source.settle(refs[0])

    def _under_way_to(self, addr: str) -> bool:
        refs = [ref for bind in self._binds for ref in bind.unanswered]
        for campaign in {ref >> CAMPAIGN_SHIFT for ref in refs}:
            source = self.sources.get(campaign)
            if source is not None:
                mine = [ref for ref in refs if ref >> CAMPAIGN_SHIFT == campaign]
                if any(agrees(number, addr) for number in source.destinations(mine)):
                    return True
        return False

    # --- what one sees ---------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return sum(bind.in_flight for bind in self._binds)

    @property
    def sending(self) -> bool:
        """Whether a bind is up that may submit."""
        return any(bind.sends for bind in self._binds)

    @property
    def window(self) -> int:
        """Submits that all its transmitters together may leave unanswered, once they are bound."""
        senders = sum(bind.kind is not BindKind.RECEIVER for bind in self._binds)
        return senders * self.bind_window

    @property
    def congestion_state(self) -> int:
        """As the SMSC told it last, 0 to 100; -1 where it never did."""
        return self._rate.congestion_state

    @property
    def bind_window(self) -> int:
        window = self.settings.window
        return self._sizer.size if self._sizer is not None else cast("int", window)

    @property
    def errors(self) -> list[SmppcastError]:
        """Of binds that are down: why."""
        return [bind.error for bind in self._binds if bind.error is not None and not bind.bound]

    @property
    def refused(self) -> BindRefused | None:
        """How, where every bind is refused for its credentials: waiting will not help."""
        refusals = [bind.error for bind in self._binds if bind.state is BindState.REFUSED]
        first = refusals[0] if len(refusals) == len(self._binds) else None
        return first if isinstance(first, BindRefused) else None

    @property
    def smsc(self) -> str:
        """system_id of the SMSC, as the first bound bind was told."""
        return next((bind.smsc for bind in self._binds if bind.bound), "")

    @property
    def state(self) -> LaneState:
        """Whether it can submit."""
        if self.stopped:
            return LaneState.STOPPED
        if self.held:
            return LaneState.HELD
        if not self.sending:
            return LaneState.DOWN if self.refused is None else LaneState.REFUSED
        paused = self._used_up() or self._paused
        return LaneState.PAUSED if paused is not None and self._wall() < paused.until else LaneState.UP

    def statistics(self) -> LaneStatistics:
        binds = [bind.statistics() for bind in sorted(self._binds, key=lambda each: each.number)]
        latencies = [bind.latency_s for bind in self._binds if bind.latency_s is not None]
        last = max(self._binds, key=lambda each: each.last_error_at)
        errors = self.errors
        quota = self.quota
        return LaneStatistics(
            name=self.name,
            state=self.state,
            pause=self._used_up() or self._paused,
            binds=len(binds),
            bound=sum(bind.bound for bind in self._binds),
            window=sum(bind.sends for bind in self._binds) * self.bind_window,
            in_flight=sum(bind.in_flight for bind in binds),
            rate_now=self._meter.per_s(self.clock()),
            rate=self._budget.per_s,
            quota=None if quota is None else quota.per_day,
            quota_left=None if quota is None else quota.left(self._wall()),
            sent=self._tally.sent,
            accepted=self._tally.accepted,
            refused=self._tally.refused,
            throttled=self._rate.throttles,
            lost=self._tally.lost,
            receipts=self.inbox.tally.receipts,
            matched=self.inbox.tally.matched,
            inbound=self.inbox.tally.inbound,
            latencies=self._latencies.percentiles(),
            receipt_latencies=self.inbox.latencies.percentiles(),
            latency_s=sum(latencies) / len(latencies) if latencies else None,
            reconnects=sum(bind.reconnects for bind in binds),
            error=str(errors[-1]) if errors else None,
            last_error=None if last.last_error is None else str(last.last_error),
            by_bind=tuple(binds),
        )


def _rate(setting: float | AutoRate | None) -> AdaptiveRate:
    if isinstance(setting, AutoRate):
        return AdaptiveRate(setting.ceiling, floor=setting.floor, grows=True)
    return AdaptiveRate(setting)


def _kinds(settings: OperatorSettings) -> list[BindKind]:
    """The binds asked for: receivers first, so that receipts have a way home before the first submit."""
    counts = settings.binds
    return (
        [BindKind.RECEIVER] * counts.receiver
        + [BindKind.TRANSMITTER] * counts.transmitter
        + [BindKind.TRANSCEIVER] * counts.transceiver
    )
