"""A campaign some chunks at a time, each with the facts that concern it: for who looks at all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from smppcast.ledger.contract import ChunkInfo, Store
from smppcast.ledger.facts import Fact, chunk_of
from smppcast.ledger.restricted import restricted

__all__ = ["facts_within", "stretches"]


def stretches(store: Store, campaign: int, size: int) -> Iterator[list[ChunkInfo]]:
    """Its chunks in runs of `size`, in the order of their keys.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    chunks = iter(store.chunks(campaign))
    while stretch := list(islice(chunks, size)):
        yield stretch


def facts_within(store: Store, stretch: Sequence[ChunkInfo]) -> Iterator[Fact]:
    """The facts of a stretch, each without what it says of other chunks: no ref comes in two stretches.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    first, last = stretch[0].key, stretch[-1].key
    for fact in store.facts_of_chunks(first, last):
        yield restricted(fact, lambda ref: first <= chunk_of(ref) <= last)
