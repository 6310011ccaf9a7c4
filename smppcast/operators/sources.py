"""Where a lane's submits come from, and whose turn it is: priority class first, then weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from smppcast.ledger.facts import ParkedReceipt

__all__ = ["Batch", "Source", "Sources", "Taken"]

Batch = tuple[Sequence[bytes], Sequence[int]]
"""submit_sm bodies (what follows the header) and the refs of the segments they carry."""

Taken = Callable[[Sequence[str], Sequence[int], Sequence[int]], None]
"""Told of message_ids, their refs and their destinations: receipts are matched by these."""


class Source(Protocol):
    """What a lane pulls from and reports to. All methods are synchronous.

    Attributes:
        campaign: the number in the upper bits of its refs.
        priority: a lower class is served first, and alone while it has anything.
        weight: its share among sources of its class.
    """

    campaign: int
    priority: int
    weight: float

    def pull(self, room: int) -> Batch | None:
        """At most `room` PDUs that may go now, in feed order; None for nothing at the moment."""

    def accepted(self, refs: Sequence[int], message_ids: Sequence[str]) -> Sequence[int]:
        """The SMSC took them; returns their destinations, by which receipts are checked."""

    def refused(self, refs: Sequence[int], statuses: Sequence[int]) -> None:
        """The SMSC answered with these statuses, none of them ESME_ROK."""

    def lost(self, refs: Sequence[int], *, expired: bool = False) -> None:
        """Written, perhaps, and never answered: the link ended or, `expired`, the response timed out."""

    def late(
        self, refs: Sequence[int], statuses: Sequence[int], message_ids: Sequence[str], taken: Taken
    ) -> None:
        """Answers to what was `lost`, after all; `taken` is to be told of what the SMSC accepted."""

    def destinations(self, refs: Sequence[int]) -> Sequence[int]:
        """Of segments that are in flight."""

    def settled_by(self, receipt: ParkedReceipt) -> Sequence[int]:
        """Unknown segments of the one message that a receipt of unknown message_id must be of, if any."""

    def settle(self, ref: int) -> int:
        """A receipt settles this one of them; returns its destination."""


class Sources:
    """The sources of one lane, and the choice among them."""

    def __init__(self) -> None:
        self._by_campaign: dict[int, Source] = {}
        # PDUs served, divided by weight: the source that has had least is next.
        self._served: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._by_campaign)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_campaign.values())

    def add(self, source: Source) -> None:
        """A newcomer starts level with the source that has had least, so it cannot claim the past."""
        level = min(self._served.values(), default=0.0)
        self._by_campaign[source.campaign] = source
        self._served[source.campaign] = level

    def remove(self, source: Source) -> None:
        self._by_campaign.pop(source.campaign, None)
        self._served.pop(source.campaign, None)

    def get(self, campaign: int) -> Source | None:
        return self._by_campaign.get(campaign)

    def pull(self, room: int) -> Batch | None:
        """A batch from the source whose turn it is; None when no source has anything."""
        if len(self._by_campaign) == 1:
            (source,) = self._by_campaign.values()
            return source.pull(room)
        served = self._served
        for source in sorted(self._by_campaign.values(), key=lambda s: (s.priority, served[s.campaign])):
            batch = source.pull(room)
            if batch is not None:
                served[source.campaign] += len(batch[1]) / source.weight
                return batch
            # One that had nothing to send does not save up its turns.
            level = min(value for key, value in served.items() if key != source.campaign)
            served[source.campaign] = max(served[source.campaign], level)
        return None
