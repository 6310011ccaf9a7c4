"""A follow-up campaign: to those whom an earlier one did not reach."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Self

from smppcast.errors import CampaignError
from smppcast.ledger.contract import Campaign as Record
from smppcast.ledger.contract import Store
from smppcast.ledger.reached import chosen
from smppcast.ledger.writer import Writer
from smppcast.model import Outcome

__all__ = ["NOT_REACHED", "FollowUp", "text_of"]

NOT_REACHED = frozenset((Outcome.EXPIRED, Outcome.UNDELIVERED, Outcome.REJECTED, Outcome.UNKNOWN))
"""Outcomes that can be tried again."""

# Chunks read in one step of the ledger's thread, which has commits to make as well.
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Whom it is for; kept with the campaign, so that a resumed one asks the same.

    Args:
        of: the earlier campaign.
        until: unix seconds; what was told of it later does not count.
    """

    of: str
    outcomes: frozenset[Outcome]
    until: float

    @classmethod
    def kept(cls, record: Record) -> Self | None:
        """That of a campaign in the ledger; None where it is none."""
        kept = json.loads(record.settings).get("follow_up")
        if kept is None:
            return None
        return cls(kept["of"], frozenset(map(Outcome, kept["outcomes"])), kept["until"])

    @property
    def settings(self) -> dict[str, Any]:
        """What `kept` reads."""
        outcomes = sorted(outcome.value for outcome in self.outcomes)
        return {"follow_up": {"of": self.of, "outcomes": outcomes, "until": self.until}}

    def require_same(self, record: Record) -> None:
        """That a campaign which is there already is this one.

        Raises:
            CampaignError: it is another.
        """
        kept = self.kept(record)
        if kept is None or (kept.of, kept.outcomes) != (self.of, self.outcomes):
            raise CampaignError(
                f"campaign {record.name} is there, and does not follow up {self.of} "
                f"for {', '.join(sorted(self.outcomes))}: give this one another name"
            )

    async def feed(self, store: Store, writer: Writer, earlier: Record) -> AsyncIterator[dict[str, str]]:
        """Its recipients as rows of a feed: number, operator, and their own text where each had one."""
        rows = _rows(store, earlier.id, self.outcomes, self.until)
        while (step := await writer.call(next, rows, None)) is not None:
            for row in step:
                yield row


def _rows(
    store: Store, campaign: int, outcomes: Collection[Outcome], until: float
) -> Iterator[list[dict[str, str]]]:
    for chunk, offsets in chosen(store, campaign, outcomes, until=until, at_once=AT_ONCE):
        rows = [{"msisdn": str(chunk.numbers[at]), "operator": chunk.operator} for at in offsets]
        if chunk.texts is not None:
            for row, at in zip(rows, offsets, strict=True):
                row["text"] = chunk.texts[at]
        yield rows


def text_of(record: Record, *, personalised: bool) -> str:
    """The text by which a campaign's messages can be sent again.

    Raises:
        CampaignError: the ledger does not say: it is of an older version.
    """
    if personalised:
        return "{text}"  # as each recipient had it: see `FollowUp.feed`
    text = json.loads(record.settings).get("text")
    if text is None:
        raise CampaignError(f"the ledger does not hold the text of campaign {record.name}: give one")
    return str(text)
