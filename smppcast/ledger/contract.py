"""The contract of a ledger's store: synchronous, used by one thread, the same for every kind.

`sqlite.py` keeps it in a file, `memory.py` for tests; `writer.py` puts one on a thread and
commits in groups. Nothing in it leans on SQLite, so that a server can follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from smppcast.ledger.facts import Accepted, Chunk, Fact, ParkedReceipt
from smppcast.model import CampaignState

__all__ = ["Campaign", "ChunkInfo", "Cursor", "Store"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as the ledger knows it.

    Args:
        fingerprint: of all that must not change between runs: text, source, dialect.
        settings: what else is kept with it, as JSON.
    """

    id: int
    name: str
    created: float
    fingerprint: str
    settings: str
    state: CampaignState


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a campaign's feed is taken in: see `facts.TakenIn`."""

    rows: int = 0
    digest: bytes = b""
    fed: int = 0
    invalid: dict[str, int] = field(default_factory=dict)
    duplicate: int = 0
    suppressed: int = 0
    complete: bool = False
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """A chunk without its body."""

    key: int
    operator: str
    count: int
    segments: int | bytes
    personalised: bool


class Store(Protocol):
    """What a ledger can do. Every method may raise LedgerError."""

    def close(self) -> None: ...

    def create_campaign(self, name: str, created: float, fingerprint: str, settings: str) -> Campaign:
        """Durable on return; the name must be new."""
        ...

    def amend_campaign(self, campaign: Campaign, fingerprint: str, settings: str) -> Campaign:
        """Gives a campaign of which nothing was taken in yet another wording; durable on return."""
        ...

    def campaign(self, name: str) -> Campaign | None: ...

    def campaigns(self) -> list[Campaign]: ...

    def cursor(self, campaign: int) -> Cursor: ...

    def commit(self, facts: Sequence[Fact]) -> None:
        """All of them, in their order, in one transaction; durable on return, or none of them."""
        ...

    def chunks(self, campaign: int) -> Iterator[ChunkInfo]:
        """All chunks of a campaign, in the order of their keys."""
        ...

    def find_number(self, number: int) -> Iterator[ChunkInfo]:
        """The chunks that hold a number, whatever their campaign, in the order of their keys."""
        ...

    def body(self, key: int) -> Chunk:
        """One chunk whole."""
        ...

    def facts(self, campaign: int) -> Iterator[Fact]:
        """The facts that change states (Intent to Received), in the order of their commits.

        The `numbers` of an Accepted come back empty: they are in the bodies.
        """
        ...

    def facts_of_chunks(self, first: int, last: int) -> Iterator[Fact]:
        """As `facts`, but only those that concern chunks of one campaign from key `first` to `last`."""
        ...

    def answered(self, operator: str, since: float) -> int:
        """submit_sm PDUs of an operator that were answered, or told lost, since then (unix seconds)."""
        ...

    def unindexed(self, operator: str) -> Iterator[Accepted]:
        """The acceptances that `index_ids` was not told yet, with their numbers."""
        ...

    def find_ids(
        self, operator: str, keys: Sequence[str], *, likely: bool = False
    ) -> list[tuple[str, int, int]]:
        """Durable half of the index of message_ids: (folded key, ref, number), newest last.

        Newest by its ref: campaigns and chunks are counted up.

        Args:
            likely: a quick look where the last ones were found; what it misses may still be there.
        """
        ...

    def index_ids(self, operator: str, entries: Sequence[tuple[str, int, int]]) -> None:
        """Adds (folded key, ref, number) to that index, and marks all acceptances so far as in it.

        So whoever calls this has handed in every acceptance of the operator committed by now.
        """
        ...

    def tidy_ids(self) -> bool:
        """Some milliseconds of what that index wants done when it grew; whether there may be more."""
        ...

    def parked(self, operator: str) -> Iterator[tuple[int, ParkedReceipt]]:
        """Receipts still without a message, oldest first."""
        ...
