"""Messages whose receipts are waited for, and which receipt settles which of them. In memory only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import anyio

from smppcast.errors import LinkLost, ResponseTimeout, SmppcastError
from smppcast.model import MessageState
from smppcast.receipts import Inference, MessageIdMapping, Receipt, candidates, fold

__all__ = ["AWAITED_MAX", "EARLY_MAX", "Awaited", "Awaiting"]

AWAITED_MAX = 100_000
"""Segments whose receipts are waited for: some 60 MB. Past it the oldest is given up, since most
of those that wait so long will never get one."""

EARLY_MAX = 10_000
"""Receipts kept because they may have overtaken a response: some 10 MB, and only while a response
is awaited that they could belong to."""

# Two spellings of one number agree in this many last digits: a national number without its prefix.
_AGREE_DIGITS = 7

_RANKS = {MessageState.DELIVERED: 0, MessageState.EXPIRED: 1}
_WORST_RANK = 2


class Awaited:
    """The receipts of one accepted message.

    Args:
        to: its destination.
        keys: the folded message_ids of its segments, each once.
    """

    __slots__ = ("_ended", "_error", "_worst", "left", "to")

    def __init__(self, to: str, keys: Sequence[str]) -> None:
        self.to, self.left = to, set(keys)
        self._worst: Receipt | None = None
        self._error: SmppcastError | None = None
        self._ended: anyio.Event | None = None

    async def final(self, timeout_s: float | None) -> Receipt:
        """The receipt that decides: of several segments' the worst. See `Sent.receipt`."""
        if self.left and self._error is None:
            self._ended = self._ended or anyio.Event()
            with anyio.move_on_after(timeout_s):
                await self._ended.wait()
        if self._worst is not None and not self.left:
            return self._worst
        if self._error is not None:
            raise self._error
        raise ResponseTimeout(f"no final receipt of {len(self.left)} segment(s) in {timeout_s} s")

    def settle(self, key: str, receipt: Receipt) -> None:
        """Takes the final receipt of one segment."""
        self.left.discard(key)
        if self._worst is None or _rank(receipt) > _rank(self._worst):
            self._worst = receipt
        if not self.left:
            self._end()

    def give_up(self, error: SmppcastError) -> None:
        """No more receipts will be matched to this message."""
        self._error = error
        self._end()

    def _end(self) -> None:
        if self._ended is not None:
            self._ended.set()


def _rank(receipt: Receipt) -> int:
    return _WORST_RANK if receipt.state is None else _RANKS.get(receipt.state, _WORST_RANK)


class Awaiting:
    """All messages of a session whose receipts are waited for.

    Args:
        mapping: how receipts spell the message_ids of responses.
    """

    def __init__(self, mapping: MessageIdMapping) -> None:
        self.inference = Inference()
        self._mapping = mapping
        self._pending: OrderedDict[str, Awaited] = OrderedDict()  # by key, the oldest first
        self._early: OrderedDict[str, Receipt] = OrderedDict()
        self._unanswered = 0

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def any(self) -> bool:
        """Whether a receipt could concern anybody here."""
        return bool(self._pending) or self._unanswered > 0

    def submitted(self) -> None:
        """A message leaves whose receipt will be waited for: from here on it may come."""
        self._unanswered += 1

    def answered(self, to: str, message_ids: Sequence[str]) -> Awaited | None:
        """Such a message got its responses; None if none of them has a message_id to match by."""
        keys = [key for key in dict.fromkeys(map(fold, message_ids)) if key]
        awaited = Awaited(to, keys)
        for key in keys:
            early = self._early.get(key)
            if early is not None and _agree(early, to):
                del self._early[key]
                awaited.settle(key, early)
            else:
                self._pending[key] = awaited
        while len(self._pending) > AWAITED_MAX:
            _, oldest = self._pending.popitem(last=False)
            oldest.give_up(ResponseTimeout(f"{AWAITED_MAX} later segments await their receipts too"))
        self._unanswered -= 1
        if not self._unanswered:
            self._early.clear()
        return awaited if keys else None

    def report(self, receipt: Receipt) -> None:
        """Settles what a receipt means, if it is final; keeps it where it may be early."""
        if receipt.intermediate:
            return
        for receipt_id in receipt.message_ids:
            for key in self._keys(receipt_id):
                awaited = self._pending.get(key)
                if awaited is not None and _agree(receipt, awaited.to):
                    del self._pending[key]
                    self.inference.observe(self.inference.explains(receipt_id, key))
                    awaited.settle(key, receipt)
                    return
        if self._unanswered:
            for receipt_id in receipt.message_ids:
                self._early.update(dict.fromkeys(self._keys(receipt_id), receipt))
            while len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)

    def end(self) -> None:
        """The session ended: no receipt will come on it any more."""
        pending, self._pending = self._pending, OrderedDict()
        for awaited in pending.values():
            awaited.give_up(LinkLost("the session ended before the receipt came; the message was accepted"))
        self._early.clear()

    def _keys(self, receipt_id: str) -> tuple[str, ...]:
        if self._mapping is MessageIdMapping.AUTO:
            return self.inference.candidates(receipt_id)
        return candidates(receipt_id, self._mapping)


def _agree(receipt: Receipt, to: str) -> bool:
    """Whether a receipt speaks of that destination: keys alone collide, as hexadecimal and decimal
    counters do. Some SMSCs leave both addresses as the message had them, or name none."""
    last = to[-_AGREE_DIGITS:]
    addresses = (receipt.source_addr, receipt.destination_addr)
    return not receipt.source_addr or any(address.endswith(last) for address in addresses)
