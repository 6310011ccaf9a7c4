"""A chunk in memory: its recipients ready to be written, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence

from smppcast.campaign.wording import Wording
from smppcast.errors import CampaignError
from smppcast.ledger.facts import CHUNK_SHIFT, OFFSET_MASK, SEGMENT_BITS, SEGMENT_MASK, Chunk, offset_of

__all__ = ["LoadedChunk", "reference_of"]

_STEP = 1 << SEGMENT_BITS

# user_message_reference (SMPP 5.0 section 4.8.4.62): tag, length, and two octets of the ESME's choice.
_REFERENCE = b"\x02\x04\0\x02"


def reference_of(ref: int) -> int:
    """The user_message_reference of a segment: different for all segments of one message."""
    return (ref ^ ref >> 16 ^ ref >> 32 ^ ref >> 48) & 0xFFFF


class LoadedChunk:
    """One chunk that is being sent.

    Attributes:
        next: the offset of the next recipient never sent to.
        intent: offsets below it are in an intent given to the ledger.
        allowed: offsets below it are in an intent that is durable: they may be sent.
        left: segments that have no final answer yet.
        end: recipients from this offset on are another lane's.
        taken_back: how often the intent was lowered again.
    """

    __slots__ = (
        "_destinations",
        "_parts",
        "_references",
        "_wording",
        "allowed",
        "chunk",
        "end",
        "intent",
        "left",
        "next",
        "taken_back",
    )

    def __init__(self, chunk: Chunk, parts: Sequence[tuple[bytes, bytes]], wording: Wording) -> None:
        self.chunk = chunk
        self.next = self.intent = self.allowed = self.taken_back = 0
        segments = chunk.segments
        self.left = segments * len(chunk.numbers) if isinstance(segments, int) else sum(segments)
        if isinstance(segments, int) and segments != len(parts):
            raise CampaignError(
                f"operator {chunk.operator} now takes {len(parts)} segments for a text that took {segments} "
                "when the campaign began: its dialect was changed"
            )
        self._parts, self._wording = parts, wording
        self._references = wording.references
        # One conversion in C for the whole chunk: 0.15 µs a number.
        digits = str(chunk.numbers.tolist())[1:-1].encode()
        self._destinations = digits.split(b", ") if digits else []
        self.end = len(self._destinations)

    def __len__(self) -> int:
        """How many of its recipients are, or were, this lane's."""
        return self.end

    def segments(self, offset: int) -> int:
        """Segments of the recipient's message."""
        segments = self.chunk.segments
        return segments if isinstance(segments, int) else segments[offset]

    def open_from(self, offset: int) -> int:
        """Segments of the recipients from an offset on."""
        segments = self.chunk.segments
        if isinstance(segments, int):
            return segments * (self.end - offset)
        return sum(segments[offset : self.end])

    def text(self, ref: int) -> str | None:
        """The recipient's own text, None where all have one."""
        return None if self.chunk.texts is None else self.chunk.texts[offset_of(ref)]

    def numbers(self, refs: Sequence[int]) -> list[int]:
        """Destinations of refs of this chunk."""
        numbers = self.chunk.numbers
        return [numbers[ref >> SEGMENT_BITS & OFFSET_MASK] for ref in refs]

    def fresh(self, room: int) -> tuple[Sequence[bytes], Sequence[int]] | None:
        """Whole messages of recipients not sent to yet, at most `room` PDUs and none beyond `allowed`.

        Raises:
            SmppcastError: a personal text cannot be written any more as it was when it was taken in;
                `next` stands where it was.
        """
        if self.chunk.texts is not None or not isinstance(self.chunk.segments, int):
            return self._fresh_personal(room)
        parts, first = self._parts, self.next
        count = min(self.allowed - first, room // len(parts))
        if count <= 0:
            return None
        self.next = last = first + count
        if self._references:
            return self._referring(first, last)
        destinations = self._destinations[first:last]
        base = self.chunk.key << CHUNK_SHIFT
        offsets = range(base + first * _STEP, base + last * _STEP, _STEP)
        if len(parts) == 1:
            ((prefix, suffix),) = parts
            return [prefix + digits + suffix for digits in destinations], offsets
        return (
            [prefix + digits + suffix for digits in destinations for prefix, suffix in parts],
            [ref + segment for ref in offsets for segment in range(len(parts))],
        )

    def _referring(self, first: int, last: int) -> tuple[Sequence[bytes], Sequence[int]]:
        """As `fresh`, each segment with a reference of its own behind it."""
        base = self.chunk.key << CHUNK_SHIFT
        refs = [
            base + offset * _STEP + segment
            for offset in range(first, last)
            for segment in range(len(self._parts))
        ]
        return [self.body(ref) for ref in refs], refs

    def _fresh_personal(self, room: int) -> tuple[Sequence[bytes], Sequence[int]] | None:
        bodies: list[bytes] = []
        refs: list[int] = []
        base = self.chunk.key << CHUNK_SHIFT
        offset = self.next
        while offset < self.allowed and len(bodies) + self.segments(offset) <= room:
            parts = self._personal(offset)
            mine = [base + offset * _STEP + segment for segment in range(len(parts))]
            bodies.extend(self._body(ref, part) for ref, part in zip(mine, parts, strict=True))
            refs.extend(mine)
            offset += 1
        self.next = offset
        return (bodies, refs) if refs else None

    def one(self) -> list[int] | None:
        """The refs of the next message alone, however many segments it has; None beyond `allowed`."""
        if self.next >= self.allowed:
            return None
        ref = (self.chunk.key << CHUNK_SHIFT) + self.next * _STEP
        count = self.segments(self.next)
        self.next += 1
        return [ref + segment for segment in range(count)]

    def body(self, ref: int) -> bytes:
        """The body of one segment.

        Raises:
            SmppcastError: as `fresh`.
        """
        offset = offset_of(ref)
        parts = self._parts if self.chunk.texts is None else self._personal(offset)
        return self._body(ref, parts[ref & SEGMENT_MASK])

    def _body(self, ref: int, part: tuple[bytes, bytes]) -> bytes:
        prefix, suffix = part
        body = prefix + self._destinations[ref >> SEGMENT_BITS & OFFSET_MASK] + suffix
        if self._references:
            body += _REFERENCE + reference_of(ref).to_bytes(2, "big")
        return body

    def _personal(self, offset: int) -> Sequence[tuple[bytes, bytes]]:
        texts = self.chunk.texts
        if texts is None:
            return self._parts
        parts = self._wording.parts(texts[offset])
        if len(parts) != self.segments(offset):
            raise CampaignError(
                f"operator {self.chunk.operator} now takes {len(parts)} segments for a text that took "
                f"{self.segments(offset)} when the campaign began: its dialect was changed"
            )
        return parts
