"""Receipts that match no message yet, in memory: they may have overtaken their responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from smppcast.ledger.facts import ParkedReceipt

__all__ = ["Parked"]

# Orphans that are looked for in memory when a response comes. Older ones stay in the ledger; a flood
# of orphans (of another program on the same account, say) cannot fill the memory.
PARKED_MAX = 50_000

# Orphans kept under one id: an SMSC that repeats one for ever cannot fill the memory either.
REPEATS_MAX = 16


class _Entry(NamedTuple):
    receipt: ParkedReceipt
    ids: Sequence[str]  # as it was parked: what is inferred of message_ids since then is another matter


class Parked:
    """Parked receipts under the ledger's keys for them, oldest first, and under their message_ids.

    Attributes:
        count: all of them, those included that only the ledger has room for.
    """

    def __init__(self) -> None:
        self.count = 0
        self._entries: dict[int, _Entry] = {}
        self._by_id: dict[str, list[int]] = {}

    def __iter__(self) -> Iterator[tuple[int, ParkedReceipt]]:
        return ((key, entry.receipt) for key, entry in self._entries.items())

    def __contains__(self, key: int) -> bool:
        return key in self._entries

    def add(self, key: int, receipt: ParkedReceipt, ids: Sequence[str]) -> None:
        """Remembers one under every form that its message_id may have."""
        self.count += 1
        self._entries[key] = _Entry(receipt, ids)
        for message_id in ids:
            keys = self._by_id.setdefault(message_id, [])
            keys.append(key)
            if len(keys) > REPEATS_MAX:
                self._drop(keys[0])
        if len(self._entries) > PARKED_MAX:
            # The oldest goes: its response is overdue, that of the newest may be on its way.
            self._drop(next(iter(self._entries)))

    def remove(self, key: int) -> None:
        """It found its message."""
        self.count -= 1
        self._drop(key)

    def early(self, message_ids: Iterable[str]) -> Iterator[tuple[str, int, ParkedReceipt]]:
        """Those that wait under one of the message_ids: which, the ledger's key, the receipt."""
        if self._by_id:
            for message_id in self._by_id.keys() & set(message_ids):
                for key in self._by_id[message_id]:
                    yield message_id, key, self._entries[key].receipt

    def _drop(self, key: int) -> None:
        entry = self._entries.pop(key, None)
        for message_id in entry.ids if entry else ():
            keys = self._by_id[message_id]
            keys.remove(key)
            if not keys:
                del self._by_id[message_id]
