"""How a fact becomes a row of columns, and a row a fact.

Columns are joined: integers as 64 bit little-endian, an octet a state, texts with NUL between
them (no C-octet string holds one). One row a batch costs SQLite a fifth of a row a message.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

from smppcast.ledger.facts import (
    CHUNK_BITS,
    CHUNK_SHIFT,
    Accepted,
    Attempted,
    Deferred,
    Fact,
    Intent,
    Lost,
    Moved,
    Received,
    Rejected,
    Unsent,
)

__all__ = [
    "ACCEPTED",
    "ANSWERED",
    "RECEIVED",
    "FactRow",
    "StateFact",
    "fact_of",
    "pack",
    "pack_texts",
    "row_of",
    "unpack",
    "unpack_texts",
]

# The facts that change states; the others have tables of their own.
StateFact: TypeAlias = Intent | Accepted | Rejected | Deferred | Lost | Attempted | Unsent | Moved | Received
# kind, campaign, operator, at, count, chunk_lo, chunk_hi, refs, data
FactRow: TypeAlias = tuple[int, int, str | None, float | None, int, int, int, bytes | None, bytes | None]

# These numbers are in files: never give one a new meaning.
_KINDS: dict[type[Fact], int] = {
    Intent: 1,
    Accepted: 2,
    Rejected: 3,
    Deferred: 4,
    Lost: 5,
    Attempted: 6,
    Unsent: 7,
    Received: 8,
    Moved: 10,
}
_ACCEPTED_LATE = 9
_PORTED = 11
_BIG_ENDIAN = sys.byteorder == "big"


# The kinds that give message_ids.
ACCEPTED = (_KINDS[Accepted], _ACCEPTED_LATE)
RECEIVED = _KINDS[Received]
# Those that end the way of one PDU a ref. A late answer is to one that was told Lost.
ANSWERED = (_KINDS[Accepted], _KINDS[Rejected], _KINDS[Deferred], _KINDS[Lost])


def _kind_of(fact: StateFact) -> int:
    """The number that a fact's kind has in the file."""
    if isinstance(fact, Accepted) and fact.late:
        return _ACCEPTED_LATE
    return _PORTED if isinstance(fact, Moved) and fact.ported else _KINDS[type(fact)]


def pack(values: Iterable[int]) -> bytes:
    """Integers as 64 bit little-endian, signed."""
    packed = array("q", values)
    if _BIG_ENDIAN:
        packed.byteswap()
    return packed.tobytes()


def unpack(data: bytes) -> array[int]:
    """What `pack` packed."""
    values = array("q", data)
    if _BIG_ENDIAN:
        values.byteswap()
    return values


def pack_texts(texts: Sequence[str] | None) -> bytes | None:
    """The texts of a personalised chunk: alike as they are, they shrink well."""
    return None if texts is None else zlib.compress(json.dumps(texts).encode("ascii"), 1)


def unpack_texts(data: bytes | None) -> tuple[str, ...] | None:
    """What `pack_texts` packed."""
    return None if data is None else tuple(json.loads(zlib.decompress(data)))


def row_of(fact: StateFact) -> FactRow:
    """The columns of table `fact`.

    Raises:
        ValueError: its refs are of several campaigns, or its columns of several lengths.
    """
    kind = _kind_of(fact)
    if isinstance(fact, Intent):
        campaign = fact.chunk >> CHUNK_BITS
        return (kind, campaign, None, fact.at or None, fact.below, fact.chunk, fact.chunk, None, None)
    refs = fact.refs
    low, high = min(refs) >> CHUNK_SHIFT, max(refs) >> CHUNK_SHIFT
    if low >> CHUNK_BITS != high >> CHUNK_BITS:
        raise ValueError("the refs of a fact are of one campaign")
    data = _data(fact)
    if isinstance(fact, Moved):
        high = fact.to  # younger than any that they leave; a look for its facts must find this one
    return (kind, low >> CHUNK_BITS, fact.operator, fact.at, len(refs), low, high, pack(refs), data)


def _data(fact: StateFact) -> bytes | None:
    match fact:
        case Accepted(refs=refs, message_ids=ids):
            _same_length(refs, ids)
            return _join(ids)
        case Rejected(refs=refs, statuses=statuses) | Deferred(refs=refs, statuses=statuses):
            _same_length(refs, statuses)
            return pack(statuses)
        case Attempted(duplicate=duplicate):
            return b"\1" if duplicate else b"\0"
        case Moved(refs=refs, to=to, flags=flags):
            _same_length(refs, flags)
            return pack((to,)) + flags
        case Received(refs=refs, states=states, errors=errors, done=done):
            _same_length(refs, states, errors, done)
            texts = _join(errors) if any(errors) else b""
            return bytes(states) + pack(done) + texts
        case _:
            return None


def _same_length(refs: Sequence[int], *columns: Sequence[object]) -> None:
    if any(len(column) != len(refs) for column in columns):
        raise ValueError("the columns of a fact are of one length")


def _join(texts: Sequence[str]) -> bytes:
    joined = "\0".join(texts)
    if joined.count("\0") != len(texts) - 1:  # a peer's fault must not shift its neighbours
        joined = "\0".join(text.replace("\0", "") for text in texts)
    return joined.encode("utf-8", "surrogatepass")


def _cut(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogatepass").split("\0")


def fact_of(row: Sequence[Any]) -> StateFact:
    """The fact of a row (kind, operator, at, count, chunk_lo, refs, data).

    The `numbers` of an Accepted come back empty: they are in the chunks' bodies.

    Raises:
        ValueError: the row is damaged.
    """
    kind, operator, at, count, chunk, packed, data = row
    if kind == _KINDS[Intent]:
        return Intent(chunk, count, at or 0.0)
    refs = unpack(packed)
    if len(refs) != count:
        raise ValueError("a fact's columns differ in length")
    reader = _READERS.get(kind)
    if reader is None:
        raise ValueError(f"a fact of the unknown kind {kind}")
    return reader(operator, at, refs, data)


def _accepted(operator: str, at: float, refs: array[int], data: bytes, *, late: bool = False) -> Accepted:
    ids = _cut(data)
    _same_length(refs, ids)
    return Accepted(operator, at, refs, ids, (), late)


def _statuses(refs: array[int], data: bytes) -> array[int]:
    statuses = unpack(data)
    _same_length(refs, statuses)
    return statuses


def _moved(operator: str, at: float, refs: array[int], data: bytes, *, ported: bool = False) -> Moved:
    (to,), flags = unpack(data[:8]), data[8:]
    _same_length(refs, flags)
    return Moved(operator, at, refs, to, flags, ported)


def _received(operator: str, at: float, refs: array[int], data: bytes) -> Received:
    count = len(refs)
    states, done, texts = data[:count], unpack(data[count : 9 * count]), data[9 * count :]
    errors = _cut(texts) if texts else [""] * count
    _same_length(refs, states, errors, done)
    return Received(operator, at, refs, states, errors, done)


_READERS: dict[int, Callable[[str, float, array[int], bytes], StateFact]] = {
    _KINDS[Accepted]: _accepted,
    _ACCEPTED_LATE: partial(_accepted, late=True),
    _KINDS[Rejected]: lambda operator, at, refs, data: Rejected(operator, at, refs, _statuses(refs, data)),
    _KINDS[Deferred]: lambda operator, at, refs, data: Deferred(operator, at, refs, _statuses(refs, data)),
    _KINDS[Lost]: lambda operator, at, refs, _: Lost(operator, at, refs),
    _KINDS[Attempted]: lambda operator, at, refs, data: Attempted(operator, at, refs, data == b"\1"),
    _KINDS[Unsent]: lambda operator, at, refs, _: Unsent(operator, at, refs),
    _KINDS[Moved]: _moved,
    _PORTED: partial(_moved, ported=True),
    _KINDS[Received]: _received,
}
