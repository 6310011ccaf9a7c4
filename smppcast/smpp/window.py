"""The window: which requests of ours are unanswered, and since when."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Window"]

T = TypeVar("T")

# Expired requests whose late answer is still understood: a minute of a fast bind that stalls, some
# hundred octets each. An SMSC that never answers cannot fill the memory with them.
LATE_MAX = 10_000

# Places for four windows: an answer may lag so far behind the others before it costs a dictionary's entry.
PLACES_A_REQUEST = 4
PLACES_LEAST = 63


class Window(Generic[T]):
    """Requests awaiting their responses, each under its sequence_number with a token of the caller's.

    Tokens come back exactly once: answered, expired, or drained when the session ends. One that
    expired comes once more if its answer comes after all (`settle_late`).

    sequence_numbers ascend, so a token's place is its number modulo that of the places: a batch that is
    answered in its order, as most are, goes in and out by the slice. What is still unanswered when its place
    comes round again moves among the `_elders`. A batch in an empty window has no places yet: small ones are
    mostly answered whole, and need none.

    Args:
        size: how many submits may be unanswered at once (SMPP 5.0 section 2.9).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.highest = 0
        self._next = 0  # one more than the last number
        self._unanswered = 0
        self._elders: dict[int, T] = {}
        self._alone: Sequence[T] | None = None  # tokens of the batch that has no places yet
        self._make_places(size)
        # One entry a batch: (when it was written, its first sequence_number, how many).
        self._batches: deque[tuple[float, int, int]] = deque()
        self._sample: tuple[float, int] | None = None
        self._late: dict[int, T] = {}

    def _make_places(self, count: int) -> None:
        places = 1 << max(PLACES_LEAST, PLACES_A_REQUEST * count - 1).bit_length()
        self._tokens: list[T | None] = [None] * places
        self._taken = bytearray(places)  # 1 where a request is unanswered
        self._mask = places - 1

    def __len__(self) -> int:
        return self._unanswered

    @property
    def tokens(self) -> Iterable[T]:
        """Of what is unanswered, in its order."""
        return self._open().values()

    def _open(self) -> dict[int, T]:
        """What is unanswered, by its number, the elders first."""
        self._spread()
        last, mask, tokens, places = self._next - 1, self._mask, self._tokens, []
        at = self._taken.find(1)
        while at >= 0:
            places.append(at)
            at = self._taken.find(1, at + 1)
        younger = {last - (last - at & mask): tokens[at] for at in places}
        return self._elders | dict(sorted(younger.items()))  # type: ignore[return-value]  # places that are taken

    @property
    def room(self) -> int:
        """How many more may be sent now; never negative, even when the size was lowered."""
        room = self.size - self._unanswered
        return room if room >= 0 else 0  # noqa: FURB136 - max is a call, four times a turn

    def add(self, sequence_number: int, tokens: Sequence[T], now: float) -> None:
        """Opens a batch of consecutive sequence_numbers, higher than those before, or from 1 on again. The
        tokens are kept as they are: they must not change."""
        count = len(tokens)
        if not count:
            return
        if self._unanswered:
            self._spread()
            self.oldest()
            self._free(sequence_number, count)
            self._place(sequence_number, tokens)
        else:
            self._batches.clear()
            self._alone = tokens
        self._next = sequence_number + count
        self._unanswered += count
        self._batches.append((now, sequence_number, count))
        if self._sample is None:
            self._sample = (now, sequence_number)
        if self._unanswered > self.highest:
            self.highest = self._unanswered

    def _spread(self) -> None:
        """Gives a batch that was alone its places."""
        if self._alone is not None:
            tokens, self._alone = self._alone, None
            if PLACES_A_REQUEST * max(len(tokens), self.size) > len(self._taken):
                self._make_places(max(len(tokens), self.size))
            self._place(self._next - len(tokens), tokens)

    def _place(self, sequence_number: int, tokens: Sequence[T]) -> None:
        count = len(tokens)
        at = sequence_number & self._mask
        stop, end = at + count, len(self._taken)
        if stop <= end:
            self._tokens[at:stop], self._taken[at:stop] = tokens, b"\1" * count
        else:
            self._tokens[at:], self._taken[at:] = tokens[: end - at], b"\1" * (end - at)
            self._tokens[: stop - end], self._taken[: stop - end] = tokens[end - at :], b"\1" * (stop - end)

    def _free(self, sequence_number: int, count: int) -> None:
        """Frees the places up to those of a new batch: only what is less than a round old has one."""
        ahead = sequence_number + count - self._next
        grows = PLACES_A_REQUEST * max(count, self.size) > len(self._taken)
        if grows or sequence_number < self._next or ahead > len(self._taken):
            self._elders = self._open()
            self._make_places(max(count, self.size))
        elif self._any(self._next, ahead):
            last, mask, tokens = self._next - 1, self._mask, self._tokens
            for place in [number & mask for number in range(self._next, self._next + ahead)]:
                if self._taken[place]:
                    self._taken[place] = 0
                    self._elders[last - (last - place & mask)] = tokens[place]  # type: ignore[assignment]

    def _any(self, first: int, count: int) -> bool:
        """Whether one of the places of these numbers is taken."""
        at, taken = first & self._mask, self._taken
        if taken.find(1, at, at + count) >= 0:
            return True
        beyond = at + count - len(taken)
        return beyond > 0 and taken.find(1, 0, beyond) >= 0

    def settle(self, sequence_numbers: Sequence[int]) -> list[T | None]:
        """The tokens of answered requests, in that order; None for an answer to nothing."""
        self._spread()
        tokens, taken, mask, elders = self._tokens, self._taken, self._mask, self._elders
        first, behind = self._next - len(taken), self._next
        found: list[T | None] = []
        for number in sequence_numbers:
            at = number & mask
            if taken[at] and first <= number < behind:
                found.append(tokens[at])
                tokens[at], taken[at] = None, 0
            else:
                found.append(elders.pop(number, None) if elders else None)
        self._unanswered -= len(found) - found.count(None)
        return found

    def settle_run(self, sequence_numbers: list[int]) -> list[T] | None:
        """As `settle`, at once, where the numbers follow one another and all of them are unanswered; else
        None, and nothing is settled."""
        alone = self._alone
        if alone is not None:
            if sequence_numbers == list(range(self._next - len(alone), self._next)):
                self._alone, self._unanswered = None, 0
                return alone if isinstance(alone, list) else list(alone)
            self._spread()
        first, count = sequence_numbers[0], len(sequence_numbers)
        in_places = self._next - len(self._taken) <= first <= self._next - count
        if not in_places or sequence_numbers != list(range(first, first + count)):
            return None
        at, end = first & self._mask, len(self._taken)
        stop = min(at + count, end)
        beyond = at + count - stop
        if self._taken.find(0, at, stop) >= 0 or self._taken.find(0, 0, beyond) >= 0:
            return None
        tokens: list[Any] = self._tokens[at:stop]
        self._tokens[at:stop], self._taken[at:stop] = [None] * (stop - at), bytes(stop - at)
        if beyond:
            tokens += self._tokens[:beyond]
            self._tokens[:beyond], self._taken[:beyond] = [None] * beyond, bytes(beyond)
        self._unanswered -= count
        return tokens

    def _is_open(self, number: int) -> bool:
        self._spread()
        in_places = self._next - len(self._taken) <= number < self._next
        return (in_places and self._taken[number & self._mask] == 1) or number in self._elders

    def latency(self, now: float) -> float | None:
        """Seconds from a write to its response, when the sampled request has just been answered.

        One request at a time is sampled: exact, and free of a clock reading a message.
        """
        if self._sample is None or (self._unanswered and self._is_open(self._sample[1])):
            return None
        taken, self._sample = now - self._sample[0], None
        return taken

    def oldest(self) -> float | None:
        """When the oldest batch with an unanswered request was written; forgets answered ones."""
        while self._batches:
            written, first, count = self._batches[0]
            if self._holds(first, count):
                return written
            self._batches.popleft()
        return None

    def _holds(self, first: int, count: int) -> bool:
        """Whether one of these numbers is unanswered."""
        self._spread()
        young = max(first, self._next - len(self._taken))
        if young < first + count <= self._next and self._any(young, first + count - young):
            return True
        return bool(self._elders) and not self._elders.keys().isdisjoint(range(first, first + count))

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
        left = list(self._open().values())
        self._elders.clear()
        self._make_places(self.size)
        self._unanswered = 0
        self._batches.clear()
        self._late.clear()
        self._sample = None
        return left
