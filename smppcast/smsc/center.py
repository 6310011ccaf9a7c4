"""The centre itself: takes submits in, decides their fate, answers, and owes receipts.

It does no I/O and reads no clock: binds are given to it as `Bind`, time as `now`. All of it works
on batches (`Run`), so that a message costs what its columns cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import compress
from typing import Final, Protocol

from smppcast.smsc.account import SmscAccount, Taken
from smppcast.smsc.bulk import SUBMIT_SM_RESP, Run, frame
from smppcast.smsc.client import Client
from smppcast.smsc.habits import EARLY, LOST, ORPHAN, PLAIN, REPEATED, Habits
from smppcast.smsc.report import Owed, Report
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.wheel import Wheel

__all__ = ["Bind", "Center"]

# Orphans name messages so far ahead that none is given their number in one run.
ORPHAN_OFFSET: Final = 10**12
SUBMIT_MULTI_RESP: Final = 0x80000021
_ON_TIME: Final = frozenset((PLAIN, REPEATED, ORPHAN))


class Bind(Protocol):
    """A bound link, as the centre sees it."""

    @property
    def client(self) -> Client: ...

    @property
    def receives(self) -> bool:
        """Whether it may be sent receipts."""
        ...

    def answer(self, pdus: bytes, count: int) -> None:
        """Sends responses to `count` submits."""
        ...

    def withhold(self, count: int) -> None:
        """Takes note that `count` submits are never answered."""
        ...

    def receive(self, owed: Owed) -> None:
        """Sends receipts as its window has room."""
        ...


class Center:
    """One simulated SMSC.

    Attributes:
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
        statuses = self._judge(bind.client, run.destinations, now)
        if statuses:
            self._refuse(bind, run.sequence_numbers, statuses, now, answer)
        delays = self.habits.delays(len(run.destinations))
        accepted = _accepted(run, statuses)
        report = self.take_in(bind.client, run, accepted, statuses, delays, now)
        if accepted.destinations:
            early = self._schedule(bind, report, delays, now)
            for part in early:
                self.deliver(bind, part)
            self._respond(bind, accepted.sequence_numbers, report, delays, now, answer)

    def submit_multi(self, bind: Bind, run: Run, now: float) -> None:
        """Takes in one submit_multi, as a submit to each of its destinations, which share their
        sequence_number and the first one's message_id.

        Destinations that are refused are told in the response (SMPP 5.0 section 4.2.3.2).
        """
        statuses = self._judge(bind.client, run.destinations, now)
        delays = self.habits.delays(1)
        accepted = _accepted(run, statuses)
        report = self.take_in(bind.client, run, accepted, statuses, delays, now)
        status = 0 if accepted.destinations else statuses[0]
        body = b""
        if accepted.destinations:
            report.numbers = [report.numbers[0]] * len(report)
            for part in self._schedule(bind, report, delays, now):
                self.deliver(bind, part)
            (message_id,) = self.habits.ids.response.write(report.numbers[:1])
            refused = [
                run.shape.dest_ton_npi + destination + b"\0" + given.to_bytes(4, "big")
                for destination, given in zip(run.destinations, statuses, strict=False)
                if given
            ]
            body = message_id + b"\0" + bytes((len(refused),)) + b"".join(refused)
        pdus = frame(SUBMIT_MULTI_RESP, status, run.sequence_numbers[:1], [body])
        self._answer(bind, pdus, len(run.destinations), now + delays[0][0], now)

    # --- judgement ------------------------------------------------------------------------

    def _judge(self, client: Client, destinations: Sequence[bytes], now: float) -> tuple[int, ...]:
        """command_status of each submit; none when all are accepted."""
        habits, count = self.habits, len(destinations)
        scenario = habits.scenario
        statuses = [0] * count
        admitted = count
        if scenario.rate is not None:
            admitted = client.admit(scenario.rate, count, now)
            statuses[admitted:] = [scenario.rate.status] * (count - admitted)
        if scenario.queue is not None and client.room(scenario.queue) < admitted:
            room = client.room(scenario.queue)
            statuses[room:admitted] = [scenario.queue.status] * (admitted - room)
        if habits.refusals.constant != 0:
            for position, kind in enumerate(habits.refusals.slice(self.account.submitted, count)):
                if kind:
                    statuses[position] = statuses[position] or scenario.refusals[kind - 1].status
        if habits.rules:
            for position, rule in habits.ruled(destinations).items():
                statuses[position] = statuses[position] or rule.status
        return tuple(statuses) if any(statuses) else ()

    def take_in(
        self,
        client: Client,
        run: Run,
        accepted: Run,
        statuses: tuple[int, ...],
        delays: tuple[tuple[float, float], ...],
        now: float,
    ) -> Report:
        """Writes a batch into the account; returns its accepted messages as receipts to be."""
        habits, account = self.habits, self.account
        first, count = account.accepted, len(accepted.destinations)
        outcomes = habits.mix.slice(first, count)
        if habits.rules and count:
            outcomes = self._ruled(outcomes, accepted.destinations)
        at = self._wall + now
        account.append(
            Taken(
                first,
                at,
                now,
                client.system_id,
                len(run.destinations),
                b"\0".join(run.destinations),
                statuses,
                outcomes.translate(habits.states),
                tuple(map(sum, delays)),
            )
        )
        if habits.scenario.queue is not None and count:
            self._enqueue(client, count, delays, now)
        numbers = habits.ids.numbers(first, count)
        return Report(
            habits,
            run.shape,
            (at, at + sum(delays[0])),
            range(first, first + count),
            numbers,
            outcomes,
            accepted.destinations,
            accepted.references,
            self.cancelled,
        )

    def _ruled(self, outcomes: bytes, destinations: Sequence[bytes]) -> bytes:
        ruled = bytearray(outcomes)
        for position, rule in self.habits.ruled(destinations).items():
            ruled[position] = rule.outcome
        return bytes(ruled)

    def _enqueue(
        self, client: Client, count: int, delays: tuple[tuple[float, float], ...], now: float
    ) -> None:
        client.queued += count
        step = len(delays)
        for start, delay in enumerate(delays):
            leaving = len(range(start, count, step))
            self.wheel.push(now + sum(delay), partial(self._settle, client, leaving))

    @staticmethod
    def _settle(client: Client, count: int) -> None:
        client.queued -= count

    # --- responses ------------------------------------------------------------------------

    def _refuse(
        self, bind: Bind, numbers: Sequence[bytes], statuses: tuple[int, ...], now: float, answer: int
    ) -> None:
        """A refusal has no body (SMPP 5.0 section 4.2.1.2) and waits as long as an acceptance."""
        due = now + self.habits.response_delay.draw()
        for status in sorted(set(statuses) - {0}):
            refused = [number for number, given in zip(numbers, statuses, strict=True) if given == status]
            pdus = frame(answer, status, refused, [b""] * len(refused))
            self._answer(bind, pdus, len(refused), due, now)

    def _respond(
        self,
        bind: Bind,
        sequence_numbers: Sequence[bytes],
        report: Report,
        delays: tuple[tuple[float, float], ...],
        now: float,
        answer: int,
    ) -> None:
        ids = self.habits.ids.response.write(report.numbers)
        bodies = [message_id + b"\0" for message_id in ids]
        if self.habits.withheld.constant != 0:
            withheld = self.habits.withheld.slice(report.indexes[0], len(bodies))
            bind.withhold(len(withheld) - withheld.count(0))
            chosen = [not kind for kind in withheld]
            sequence_numbers, bodies = (
                list(compress(sequence_numbers, chosen)),
                list(compress(bodies, chosen)),
            )
        step = len(delays)
        for start, (respond, _) in enumerate(delays):
            part = bodies[start::step] if step > 1 else bodies
            if part:
                pdus = frame(answer, 0, sequence_numbers[start::step], part)
                self._answer(bind, pdus, len(part), now + respond, now)

    def _answer(self, bind: Bind, pdus: bytes, count: int, due: float, now: float) -> None:
        if due <= now:
            bind.answer(pdus, count)
        else:
            self.wheel.push(due, partial(bind.answer, pdus, count))

    # --- receipts -------------------------------------------------------------------------

    def _schedule(
        self, bind: Bind, report: Report, delays: tuple[tuple[float, float], ...], now: float
    ) -> list[Report]:
        """Puts receipts on the wheel, those asked for; returns the ones that go before the responses."""
        asked = report.shape.registered_delivery & 3
        if not asked:
            return []
        fates = self.habits.fates.slice(report.indexes[0], len(report))
        step, early = len(delays), []
        for start, delay in enumerate(delays):
            part, kinds = (report.part(start, step), fates[start::step]) if step > 1 else (report, fates)
            part.times = (report.times[0], report.times[0] + sum(delay))
            if asked != 1:
                part, kinds = self._asked_for(part, kinds, asked)
            if kinds.count(PLAIN) == len(kinds):
                self._later(bind, part, now + sum(delay))
                continue
            early.append(part.pick(kind == EARLY for kind in kinds))
            self.account.receipts_lost += kinds.count(LOST)
            self._later(bind, part.pick(kind in _ON_TIME for kind in kinds), now + sum(delay))
            self._later(bind, part.pick(kind == REPEATED for kind in kinds), now + sum(delay))
            self._later(bind, _orphans(part.pick(kind == ORPHAN for kind in kinds)), now + sum(delay))
        self.receipts_owed += sum(map(len, early))
        return early

    def _asked_for(self, report: Report, kinds: bytes, asked: int) -> tuple[Report, bytes]:
        """registered_delivery 2 asks for failures only, 3 (5.0) for successes only."""
        states = report.outcomes.translate(self.habits.states)
        chosen = [(state == 2) == (asked == 3) for state in states]
        return report.pick(chosen), bytes(compress(kinds, chosen))

    def _later(self, bind: Bind, report: Report, due: float) -> None:
        if len(report):
            self.receipts_owed += len(report)
            self.wheel.push(due, partial(self.deliver, bind, report))

    def deliver(self, origin: Bind, owed: Owed) -> None:
        """Hands receipts to a bind of the account, or keeps them until there is one."""
        client = origin.client
        bind = client.receiver(origin, other=self.habits.scenario.receipts.other_bind)
        if bind is None:
            self.keep(client, owed)
        elif len(owed):
            bind.receive(owed)

    def keep(self, client: Client, owed: Owed) -> None:
        """Keeps receipts for the account's next bind that receives; beyond the bound the oldest go."""
        client.owed.append(owed)
        client.owed_count += len(owed)
        while client.owed_count > self.habits.scenario.receipts.owed_max and len(client.owed) > 1:
            dropped = len(client.owed.popleft())
            client.owed_count -= dropped
            self.receipts_owed -= dropped
            self.account.receipts_dropped += dropped

    def welcome(self, bind: Bind) -> None:
        """A bind that receives came: it takes what the account was owed."""
        client = bind.client
        if bind not in client.binds:
            return
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


def _orphans(report: Report) -> Report:
    if len(report):
        ids = report.habits.ids
        report.numbers = [ids.numbers(index + ORPHAN_OFFSET, 1)[0] for index in report.indexes]
    return report
