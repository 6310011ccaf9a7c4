"""A scenario made ready for use: tables drawn, patterns compiled, writers chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from smppcast.model import MessageState
from smppcast.smsc.dialect import Dialect
from smppcast.smsc.draws import Delays, Table
from smppcast.smsc.ids import Ids, ids_of_3_3
from smppcast.smsc.scenario import NumberRule, Outcome, Scenario

__all__ = [
    "BODYLESS",
    "EARLY",
    "GARBAGE",
    "LOST",
    "ORPHAN",
    "PLAIN",
    "REPEATED",
    "STRAY",
    "TWICE",
    "WITHHELD",
    "Habits",
]

# Fates of receipts: kinds of the table `fates`.
PLAIN, EARLY, LOST, REPEATED, ORPHAN = range(5)
# What befalls responses: kinds of the table `answers`, after PLAIN, as `Faults.responses` has them.
WITHHELD, TWICE, STRAY, BODYLESS, GARBAGE = range(1, 6)

# A batch is spread over delays: as many as it has messages, if they are few; else one for each three or so,
# up to where the 99th percentile of a burst is right. The heap holds an entry for each.
SPREAD_LEAST, SPREAD_SHARE, SPREAD_MOST = 8, 3, 160


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[bytes]
    outcome: int
    status: int


def _chance(seed: int, name: str) -> Random:
    return Random(f"{seed} {name}")  # noqa: S311 - it plays dice, it keeps no secret


# A change of one part of a scenario leaves the tables of the others, which take 30 ms each to shuffle.
@lru_cache(maxsize=64)
def _table(seed: int, name: str, shares: tuple[float, ...]) -> Table:
    return Table(shares, _chance(seed, name))


def _fixed(respond: Delays, report: Delays) -> tuple[tuple[float, float], ...] | None:
    """What `Habits.delays` gives where nothing is drawn."""
    if respond.fixed is None or report.fixed is None:
        return None
    return ((respond.fixed, report.fixed),)


class Habits:
    """What the SMSC does by a scenario.

    Attributes:
        outcomes: those of the mix, those of the rules, and those of a cancelled message, `deleted`, of one
            whose validity_period is over, `expired`, and of one on its way, `enroute`; messages hold numbers
            into it.
        calm: no link is cut, left half-open, unbound or stalled after some submits.
        lenient: nothing but the load refuses a submit.
        rates: of the accounts that the scenario names.
        ids_3_3, dialect_3_3: what clients of SMPP 3.3 get in the place of `ids` and `dialect`.
        states: translates outcome numbers to message_states, by bytes.translate.
    """

    __slots__ = (
        "_chance",
        "_delay",
        "alert_delay",
        "answers",
        "calm",
        "cuts",
        "deleted",
        "dialect",
        "dialect_3_3",
        "enroute",
        "expired",
        "fates",
        "ids",
        "ids_3_3",
        "lenient",
        "mix",
        "outcomes",
        "rates",
        "receipt_delay",
        "refusals",
        "response_delay",
        "rules",
        "scenario",
        "states",
    )

    def __init__(self, scenario: Scenario) -> None:
        def chance(name: str) -> Random:
            return _chance(scenario.seed, name)

        def table(name: str, *odd: float) -> Table:
            return _table(scenario.seed, name, (1 - sum(odd), *odd))

        self._chance = chance("links")
        receipts, faults = scenario.receipts, scenario.faults
        self.scenario = scenario
        self.ids = Ids(scenario.message_ids)
        self.ids_3_3 = Ids(ids_of_3_3(scenario.message_ids))
        self.response_delay = Delays(scenario.response_latency, chance("response"))
        self.receipt_delay = Delays(scenario.receipt_latency, chance("receipt"))
        self._delay = _fixed(self.response_delay, self.receipt_delay)
        self.alert_delay = Delays(scenario.alert_latency, chance("alerts"))
        shares = tuple(outcome.share for outcome in scenario.outcomes)
        self.mix = _table(scenario.seed, "outcomes", shares)
        self.refusals = table("refusals", *(refusal.share for refusal in scenario.refusals))
        self.fates = table("fates", receipts.early, receipts.lost, receipts.repeated, receipts.orphan)
        self.answers = table("withheld", *faults.responses)
        self.cuts = table("cuts", faults.cut_share)
        after = (faults.cut_after, faults.half_open_after, faults.unbind_after, faults.stall_after)
        self.calm = faults.cut_share == 0 and not any(after)
        self.rates = {login.system_id: login.rate or scenario.rate for login in scenario.accounts}
        self.outcomes: tuple[Outcome, ...] = scenario.outcomes
        self.rules = tuple(self._rule(rule) for rule in scenario.numbers)
        limits = [scenario.rate, scenario.queue, *self.rates.values()]
        refuses = any(rule.status for rule in self.rules) or self.refusals.constant != 0
        self.lenient = not refuses and all(limit is None for limit in limits)
        self.deleted = len(self.outcomes)
        self.expired, self.enroute = self.deleted + 1, self.deleted + 2
        odd = (MessageState.DELETED, MessageState.EXPIRED, MessageState.ENROUTE)
        self.outcomes += tuple(Outcome(state=state) for state in odd)
        self.dialect = Dialect(receipts, self.outcomes, self.enroute)
        old = receipts.model_copy(update={"form": "text"})
        self.dialect_3_3 = Dialect(old, self.outcomes, self.enroute)
        states = bytes(outcome.state for outcome in self.outcomes)
        self.states = states + bytes(256 - len(states))

    def _rule(self, rule: NumberRule) -> _Rule:
        if rule.state is not None:
            self.outcomes += (Outcome(state=rule.state, err=rule.err),)
        pattern = re.compile(rule.pattern.encode(), re.MULTILINE)
        return _Rule(pattern, len(self.outcomes) - 1, rule.status or 0)

    def ruled(self, destinations: Sequence[bytes]) -> dict[int, _Rule]:
        """The rule that holds, by position; empty where none does."""
        if not self.rules:
            return {}
        joined = b"\n".join(destinations)
        # One search over all of them keeps rules off the price of numbers that none concerns.
        rules = [rule for rule in self.rules if rule.pattern.search(joined)]
        found: dict[int, _Rule] = {}
        for position, destination in enumerate(destinations if rules else ()):
            for rule in rules:
                if rule.pattern.search(destination):
                    found[position] = rule
                    break
        return found

    def delays(self, count: int) -> tuple[tuple[float, float], ...]:
        """Seconds to the response and from there to the receipt; the message at position i of a
        batch has those at i modulo their number."""
        if self._delay is not None:
            return self._delay
        respond, report = self.response_delay, self.receipt_delay
        drawn = min(count, SPREAD_LEAST + count // SPREAD_SHARE, SPREAD_MOST)
        return tuple(zip(respond.draws(drawn), report.draws(drawn), strict=True))

    def life(self) -> float | None:
        """How long a bind lives, in seconds; None for ever."""
        mean = self.scenario.faults.cut_every_s
        return None if mean is None else self._chance.expovariate(1 / mean)

    def refuses_bind(self) -> bool:
        """Whether chance refuses this bind."""
        share = self.scenario.binds.refuse_share
        return share > 0 and self._chance.random() < share
