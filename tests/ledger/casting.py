"""What the ledger's tests are made of: a small campaign and its facts."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from smppcast.ledger.contract import Campaign, Store
from smppcast.ledger.facts import Accepted, Chunk, Received, TakenIn, chunk_key, make_ref

FIRST_NUMBER = 33_600_000_000


def taken_in(campaign: int, chunks: Sequence[Chunk], rows: int | None = None) -> TakenIn:
    fed = sum(len(chunk.numbers) for chunk in chunks)
    return TakenIn(campaign, 1.0, rows or fed, b"\1\2", fed, {}, 0, 0, complete=True, chunks=tuple(chunks))


def chunk(
    campaign: int, no: int = 0, count: int = 4, segments: int | bytes = 1, operator: str = "orange"
) -> Chunk:
    first = FIRST_NUMBER + no * 10_000
    return Chunk(chunk_key(campaign, no), operator, array("q", range(first, first + count)), segments)


def campaign_with(store: Store, *chunks_of: tuple[int, int | bytes]) -> Campaign:
    """A campaign with a chunk for each (count, segments)."""
    campaign = store.create_campaign("alert", 5.0, "print", "{}")
    chunks = [chunk(campaign.id, no, count, segments) for no, (count, segments) in enumerate(chunks_of)]
    store.commit([taken_in(campaign.id, chunks)])
    return campaign


def refs(campaign: int, no: int, *offsets: int, segment: int = 0) -> list[int]:
    return [make_ref(chunk_key(campaign, no), offset, segment) for offset in offsets]


def accepted(named: Sequence[int], at: float = 2.0, prefix: str = "id", operator: str = "orange") -> Accepted:
    ids = [f"{prefix}{ref}" for ref in named]
    return Accepted(operator, at, named, ids, [0] * len(ids))


def received(named: Sequence[int], state: int = 2, error: str = "", operator: str = "orange") -> Received:
    count = len(named)
    return Received(operator, 3.0, named, bytes([state]) * count, [error] * count, [77] * count)
