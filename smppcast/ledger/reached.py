"""The numbers of a campaign whose messages came to some end."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence

from smppcast.ledger.board import Boards
from smppcast.ledger.contract import ChunkInfo, Store
from smppcast.ledger.facts import chunk_of
from smppcast.ledger.restricted import restricted
from smppcast.ledger.rules import outcome_of
from smppcast.model import Outcome

__all__ = ["reached"]

# Chunks worked through at once: late receipts name chunks all over, and are read once a stretch.
CHUNKS = 256


def reached(store: Store, campaign: int, outcomes: Collection[Outcome]) -> Iterator[array[int]]:
    """Streams numbers, a chunk's at a time.

    What is in flight counts as unknown.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    infos: list[ChunkInfo] = []
    for info in store.chunks(campaign):
        infos.append(info)
        if len(infos) == CHUNKS:
            yield from _stretch(store, infos, outcomes)
            infos.clear()
    if infos:
        yield from _stretch(store, infos, outcomes)


def _stretch(store: Store, infos: Sequence[ChunkInfo], outcomes: Collection[Outcome]) -> Iterator[array[int]]:
    first, last = infos[0].key, infos[-1].key
    boards = Boards("")
    for info in infos:
        boards.add_chunk(info)
    for fact in store.facts_of_chunks(first, last):
        boards.apply(restricted(fact, lambda ref: first <= chunk_of(ref) <= last))
    wanted = set(outcomes) - {Outcome.IN_FLIGHT}
    if Outcome.UNKNOWN in wanted:
        wanted.add(Outcome.IN_FLIGHT)
    for info in infos:
        states = boards.board(info.key).outcomes()
        chosen = {state for state in set(states) if state and outcome_of(state) in wanted}
        if chosen:
            numbers = store.body(info.key).numbers
            yield array(
                "q", [number for number, state in zip(numbers, states, strict=True) if state in chosen]
            )
