"""The load: its binds, and who of them sends what when."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio

from smppcast.errors import SmppcastError
from smppcast.load.bind import Bind, BindKind, Target
from smppcast.load.matching import Matching
from smppcast.load.measured import Measured
from smppcast.load.messages import Messages
from smppcast.load.result import Result
from smppcast.load.schedule import Schedule
from smppcast.net.clock import Clock, monotonic
from smppcast.receipts import MessageIdMapping, ReceiptBatch
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["STOPPED", "Load", "open_load"]

STOPPED = "stopped by the user"

# How long unbinding may take.
UNBIND_S = 5.0

# Without any bind for so long a run ends: there is nothing to measure.
GIVE_UP_S = 10.0

# A lead begins at so many times its rate: in a second that spends a burst of two seconds' worth.
LEAD_TIMES = 3

# How often a request to stop is looked at.
STOP_S = 0.1

# Moments that are kept of a run, about: enough for a plot, a few KB.
POINTS = 300
POINT_LEAST_S = 0.05


class Load:
    """Binds that are up, and the run that they are in.

    Attributes:
        measured: of the run.
        stopping: whether somebody asked for its end.
    """

    def __init__(
        self,
        target: Target,
        messages: Messages,
        *,
        binds: int = 1,
        kind: BindKind = "transceiver",
        receipts: bool = False,
        message_ids: MessageIdMapping = MessageIdMapping.AUTO,
        clock: Clock = monotonic,
    ) -> None:
        self.target, self.clock = target, clock
        self.senders = [Bind(self, kind, target) for _ in range(binds)]
        self.binds = list(self.senders)
        if receipts and kind == "transmitter":
            self.binds.append(Bind(self, "receiver", target))
        self.stopping = False
        self._messages, self._index = messages, 0
        self._receipts, self._message_ids = receipts, message_ids
        self._turn = self._waiting = 0
        self._strays = False
        self._stopped, self._why_down = "", ""
        self._cut = False
        self._news = anyio.Event()
        self._begin(None, 0.0)

    def __repr__(self) -> str:
        bound = sum(bind.bound for bind in self.binds)
        return f"<Load {self.target!r} [{bound}/{len(self.binds)} bound | {self.in_flight} in flight]>"

    @property
    def in_flight(self) -> int:
        return sum(bind.in_flight for bind in self.senders)

    @property
    def waiting(self) -> int:
        """Messages that are due and not sent, for want of room; 0 where there is no rate."""
        return max(0, self._waiting) if self._schedule.per_s is not None else 0

    @property
    def awaiting_receipt(self) -> int:
        return len(self._matching) if self._receipts else 0

    # --- a run ------------------------------------------------------------------------------

    async def run(self, per_s: float | None, duration_s: float, wait_s: float) -> Result:
        """Sends for some time, waits for what is unanswered, and tells what it came to.

        Cancelling is safe: `result` then tells what was measured until then.

        Args:
            per_s: submit_sm PDUs a second of all binds; None for as many as the windows let through.
            wait_s: how long answers, and receipts where they were asked for, are waited for at the end.
        """
        self._begin(per_s, duration_s)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._note_points)
            await self._send()
            self._end_sending(self.clock())
            await self._settle(wait_s)
            tasks.cancel_scope.cancel()
        if not self._stopped and not any(bind.submits for bind in self.senders):
            self._stopped = f"no bind was up at the end: {self._why_down}"
        self._over = True
        return self.result()

    async def lead(self, per_s: float, duration_s: float, latency_s: float, wait_s: float) -> None:
        """Sends what no result counts, so that the run after it meets what the SMSC holds for long.

        First more than the rate, until that is refused: what a token bucket had saved up is spent then.
        The rate itself follows, for the rest of the time. What queued up is waited for: a queue that
        more than the rate has made says nothing of the rate.

        Args:
            per_s: the rate of the run.
            latency_s: a response later than that tells of a queue.
            wait_s: how long a queue is waited for.
        """
        ends = self.clock() + duration_s
        for times in (LEAD_TIMES, 1):
            left_s = ends - self.clock()
            if left_s <= 0 or self.stopping:
                return
            self._begin(per_s * times, left_s)
            await self._send(partial(self._too_much, latency_s) if times > 1 else lambda: False)
            queued = self.waiting or self._stopped or self.measured.latency.max_s > latency_s
            self._end_sending(self.clock())
            await self._settle(wait_s if queued else 0.0, receipts=False)

    def stop(self) -> None:
        """Sends nothing more; `run` goes on to wait for what is unanswered."""
        self.stopping = True
        if self._ended is None and not self._stopped:
            self._stopped = STOPPED  # here, since `run` may be cancelled before it looks

    def result(self) -> Result:
        """What the run has come to by now."""
        now = self.clock()
        if self._ended is None:
            self._end_sending(now)
        return Result(
            measured=self.measured,
            per_s=self._schedule.per_s,
            binds=len(self.senders),
            window=self.target.window,
            window_mean=self._window_mean,
            window_highest=max(bind.highest for bind in self.senders),
            unsent=self._unsent,
            ended=self._ended or now,
            cpu_s=time.process_time() - self._cpu_s,
            stopped=self._stopped,
        )

    def _begin(self, per_s: float | None, duration_s: float) -> None:
        now = self.clock()
        self._over = False
        self._schedule = Schedule(per_s, now, duration_s)
        self.measured = Measured(self._schedule)
        self._matching = Matching(self._message_ids)
        self._ended: float | None = None
        self._unsent, self._window_mean = 0, 0.0
        self._stopped, self._cut = "", not all(bind.submits for bind in self.senders)
        self._cpu_s = time.process_time()
        for bind in self.senders:
            bind.measure(now)

    def _end_sending(self, now: float) -> None:
        self._ended = now
        elapsed = now - self._schedule.began
        area = sum(bind.area(now) for bind in self.senders)
        self._window_mean = area / elapsed / len(self.senders) if elapsed > 0 else 0.0
        if self._schedule.per_s is not None:
            self._unsent = max(0, self._schedule.due(now) - self.measured.sent)
            self.measured.left_unsent(self._unsent, now)
        self._waiting = 0

    async def _send(self, over: Callable[[], bool] = lambda: False) -> None:
        """Has messages sent as they fall due, until it is over."""
        down_since: float | None = None
        while not self.stopping:
            now = self.clock()
            self._share(now)
            up = [bind.submits for bind in self.senders]
            # What is late once links were lost is late for that, until all of it is caught up.
            self._cut = not all(up) or (self._cut and self.waiting > 0)
            if over():
                return
            if now >= self._schedule.ends:
                if self._cut and self.waiting:
                    late = f"{self.waiting:,} messages that were due were never sent"
                    self._stopped = f"{late}, since a link was down: {self._why_down}"
                return
            if any(up):
                down_since = None
            elif down_since is None:
                down_since = now
            elif now - down_since >= GIVE_UP_S:
                self._stopped = f"no bind for {GIVE_UP_S:g} s: {self._why_down}"
                return
            await anyio.sleep(min(STOP_S, self._schedule.wait(self.measured.sent, now)))
        self._stopped = STOPPED

    def _too_much(self, latency_s: float) -> bool:
        """Whether the SMSC refused something, or was late."""
        refused = self.measured.acknowledged - self.measured.statuses[CommandStatus.ESME_ROK]
        return refused > 0 or self.measured.latency.max_s > latency_s

    async def _settle(self, wait_s: float, *, receipts: bool = True) -> None:
        """Waits for answers, and receipts."""
        with anyio.move_on_after(wait_s):
            while self.in_flight or (receipts and self.awaiting_receipt):
                self._news = anyio.Event()
                await self._news.wait()
        self._strays = self._strays or self.measured.acknowledged < self.measured.sent

    async def _note_points(self) -> None:
        step = max(POINT_LEAST_S, (self._schedule.ends - self._schedule.began) / POINTS)
        while True:
            self.measured.reach(self.clock(), self.in_flight)
            await anyio.sleep(step)

    # --- who sends ----------------------------------------------------------------------------

    def _share(self, now: float) -> None:
        """Gives each bind its part of what has fallen due, another one first each time; what they have
        no room for is left to whoever has it first."""
        self._waiting = self._schedule.due(now) - self.measured.sent
        if self._schedule.per_s is None:
            for bind in self.senders:
                bind.wake()  # each fills its own window
            return
        if not self._waiting:
            return
        self._turn = (self._turn + 1) % len(self.senders)
        turn = self.senders[self._turn :] + self.senders[: self._turn]
        ready = [bind for bind in turn if bind.room]
        for left, bind in zip(range(len(ready), 0, -1), ready, strict=True):
            self._queue(bind, min(bind.room, -(-self._waiting // left)), now)
            bind.wake()

    def _queue(self, bind: Bind, count: int, now: float) -> None:
        if not count:
            return
        times = self._schedule.times(self.measured.sent, count, now)
        bind.send(self._messages.bodies(self._index, count), times, now)
        self._index += count
        self._waiting -= count
        self.measured.wrote(times, now)

    # --- the binds' owner ---------------------------------------------------------------------

    def fill(self, bind: Bind, now: float) -> None:
        self._queue(bind, min(bind.room, self._waiting), now)

    def answered(
        self, times: Sequence[float], statuses: Sequence[int], message_ids: Sequence[str], now: float
    ) -> None:
        if self._over:
            return  # a result stays as it is
        if self._strays:
            rows = zip(times, statuses or [0] * len(times), message_ids, strict=True)
            own = [row for row in rows if row[0] >= self._schedule.began]
            times, statuses, message_ids = map(list, zip(*own, strict=True)) if own else ([], [], [])
        self.measured.answered(times, statuses, now)
        if not self._receipts:
            return
        if any(statuses):
            taken = [row for row in zip(message_ids, times, statuses, strict=True) if not row[2]]
            message_ids, times = [row[0] for row in taken], [row[1] for row in taken]
        for time_, arrived in self._matching.accepted(message_ids, times):
            self.measured.reported([time_], arrived)

    def reported(self, receipts: ReceiptBatch, now: float) -> None:
        if self._over:
            return
        self.measured.receipts += len(receipts)
        if self._receipts:
            self.measured.reported(self._matching.reported(receipts, now), now)

    def congested(self, state: int) -> None:
        if not self._over:
            self.measured.congested(state)

    def received(self) -> None:
        self.measured.inbound += 1

    def handled(self) -> None:
        self._news.set()

    def lost(self, error: SmppcastError) -> None:
        self.measured.links_lost += 1
        self.measured.link_error = self._why_down = str(error)
        self._cut = True
        self._news.set()


@asynccontextmanager
async def open_load(load: Load) -> AsyncIterator[Load]:
    """Has all binds of a load up, once; leaving the block unbinds them in order.

    Cancelling is safe, and ends the links without a word.

    Raises:
        ConnectFailed, BindRefused, LinkLost: of the first that did not come up; says how many did.
        UsageError: TLS files that cannot be used.
    """
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        try:
            for bind in load.binds:
                tasks.start_soon(bind.run)
            for bind in load.binds:
                await bind.tried.wait()
            refused = [bind.refused for bind in load.binds if bind.refused is not None]
            if refused:
                if len(load.binds) > 1:
                    up = len(load.binds) - len(refused)
                    refused[0].args = (f"{refused[0]}; {up} of {len(load.binds)} binds were let in",)
                raise refused[0]
            yield load
        except Exception as error:  # noqa: BLE001 - raised below, outside of the group that would wrap it
            failure = error
        finally:
            for bind in load.binds:
                bind.close()
            tasks.cancel_scope.deadline = anyio.current_time() + UNBIND_S
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if failure is not None:
        raise failure
