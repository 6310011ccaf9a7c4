"""What a simulated SMSC took in: appended raw, a batch at a time, and computed when it is read."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Message", "SmscAccount", "Taken"]

# Submits a block of the account: as many as keep the objects few that Python's garbage collector
# walks, and few enough that forgetting one at a time is no lurch.
BLOCK: Final = 4096
OWNERS_MAX: Final = 0xFFFF


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


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message, as query_sm finds it.

    Args:
        state: the final one.
        settles_at: when it is reached, in the server's clock; `wall` more is unix time.
    """

    system_id: str
    state: int
    settles_at: float
    wall: float


class _Block:
    """Batches as columns: some 25 octets a submit. The last three hold accepted ones only."""

    __slots__ = ("destinations", "first", "owners", "settling", "since", "states", "statuses", "wall")

    def __init__(self, taken: Taken) -> None:
        self.first, self.since, self.wall = taken.first, taken.now, taken.at - taken.now
        self.destinations = bytearray()
        self.statuses = array("I")
        self.states = bytearray()
        self.settling = array("f")
        self.owners = array("H")

    def append(self, taken: Taken, owner: int) -> None:
        """Adds a batch; the time at which each settles is kept as seconds since the block began."""
        if self.statuses:
            self.destinations += b"\0"
        self.destinations += taken.destinations
        if taken.statuses:
            self.statuses.extend(taken.statuses)
        else:
            self.statuses.frombytes(bytes(taken.count * self.statuses.itemsize))
        count, begun = len(taken.states), taken.now - self.since
        self.states += taken.states
        delays = array("f", [begun + delay for delay in taken.delays])
        self.settling += (delays * (count // len(delays) + 1))[:count]
        self.owners += array("H", (owner,)) * count

    def names(self) -> list[str]:
        """The destination of each submit."""
        return self.destinations.decode("latin-1").split("\0")


@dataclass(slots=True, eq=False)
class SmscAccount:
    """The exact account of a simulated SMSC. Methods walk what is kept and return copies.

    Args:
        remember: submits whose destination is kept, a block more at most; older ones remain in
            the totals.
        submitted: submits taken in (of submit_multi, each destination): accepted and refused.
        refused: by command_status.
        withheld: accepted, and never answered.
        window: the most submits that one bind had unanswered at once, as far as they were seen
            together: with no response latency, those of one read.
        receipts_sent: deliver_sm with a receipt, repeated ones included; receipts_acknowledged
            answered ESME_ROK, receipts_refused otherwise; receipts_dropped never sent, since more
            were owed than the scenario keeps.
        other_requests: by command, those but submit_sm.
        malformed: PDUs that could not be read.
        forgotten: submits beyond `remember`.
        rates: submits by unix second.
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
    malformed: int = 0
    forgotten: int = 0
    rates: Counter[int] = field(default_factory=Counter)
    _blocks: deque[_Block] = field(default_factory=deque)
    _owners: dict[str, int] = field(default_factory=dict)

    def append(self, taken: Taken) -> None:
        """Adds a batch; the oldest block is forgotten when there are too many."""
        self.submitted += taken.count
        self.accepted += len(taken.states)
        if taken.statuses:
            self.refused.update(status for status in taken.statuses if status)
        self.rates[int(taken.at)] += taken.count
        if not self._blocks or len(self._blocks[-1].statuses) >= BLOCK:
            self._blocks.append(_Block(taken))
        owner = self._owners.setdefault(taken.system_id, min(len(self._owners), OWNERS_MAX))
        self._blocks[-1].append(taken, owner)
        if self.submitted - self.forgotten - len(self._blocks[0].statuses) >= self.remember:
            self.forgotten += len(self._blocks.popleft().statuses)

    def destinations(self, *, accepted: bool = False) -> Counter[str]:
        """Submits by destination; of accepted ones only if so asked."""
        if not accepted:
            return Counter(self.order())
        pairs = (pair for block in self._blocks for pair in zip(block.names(), block.statuses, strict=True))
        return Counter(name for name, status in pairs if not status)

    def order(self) -> list[str]:
        """The destination of every submit, in the order of their arrival."""
        return [name for block in self._blocks for name in block.names()]

    def find(self, index: int) -> Message | None:
        """An accepted message by its index."""
        at = bisect_right(self._blocks, index, key=lambda block: block.first) - 1
        if at < 0 or index - self._blocks[at].first >= len(self._blocks[at].states):
            return None
        block = self._blocks[at]
        position = index - block.first
        owner = next((name for name, number in self._owners.items() if number == block.owners[position]), "")
        settles_at = block.since + block.settling[position]
        return Message(owner, block.states[position], settles_at, block.wall)

    def as_dict(self, *, destinations: bool = False) -> dict[str, Any]:
        """The account for JSON; with `destinations`, the counts of each number too."""
        counts = self.destinations()
        plain = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if not name.startswith("_") and name != "remember"
        }
        for name in ("refused", "binds_refused", "rates", "other_requests"):
            plain[name] = {str(key): value for key, value in sorted(plain[name].items())}
        plain["distinct_destinations"] = len(counts)
        plain["repeated_destinations"] = sum(count - 1 for count in counts.values())
        if destinations:
            plain["destinations"] = dict(counts)
        return plain
