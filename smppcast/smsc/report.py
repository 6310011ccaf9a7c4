"""Receipts of one batch that are due together: columns, encoded when the bind has room for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Protocol

from smppcast.smsc.bulk import Shape
from smppcast.smsc.dialect import echoed, without_tlvs
from smppcast.smsc.habits import Habits
from smppcast.smsc.ids import Ids

__all__ = ["Again", "Owed", "Report"]


class Owed(Protocol):
    """Receipts that wait for a bind with room."""

    def __len__(self) -> int: ...

    def take(self, count: int, *, tlvs: bool) -> list[bytes]:
        """Bodies of deliver_sm for the next `count` of them, at most; without `tlvs` for SMPP 3.3."""
        ...


@dataclass(slots=True, eq=False)
class Again:
    """Bodies that were sent before, unanswered."""

    bodies: list[bytes]

    def __len__(self) -> int:
        return len(self.bodies)

    def take(self, count: int, *, tlvs: bool) -> list[bytes]:
        """As `Owed.take`; what was sent to another client may have TLVs to be taken off."""
        taken, self.bodies = self.bodies[:count], self.bodies[count:]
        return taken if tlvs else list(map(without_tlvs, taken))


@dataclass(slots=True, eq=False)
class Report:
    """Receipts by columns.

    Args:
        ids: how their message_ids were written.
        times: submit and done, in unix seconds.
        indexes: of the messages, for those cancelled meanwhile.
        numbers: what their message_ids are written from.
        outcomes: an octet each, the number of the outcome.
        references: user_message_reference each, or none at all.
        cancelled: indexes of messages that were cancelled.
    """

    habits: Habits
    ids: Ids
    shape: Shape
    times: tuple[float, float]
    indexes: Sequence[int]
    numbers: Sequence[int]
    outcomes: bytes
    destinations: Sequence[bytes]
    references: Sequence[bytes]
    cancelled: set[int]
    at: int = 0

    def __len__(self) -> int:
        return len(self.destinations) - self.at

    def part(self, start: int, step: int) -> Report:
        """Every `step`-th of them from `start`."""
        return self._with(
            self.indexes[start::step],
            self.numbers[start::step],
            self.outcomes[start::step],
            self.destinations[start::step],
            self.references[start::step],
        )

    def pick(self, chosen: Iterable[bool]) -> Report:
        """Those that are chosen."""
        flags = list(chosen)
        return self._with(
            list(compress(self.indexes, flags)),
            list(compress(self.numbers, flags)),
            bytes(compress(self.outcomes, flags)),
            list(compress(self.destinations, flags)),
            list(compress(self.references, flags)),
        )

    def _with(
        self,
        indexes: Sequence[int],
        numbers: Sequence[int],
        outcomes: bytes,
        destinations: Sequence[bytes],
        references: Sequence[bytes],
    ) -> Report:
        return Report(
            self.habits,
            self.ids,
            self.shape,
            self.times,
            indexes,
            numbers,
            outcomes,
            destinations,
            references,
            self.cancelled,
        )

    def take(self, count: int, *, tlvs: bool) -> list[bytes]:
        """As `Owed.take`."""
        span = slice(self.at, self.at + count)
        numbers, ids = self.numbers[span], self.ids
        dialect = self.habits.dialect if tlvs else self.habits.dialect_3_3
        self.at += len(numbers)
        columns = [self.destinations[span]]
        if dialect.text:
            columns.append(ids.text.write(numbers))
        if dialect.tlv:
            columns.append(columns[1] if dialect.text and ids.alike else ids.tlv.write(numbers))
        dates = (dialect.date(self.times[0]), dialect.date(self.times[1]))
        bodies = dialect.bodies(self.shape, dates, self._outcomes(span), columns)
        return echoed(bodies, self.references[span]) if self.references and tlvs else bodies

    def _outcomes(self, span: slice) -> bytes:
        outcomes = self.outcomes[span]
        if not self.cancelled:
            return outcomes
        deleted, cancelled = self.habits.deleted, self.cancelled
        pairs = zip(outcomes, self.indexes[span], strict=True)
        return bytes(deleted if index in cancelled else outcome for outcome, index in pairs)
