"""How much of a day's quota earlier runs may have used: what the ledger knows was sent, or may have been."""

from __future__ import annotations

from collections import Counter

from smppcast.ledger.board import replay
from smppcast.ledger.contract import Store

__all__ = ["spent", "unanswered"]


def spent(store: Store, operator: str, since: float, open_pdus: Counter[str]) -> int:
    """The most submit_sm PDUs that can have been written to an operator since then (unix seconds).

    A PDU counts for when it was answered or told lost, so one that was written before midnight and
    answered after it counts for the new day: rather too much than too little.

    Args:
        open_pdus: see `unanswered`.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    return store.answered(operator, since) + open_pdus[operator]


def unanswered(store: Store) -> Counter[str]:
    """By operator, the PDUs that were about to be written, or were, and of which nothing more is known.

    To be asked while no campaign is in work. Nobody knows when they were written, if they were: they
    count for today. It replays all campaigns that are not finished, as resuming them does.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    found: Counter[str] = Counter()
    for campaign in store.campaigns():
        if campaign.state.ended:
            continue
        for operator, part in replay(store, campaign).by_operator().items():
            pdus = part.segments
            found[operator] += pdus.submitted - pdus.accepted - pdus.rejected - pdus.throttled - pdus.unknown
    return found
