"""Where a lane's submits come from, and whose turn it is: reserved shares, then priority, then weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
        priority: a lower class is served first, and alone while it has anything but for reserved shares.
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


class _Class:
    """The sources of one priority class: the one that has had least for its weight is next."""

    def __init__(self, share: float) -> None:
        self.share = share
        # PDUs that its share entitles it to at once, before classes that are served first.
        self.credit = 0.0
        self._sources: dict[int, Source] = {}
        # PDUs served, divided by weight, since the class had but one source.
        self._served: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def add(self, source: Source) -> None:
        """A newcomer starts level with the source that has had least, so it cannot claim the past."""
        self._served[source.campaign] = min(self._served.values(), default=0.0)
        self._sources[source.campaign] = source

    def remove(self, source: Source) -> None:
        self._sources.pop(source.campaign, None)
        self._served.pop(source.campaign, None)

    def pull(self, room: int) -> Batch | None:
        served = self._served
        for campaign in sorted(served, key=served.__getitem__):
            source = self._sources[campaign]
            batch = source.pull(room)
            if batch is not None:
                if len(served) > 1:
                    served[campaign] += len(batch[1]) / source.weight
                return batch
            if len(served) > 1:
                # One that had nothing to send does not save up its turns.
                level = min(value for key, value in served.items() if key != campaign)
                served[campaign] = max(served[campaign], level)
        return None


class Sources:
    """The sources of one lane, and the choice among them.

    A class is served before all others of a higher number, but for shares: of what is sent, a class
    with a share gets at least that much while it has something to send. What it does not use goes to
    the others, and is not saved up.

    Args:
        shares: by priority class, from 0 to 1, and no more than 1 together.
    """

    def __init__(self, shares: Mapping[int, float] | None = None) -> None:
        self._by_campaign: dict[int, Source] = {}
        self._shares = shares or {}
        self._classes: dict[int, _Class] = {}
        self._order: list[_Class] = []

    def __len__(self) -> int:
        return len(self._by_campaign)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_campaign.values())

    def add(self, source: Source) -> None:
        """From here on it is asked when its turn comes."""
        self._by_campaign[source.campaign] = source
        found = self._classes.get(source.priority)
        if found is None:
            found = self._classes[source.priority] = _Class(self._shares.get(source.priority, 0.0))
            self._order = [self._classes[priority] for priority in sorted(self._classes)]
        found.add(source)

    def remove(self, source: Source) -> None:
        """It is asked no more; one that is not there is no fault."""
        self._by_campaign.pop(source.campaign, None)
        found = self._classes.get(source.priority)
        if found is None:
            return
        found.remove(source)
        if not found:
            del self._classes[source.priority]
            self._order = [self._classes[priority] for priority in sorted(self._classes)]

    def get(self, campaign: int) -> Source | None:
        return self._by_campaign.get(campaign)

    def pull(self, room: int) -> Batch | None:
        """A batch from the source whose turn it is; None when no source has anything."""
        if len(self._by_campaign) == 1:
            (source,) = self._by_campaign.values()
            return source.pull(room)
        for each in self._order:
            if each.credit >= 1.0:
                batch = each.pull(min(room, int(each.credit)))
                if batch is not None:
                    return self._served(each, batch)
                each.credit = 0.0
        for each in self._order:
            batch = each.pull(room)
            if batch is not None:
                return self._served(each, batch)
            each.credit = 0.0
        return None

    def _served(self, by: _Class, batch: Batch) -> Batch:
        """Each share grows by what was sent, and shrinks by what its class had of it."""
        count = len(batch[1])
        for each in self._order:
            if each.share:
                each.credit += each.share * count
        by.credit = max(0.0, by.credit - count)
        return batch
