"""Subscribers, streamed in batches: reading, normalising, deduping, and knowing a feed again.

Not per row but per batch: `open_feed` gives columns, `normalise` integers, `Seen` the positions of
duplicates. What is refused carries a `Reason` by its position in the batch.
"""

from __future__ import annotations

from smppcast.feed.batch import Batch
from smppcast.feed.dedupe import Seen
from smppcast.feed.digest import FeedDigest, identify
from smppcast.feed.items import Item
from smppcast.feed.msisdn import normalise
from smppcast.feed.reader import Feed, Source, open_feed
from smppcast.feed.reasons import Reason
from smppcast.feed.rejects import Rejects
from smppcast.feed.suppression import Suppression, read_list
from smppcast.feed.template import Template

__all__ = [
    "Batch",
    "Feed",
    "FeedDigest",
    "Item",
    "Reason",
    "Rejects",
    "Seen",
    "Source",
    "Suppression",
    "Template",
    "identify",
    "normalise",
    "open_feed",
    "read_list",
]
