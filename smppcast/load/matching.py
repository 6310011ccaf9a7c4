"""Which submit a receipt reports on, and how long it took: by message_id alone, a batch at a time.

The engine wants the destination to agree as well, since it settles accounts by what it finds. Here
one wrong match is one wrong latency, and what is kept is one dict entry a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from smppcast.model import MessageState
from smppcast.receipts import MessageIdMapping
from smppcast.receipts.batch import ReceiptBatch, fold_all
from smppcast.receipts.message_ids import HOLDS_AFTER, mapped

__all__ = ["Matching"]

WAITING_MAX = 1_000_000
"""Messages that may await their receipt, some 200 MB of them; the oldest are given up then."""

# Receipts that overtook their response, a window or two of them. As long as nobody knows how their
# ids are spelled, each answer has all of them looked through.
_EARLY_MAX, _UNSURE_MAX = 10_000, 200

_MAPPINGS = (MessageIdMapping.AS_IS, MessageIdMapping.HEX_TO_DEC, MessageIdMapping.DEC_TO_HEX)
_INTERMEDIATE = frozenset(state for state in MessageState if not state.final)


class Matching:
    """Accepted messages that await their receipt.

    Args:
        mapping: how the SMSC's receipts spell the message_ids of its responses; `auto` goes by what
            most receipts match under.
    """

    def __init__(self, mapping: MessageIdMapping) -> None:
        self.mapping: MessageIdMapping | None = None if mapping is MessageIdMapping.AUTO else mapping
        self._hits = dict.fromkeys(_MAPPINGS, 0)
        self._waiting: dict[str, float] = {}
        # Receipts without a message and when they came: by key, or until the mapping is known by id.
        self._early: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def accepted(self, message_ids: Sequence[str], times: Sequence[float]) -> list[tuple[float, float]]:
        """Messages were accepted whose latency counts from `times`; returns time and arrival of
        those whose receipt came before."""
        keys: Sequence[str] = fold_all(message_ids)
        self._waiting.update(zip(keys, times, strict=True))
        if len(self._waiting) > WAITING_MAX:
            for key in list(islice(self._waiting, WAITING_MAX // 10)):
                del self._waiting[key]
        if not self._early:
            return []
        if self.mapping is not None:
            pairs = [(key, key) for key in self._early.keys() & keys]
        else:
            ids = list(self._early)
            pairs = [(key, each) for each, key in zip(ids, self._likeliest(ids), strict=True)]
        found = [
            (self._waiting.pop(key), self._early.pop(early)) for key, early in pairs if key in self._waiting
        ]
        self._settle()
        return found

    def reported(self, batch: ReceiptBatch, now: float) -> list[float]:
        """From when the latency of the messages counts that final receipts report on."""
        ids: Sequence[str] = batch.message_ids
        if not _INTERMEDIATE.isdisjoint(batch.states):
            rows = zip(ids, batch.states, strict=True)
            ids = [each for each, state in rows if state not in _INTERMEDIATE]
        keys = self._likeliest(ids) if self.mapping is None else _under(ids, self.mapping)
        times = list(map(self._waiting.pop, keys, [None] * len(keys)))
        if None in times:
            names = ids if self.mapping is None else keys
            most = _UNSURE_MAX if self.mapping is None else _EARLY_MAX
            self._early.update((name, now) for name, time in zip(names, times, strict=True) if time is None)
            for name in list(islice(self._early, max(0, len(self._early) - most))):
                del self._early[name]
        self._settle()
        return [time for time in times if time is not None]

    # --- spellings --------------------------------------------------------------------------

    def _likeliest(self, ids: Sequence[str]) -> Sequence[str]:
        """The keys of receipts, under the mapping that most have matched under so far, these included."""
        waiting = self._waiting
        under = {mapping: _under(ids, mapping) for mapping in _MAPPINGS}
        hits = {
            mapping: self._hits[mapping] + sum(key in waiting for key in keys)
            for mapping, keys in under.items()
        }
        # Small numbers match in any base: of equals the first holds, the id as it is.
        best = max(_MAPPINGS, key=hits.__getitem__)
        matched = [row for row, key in enumerate(under[best]) if key in waiting]
        for mapping, keys in under.items():
            self._hits[mapping] += sum(keys[row] in waiting for row in matched)
        return under[best]

    def _settle(self) -> None:
        """Believes a mapping once it is well ahead of the others."""
        if self.mapping is not None:
            return
        second, best = sorted(self._hits.values())[1:]
        if best >= second + HOLDS_AFTER:
            mapping = max(_MAPPINGS, key=self._hits.__getitem__)
            self.mapping, keys = mapping, _under(list(self._early), mapping)
            self._early = dict(zip(keys, self._early.values(), strict=True))


def _under(ids: Sequence[str], mapping: MessageIdMapping) -> Sequence[str]:
    if mapping is MessageIdMapping.AS_IS:
        return fold_all(ids)
    return [mapped(each, mapping) or "" for each in ids]
