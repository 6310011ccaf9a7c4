"""What can be told, and how it is written: receipts, messages of users, what became of campaigns.

An event is a text, ready to stand in a request: most of what telling costs is writing it, which is done on
the reader's thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from smppcast.daemon.inbound import PAGE, Joiner, Whole
from smppcast.daemon.models import iso
from smppcast.daemon.store import DaemonStore
from smppcast.ledger.facts import SEGMENT_MASK
from smppcast.ledger.tail import COUNTED, Position, ReceivedRow, TailReader
from smppcast.model import STATE_WORDS

__all__ = ["STREAMS", "Campaigns", "Inbound", "Piece", "Receipts", "Stream"]

# Segments of users' messages decoded at once: some ms.
SEGMENTS = 200


# By number, as the ledger has them: some SMSC's own are none of those.
_WORDS: Mapping[int, str] = {int(state): word for state, word in STATE_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Piece:
    """Events that came at one moment.

    Args:
        at: unix seconds.
        after: the position once they are told.
    """

    at: float
    events: list[str]
    after: Position


class Stream(Protocol):
    """Something to follow, for one follower; its methods are called on the reader's thread."""

    def end(self, tail: TailReader) -> Position:
        """Where a follower begins who wants nothing of the past."""

    def settled(self, tail: TailReader, kept: Position) -> Position:
        """Where one goes on after a restart."""

    def read(self, tail: TailReader, after: Position, most: int) -> tuple[list[Piece], Position]:
        """The next events, and the position behind all that was looked at for them."""

    def waiting(self, tail: TailReader, after: Position) -> tuple[int, float]:
        """How many events wait, about, and since when the first does; beyond `COUNTED` nobody counts."""


class Receipts:
    """Every receipt of a message that is ours, whatever its state."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def end(self, tail: TailReader) -> Position:
        return tail.end("fact")

    def settled(self, tail: TailReader, kept: Position) -> Position:
        return tail.settled("fact", kept)

    def waiting(self, tail: TailReader, after: Position) -> tuple[int, float]:
        return tail.waiting("fact", after)

    def read(self, tail: TailReader, after: Position, most: int) -> tuple[list[Piece], Position]:
        rows, looked = tail.received(after, most)
        pieces: list[Piece] = []
        for row in rows:
            if most <= 0:
                break
            begin = after.part if row.seq == after.row else 0
            below = min(len(row.fact.refs), begin + most)
            most -= below - begin
            part = 0 if below == len(row.fact.refs) else below
            events = self._events(tail, row, begin, below)
            pieces.append(Piece(row.fact.at, events, Position(row.seq, part, row.fact.at)))
        return pieces, pieces[-1].after if pieces else Position(looked, 0, after.at)

    def _events(self, tail: TailReader, row: ReceivedRow, begin: int, below: int) -> list[str]:
        """Written by hand: 2.0 µs an event, reading included; json.dumps of it alone takes 3.6."""
        seq, campaign, fact = row
        if campaign not in self._names:
            self._names = tail.campaigns()
        head = (
            f'"type":"receipt","at":{_text(iso(fact.at))},"campaign":{_text(self._names.get(campaign))},'
            f'"operator":{_text(fact.operator)},"message":"'
        )
        refs = fact.refs[begin:below]
        return [
            f'{{"id":"r-{campaign}-{seq}-{index}",{head}{ref & ~SEGMENT_MASK:016x}",'
            f'"segment":{(ref & SEGMENT_MASK) + 1},"to":{_quoted(to)},"state":"{_state(fact.states[index])}",'
            f'"error":{_text(fact.errors[index])},"done":{_moment(fact.done[index])}}}'
            for index, (ref, to) in enumerate(zip(refs, tail.numbers(refs), strict=True), begin)
        ]


class Inbound:
    """Messages of users, once they are whole."""

    def __init__(self) -> None:
        self._joiner: Joiner | None = None

    def end(self, tail: TailReader) -> Position:
        return tail.end("inbound")

    def settled(self, tail: TailReader, kept: Position) -> Position:
        return tail.settled("inbound", kept)

    def waiting(self, tail: TailReader, after: Position) -> tuple[int, float]:
        return tail.waiting("inbound", after)

    def messages(self, tail: TailReader, after: Position, most: int) -> tuple[list[Whole], Position]:
        """Those that the next segments make whole, and the position behind these."""
        if self._joiner is None:
            self._joiner = Joiner()
            before = tail.inbound(max(0, after.row - PAGE), PAGE)
            # What these make whole was told; what they leave open, later ones may make whole.
            list(self._joiner.add(row for row in before if row[0] <= after.row))
        rows = tail.inbound(after.row, min(most, SEGMENTS))
        found = list(self._joiner.add(rows))
        return found, Position(rows[-1][0], 0, rows[-1][2]) if rows else after

    def read(self, tail: TailReader, after: Position, most: int) -> tuple[list[Piece], Position]:
        messages, seen = self.messages(tail, after, most)
        pieces = []
        for message in messages:
            event = {
                "id": f"i-{message.id}-{int(1000 * message.at)}",
                "type": "inbound",
                "at": iso(message.at),
                "operator": message.operator,
                "from": message.source,
                "to": message.destination,
                "text": message.text,
            }
            pieces.append(Piece(message.at, [_compact(event)], Position(message.id, 0, message.at)))
        return pieces, seen


class Campaigns:
    """What became of campaigns, from the daemon's own store."""

    def __init__(self, store: DaemonStore) -> None:
        self._store = store

    def end(self, tail: TailReader) -> Position:  # noqa: ARG002 - it lies in another file
        return Position(self._store.events_waiting(0)[0])

    def settled(self, tail: TailReader, kept: Position) -> Position:  # noqa: ARG002 - its numbers never come back
        return kept

    def waiting(self, tail: TailReader, after: Position) -> tuple[int, float]:  # noqa: ARG002 - as above
        _, count, oldest = self._store.events_waiting(after.row)
        return min(count, COUNTED + 1), oldest

    def read(
        self,
        tail: TailReader,  # noqa: ARG002 - as above
        after: Position,
        most: int,
    ) -> tuple[list[Piece], Position]:
        pieces = []
        for row in self._store.events(after.row, most):
            event: dict[str, Any] = {
                "id": f"c-{row.no}",
                "type": "campaign",
                "at": iso(row.at),
                "campaign": row.campaign,
                "event": row.event,
                "reason": row.reason,
                "by": row.by,
            }
            if row.account is not None:
                event["account"] = row.account
            pieces.append(Piece(row.at, [_compact(event)], Position(row.no, 0, row.at)))
        return pieces, pieces[-1].after if pieces else after


# Those of few events come first, so that a million receipts do not keep them waiting.
STREAMS: Mapping[str, Callable[[DaemonStore], Stream]] = MappingProxyType(
    {
        "campaigns": Campaigns,
        "inbound": lambda _: Inbound(),
        "receipts": lambda _: Receipts(),
    }
)


def _compact(event: Mapping[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"))


@lru_cache(maxsize=1_024)  # names, and the same few errors again and again
def _text(value: str | None) -> str:
    return json.dumps(value)


def _quoted(number: int | None) -> str:
    return "null" if number is None else f'"{number}"'


def _state(state: int) -> str:
    return _WORDS.get(state, str(state))


@lru_cache(maxsize=1_024)  # receipts of one moment come together
def _moment(at: int) -> str:
    return _text(iso(at))
