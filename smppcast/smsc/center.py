"""The centre itself: takes submits in, decides their fate, answers, and owes receipts.

It does no I/O and reads no clock: binds are given to it as `Bind`, time as `now`. All of it works
on batches (`Run`), so that a message costs what its columns cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Final

from smppcast.model import MessageState
from smppcast.smsc.account import SmscAccount, Taken
from smppcast.smsc.bulk import SUBMIT_SM_RESP, Run, frame
from smppcast.smsc.client import Bind, Client
from smppcast.smsc.habits import EARLY, LOST, ORPHAN, PLAIN, REPEATED, Habits
from smppcast.smsc.report import Owed, Report
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.wheel import Wheel

__all__ = ["Center"]

SUBMIT_MULTI_RESP: Final = 0x80000021

# Orphans name messages so far ahead that none is given their number in one run.
ORPHAN_OFFSET: Final = 10**12
_ON_TIME: Final = frozenset((PLAIN, REPEATED, ORPHAN))

# registered_delivery, lowest two bits (SMPP 5.0 section 4.7.21).
_EVERY_RECEIPT, _SUCCESS_ONLY = 1, 3


@dataclass(frozen=True, slots=True)
class _Intake:
    """A run under judgement.

    Args:
        statuses: command_status of each; none when all are accepted.
        accepted: the columns of those.
        delays: see `Habits.delays`.
    """

    bind: Bind
    run: Run
    statuses: tuple[int, ...]
    accepted: Run
    delays: tuple[tuple[float, float], ...]
    now: float


class Center:
    """One simulated SMSC.

    Attributes:
        habits: what it does; may be replaced at any time.
        receipts_owed: receipts not yet acknowledged, those of the future included.
        cancelled: indexes of cancelled messages.
    """

    def __init__(self, scenario: Scenario, wall: float) -> None:
        """`wall` is the unix time at the zero of the clock that `now` is read from."""
        self.habits = Habits(scenario)
        self.account = SmscAccount(scenario.remember)
        self.wheel = Wheel()
        self.clients: dict[str, Client] = {}
        self.receipts_owed = 0
        self.cancelled: set[int] = set()
        self._wall = wall

    def client(self, system_id: str) -> Client:
        """The account of that name, which begins here if need be."""
        return self.clients.setdefault(system_id, Client(system_id))

    def submit(self, bind: Bind, run: Run, now: float, answer: int = SUBMIT_SM_RESP) -> None:
        """Takes a run of submit_sm in and answers it, at once or later.

        Args:
            answer: command_id of the responses; data_sm_resp has the body of submit_sm_resp.
        """
        intake = self._judge(bind, run, now)
        report = self._take_in(intake)
        if intake.statuses:
            self._refuse(intake, answer)
        if len(report):
            self._schedule(intake, report)
            self._respond(intake, report, answer)

    def submit_multi(self, bind: Bind, run: Run, now: float) -> None:
        """Takes in one submit_multi, as a submit to each of its destinations, which share their
        sequence_number and the first one's message_id.

        Destinations that are refused are told in the response (SMPP 5.0 section 4.2.3.2).
        """
        intake = self._judge(bind, run, now)
        report = self._take_in(intake)
        status, body = max(intake.statuses, default=0), b""
        if len(report):
            report.numbers = [report.numbers[0]] * len(report)
            self._schedule(intake, report)
            status, body = 0, self._multi_body(intake, report)
        pdus = frame(SUBMIT_MULTI_RESP, status, run.sequence_numbers[:1], [body])
        self._answer(intake, pdus, len(run.destinations), intake.delays[0][0])

    # --- judgement ------------------------------------------------------------------------

    def _judge(self, bind: Bind, run: Run, now: float) -> _Intake:
        statuses = self._statuses(bind.client, run.destinations, now)
        delays = self.habits.delays(len(run.destinations))
        return _Intake(bind, run, statuses, _accepted(run, statuses), delays, now)

    def _statuses(self, client: Client, destinations: Sequence[bytes], now: float) -> tuple[int, ...]:
        habits, count = self.habits, len(destinations)
        scenario = habits.scenario
        statuses = [0] * count
        admitted = count
        if scenario.rate is not None:
            admitted = client.admit(scenario.rate, count, now)
            statuses[admitted:] = [scenario.rate.status] * (count - admitted)
        if scenario.queue is not None:
            room = min(admitted, max(0, scenario.queue.limit - client.queued))
            statuses[room:admitted] = [scenario.queue.status] * (admitted - room)
        if habits.refusals.constant != 0:
            for position, kind in enumerate(habits.refusals.slice(self.account.submitted, count)):
                if kind:
                    statuses[position] = statuses[position] or scenario.refusals[kind - 1].status
        for position, rule in habits.ruled(destinations).items():
            statuses[position] = statuses[position] or rule.status
        return tuple(statuses) if any(statuses) else ()

    def _take_in(self, intake: _Intake) -> Report:
        """Writes a run into the account; returns its accepted messages as receipts to be."""
        habits, client, run, now = self.habits, intake.bind.client, intake.run, intake.now
        first, accepted, at = self.account.accepted, intake.accepted, self._wall + intake.now
        count = len(accepted.destinations)
        outcomes = self._outcomes(first, accepted.destinations)
        taken = Taken(
            first=first,
            at=at,
            now=now,
            system_id=client.system_id,
            count=len(run.destinations),
            destinations=b"\0".join(run.destinations),
            statuses=intake.statuses,
            states=outcomes.translate(habits.states),
            delays=tuple(map(sum, intake.delays)),
        )
        self.account.append(taken)
        if habits.scenario.queue is not None and count:
            self._enqueue(client, taken)
        ids = habits.ids_3_3 if intake.bind.speaks_3_3 else habits.ids
        return Report(
            habits,
            ids,
            run.shape,
            (at, at + taken.delays[0]),
            range(first, first + count),
            ids.numbers(first, count),
            outcomes,
            accepted.destinations,
            accepted.references,
            self.cancelled,
        )

    def _outcomes(self, first: int, destinations: Sequence[bytes]) -> bytes:
        outcomes = self.habits.mix.slice(first, len(destinations))
        ruled = self.habits.ruled(destinations)
        if not ruled:
            return outcomes
        changed = bytearray(outcomes)
        for position, rule in ruled.items():
            changed[position] = rule.outcome
        return bytes(changed)

    def _enqueue(self, client: Client, taken: Taken) -> None:
        count, step = len(taken.states), len(taken.delays)
        client.queued += count
        for start, delay in enumerate(taken.delays):
            leaving = len(range(start, count, step))
            self.wheel.push(taken.now + delay, partial(client.settle, leaving))

    # --- responses ------------------------------------------------------------------------

    def _refuse(self, intake: _Intake, answer: int) -> None:
        """A refusal has no body (SMPP 5.0 section 4.2.1.2) and waits as long as an acceptance."""
        numbers, statuses = intake.run.sequence_numbers, intake.statuses
        for status in sorted(set(statuses) - {0}):
            refused = [number for number, given in zip(numbers, statuses, strict=True) if given == status]
            pdus = frame(answer, status, refused, [b""] * len(refused))
            self._answer(intake, pdus, len(refused), intake.delays[0][0])

    def _respond(self, intake: _Intake, report: Report, answer: int) -> None:
        ids = report.ids.response.write(report.numbers)
        bodies: Sequence[bytes] = [message_id + b"\0" for message_id in ids]
        numbers: Sequence[bytes] = intake.accepted.sequence_numbers
        withheld = self.habits.withheld.slice(report.indexes[0], len(bodies))
        if any(withheld):
            intake.bind.withhold(len(withheld) - withheld.count(0))
        else:
            withheld = b""
        step = len(intake.delays)
        for start, (delay, _) in enumerate(intake.delays):
            part, answered = bodies[start::step], numbers[start::step]
            if withheld:
                chosen = [not kind for kind in withheld[start::step]]
                part, answered = list(compress(part, chosen)), list(compress(answered, chosen))
            if part:
                self._answer(intake, frame(answer, 0, answered, part), len(part), delay)

    def _multi_body(self, intake: _Intake, report: Report) -> bytes:
        (message_id,) = report.ids.response.write(report.numbers[:1])
        refused = [
            intake.run.shape.dest_ton_npi + destination + b"\0" + status.to_bytes(4, "big")
            for destination, status in zip(intake.run.destinations, intake.statuses, strict=False)
            if status
        ]
        return message_id + b"\0" + bytes((len(refused),)) + b"".join(refused)

    def _answer(self, intake: _Intake, pdus: bytes, count: int, delay: float) -> None:
        if delay > 0:
            self.wheel.push(intake.now + delay, partial(intake.bind.answer, pdus, count))
        else:
            intake.bind.answer(pdus, count)

    # --- receipts -------------------------------------------------------------------------

    def _schedule(self, intake: _Intake, report: Report) -> None:
        """Puts the receipts that were asked for on the wheel; early ones go out before the responses."""
        asked = report.shape.registered_delivery & 3
        if not asked:
            return
        fates = self.habits.fates.slice(report.indexes[0], len(report))
        step = len(intake.delays)
        for start, delays in enumerate(intake.delays):
            part, kinds = (report.part(start, step), fates[start::step]) if step > 1 else (report, fates)
            part.times = (report.times[0], report.times[0] + sum(delays))
            if asked != _EVERY_RECEIPT:
                part, kinds = self._asked_for(part, kinds, success=asked == _SUCCESS_ONLY)
            due = intake.now + sum(delays)
            if kinds.count(PLAIN) == len(kinds):
                self._later(intake.bind, part, due)
            else:
                self._oddly(intake.bind, part, kinds, due)

    def _asked_for(self, report: Report, kinds: bytes, *, success: bool) -> tuple[Report, bytes]:
        """Some submits ask for receipts of failures only, or (5.0) of successes only."""
        states = report.outcomes.translate(self.habits.states)
        chosen = [(state == MessageState.DELIVERED) == success for state in states]
        return report.pick(chosen), bytes(compress(kinds, chosen))

    def _oddly(self, bind: Bind, report: Report, kinds: bytes, due: float) -> None:
        """Receipts of which some are early, lost, repeated, or followed by an orphan."""
        self.account.receipts_lost += kinds.count(LOST)
        early = report.pick(kind == EARLY for kind in kinds)
        self.receipts_owed += len(early)
        self.deliver(bind, early)
        self._later(bind, report.pick(kind in _ON_TIME for kind in kinds), due)
        self._later(bind, report.pick(kind == REPEATED for kind in kinds), due)
        orphans = report.pick(kind == ORPHAN for kind in kinds)
        orphans.numbers = [report.ids.numbers(index + ORPHAN_OFFSET, 1)[0] for index in orphans.indexes]
        self._later(bind, orphans, due)

    def _later(self, bind: Bind, report: Report, due: float) -> None:
        if len(report):
            self.receipts_owed += len(report)
            self.wheel.push(due, partial(self.deliver, bind, report))

    def deliver(self, origin: Bind, owed: Owed) -> None:
        """Hands receipts to a bind of the account, or keeps them until there is one."""
        if not len(owed):
            return
        client = origin.client
        bind = client.receiver(origin, other=self.habits.scenario.receipts.other_bind)
        if bind is not None:
            bind.receive(owed)
            return
        dropped = client.keep(owed, self.habits.scenario.receipts.owed_max)
        self.receipts_owed -= dropped
        self.account.receipts_dropped += dropped

    def welcome(self, bind: Bind) -> None:
        """A bind that receives came: it takes what the account was owed."""
        client = bind.client
        if bind in client.binds:
            waiting, client.owed, client.owed_count = client.owed, deque(), 0
            for owed in waiting:
                bind.receive(owed)


def _accepted(run: Run, statuses: tuple[int, ...]) -> Run:
    if not statuses:
        return run
    chosen = [not status for status in statuses]
    return Run(
        run.shape,
        list(compress(run.sequence_numbers, chosen)),
        list(compress(run.destinations, chosen)),
        list(compress(run.references, chosen)),
    )
