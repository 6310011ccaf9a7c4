"""Which operator a recipient's message goes to."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from smppcast.errors import ConfigError
from smppcast.feed.reasons import Reason

__all__ = ["Router"]

MAX_CACHED = 100_000
"""Leading digits remembered: a nation has some thousands; more are forgotten and found again."""


class Router:
    """Routes by the feed's operator column, else by the longest prefix of the number.

    An operator that is the only one and names no prefixes takes every number: there is nothing to
    choose. Otherwise one without prefixes takes only rows that name it.

    Args:
        operators: the prefixes of each operator, digits without `+`; "" fits every number.
        others: further names that a feed may give.

    Raises:
        ConfigError: two operators name one prefix.
    """

    def __init__(self, operators: Mapping[str, Sequence[str]], others: Iterable[str] = ()) -> None:
        self._names = {name: name for name in (*operators, *others)}
        self._by_prefix = _by_prefix(operators)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._longest = max(self._lengths, default=0)
        self._cache: dict[int, str | None] = {}

    def route(
        self, operators: Sequence[str] | None, numbers: array[int]
    ) -> tuple[list[str | None], dict[int, Reason]]:
        """The operator of each row of a batch.

        Args:
            operators: the feed's column, "" where a row names none; None without a column.
            numbers: array of type 'q', 0 for a refused row.

        Returns:
            The operators' names, None for a row without one; and why, by position. A row whose
            number was refused before has neither name nor reason.
        """
        if operators is None or set(operators) == {""}:
            routes = self._by_numbers(numbers)
        else:
            routes = self._by_column(operators, numbers)
        bad: dict[int, Reason] = {}
        if None in routes or 0 in numbers:
            for at, number in enumerate(numbers):
                if not number:
                    routes[at] = None
                elif routes[at] is None:
                    named = operators is not None and operators[at].strip()
                    bad[at] = Reason.UNKNOWN_OPERATOR if named else Reason.UNROUTABLE
        return routes, bad

    def _by_column(self, operators: Sequence[str], numbers: array[int]) -> list[str | None]:
        known = self._names.get
        routes = [known(name) for name in operators]
        if None in routes:
            for at, route in enumerate(routes):
                if route is None:
                    name = operators[at].strip()
                    routes[at] = known(name) if name else self._by_digits(str(numbers[at]))
        return routes

    def _by_numbers(self, numbers: array[int]) -> list[str | None]:
        """One look a number, by as many leading digits as the longest prefix has.

        The numbers of a nation are of one length; then a division finds the leading digits, at half
        the price of spelling each number.
        """
        if not numbers:
            return []
        least, most = len(str(min(numbers))), len(str(max(numbers)))
        if least != most or least < self._longest:
            return [self._by_digits(str(number)) for number in numbers]
        rest = 10 ** (least - self._longest)
        heads = [number // rest for number in numbers]
        try:
            return list(map(self._cache.__getitem__, heads))
        except KeyError:
            return [self._by_digits(str(head)) for head in heads]

    def _by_digits(self, digits: str) -> str | None:
        """The operator of the longest prefix of `digits`, remembered by its leading digits."""
        if len(digits) < self._longest:
            return self._search(digits)
        head = int(digits[: self._longest] or 0)
        if head not in self._cache:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            self._cache[head] = self._search(digits)
        return self._cache[head]

    def _search(self, digits: str) -> str | None:
        for length in self._lengths:
            if (owner := self._by_prefix.get(digits[:length])) is not None:
                return owner
        return None


def _by_prefix(operators: Mapping[str, Sequence[str]]) -> dict[str, str]:
    if len(operators) == 1 and not any(operators.values()):
        return dict.fromkeys([""], next(iter(operators)))
    owners: dict[str, str] = {}
    for name, prefixes in operators.items():
        for prefix in prefixes:
            owner = owners.setdefault(prefix, name)
            if owner != name:
                raise ConfigError(f"{owner} has it too", key=f"operators.{name}.prefixes", value=prefix)
    return owners
