"""What a simulated SMSC took in: appended raw, a batch at a time, and computed when it is read."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SmscAccount", "Taken"]


@dataclass(slots=True, eq=False)
class Taken:
    """A batch of submits as they came.

    Args:
        first: index of its first accepted message; they count up from there.
        at: when, in unix seconds; `now` in the server's clock.
        system_id: whose.
        destinations: of all of them, NUL between.
        statuses: command_status of each; none when all were accepted.
        states: the final message_state of each accepted one, an octet each.
        delays: seconds until the accepted ones reach it; the message at position i takes that of
            i modulo their number.
    """

    first: int
    at: float
    now: float
    system_id: str
    count: int
    destinations: bytes
    statuses: tuple[int, ...]
    states: bytes
    delays: tuple[float, ...]

    def settled_at(self, position: int) -> float:
        """When the accepted message at `position` reaches its final state, in the server's clock."""
        return self.now + self.delays[position % len(self.delays)]

    def pairs(self) -> Iterator[tuple[str, int]]:
        """Destination and command_status of each."""
        names = self.destinations.decode("latin-1").split("\0")
        yield from zip(names, self.statuses or (0,) * len(names), strict=True)


@dataclass(slots=True, eq=False)
class SmscAccount:
    """The exact account of a simulated SMSC. Methods walk what is kept and return copies.

    Args:
        remember: submits whose destination is kept; older ones remain in the totals.
        submitted: submits taken in (of submit_multi, each destination): accepted and refused.
        refused: by command_status.
        window: the most submits that one bind had unanswered at once, as far as they were seen
            together: with no response latency, those of one read.
        receipts_sent: deliver_sm with a receipt, repeated ones included; receipts_acknowledged
            answered ESME_ROK, receipts_refused otherwise; receipts_dropped never sent, since more
            were owed than the scenario keeps.
        forgotten: submits beyond `remember`.
    """

    remember: int
    submitted: int = 0
    accepted: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    withheld: int = 0
    window: int = 0
    binds: int = 0
    binds_refused: Counter[int] = field(default_factory=Counter)
    links: int = 0
    receipts_sent: int = 0
    receipts_acknowledged: int = 0
    receipts_refused: int = 0
    receipts_lost: int = 0
    receipts_dropped: int = 0
    other_requests: Counter[str] = field(default_factory=Counter)
    forgotten: int = 0
    rates: Counter[int] = field(default_factory=Counter)
    _batches: deque[Taken] = field(default_factory=deque)

    def append(self, taken: Taken) -> None:
        """Adds a batch; the oldest are forgotten when there are too many."""
        self.submitted += taken.count
        if taken.statuses:
            self.refused.update(status for status in taken.statuses if status)
            self.accepted += taken.statuses.count(0)
        else:
            self.accepted += taken.count
        self.rates[int(taken.at)] += taken.count
        self._batches.append(taken)
        while self.submitted - self.forgotten > self.remember and len(self._batches) > 1:
            self.forgotten += self._batches.popleft().count

    def destinations(self, *, accepted: bool = False) -> Counter[str]:
        """Submits by destination; of accepted ones only if so asked."""
        if not accepted:
            return Counter(self.order())
        return Counter(name for batch in self._batches for name, status in batch.pairs() if not status)

    def order(self) -> list[str]:
        """The destination of every submit, in the order of their arrival."""
        joined = b"\0".join([batch.destinations for batch in self._batches])
        return joined.decode("latin-1").split("\0") if self._batches else []

    def find(self, index: int) -> tuple[Taken, int] | None:
        """The batch of an accepted message by its index, with its position among the accepted."""
        at = bisect_right(self._batches, index, key=lambda batch: batch.first) - 1
        while at >= 0 and not self._batches[at].states:
            at -= 1
        if at < 0 or index - self._batches[at].first >= len(self._batches[at].states):
            return None
        return self._batches[at], index - self._batches[at].first

    def as_dict(self, *, destinations: bool = False) -> dict[str, Any]:
        """The account for JSON; with `destinations`, the counts of each number too."""
        counts = self.destinations()
        plain = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in {"remember", "_batches"}
        }
        for name in ("refused", "binds_refused", "rates", "other_requests"):
            plain[name] = {str(key): value for key, value in sorted(plain[name].items())}
        plain["distinct_destinations"] = len(counts)
        plain["repeated_destinations"] = sum(count - 1 for count in counts.values())
        if destinations:
            plain["destinations"] = dict(counts)
        return plain
