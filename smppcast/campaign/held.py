"""Unknown segments that are held: nobody knows their message_ids, yet a receipt may settle them.

Law 2: by user_message_reference where the SMSC echoes it, else by destination, source and submit
time, and only where these leave one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smppcast.campaign.loaded import reference_of
from smppcast.ledger.facts import SEGMENT_BITS, ParkedReceipt
from smppcast.model import MessageState
from smppcast.operators.addresses import agrees, same_source, tail

__all__ = ["Held"]

# Submit dates mostly have no seconds, and clocks differ by some.
SKEW_S = 120.0

_FINAL = frozenset(int(state) for state in MessageState if state.final)


@dataclass(frozen=True, slots=True)
class _Entry:
    ref: int
    number: int
    since: float
    until: float


class Held:
    """The held segments of one campaign and one operator.

    Args:
        source_addr: the campaign's sender.
        references: whether its submits carry user_message_reference.
    """

    def __init__(self, source_addr: str, *, references: bool) -> None:
        self._source_addr, self._references = source_addr, references
        self._by_tail: dict[str, list[_Entry]] = {}
        self._tails: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._tails)

    def add(self, refs: Sequence[int], numbers: Sequence[int], since: float, until: float) -> None:
        """Holds segments that were written between two moments (unix seconds), if at all."""
        for ref, number in zip(refs, numbers, strict=True):
            self._tails[ref] = found = tail(str(number))
            self._by_tail.setdefault(found, []).append(_Entry(ref, number, since, until))

    def release(self, refs: Iterable[int]) -> list[int]:
        """Holds these no more; returns those that it held."""
        released = []
        for ref in refs:
            found = self._tails.pop(ref, None)
            if found is not None:
                released.append(ref)
                left = [entry for entry in self._by_tail[found] if entry.ref != ref]
                if left:
                    self._by_tail[found] = left
                else:
                    del self._by_tail[found]
        return released

    def settled_by(self, receipt: ParkedReceipt) -> list[int]:
        """The segments of the one message that the receipt may be of; empty where that is not certain.

        An intermediate state settles nothing: what is unknown may be unknown still.
        """
        entries = self._by_tail.get(tail(receipt.source_addr)) if self._tails else None
        if not entries or receipt.state not in _FINAL:
            return []
        if receipt.reference >= 0:
            found = [
                entry.ref
                for entry in entries
                if self._references
                and reference_of(entry.ref) == receipt.reference
                and agrees(entry.number, receipt.source_addr)
            ]
        else:
            found = [entry.ref for entry in entries if self._may_be_of(entry, receipt)]
        return found if len({ref >> SEGMENT_BITS for ref in found}) == 1 else []

    def _may_be_of(self, entry: _Entry, receipt: ParkedReceipt) -> bool:
        return (
            entry.since - SKEW_S <= receipt.submitted <= entry.until + SKEW_S
            and agrees(entry.number, receipt.source_addr)
            and same_source(self._source_addr, receipt.destination_addr)
        )
