"""One chunk's segments, an octet each.

A board that nothing happens to is kept deflated, at some hundred octets for 10,000 recipients: a
receipt that comes days later still finds its segment, and memory stays flat.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter

from smppcast.ledger.contract import ChunkInfo
from smppcast.ledger.facts import OFFSET_MASK, SEGMENT_BITS, SEGMENT_MASK, make_ref
from smppcast.ledger.rules import SEND, STATE, UNANSWERED, UNSENT_AGAIN, Cell

__all__ = ["Board"]


class Board:
    """The segments of one chunk."""

    __slots__ = ("_packed", "below", "cells", "changed", "counts", "info", "ported", "stride")

    def __init__(self, info: ChunkInfo) -> None:
        self.info = info
        self.below = 0
        # All messages take as many cells as the longest: so a message is a slice of a fixed step.
        self.stride = info.segments if isinstance(info.segments, int) else max(info.segments, default=1)
        self.cells = bytearray()  # empty while deflated
        self._packed = b""  # empty while nothing has happened
        self.counts = (0,) * Cell.NOT_SENT + (info.count, 0, 0)  # as `count` gives them
        self.changed = False
        self.ported = False  # its recipients were refused elsewhere, as another network's

    def inflate(self) -> None:
        """Makes `cells` ready to be read and changed."""
        if not self.cells:
            self.cells = bytearray(zlib.decompress(self._packed)) if self._packed else self._blank()

    def deflate(self) -> None:
        """Makes it small; the counts stay."""
        if self.cells:
            self._packed = zlib.compress(self.cells, 1)
            self.cells = bytearray()

    def read(self) -> bytes:
        """The cells, whether inflated or not."""
        if self.cells:
            return bytes(self.cells)
        return zlib.decompress(self._packed) if self._packed else bytes(self._blank())

    def _blank(self) -> bytearray:
        segments = self.info.segments
        if isinstance(segments, int):
            return bytearray([Cell.NOT_SENT]) * (self.info.count * segments)
        padded = [bytes([Cell.NOT_SENT]) * n + bytes(self.stride - n) for n in range(self.stride + 1)]
        return bytearray().join(padded[n] for n in segments)

    def intend(self, below: int) -> None:
        """Moves the intent; see `facts.Intent`."""
        if below > self.below:
            span, table = slice(self.below * self.stride, below * self.stride), SEND
        elif below < self.below:
            span, table = slice(below * self.stride, None), UNSENT_AGAIN
        else:
            return
        self.cells[span] = self.cells[span].translate(table)
        self.below = below

    def place(self, ref: int) -> int:
        """Where a segment of this chunk is."""
        return (ref >> SEGMENT_BITS & OFFSET_MASK) * self.stride + (ref & SEGMENT_MASK)

    def message(self, offset: int) -> slice:
        """Where the segments of a recipient are, absent ones included."""
        return slice(offset * self.stride, (offset + 1) * self.stride)

    def take(self, offset: int) -> None:
        """The recipient is not of this chunk any more."""
        self.cells[self.message(offset)] = bytes(self.stride)

    def mark(self, offset: int, flags: int) -> None:
        """Adds flags to all segments of a recipient."""
        span = self.message(offset)
        self.cells[span] = bytes(cell and cell | flags for cell in self.cells[span])

    @property
    def end(self) -> int:
        """From this offset on no recipient is left in it."""
        return -(-len(self.read().rstrip(b"\0")) // self.stride)

    def count(self) -> tuple[int, ...]:
        """Recipients by state, and last the segments that are unanswered."""
        cells = self.read()
        first, *others = segments = self._segments(cells)
        counts = [0] * 9
        if others:  # the combinations are few: a quarter of the time that a max of each takes
            for states, count in Counter(zip(*segments, strict=True)).items():
                counts[max(states)] += count
        else:
            counts = [first.count(state) for state in range(9)]
        return (*counts, cells.translate(UNANSWERED).count(1))

    def outcomes(self) -> bytes:
        """The state of each recipient's message: that of its greatest segment."""
        segments = self._segments(self.read())
        return segments[0] if self.stride == 1 else bytes(map(max, *segments))

    def _segments(self, cells: bytes) -> list[bytes]:
        """The states of all first segments, of all second ones, and so on."""
        states = cells.translate(STATE)
        return [states[at :: self.stride] for at in range(self.stride)]

    def refs_in(self, state: Cell, below: int) -> array[int]:
        """The refs of the segments in a state, at offsets under `below`."""
        states, found = self.read().translate(STATE), array("q")
        at = states.find(state, 0, below * self.stride)
        while at >= 0:
            offset, segment = divmod(at, self.stride)
            found.append(make_ref(self.info.key, offset, segment))
            at = states.find(state, at + 1, below * self.stride)
        return found
