"""The account of any campaign in the ledger, for those who read it beside its writer or after it."""

from __future__ import annotations

from smppcast.ledger.board import replay
from smppcast.ledger.contract import Store
from smppcast.ledger.purge import Purged
from smppcast.model import Account

__all__ = ["account_of"]


def account_of(store: Store, name: str, *, live: bool = False) -> Account | None:
    """The account of a campaign, of this run or an earlier one, as its durable facts have it.

    It reads all of the campaign's facts and blocks meanwhile: call it in a thread. Of a campaign in work,
    `Campaign.account` costs less. A purged campaign keeps its account.

    Args:
        store: the ledger; beside a writer that lives, `SqliteStore(path, read_only=True)`.
        name: the campaign's.
        live: a writer lives. Without one, what was in flight is counted as unknown.

    Returns:
        The counts in recipients, None where the ledger has no such campaign.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    campaign = store.campaign(name)
    if campaign is None:
        return None
    purged = Purged.kept(campaign)
    return replay(store, campaign).account(live=live) if purged is None else purged.account
