"""The ledger in memory: the plain twin of `sqlite.py`, for the tests of those who embed us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from smppcast.errors import LedgerError
from smppcast.ledger.batch import Batch
from smppcast.ledger.contract import Campaign, ChunkInfo, Cursor
from smppcast.ledger.facts import (
    CHUNK_SHIFT,
    OFFSET_MASK,
    SEGMENT_BITS,
    Accepted,
    Chunk,
    Fact,
    ParkedReceipt,
    chunk_key,
)
from smppcast.ledger.rows import ANSWERED, FactRow, StateFact, fact_of, unpack, unpack_texts
from smppcast.model import CampaignState

__all__ = ["MemoryStore"]


class MemoryStore:
    """`contract.Store` that ends with its process. Not bounded: it keeps every fact.

    Attributes:
        inbound: rows of operator, time, source, destination, PDU.
    """

    def __init__(self) -> None:
        self.inbound: list[tuple[Any, ...]] = []
        self._campaigns: dict[str, Campaign] = {}
        self._cursors: dict[int, Cursor] = {}
        self._chunks: dict[int, ChunkInfo] = {}
        self._bodies: dict[int, tuple[bytes, bytes | None]] = {}
        self._facts: list[FactRow] = []
        self._parked: dict[tuple[str, int], ParkedReceipt] = {}
        self._ids: dict[tuple[str, str], dict[int, int]] = {}  # (operator, key): number by ref
        self._indexed: dict[str, int] = {}
        self._changes: dict[str, Callable[..., None]] = {
            "unpark": self._unpark,
            "set_campaign_state": self._set_campaign_state,
            "set_cursor": self._set_cursor,
        }

    def __repr__(self) -> str:
        return f"<MemoryStore [{len(self._campaigns)} campaigns | {len(self._facts)} facts]>"

    def close(self) -> None:
        """See `contract.Store`; what it holds can still be read."""

    # --- campaigns ---

    def create_campaign(self, name: str, created: float, fingerprint: str, settings: str) -> Campaign:
        """See `contract.Store`."""
        if name in self._campaigns:
            raise LedgerError(f"there is a campaign {name} already")
        number = len(self._campaigns) + 1
        campaign = Campaign(number, name, created, fingerprint, settings, CampaignState.RUNNING)
        self._campaigns[name] = campaign
        return campaign

    def amend_campaign(self, campaign: Campaign, fingerprint: str, settings: str) -> Campaign:
        """See `contract.Store`."""
        amended = self._campaigns[campaign.name] = replace(
            campaign, fingerprint=fingerprint, settings=settings
        )
        return amended

    def campaign(self, name: str) -> Campaign | None:
        """See `contract.Store`."""
        return self._campaigns.get(name)

    def campaigns(self) -> list[Campaign]:
        """See `contract.Store`."""
        return list(self._campaigns.values())

    def cursor(self, campaign: int) -> Cursor:
        """See `contract.Store`."""
        cursor = self._cursors.get(campaign, Cursor())
        return replace(cursor, chunks=sum(1 for _ in self.chunks(campaign)))

    # --- facts ---

    def commit(self, facts: Sequence[Fact]) -> None:
        """See `contract.Store`."""
        try:
            batch = Batch(facts)
        except ValueError as error:
            raise LedgerError(str(error)) from error
        parked = {(operator, number): ParkedReceipt(*row) for operator, number, *row in batch.parked}
        keys = {row[0] for row in batch.chunks}
        new = len(parked) == len(batch.parked) and len(keys) == len(batch.chunks)
        if not new or keys & self._chunks.keys() or parked.keys() & self._parked.keys():
            raise LedgerError("a chunk or a parked receipt is there already")
        self._facts += batch.facts
        self._chunks |= {row[0]: ChunkInfo(*row) for row in batch.chunks}
        self._bodies |= {key: (numbers, texts) for key, numbers, texts in batch.bodies}
        self._parked |= parked
        self.inbound += batch.inbound
        for name, values in batch.changes:
            self._changes[name](*values)

    def _unpark(self, operator: str, ids: str) -> None:
        for number in json.loads(ids):
            self._parked.pop((operator, number), None)

    def _set_campaign_state(self, state: str, number: int) -> None:
        for name, campaign in self._campaigns.items():
            if campaign.id == number:
                self._campaigns[name] = replace(campaign, state=CampaignState(state))

    def _set_cursor(
        self, campaign: int, rows: int, digest: bytes, fed: int, invalid: str, *rest: Any
    ) -> None:
        self._cursors[campaign] = Cursor(rows, digest, fed, json.loads(invalid), *rest)

    def facts(self, campaign: int) -> Iterator[StateFact]:
        """See `contract.Store`."""
        return self.facts_of_chunks(chunk_key(campaign, 0), chunk_key(campaign + 1, 0) - 1)

    def facts_of_chunks(self, first: int, last: int) -> Iterator[StateFact]:
        """See `contract.Store`."""
        for row in self._facts[:]:
            kind, _, operator, at, count, low, high, refs, data = row
            if high >= first and low <= last:
                yield fact_of((kind, operator, at, count, low, refs, data))

    def answered(self, operator: str, since: float) -> int:
        """See `contract.Store`."""
        return sum(
            count
            for kind, _, name, at, count, *_ in self._facts
            if kind in ANSWERED and name == operator and at is not None and at >= since
        )

    # --- chunks ---

    def chunks(self, campaign: int) -> Iterator[ChunkInfo]:
        """See `contract.Store`."""
        first, end = chunk_key(campaign, 0), chunk_key(campaign + 1, 0)
        return (self._chunks[key] for key in sorted(self._chunks) if first <= key < end)

    def find_number(self, number: int) -> Iterator[ChunkInfo]:
        """See `contract.Store`."""
        return (self._chunks[key] for key in sorted(self._chunks) if number in self.body(key).numbers)

    def body(self, key: int) -> Chunk:
        """See `contract.Store`."""
        if key not in self._bodies:
            raise LedgerError(f"chunk {key} has no body")
        info, (numbers, texts) = self._chunks[key], self._bodies[key]
        return Chunk(key, info.operator, unpack(numbers), info.segments, unpack_texts(texts))

    # --- message_ids and parked receipts ---

    def unindexed(self, operator: str) -> Iterator[Accepted]:
        """See `contract.Store`."""
        for kind, _, name, at, count, low, _, refs, data in self._facts[self._indexed.get(operator, 0) :]:
            fact = fact_of((kind, name, at, count, low, refs, data))
            if isinstance(fact, Accepted) and name == operator:
                yield replace(fact, numbers=[self._number(ref) for ref in fact.refs])

    def _number(self, ref: int) -> int:
        return self.body(ref >> CHUNK_SHIFT).numbers[ref >> SEGMENT_BITS & OFFSET_MASK]

    def find_ids(
        self, operator: str, keys: Sequence[str], *, likely: bool = False
    ) -> list[tuple[str, int, int]]:
        """See `contract.Store`."""
        _ = likely  # one look finds them all
        found = ((key, self._ids.get((operator, key), {})) for key in sorted(set(keys)))
        return [(key, ref, numbers[ref]) for key, numbers in found for ref in sorted(numbers)]

    def index_ids(self, operator: str, entries: Sequence[tuple[str, int, int]]) -> None:
        """See `contract.Store`."""
        for key, ref, number in entries:
            self._ids.setdefault((operator, key), {})[ref] = number
        self._indexed[operator] = len(self._facts)

    def tidy_ids(self) -> bool:
        """See `contract.Store`."""
        return False

    def parked(self, operator: str) -> Iterator[tuple[int, ParkedReceipt]]:
        """See `contract.Store`."""
        mine = [(number, receipt) for (name, number), receipt in self._parked.items() if name == operator]
        return iter(sorted(mine, key=itemgetter(0)))
