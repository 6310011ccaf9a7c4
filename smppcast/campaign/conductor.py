"""Keeps a campaign to its plan: opens and shuts its lanes' gates, and lets one wave follow another.

It looks at the clock and at the account several times a second. That is all it knows, so a resumed
campaign goes on where its account stands; only the gap between two waves begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import anyio
import structlog

from smppcast.campaign.gate import Gate
from smppcast.campaign.plan import OperatorPlan, Plan
from smppcast.ledger.board import Boards
from smppcast.model import Account
from smppcast.net.clock import Clock

__all__ = ["Conducted", "Conductor", "Progress", "Stage"]

log = structlog.get_logger("smppcast.campaign")

# How often account and clock are looked at; at least so long after a moment that something waits for.
LOOK_S, SOON_S = 0.1, 0.001


class Stage(StrEnum):
    """What one operator's part of a campaign is about."""

    WAITING = "waiting"  # for `not_before`, or for the feed's end, which shares need
    SENDING = "sending"
    GAP = "gap"  # between two waves
    CLOSED = "closed"  # outside the hours
    PAUSED = "paused"
    OVER = "over"  # `not_after` has passed


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one operator's part stands.

    Args:
        wave: from 1; of `waves` in all.
        bound: recipients up to the end of this wave, None where it has whoever is left.
        until: when the stage ends (unix seconds), None where that is not known.
    """

    stage: Stage
    wave: int = 1
    waves: int = 1
    bound: int | None = None
    until: float | None = None


class Conducted(Protocol):
    """A sender, as far as it is told of the gate."""

    def begin(self) -> None:
        """The gate has opened, or its bound has moved."""

    def rest(self) -> None:
        """It is shut for long."""


class _Part:
    """One operator's waves.

    Attributes:
        over: the waves that are, with their gap and its check.
    """

    def __init__(self, operator: str, plan: OperatorPlan) -> None:
        self.operator, self.plan = operator, plan
        self.over: int | None = None
        self.answered_at: float | None = None
        self.fell_short = False

    def count_from(self, bounds: Sequence[int], answered: int) -> None:
        """Which waves an earlier run ended: the last of them has its gap still before it."""
        if self.over is None:
            ended = sum(answered >= bound for bound in bounds)
            self.over = max(0, ended - 1)


class Conductor:
    """Of one campaign.

    Args:
        complete: whether the feed is read to its end.
        short: told, once a wave's gap is over, why the next may not begin; it pauses the campaign.
        expired: told when `not_after` has passed.

    Attributes:
        gates: by operator; the campaign's senders ask them.
        paused: by a person, or because a wave fell short.
        over: `not_after` has passed.
    """

    def __init__(
        self,
        plan: Plan,
        operators: Sequence[str],
        boards: Boards,
        *,
        complete: Callable[[], bool],
        short: Callable[[str], None],
        expired: Callable[[], None],
        wall: Clock,
        paused: bool = False,
    ) -> None:
        self.paused, self.over = paused, False
        self.gates = {name: Gate(open=False) for name in operators}
        for name, gate in self.gates.items():
            rate = plan.of(name).rate
            gate.budget.change(rate, 0.0)
        self._plan, self._boards = plan, boards
        self._complete, self._short, self._expired, self._wall = complete, short, expired, wall
        self._parts = {name: _Part(name, plan.of(name)) for name in operators}
        self._progress = dict.fromkeys(operators, Progress(Stage.WAITING))
        self._senders: Mapping[str, Conducted] = {}

    def progress(self) -> Mapping[str, Progress]:
        """Each operator's, as it was last looked at."""
        return self._progress

    async def run(self, senders: Mapping[str, Conducted]) -> None:
        """Conducts until cancelled."""
        self._senders = senders
        while True:
            self.look(now := self._wall())
            untils = [progress.until - now for progress in self._progress.values() if progress.until]
            await anyio.sleep(max(SOON_S, min([LOOK_S, *untils])))

    def pause(self) -> None:
        """Nothing is sent until `resume`; answers and receipts are taken."""
        self.paused = True
        self.look(self._wall())

    def resume(self) -> None:
        """Goes on; a wave that fell short is let pass."""
        self.paused = False
        for part in self._parts.values():
            if part.fell_short:
                part.fell_short, part.answered_at = False, None
                part.over = (part.over or 0) + 1
        self.look(self._wall())

    def look(self, now: float) -> None:
        """Sets every gate as the plan has it at a moment."""
        self.over = self._plan.over_at(now)
        if self.over:
            self._expired()
        waves = any(part.plan.waves for part in self._parts.values())
        accounts = self._boards.by_operator() if waves else {}
        for name, part in self._parts.items():
            account = accounts.get(name) or Account("")
            self._set(name, self._look(part, account, now))

    def _look(self, part: _Part, account: Account, now: float) -> Progress:
        waves = part.plan.waves
        if waves is None:
            return self._stage(Progress(Stage.SENDING), now)
        if waves.shares and not self._complete():
            return Progress(Stage.WAITING, 1, len(waves.shares), 0)
        bounds = waves.bounds(account.fed)
        if self._complete():  # sizes may be more than there are recipients
            bounds = [bound for bound in bounds if bound < account.fed]
        answered = account.fed - account.not_sent - account.in_flight
        part.count_from(bounds, answered)
        while (over := part.over or 0) < len(bounds):
            until = self._gap_of(part, bounds[over], answered, now, waves.gap)
            stage = Stage.SENDING if until is None else Stage.GAP
            waits = until is None or now < until or self.paused
            if waits or part.fell_short or not self._enough(part, bounds, over):
                return self._stage(Progress(stage, over + 1, len(bounds) + 1, bounds[over], until), now)
            part.over, part.answered_at = over + 1, None
        return self._stage(Progress(Stage.SENDING, len(bounds) + 1, len(bounds) + 1), now)

    def _gap_of(self, part: _Part, bound: int, answered: int, now: float, gap: float) -> float | None:
        """When the gap behind a wave is over; None while it is being sent."""
        if answered < bound:
            return None
        if part.answered_at is None:
            part.answered_at = now
            log.info("wave_sent", operator=part.operator, wave=(part.over or 0) + 1, recipients=bound)
        return part.answered_at + gap

    def _enough(self, part: _Part, bounds: Sequence[int], over: int) -> bool:
        """Whether so much of a wave is delivered that the next may begin; it is told where not."""
        wanted = part.plan.waves.delivered if part.plan.waves is not None else None
        if wanted is None:
            return True
        first = bounds[over - 1] if over else 0
        share = self._boards.delivered(part.operator, first, bounds[over]) / max(1, bounds[over] - first)
        if share >= wanted:
            return True
        self.paused = part.fell_short = True
        self._short(
            f"wave {over + 1} of {part.operator}: {share:.1%} delivered after its gap, {wanted:.1%} wanted"
        )
        return False

    def _stage(self, progress: Progress, now: float) -> Progress:
        """What of plan and people stands before the waves."""
        plan = self._plan
        stage, until = progress.stage, progress.until
        if self.over:
            stage, until = Stage.OVER, None
        elif self.paused:
            stage, until = Stage.PAUSED, None
        elif not plan.open_at(now):
            before = plan.not_before is not None and now < plan.not_before.timestamp()
            stage, until = (Stage.WAITING if before else Stage.CLOSED), plan.opens(now)
        elif stage is Stage.SENDING:
            until = plan.closes(now)
        return Progress(stage, progress.wave, progress.waves, progress.bound, until)

    def _set(self, operator: str, progress: Progress) -> None:
        gate, sender = self.gates[operator], self._senders.get(operator)
        opened = progress.stage is Stage.SENDING and not self.paused
        moved = opened and (not gate.open or gate.most != progress.bound)
        shut = gate.open and not opened
        gate.open, gate.most = opened, progress.bound
        self._progress[operator] = progress
        if moved:
            gate.budget.restart()
        if sender is not None and moved:
            sender.begin()
        if sender is not None and shut:
            sender.rest()
