"""The recipients of a campaign whose messages came to some outcome."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from math import inf

from smppcast.ledger.board import Boards
from smppcast.ledger.contract import ChunkInfo, Store
from smppcast.ledger.facts import Chunk
from smppcast.ledger.rules import outcome_of
from smppcast.ledger.stretches import facts_within, stretches
from smppcast.model import Outcome

__all__ = ["chosen", "reached"]

# Chunks worked through at once: late receipts name chunks all over, and are read once a stretch.
CHUNKS = 64


def reached(store: Store, campaign: int, outcomes: Collection[Outcome]) -> Iterator[array[int]]:
    """Streams the numbers, a chunk's at a time.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for chunk, offsets in chosen(store, campaign, outcomes):
        yield array("q", map(chunk.numbers.__getitem__, offsets))


def chosen(
    store: Store, campaign: int, outcomes: Collection[Outcome], *, until: float = inf, at_once: int = CHUNKS
) -> Iterator[tuple[Chunk, list[int]]]:
    """Streams chunks with the offsets of recipients who came to one of these outcomes.

    What is in flight counts as unknown.

    Args:
        until: what was told later (unix seconds) does not count, so that the same question has the same
            answer whatever receipts come meanwhile.
        at_once: chunks worked through in one step.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for infos in stretches(store, campaign, at_once):
        yield from _stretch(store, infos, outcomes, until)


def _stretch(
    store: Store, infos: Sequence[ChunkInfo], outcomes: Collection[Outcome], until: float
) -> Iterator[tuple[Chunk, list[int]]]:
    boards = Boards("")
    for info in infos:
        boards.add_chunk(info)
    for fact in facts_within(store, infos):
        if getattr(fact, "at", 0.0) <= until:
            boards.apply(fact)
    wanted = set(outcomes) - {Outcome.IN_FLIGHT}
    if Outcome.UNKNOWN in wanted:
        wanted.add(Outcome.IN_FLIGHT)
    for info in infos:
        states = boards.board(info.key).outcomes()
        ends = {state for state in set(states) if state and outcome_of(state) in wanted}
        if ends:
            yield store.body(info.key), [offset for offset, state in enumerate(states) if state in ends]
