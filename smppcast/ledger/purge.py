"""Forgetting a campaign's recipients for good, and keeping its counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from smppcast.ledger.board import replay
from smppcast.ledger.contract import Campaign
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account, CampaignState, ReceiptTally, SegmentTally

__all__ = ["Purged", "due", "purge"]


@dataclass(frozen=True, slots=True)
class Purged:
    """What is left of a campaign.

    Args:
        at: when it was purged, unix seconds.
    """

    at: float
    account: Account
    operators: dict[str, Account]

    @classmethod
    def kept(cls, campaign: Campaign) -> Self | None:
        """That of a campaign in the ledger; None where it was not purged."""
        kept = json.loads(campaign.settings).get("purged")
        if kept is None:
            return None
        operators = {name: _account(part) for name, part in kept["operators"].items()}
        return cls(kept["at"], _account(kept["account"]), operators)


def _account(kept: dict[str, Any]) -> Account:
    segments, receipts = SegmentTally(**kept["segments"]), ReceiptTally(**kept["receipts"])
    return Account(**{**kept, "segments": segments, "receipts": receipts})


def purge(store: SqliteStore, campaign: Campaign, now: float) -> Purged:
    """Removes numbers, texts and message_ids; the account stays, as it is now.

    The space is given back by `SqliteStore.reclaim`.

    Raises:
        LedgerError: the ledger cannot be read or written.
    """
    boards = replay(store, campaign)
    found = Purged(now, boards.account(live=False), boards.by_operator(live=False))
    kept = {
        "at": now,
        "account": asdict(found.account),
        "operators": {name: asdict(part) for name, part in found.operators.items()},
    }
    settings = {**json.loads(campaign.settings), "purged": kept}
    store.forget(campaign.id, json.dumps(settings, ensure_ascii=False))
    return found


def due(store: SqliteStore, now: float, retention_s: float | None) -> Iterator[Campaign]:
    """The finished campaigns whose time is over, counted from the last that the ledger was told of them.

    Args:
        retention_s: of campaigns that have none of their own; None keeps them.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for campaign in store.campaigns():
        own = json.loads(campaign.settings).get("retention_s", retention_s)
        if not campaign.state.ended or campaign.state is CampaignState.PURGED or own is None:
            continue
        if now - max(campaign.created, store.last_told(campaign.id)) >= own:
            yield campaign
