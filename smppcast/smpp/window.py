"""The window: which requests of ours are unanswered, and since when."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

__all__ = ["Window"]

T = TypeVar("T")

# Expired requests whose late answer is still understood: a minute of a fast bind that stalls, some
# hundred octets each. An SMSC that never answers cannot fill the memory with them.
LATE_MAX = 10_000


class Window(Generic[T]):
    """Requests awaiting their responses, each under its sequence_number with a token of the caller's.

    Tokens come back exactly once: answered, expired, or drained when the session ends. One that
    expired comes once more if its answer comes after all (`settle_late`).

    Args:
        size: how many submits may be unanswered at once (SMPP 5.0 section 2.9).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.highest = 0
        self._pending: dict[int, T] = {}
        # One entry a batch: (when it was written, its first sequence_number, how many).
        self._batches: deque[tuple[float, int, int]] = deque()
        self._sample: tuple[float, int] | None = None
        self._late: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def tokens(self) -> Iterable[T]:
        """Of what is unanswered."""
        return self._pending.values()

    @property
    def room(self) -> int:
        """How many more may be sent now; never negative, even when the size was lowered."""
        return max(0, self.size - len(self._pending))

    def add(self, sequence_number: int, tokens: Sequence[T], now: float) -> None:
        """Opens a batch of consecutive sequence_numbers."""
        last = sequence_number + len(tokens)
        self.oldest()
        self._pending.update(zip(range(sequence_number, last), tokens, strict=True))
        self._batches.append((now, sequence_number, len(tokens)))
        if self._sample is None and tokens:
            self._sample = (now, sequence_number)
        if len(self._pending) > self.highest:
            self.highest = len(self._pending)

    def settle(self, sequence_numbers: Iterable[int]) -> list[T | None]:
        """The tokens of answered requests, in that order; None for an answer to nothing."""
        pop = self._pending.pop
        return [pop(number, None) for number in sequence_numbers]

    def latency(self, now: float) -> float | None:
        """Seconds from a write to its response, when the sampled request has just been answered.

        One request at a time is sampled: exact, and free of a clock reading a message.
        """
        if self._sample is None or self._sample[1] in self._pending:
            return None
        taken, self._sample = now - self._sample[0], None
        return taken

    def oldest(self) -> float | None:
        """When the oldest batch with an unanswered request was written; forgets answered ones."""
        while self._batches:
            written, first, count = self._batches[0]
            if not self._pending.keys().isdisjoint(range(first, first + count)):
                return written
            self._batches.popleft()
        return None

    def expire(self, before: float) -> list[T]:
        """Takes out every request written before that time."""
        expired: dict[int, T] = {}
        while self._batches and self._batches[0][0] < before:
            _, first, count = self._batches.popleft()
            numbers = range(first, first + count)
            answered = zip(numbers, self.settle(numbers), strict=True)
            expired.update((number, token) for number, token in answered if token is not None)
        if expired:
            self._sample = None
            self._late |= expired
            for number in list(self._late)[: max(0, len(self._late) - LATE_MAX)]:
                del self._late[number]
        return list(expired.values())

    def settle_late(self, sequence_number: int) -> T | None:
        """The token of an expired request whose answer came after all; None for an answer to nothing."""
        return self._late.pop(sequence_number, None)

    def drain(self) -> list[T]:
        """Takes out everything: what was unanswered when the session ended."""
        left = list(self._pending.values())
        self._pending.clear()
        self._batches.clear()
        self._late.clear()
        self._sample = None
        return left
