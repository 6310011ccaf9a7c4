"""The centre itself: takes submits in, decides their fate, answers, and owes receipts.

It does no I/O and reads no clock: binds are given to it as `Bind`, time as `now`. All of it works
on batches (`Run`), so that a message costs what its columns cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, count
from typing import Final

from smppcast.model import MessageState
from smppcast.smpp.codec import encode
from smppcast.smpp.pdu import Pdu
from smppcast.smpp.versions import has_command, speaks_3_3
from smppcast.smpp.vocabulary import CommandStatus, InterfaceVersion, RegisteredDelivery
from smppcast.smsc.account import Owner, SmscAccount, Taken
from smppcast.smsc.broadcasts import Broadcasts
from smppcast.smsc.bulk import SUBMIT_SM_RESP, Run, frame
from smppcast.smsc.client import Bind, Client
from smppcast.smsc.habits import EARLY, LOST, ORPHAN, PLAIN, REPEATED, WITHHELD, Habits
from smppcast.smsc.ids import Ids
from smppcast.smsc.load import Load, congestion_tlv
from smppcast.smsc.mishaps import odd_response
from smppcast.smsc.report import Owed, Report
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.single import Single
from smppcast.smsc.timing import Timing
from smppcast.smsc.wheel import Wheel

__all__ = ["Center"]

SUBMIT_MULTI_RESP: Final = 0x80000021

# Orphans name messages so far ahead that none is given their number in one run; broadcasts, which are
# no messages of the account's, likewise.
ORPHAN_OFFSET: Final = 10**12
BROADCAST_OFFSET: Final = 2 * 10**12
_ON_TIME: Final = frozenset((PLAIN, REPEATED, ORPHAN))

# An account that never takes its inbound messages loses the oldest: some 300 octets each.
INBOUND_MAX: Final = 100_000

# registered_delivery, lowest two bits (SMPP 5.0 section 4.7.21).
_EVERY_RECEIPT, _SUCCESS_ONLY = 1, 3


@dataclass(slots=True)
class _Intake:
    """A run under judgement. It is not frozen, since that takes a microsecond of each.

    Args:
        habits: those that judge it; `ids` tells how its messages are named.
        statuses: command_status of each; none when all are accepted.
        accepted: the columns of those; `outcomes` the number of each one's outcome.
        first: index of the first of those.
        delays: see `Habits.delays`.
        now: when it came; `at` in unix seconds.
        told: what responses end with.
    """

    habits: Habits
    ids: Ids
    bind: Bind
    run: Run
    statuses: tuple[int, ...]
    accepted: Run
    outcomes: bytes
    first: int
    delays: tuple[tuple[float, float], ...]
    now: float
    at: float
    told: bytes

    def numbers(self) -> Sequence[int]:
        """What the message_ids of the accepted ones are written from."""
        return self.ids.numbers(self.first, len(self.outcomes))

    def taken(self) -> Taken:
        """As the account writes it down."""
        run = self.run
        return Taken(
            first=self.first,
            at=self.at,
            now=self.now,
            owner=Owner(self.bind.client.system_id, run.shape.source[2:-1], run.shape.service_type),
            count=len(run.destinations),
            destinations=b"\0".join(run.destinations),
            statuses=self.statuses,
            states=self.outcomes.translate(self.habits.states),
            delays=tuple(map(sum, self.delays)),
        )

    def report(self, numbers: Sequence[int], cancelled: set[int]) -> Report:
        """Its accepted messages as receipts to be."""
        return Report(
            self.habits,
            self.ids,
            self.run.shape,
            (self.at, self.at + sum(self.delays[0])),
            range(self.first, self.first + len(numbers)),
            numbers,
            self.outcomes,
            self.accepted.destinations,
            self.accepted.references,
            cancelled,
        )


class Center:
    """One simulated SMSC.

    Attributes:
        habits: what it does; see `adopt`.
        receipts_owed: receipts not yet acknowledged, those of the future included.
        inbound_owed: inbound messages not yet acknowledged.
        cancelled: indexes of cancelled messages.
        broadcasts: those of all accounts.
    """

    def __init__(self, scenario: Scenario, wall: float) -> None:
        """`wall` is unix time at the zero of the clock that `now` is read from."""
        self._load: Load | None = None
        self.adopt(scenario)
        self.account = SmscAccount(scenario.remember)
        self.wheel = Wheel()
        self.clients: dict[str, Client] = {}
        self.receipts_owed = self.inbound_owed = 0
        self.cancelled: set[int] = set()
        self.wall = wall
        self._broadcast_ids = count(BROADCAST_OFFSET)
        self.broadcasts = Broadcasts(self._broadcast_id)

    def _broadcast_id(self) -> str:
        ids = self.habits.ids
        (message_id,) = ids.response.write(ids.numbers(next(self._broadcast_ids), 1))
        return message_id.decode("ascii")

    def adopt(self, scenario: Scenario) -> None:
        """Goes by this scenario from here on."""
        self.habits, capacity = Habits(scenario), scenario.capacity
        if capacity is None:
            self._load = None
        elif self._load is None:
            self._load = Load(capacity)
        else:
            self._load.capacity = capacity

    def congestion_state(self, interface_version: int, now: float) -> int | None:
        """The load, where every response to a client of that version tells it."""
        load = self._load
        if load is None or load.capacity.tell == "nobody" or speaks_3_3(interface_version):
            return None
        told = interface_version >= InterfaceVersion.V5_0 or load.capacity.tell == "all"
        return load.congestion_state(now) if told else None

    def client(self, system_id: str) -> Client:
        """The account of that name, which begins here if need be."""
        return self.clients.setdefault(system_id, Client(system_id))

    def submit(self, bind: Bind, run: Run, now: float, answer: int = SUBMIT_SM_RESP) -> None:
        """Takes a run of submit_sm in and answers it, at once or later.

        Args:
            answer: command_id of the responses; data_sm_resp has the body of submit_sm_resp.
        """
        intake = self._judge(bind, run, now)
        self._take_in(intake)
        if intake.statuses:
            self._refuse(intake, answer)
        if intake.outcomes:
            numbers = intake.numbers()
            if run.shape.registered_delivery:
                self._schedule(intake, intake.report(numbers, self.cancelled))
            self._respond(intake, numbers, answer)

    def turn_away(self, system_id: str, destinations: Sequence[bytes], status: int, now: float) -> None:
        """Takes note of submits that are refused whatever the scenario says: for a field, or their bind."""
        self.account.refuse(Owner(system_id, b"", b""), destinations, status, (self.wall + now, now))

    def single(self, asked: Single, bind: Bind, run: Run, now: float) -> None:
        """Takes in one message, whose response tells more than that it was accepted."""
        intake = self._judge(bind, run, now)
        self._take_in(intake)
        if intake.statuses:
            self._refuse(intake, asked.answer)
            return
        numbers = intake.numbers()
        outcome = self.habits.outcomes[intake.outcomes[0]]
        failed = outcome.state is not MessageState.DELIVERED
        respond, settle = intake.delays[0]
        if asked.set_dpf and failed:
            due = now + respond + settle + self.habits.alert_delay.draw()
            self.wheel.push(due, partial(self.notify, bind.client, asked.alert()))
        (message_id,) = intake.ids.response.write(numbers)
        status = CommandStatus.ESME_RDELIVERYFAILURE if asked.transaction and failed else 0
        body = (b"" if status else message_id) + b"\0" + asked.tlvs(outcome) + intake.told
        if asked.transaction:
            respond += settle
        else:
            self._schedule(intake, intake.report(numbers, self.cancelled))
        self._answer(intake, frame(asked.answer, status, run.sequence_numbers, [body]), 1, respond)

    def notify(self, client: Client, pdu: Pdu) -> bool:
        """Sends a PDU that nobody answers on a bind of the account that receives; False without one."""
        for bind in client.binds:
            if bind.receives and has_command(bind.interface_version, pdu.command_id):
                bind.request(encode(pdu, interface_version=bind.interface_version))
                return True
        return False

    def submit_multi(self, bind: Bind, run: Run, now: float) -> None:
        """Takes in one submit_multi, as a submit to each of its destinations, which share their
        sequence_number and the first one's message_id.

        Destinations that are refused are told in the response (SMPP 5.0 section 4.2.3.2).
        """
        intake = self._judge(bind, run, now)
        self._take_in(intake)
        status, body = max(intake.statuses, default=0), b"\0\0" + intake.told if intake.told else b""
        if intake.outcomes:
            shared = intake.numbers()[:1]
            self._schedule(intake, intake.report([*shared] * len(intake.outcomes), self.cancelled))
            status, body = 0, self._multi_body(intake, shared)
        pdus = frame(SUBMIT_MULTI_RESP, status, run.sequence_numbers[:1], [body])
        self._answer(intake, pdus, len(run.destinations), intake.delays[0][0])

    # --- judgement ------------------------------------------------------------------------

    def _judge(self, bind: Bind, run: Run, now: float) -> _Intake:
        habits, first, at = self.habits, self.account.accepted, self.wall + now
        statuses: tuple[int, ...] = ()
        if not habits.lenient or self._load is not None:
            statuses = self._statuses(bind.client, run.destinations, now)
        accepted = _accepted(run, statuses) if statuses else run
        delays = habits.delays(len(run.destinations))
        outcomes = self._outcomes(first, accepted.destinations)
        if run.shape.timing is not None:
            delays, outcomes = self._timed(run.shape.timing, delays, outcomes, at)
        state = self.congestion_state(bind.interface_version, now)
        told = b"" if state is None else congestion_tlv(state)
        ids = habits.ids_3_3 if bind.speaks_3_3 else habits.ids
        return _Intake(habits, ids, bind, run, statuses, accepted, outcomes, first, delays, now, at, told)

    def _timed(
        self, timing: Timing, delays: tuple[tuple[float, float], ...], outcomes: bytes, at: float
    ) -> tuple[tuple[tuple[float, float], ...], bytes]:
        """`delays` and `outcomes` of messages that go out later, or are given up in time."""
        start, end = timing.span(at)
        moved, ends, step = [], bytearray(outcomes), len(delays)
        for position, (respond, settle) in enumerate(delays):
            reached = max(respond, start) + settle
            if reached > end:
                reached = max(respond, end)
                ends[position::step] = bytes((self.habits.expired,)) * len(ends[position::step])
            moved.append((respond, reached - respond))
        return tuple(moved), bytes(ends)

    def _statuses(self, client: Client, destinations: Sequence[bytes], now: float) -> tuple[int, ...]:
        habits, count = self.habits, len(destinations)
        scenario = habits.scenario
        statuses = [0] * count
        admitted = count
        rate = habits.rates.get(client.system_id, scenario.rate)
        if rate is not None:
            admitted = client.admit(rate, count, now)
            statuses[admitted:] = [rate.status] * (count - admitted)
        if self._load is not None:
            room = self._load.admit(admitted, now)
            statuses[room:admitted] = [self._load.capacity.status] * (admitted - room)
            admitted = room
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

    def _take_in(self, intake: _Intake) -> None:
        """Writes a run into the account."""
        accepted = len(intake.outcomes)
        self.account.append(intake.at, len(intake.run.destinations), accepted, intake.statuses, intake.taken)
        if accepted and intake.habits.scenario.queue is not None:
            self._enqueue(intake)

    def _outcomes(self, first: int, destinations: Sequence[bytes]) -> bytes:
        outcomes = self.habits.mix.slice(first, len(destinations))
        ruled = self.habits.ruled(destinations)
        if not ruled:
            return outcomes
        changed = bytearray(outcomes)
        for position, rule in ruled.items():
            changed[position] = rule.outcome
        return bytes(changed)

    def _enqueue(self, intake: _Intake) -> None:
        client, count, step = intake.bind.client, len(intake.outcomes), len(intake.delays)
        client.queued += count
        for start, delays in enumerate(intake.delays):
            leaving = len(range(start, count, step))
            self.wheel.push(intake.now + sum(delays), partial(client.settle, leaving))

    # --- responses ------------------------------------------------------------------------

    def _refuse(self, intake: _Intake, answer: int) -> None:
        """A refusal has no body (SMPP 5.0 section 4.2.1.2), unless it has TLVs, and waits as long as an
        acceptance."""
        numbers, statuses = intake.run.sequence_numbers, intake.statuses
        body = b"\0" + intake.told if intake.told else b""
        for status in sorted(set(statuses) - {0}):
            refused = [number for number, given in zip(numbers, statuses, strict=True) if given == status]
            pdus = frame(answer, status, refused, [body] * len(refused))
            self._answer(intake, pdus, len(refused), intake.delays[0][0])

    def _respond(self, intake: _Intake, ids: Sequence[int], answer: int) -> None:
        end, numbers, write = b"\0" + intake.told, intake.accepted.sequence_numbers, intake.ids.response
        if self.habits.answers.constant == PLAIN and len(intake.delays) == 1:
            pdus = write.framed(answer, numbers, ids, end)
            if pdus:
                self._answer(intake, pdus, len(ids), intake.delays[0][0])
                return
        bodies = [message_id + end for message_id in write.write(ids)]
        kinds = b""
        if self.habits.answers.constant != PLAIN:
            kinds = self.habits.answers.slice(intake.first, len(bodies))
            if kinds.count(WITHHELD):
                intake.bind.withhold(kinds.count(WITHHELD))
        step = len(intake.delays)
        for start, (delay, _) in enumerate(intake.delays):
            part, answered = bodies[start::step], numbers[start::step]
            odd = kinds[start::step]
            if odd.count(PLAIN) != len(odd):
                indexes = range(intake.first + start, intake.first + len(bodies), step)
                framed = partial(odd_response, self.habits.scenario.seed, answer)
                pdus = b"".join(map(framed, zip(odd, answered, part, indexes, strict=True)))
                self._answer(intake, pdus, len(part) - odd.count(WITHHELD), delay)
            elif part:
                self._answer(intake, frame(answer, 0, answered, part), len(part), delay)

    def _multi_body(self, intake: _Intake, number: Sequence[int]) -> bytes:
        (message_id,) = intake.ids.response.write(number)
        refused = [
            intake.run.shape.dest_ton_npi + destination + b"\0" + status.to_bytes(4, "big")
            for destination, status in zip(intake.run.destinations, intake.statuses, strict=False)
            if status
        ]
        return message_id + b"\0" + bytes((len(refused),)) + b"".join(refused) + intake.told

    def _answer(self, intake: _Intake, pdus: bytes, count: int, delay: float) -> None:
        if delay > 0:
            self.wheel.push(intake.now + delay, partial(intake.bind.answer, pdus, count))
        else:
            intake.bind.answer(pdus, count)

    # --- receipts -------------------------------------------------------------------------

    def _schedule(self, intake: _Intake, report: Report) -> None:
        """Puts the receipts that were asked for on the wheel; early ones go out before the responses."""
        on_the_way = report.shape.registered_delivery & RegisteredDelivery.INTERMEDIATE
        if on_the_way and not intake.bind.speaks_3_3:  # whose registered_delivery_flag is 0 or 1
            self._notify_of(intake, report)
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

    def _notify_of(self, intake: _Intake, report: Report) -> None:
        """Intermediate notifications (SMPP 5.0 section 4.7.21): ENROUTE, half way to the final state."""
        for start, (respond, settle) in enumerate(intake.delays):
            part = report.part(start, len(intake.delays))
            part.outcomes = bytes((self.habits.enroute,)) * len(part)
            part.times = (report.times[0], report.times[0] + respond + settle / 2)
            self._later(intake.bind, part, intake.now + respond + settle / 2)

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
            inbound, client.inbound = client.inbound, deque()
            if inbound:
                bind.bring(inbound)

    # --- inbound messages -----------------------------------------------------------------

    def inject(self, client: Client, bodies: Sequence[bytes]) -> None:
        """Owes an account inbound messages, bodies of deliver_sm."""
        self.inbound_owed += len(bodies)
        self.bring(client, bodies)

    def bring(self, client: Client, bodies: Sequence[bytes]) -> None:
        """Hands inbound messages that are owed to a bind of the account, or keeps them until there is one."""
        for bind in client.binds:
            if bind.receives:
                bind.bring(bodies)
                return
        client.inbound.extend(bodies)
        while len(client.inbound) > INBOUND_MAX:
            client.inbound.popleft()
            self.inbound_owed -= 1
            self.account.inbound_dropped += 1


def _accepted(run: Run, statuses: tuple[int, ...]) -> Run:
    chosen = [not status for status in statuses]
    return Run(
        run.shape,
        list(compress(run.sequence_numbers, chosen)),
        list(compress(run.destinations, chosen)),
        list(compress(run.references, chosen)),
    )
