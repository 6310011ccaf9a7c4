"""Messages whose receipts are waited for, and which receipt settles which of them. In memory only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

import anyio

from smppcast.errors import LinkLost, ResponseTimeout, SmppcastError
from smppcast.model import MessageState
from smppcast.receipts import Inference, MessageIdMapping, Receipt, fold, parse
from smppcast.receipts.message_ids import mapped
from smppcast.smpp import decode

__all__ = ["AWAITED_MAX", "EARLY_MAX", "Awaited", "Awaiting", "Report"]

AWAITED_MAX = 100_000
"""Segments whose receipts are waited for: some 60 MB. Past it the oldest is given up, since most
of those that wait so long will never get one."""

EARLY_MAX = 10_000
"""Receipts kept because they may have overtaken a response: some 10 MB, and only while a response
is awaited that they could belong to."""

# Two spellings of one number agree in this many last digits: a national number without its prefix.
_AGREE_DIGITS = 7

_RANKS: dict[int | None, int] = {MessageState.DELIVERED: 0, MessageState.EXPIRED: 1}
_WORST_RANK = 2


class Report(NamedTuple):
    """What of a final receipt it takes to match it.

    Attributes:
        message_ids: those it gives, best first.
        source_addr, destination_addr: of the receipt, so that the first is the message's destination.
        state: message_state; None where it is not known.
        content: the receipt, or the PDU that holds it: most are never looked at, so that reading
            all of it (some 20 µs) is left to whoever asks.
    """

    message_ids: tuple[str, ...]
    source_addr: str
    destination_addr: str
    state: int | None
    content: Receipt | bytes

    def receipt(self, time_zone: tzinfo) -> Receipt:
        """The whole of it."""
        if isinstance(self.content, Receipt):
            return self.content
        receipt = parse(decode(self.content), time_zone=time_zone)
        assert receipt is not None  # noqa: S101 - it was read as one before
        return receipt


class Awaited:
    """The receipts of one accepted message.

    Args:
        to: its destination.
        keys: the folded message_ids of its segments, each once.
        time_zone: of the dates in receipts.
    """

    __slots__ = ("_ended", "_error", "_time_zone", "_worst", "left", "to")

    def __init__(self, to: str, keys: Sequence[str], time_zone: tzinfo) -> None:
        self.to, self.left, self._time_zone = to, set(keys), time_zone
        self._worst: Report | None = None
        self._error: SmppcastError | None = None
        self._ended: anyio.Event | None = None

    async def final(self, timeout_s: float | None) -> Receipt:
        """The receipt that decides: of several segments' the worst. See `Sent.receipt`."""
        if self.left and self._error is None:
            self._ended = self._ended or anyio.Event()
            with anyio.move_on_after(timeout_s):
                await self._ended.wait()
        if self._worst is not None and not self.left:
            return self._worst.receipt(self._time_zone)
        if self._error is not None:
            raise self._error
        raise ResponseTimeout(f"no final receipt of {len(self.left)} segment(s) in {timeout_s} s")

    def settle(self, key: str, report: Report) -> None:
        """Takes the final receipt of one segment."""
        self.left.discard(key)
        if self._worst is None or _rank(report) > _rank(self._worst):
            self._worst = report
        if not self.left:
            self._end()

    def give_up(self, error: SmppcastError) -> None:
        """No more receipts will be matched to this message."""
        self._error = error
        self._end()

    def _end(self) -> None:
        if self._ended is not None:
            self._ended.set()


def _rank(report: Report) -> int:
    return _RANKS.get(report.state, _WORST_RANK)


class Awaiting:
    """All messages of a session whose receipts are waited for.

    Args:
        mapping: how receipts spell the message_ids of responses.
        time_zone: of the dates in receipts.
    """

    def __init__(self, mapping: MessageIdMapping, time_zone: tzinfo) -> None:
        self.inference = Inference()
        self._mapping, self._time_zone = mapping, time_zone
        self._pending: OrderedDict[str, Awaited] = OrderedDict()  # by key, the oldest first
        self._early: OrderedDict[str, Report] = OrderedDict()
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
        awaited = Awaited(to, keys, self._time_zone)
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

    def report(self, report: Report) -> None:
        """Settles what a final receipt means; keeps it where it may be early."""
        for receipt_id in report.message_ids:
            for mapping, key in self._keys(receipt_id):
                awaited = self._pending.get(key)
                if awaited is not None and _agree(report, awaited.to):
                    del self._pending[key]
                    if mapping is not self.inference.holds:
                        self.inference.observe(self.inference.explains(receipt_id, key))
                    awaited.settle(key, report)
                    return
        if self._unanswered:
            for receipt_id in report.message_ids:
                self._early.update((key, report) for _, key in self._keys(receipt_id))
            while len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)

    def end(self) -> None:
        """The session ended: no receipt will come on it any more."""
        pending, self._pending = self._pending, OrderedDict()
        for awaited in pending.values():
            awaited.give_up(LinkLost("the session ended before the receipt came; the message was accepted"))
        self._early.clear()

    def _keys(self, receipt_id: str) -> Iterator[tuple[MessageIdMapping, str]]:
        """Under which keys the response may be found, the likeliest first; most often that is it."""
        fixed = self._mapping is not MessageIdMapping.AUTO
        order = (self._mapping, MessageIdMapping.AS_IS) if fixed else self.inference.order()
        for mapping in order:
            key = mapped(receipt_id, mapping)
            if key:
                yield mapping, key


def _agree(report: Report, to: str) -> bool:
    """Whether a receipt speaks of that destination: keys alone collide, as hexadecimal and decimal
    counters do. Some SMSCs leave both addresses as the message had them, or name none."""
    last = to[-_AGREE_DIGITS:]
    addresses = (report.source_addr, report.destination_addr)
    return not report.source_addr or any(address.endswith(last) for address in addresses)
