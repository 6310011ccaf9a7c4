"""The durable index of message_ids, within the ledger's file.

Ids are random, and a B-tree of a hundred million of them takes a page written for nearly each
insert. So new ones go into small generations, and eight full ones of a level become one of the
next, copied in the order of the keys. Nothing waits for that: a copy is made some thousand entries
at a time between commits, and while it lasts an entry may be there twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from smppcast.ledger.statements import Statements

__all__ = ["MessageIds"]

# Entries of a young generation, as many as a resolver hands over at once: sorted, they are appended
# at 1.4 us each; into a tree of eight times the size, at random places, at 3.8 us.
GENERATION = 8_192
# Generations that are merged into one; the statement `merge` names each.
FAN_IN = 8
# Entries that one step of a merge copies or deletes: 10 ms or less between two commits.
SLICE = 4_096
# Generations in which the next receipts are looked for first.
LIKELY = 2


KEY = itemgetter(0)


class MessageIds:
    """The index over a connection. Every method may raise sqlite3.Error."""

    def __init__(self, statements: Statements, generation: int = GENERATION, part: int = SLICE) -> None:
        self._run = statements
        self._generation, self._slice = generation, part
        # Where the last ones were found: receipts come about in the order of their messages, so the
        # next ones lie in the same generations, and one look there saves a look into each.
        self._likely: dict[str, list[int]] = {}

    def find(self, operator: str, keys: Sequence[str]) -> list[Any]:
        """Lists of key, ref, number, in this order."""
        found = self._run.json("find_ids", operator, json.dumps(list(keys)))
        if found:
            counts = Counter(generation for _, _, _, generation in found)
            self._likely[operator] = [generation for generation, _ in counts.most_common(LIKELY)]
        return [entry[:3] for entry in found]

    def find_likely(self, operator: str, keys: Sequence[str]) -> list[Any]:
        """As `find`, but only where the last ones were found."""
        wanted = json.dumps(list(keys))
        return [
            entry
            for generation in self._likely.get(operator, ())
            for entry in self._run.json("find_in_generation", generation, wanted)
        ]

    def add(self, operator: str, entries: Sequence[tuple[str, int, int]]) -> None:
        """Adds entries and marks all acceptances so far as indexed."""
        with self._run.transaction():
            if entries:
                young = self._run.one("young_generation", operator, self._generation)
                generation = young[0] if young else self._new(operator, 0)
                self._run.insert("add_ids", [(generation, *entry) for entry in sorted(entries, key=KEY)])
                self._run.run("grow_generation", len(entries), generation)
            self._run.run("set_indexed", operator)

    def tidy(self) -> bool:
        """One step of what is to be merged; whether there may be more."""
        with self._run.transaction():
            merging = self._run.one("merging")
            if merging is not None:
                self._copy(merging[0], json.loads(merging[1]))
                return True
            merged = self._run.one("merged")
            if merged is not None:
                self._delete(merged[0])
                return True
            return self._begin()

    def _new(self, operator: str, level: int) -> int:
        return self._run.run("add_generation", operator, level).lastrowid or 0

    def _begin(self) -> bool:
        full = self._run.one("to_merge", self._generation, FAN_IN)
        if full is None:
            return False
        operator, level = full
        into = self._new(operator, level + 1)
        self._run.run("begin_merge", into, operator, level, self._generation, FAN_IN)
        return True

    def _copy(self, into: int, sources: Sequence[int]) -> None:
        last = self._run.one("last_id", into) or ("", -1)
        copied = self._run.run("merge", *sources, *last, into, self._slice).rowcount
        self._run.run("grow_generation", copied, into)
        if copied < self._slice:
            self._run.run("end_merge", into)

    def _delete(self, generation: int) -> None:
        deleted = self._run.run("delete_ids", generation, self._slice).rowcount
        if deleted <= self._slice:
            self._run.run("delete_generation", generation)
