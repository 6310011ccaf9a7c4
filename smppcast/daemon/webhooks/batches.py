"""What one request holds: the next events of each stream, and the positions behind them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from smppcast.daemon.webhooks.streams import Piece
from smppcast.ledger.tail import Position

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """Events for one target; what is made of them is made once, by whoever asks first.

    Args:
        after: where each stream stood before.
        pieces: of each stream, in order.
    """

    target: str
    after: Mapping[str, Position]
    pieces: Mapping[str, list[Piece]]

    @cached_property
    def count(self) -> int:
        """Its events."""
        return sum(len(piece.events) for pieces in self.pieces.values() for piece in pieces)

    @property
    def then(self) -> dict[str, Position]:
        """Where the streams stand that have something in it, once it is told."""
        return {stream: pieces[-1].after for stream, pieces in self.pieces.items() if pieces}

    @cached_property
    def id(self) -> str:
        """The same for the same events, whoever asks: receivers know by it what they have."""
        then = self.then
        said = [self.target, *(f"{name} {self.after[name]} {then[name]}" for name in sorted(then))]
        return f"b-{hashlib.sha256('|'.join(said).encode()).hexdigest()[:32]}"

    @cached_property
    def body(self) -> bytes:
        """The request's, as JSON."""
        events = ",".join(
            event for pieces in self.pieces.values() for piece in pieces for event in piece.events
        )
        return f'{{"id":"{self.id}","target":{json.dumps(self.target)},"events":[{events}]}}'.encode()

    def without(self, before: float) -> tuple[Batch, Batch]:
        """What is older than a moment, and the rest; a stream is cut before its first younger one."""
        old, rest = dict[str, list[Piece]](), dict[str, list[Piece]]()
        for stream, pieces in self.pieces.items():
            cut = next((at for at, piece in enumerate(pieces) if piece.at >= before), len(pieces))
            old[stream], rest[stream] = pieces[:cut], pieces[cut:]
        dropped = Batch(self.target, self.after, old)
        return dropped, Batch(self.target, {**self.after, **dropped.then}, rest)
