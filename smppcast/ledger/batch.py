"""Sorts a group of facts into the rows of each table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smppcast.ledger.facts import (
    CampaignChanged,
    Chunk,
    Fact,
    InboundReceived,
    Intent,
    Opened,
    ReceiptsParked,
    TakenIn,
    Unparked,
)
from smppcast.ledger.rows import FactRow, pack, pack_texts, row_of

__all__ = ["Batch"]

Row = tuple[Any, ...]


class Batch:
    """What one commit writes: rows to insert, each list by one statement, then changes in order."""

    def __init__(self, group: Sequence[Fact]) -> None:
        self.facts: list[FactRow] = []
        self.chunks: list[Row] = []
        self.bodies: list[Row] = []
        self.parked: list[Row] = []
        self.inbound: list[Row] = []
        self.changes: list[tuple[str, Row]] = []
        for fact in group:
            self._sort(fact)

    def inserts(self) -> Iterator[tuple[str, Sequence[Row]]]:
        """The statements, by name, that have rows to insert."""
        tables: tuple[tuple[str, Sequence[Row]], ...] = (
            ("add_chunks", self.chunks),
            ("add_bodies", self.bodies),
            ("add_facts", self.facts),
            ("park", self.parked),
            ("add_inbound", self.inbound),
        )
        return ((name, rows) for name, rows in tables if rows)

    def _sort(self, fact: Fact) -> None:
        match fact:
            case TakenIn():
                self._take_in(fact)
            case Opened(chunk=chunk):
                self._add_chunk(chunk)
            case ReceiptsParked():
                self._park(fact)
            case Unparked(operator=operator, ids=ids):
                self.changes.append(("unpark", (operator, json.dumps(list(ids)))))
            case InboundReceived(operator=operator, at=at):
                columns = zip(fact.sources, fact.destinations, fact.pdus, strict=True)
                self.inbound.extend((operator, at, *row) for row in columns)
            case CampaignChanged(campaign=campaign, state=state):
                self.changes.append(("set_campaign_state", (state.value, campaign)))
            case Intent() as intent:
                self.facts.append(row_of(intent))
            case _:
                if len(fact.refs):
                    self.facts.append(row_of(fact))

    def _take_in(self, fact: TakenIn) -> None:
        for chunk in fact.chunks:
            self._add_chunk(chunk)
        invalid = json.dumps(fact.invalid)
        counts = (fact.fed, invalid, fact.duplicate, fact.suppressed, fact.complete)
        self.changes.append(("set_cursor", (fact.campaign, fact.rows, fact.digest, *counts)))

    def _add_chunk(self, chunk: Chunk) -> None:
        self.chunks.append(_chunk_row(chunk))
        self.bodies.append((chunk.key, pack(chunk.numbers), pack_texts(chunk.texts)))

    def _park(self, fact: ReceiptsParked) -> None:
        for number, receipt in zip(fact.ids, fact.receipts, strict=True):
            addresses = (receipt.message_id, receipt.source_addr, receipt.destination_addr)
            told = (
                receipt.state,
                receipt.error,
                receipt.done,
                receipt.at,
                receipt.submitted,
                receipt.reference,
            )
            self.parked.append((fact.operator, number, *addresses, *told))


def _chunk_row(chunk: Chunk) -> Row:
    count, segments = len(chunk.numbers), chunk.segments
    if not (segments > 0 if isinstance(segments, int) else len(segments) == count and all(segments)):
        raise ValueError("a chunk has one number of segments, or one for each recipient, from 1 on")
    if chunk.texts is not None and len(chunk.texts) != count:
        raise ValueError("a personalised chunk has a text for each recipient")
    return (chunk.key, chunk.operator, count, segments, chunk.texts is not None)
