"""Which segment a receipt names: by its message_id, in whatever spelling, and its source address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from smppcast.ledger.resolver import Resolver
from smppcast.operators.addresses import agrees
from smppcast.receipts import Inference, MessageIdMapping, candidates
from smppcast.receipts.batch import ReceiptBatch, fold_all
from smppcast.receipts.message_ids import mapped

__all__ = ["Matching"]

log = structlog.get_logger("smppcast.inbox")

_Found = Mapping[str, Sequence[tuple[int, int]]]  # (ref, number) of each key that has any


class Matching:
    """Looks receipts up in one operator's index, and learns how it spells message_ids.

    Args:
        mapping: as configured; `auto` infers it from what matches.

    Attributes:
        repeated: receipts whose id and destination several messages have; the newest got it.

    A match needs the receipt's source_addr to be the message's destination as well: a counter that
    wraps, or a decimal that reads as hexadecimal, would else match another message.
    """

    def __init__(self, operator: str, mapping: MessageIdMapping, resolver: Resolver) -> None:
        self.mapping = mapping
        self.inference = Inference()
        self.repeated = 0
        self._operator, self._resolver = operator, resolver

    @property
    def settled(self) -> bool:
        """Whether one mapping is believed, so that the others are tried only when it fails for good."""
        return self.mapping is not MessageIdMapping.AUTO or self.inference.holds is not None

    # --- keys ------------------------------------------------------------------------------

    def keys(self, batch: ReceiptBatch) -> list[str]:
        """The key that each receipt most likely has."""
        mapping = self.mapping
        if mapping is MessageIdMapping.AUTO:
            mapping = self.inference.holds or MessageIdMapping.AS_IS
        if mapping is MessageIdMapping.AS_IS:
            return fold_all(batch.message_ids)
        return [mapped(message_id, mapping) or "" for message_id in batch.message_ids]

    def all_keys(self, *message_ids: str) -> list[str]:
        """Every key that a receipt with these message_ids may have, likeliest first."""
        auto = self.mapping is MessageIdMapping.AUTO
        keys: dict[str, None] = {}
        for message_id in message_ids:
            found = self.inference.candidates(message_id) if auto else candidates(message_id, self.mapping)
            keys.update(dict.fromkeys(found))
        return list(keys)

    def learn(self, message_ids: Iterable[str], key: str) -> None:
        """A receipt with these message_ids was matched under the key."""
        if self.mapping is not MessageIdMapping.AUTO:
            return
        before = self.inference.holds
        for message_id in filter(None, message_ids):
            self.inference.observe(self.inference.explains(message_id, key))
        if self.inference.holds is not before:
            log.info("message_ids_inferred", operator=self._operator, mapping=str(self.inference.holds))

    # --- refs ------------------------------------------------------------------------------

    def hot(self, batch: ReceiptBatch, keys: Sequence[str]) -> list[int]:
        """The ref of each receipt, -1 where what is hot has none."""
        named, numbers = self._resolver.find(keys)
        settled = self.settled
        if settled and str(numbers)[1:-1].split(", ") == batch.sources:  # one conversion in C for all
            return named
        refs = []
        for row, (ref, number, source) in enumerate(zip(named, numbers, batch.sources, strict=True)):
            if ref < 0 or not (str(number) == source or agrees(number, source)):
                refs.append(-1 if settled else self.hot_under_any(batch, row))
                continue
            refs.append(ref)
            if not settled:
                self.learn((batch.message_ids[row],), keys[row])
        return refs

    def hot_under_any(self, batch: ReceiptBatch, row: int) -> int:
        """The ref of one receipt under any key that it may have, or -1."""
        ids = (batch.message_ids[row], batch.other_ids[row])
        for key in self.all_keys(*ids):
            found = self._resolver.get(key)
            if found is not None and agrees(found[1], batch.sources[row]):
                self.learn(ids, key)
                return found[0]
        return -1

    async def durable(self, batch: ReceiptBatch, likely: Mapping[int, str]) -> dict[int, int]:
        """Searches the durable index: first where the last ones were, then everywhere and under all keys.

        Args:
            likely: the likeliest key of each row that is looked for.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        found = await self._resolver.find_likely(list(likely.values()))
        refs = self._among(batch, {row: [key] for row, key in likely.items()}, found)
        left = [row for row in likely if row not in refs]
        if left:
            keys = {row: self.all_keys(batch.message_ids[row], batch.other_ids[row]) for row in left}
            found = await self._resolver.find_durable([key for of_row in keys.values() for key in of_row])
            refs |= self._among(batch, keys, found)
        return refs

    def _among(self, batch: ReceiptBatch, keys: Mapping[int, Sequence[str]], found: _Found) -> dict[int, int]:
        refs = {}
        for row, of_row in keys.items():
            hit = self._first(of_row, found, batch.sources[row])
            if hit is not None:
                key, refs[row] = hit
                if not self.settled:
                    self.learn((batch.message_ids[row], batch.other_ids[row]), key)
        return refs

    def _first(self, keys: Sequence[str], found: _Found, source_addr: str) -> tuple[str, int] | None:
        for key in keys:
            refs = [ref for ref, number in found.get(key, ()) if agrees(number, source_addr)]
            if len(refs) > 1:
                self._say_repeated(len(refs))
            if refs:
                return key, max(refs)  # the newest: campaigns and chunks are counted up
        return None

    def _say_repeated(self, count: int) -> None:
        """An SMSC's counter has wrapped between two messages to one number, whose older one is past its
        validity period. Told once: it is the same SMSC that does it again."""
        self.repeated += 1
        if self.repeated == 1:
            log.warning("message_id_repeated", operator=self._operator, messages=count, taken="the newest")
