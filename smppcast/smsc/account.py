"""What a simulated SMSC took in: appended raw, a batch at a time, and computed when it is read."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["Message", "Owner", "SmscAccount", "Taken"]

# Submits a block of the account: as many as keep the objects few that Python's garbage collector
# walks, and few enough that forgetting one at a time is no lurch.
BLOCK: Final = 4096


class Owner(NamedTuple):
    """Whose a message is: of an account, with source_addr and service_type as they came."""

    system_id: str
    source_addr: bytes
    service_type: bytes

    def covers(self, other: Owner) -> bool:
        """Whether it names the other one; an empty service_type stands for any."""
        return self[:2] == other[:2] and self.service_type in (b"", other.service_type)


@dataclass(slots=True, eq=False)
class Taken:
    """A batch of submits as they came.

    Args:
        first: index of its first accepted message; they count up from there.
        at: when, in unix seconds; `now` in the server's clock.
        destinations: of all of them, NUL between.
        statuses: command_status of each; none when all were accepted.
        states: the final message_state of each accepted one, an octet each.
        delays: seconds until the accepted ones reach it; the message at position i takes that of
            i modulo their number.
    """

    first: int
    at: float
    now: float
    owner: Owner
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

    owner: Owner
    destination: str
    state: int
    settles_at: float
    wall: float


class _Block:
    """Batches as columns: some 25 octets a submit. The last three hold accepted ones only."""

    __slots__ = (
        "destinations",
        "first",
        "names",
        "owners",
        "settling",
        "since",
        "states",
        "statuses",
        "wall",
    )

    def __init__(self, taken: Taken) -> None:
        self.first, self.since, self.wall = taken.first, taken.now, taken.at - taken.now
        self.destinations = bytearray()
        self.statuses = array("I")
        self.states = bytearray()
        self.settling = array("f")
        self.owners = array("H")
        self.names: dict[Owner, int] = {}

    def append(self, taken: Taken) -> None:
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
        self.owners += array("H", (self.names.setdefault(taken.owner, len(self.names)),)) * count

    def numbers(self) -> list[str]:
        """The destination of each submit."""
        return self.destinations.decode("latin-1").split("\0")

    def accepted(self) -> list[str]:
        """The destination of each accepted one."""
        return [number for number, status in zip(self.numbers(), self.statuses, strict=True) if not status]

    def find(self, position: int) -> Message:
        """The accepted message there."""
        owner = list(self.names)[self.owners[position]]
        settles_at = self.since + self.settling[position]
        return Message(owner, self.accepted()[position], self.states[position], settles_at, self.wall)

    def pending(self, owner: Owner, destination: str, now: float) -> list[int]:
        """As `SmscAccount.pending`."""
        theirs = {number for name, number in self.names.items() if owner.covers(name)}
        if not theirs or destination.encode("latin-1") not in self.destinations:
            return []
        return [
            self.first + position
            for position, number in enumerate(self.accepted())
            if number == destination
            and self.owners[position] in theirs
            and self.since + self.settling[position] > now
        ]


@dataclass(slots=True, eq=False)
class SmscAccount:
    """The exact account of a simulated SMSC. Methods walk what is kept and return copies.

    Args:
        remember: submits whose destination is kept, a block more at most; older ones remain in
            the totals.
        submitted: submits answered, or withheld: `accepted` and `refused` together. They are submit_sm,
            data_sm and each destination of submit_multi; one that is refused as a whole counts once.
        refused: by command_status: by the scenario, for a wrong field, or since the bind may not submit.
        withheld: accepted, and never answered.
        window: the most submits that one bind had unanswered at once, as far as they were seen
            together: with no response latency, those of one read. `windows`: likewise, by account.
        receipts_sent: deliver_sm with a receipt, repeated ones included; receipts_acknowledged
            answered ESME_ROK, receipts_refused otherwise; receipts_dropped never sent, since more
            were owed than the scenario keeps.
        inbound_sent: deliver_sm with a message of a subscriber's; likewise inbound_acknowledged,
            inbound_refused and inbound_dropped.
        other_requests: by command, those but submit_sm.
        malformed: PDUs that could not be read. Submits among them are refused as well.
        forgotten: submits beyond `remember`.
        rates: submits by unix second.
    """

    remember: int
    submitted: int = 0
    accepted: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    withheld: int = 0
    window: int = 0
    windows: Counter[str] = field(default_factory=Counter)
    binds: int = 0
    binds_refused: Counter[int] = field(default_factory=Counter)
    links: int = 0
    receipts_sent: int = 0
    receipts_acknowledged: int = 0
    receipts_refused: int = 0
    receipts_lost: int = 0
    receipts_dropped: int = 0
    inbound_sent: int = 0
    inbound_acknowledged: int = 0
    inbound_refused: int = 0
    inbound_dropped: int = 0
    other_requests: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    forgotten: int = 0
    rates: Counter[int] = field(default_factory=Counter)
    _raw: list[Callable[[], Taken]] = field(default_factory=list)
    _blocks: deque[_Block] = field(default_factory=deque)

    def append(
        self, at: float, count: int, accepted: int, statuses: Sequence[int], taken: Callable[[], Taken]
    ) -> None:
        """Counts a batch; `fold` asks for what is `taken` and writes it down, which does not hold up its
        responses.

        Args:
            at, count, statuses: as those of `Taken`.
            accepted: how many were.
        """
        self.submitted += count
        self.accepted += accepted
        if statuses:
            self.refused.update(status for status in statuses if status)
        self.rates[int(at)] += count
        self._raw.append(taken)

    def refuse(
        self, owner: Owner, destinations: Sequence[bytes], status: int, times: tuple[float, float]
    ) -> None:
        """Counts submits that were refused with one status, none of which has a sender to be found by.

        Args:
            destinations: as far as they could be read, empty otherwise.
            times: `at` and `now`, as those of `Taken`.
        """
        count, (at, now) = len(destinations), times
        statuses = (status,) * count
        joined = b"\0".join(destinations)
        taken = Taken(self.accepted, at, now, owner, count, joined, statuses, b"", (0.0,))
        self.append(at, count, 0, statuses, lambda: taken)

    def fold(self) -> None:
        """Writes down what was appended; the oldest block is forgotten when there are too many."""
        raw, self._raw = self._raw, []
        for batch in raw:
            taken = batch()
            if not self._blocks or len(self._blocks[-1].statuses) >= BLOCK:
                self._blocks.append(_Block(taken))
            self._blocks[-1].append(taken)
        while (
            self._blocks and self.submitted - self.forgotten - len(self._blocks[0].statuses) >= self.remember
        ):
            self.forgotten += len(self._blocks.popleft().statuses)

    def _written(self) -> deque[_Block]:
        self.fold()
        return self._blocks

    def destinations(self, *, accepted: bool = False) -> Counter[str]:
        """Submits by destination; of accepted ones only if so asked. Those without one are left out."""
        if not accepted:
            counts = Counter(self.order())
            del counts[""]
            return counts
        pairs = (
            pair for block in self._written() for pair in zip(block.numbers(), block.statuses, strict=True)
        )
        return Counter(name for name, status in pairs if not status)

    def order(self) -> list[str]:
        """The destination of every submit, in the order of their arrival; empty where it had none that could
        be read, or was a submit_multi refused as a whole."""
        return [name for block in self._written() for name in block.numbers()]

    def find(self, index: int) -> Message | None:
        """An accepted message by its index."""
        blocks = self._written()
        at = bisect_right(blocks, index, key=lambda block: block.first) - 1
        if at < 0 or index - blocks[at].first >= len(blocks[at].states):
            return None
        return blocks[at].find(index - blocks[at].first)

    def pending(self, owner: Owner, destination: str, now: float) -> list[int]:
        """Indexes of accepted messages to that destination that are short of their final state."""
        return [index for block in self._written() for index in block.pending(owner, destination, now)]

    def totals(self) -> dict[str, Any]:
        """Its counters for JSON: quick, however much was taken in. `rates` is left out."""
        plain = {name: getattr(self, name) for name in _TOTALS}
        for name in ("windows", "refused", "binds_refused", "other_requests"):
            plain[name] = _plain(plain[name])
        return plain

    def as_dict(self, *, destinations: bool = False) -> dict[str, Any]:
        """The account for JSON; with `destinations`, the counts of each number too. Walks all of it."""
        counts = self.destinations()
        plain = self.totals() | {"rates": _plain(self.rates)}
        plain["distinct_destinations"] = len(counts)
        plain["repeated_destinations"] = sum(count - 1 for count in counts.values())
        if destinations:
            plain["destinations"] = dict(counts)
        return plain


_TOTALS: Final = [
    name
    for name in SmscAccount.__dataclass_fields__
    if not name.startswith("_") and name not in ("remember", "rates")
]


def _plain(counts: Mapping[Any, int]) -> dict[str, int]:
    """Keys of JSON are text."""
    return {str(key): value for key, value in sorted(counts.items())}
