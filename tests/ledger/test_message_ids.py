"""The index of message_ids: nothing is lost while generations are merged."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppcast.ledger.message_ids import MessageIds
from smppcast.ledger.queries import schema
from smppcast.ledger.statements import Statements

Entry = tuple[str, int, int]
OPERATORS = ("orange", "free")


def index(generation: int, part: int) -> MessageIds:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(schema())
    return MessageIds(Statements(db), generation, part)


def count(ids: MessageIds, table: str) -> int:
    (found,) = ids._run.db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def tidy(ids: MessageIds) -> None:
    while ids.tidy():
        pass


entries = st.builds(lambda key, ref: (str(key), ref, ref + 1), st.integers(0, 9), st.integers(0, 50))


@settings(max_examples=60)
@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from(("orange", "free")), st.lists(entries, max_size=6), st.integers(0, 9))
    ),
)
def test_every_entry_is_found_at_every_step(
    generation: int, part: int, batches: list[tuple[str, list[Entry], int]]
) -> None:
    ids, wanted = index(generation, part), {name: set[Entry]() for name in OPERATORS}
    keys = [str(key) for key in range(10)]

    def check() -> None:
        for operator, held in wanted.items():
            assert [tuple(entry) for entry in ids.find(operator, keys)] == sorted(held)

    for operator, batch, steps in batches:
        ids.add(operator, batch)
        wanted[operator].update(batch)
        for _ in range(steps):
            ids.tidy()
            check()
    tidy(ids)
    check()


def test_generations_stay_few_and_entries_are_kept_once() -> None:
    ids, total = index(10, 64), 6_000
    for start in range(0, total, 10):
        ids.add("orange", [(f"{n * 7919 % total:04d}", n, n) for n in range(start, start + 10)])
        ids.tidy()
    tidy(ids)
    assert count(ids, "message_id") == total
    # 600 full generations of ten, merged by eight: at most seven remain of each of four levels
    assert count(ids, "generation") <= 28


def test_a_key_that_every_message_has_is_merged_too() -> None:
    ids = index(4, 2)
    for ref in range(64):
        ids.add("orange", [("0", ref, ref)])
    tidy(ids)
    assert ids.find("orange", ["0"]) == [["0", ref, ref] for ref in range(64)]
    assert count(ids, "generation") < 16


def test_what_fails_leaves_no_half_of_it() -> None:
    ids = index(10, 10)
    with pytest.raises(sqlite3.Error):
        ids.add("orange", [("a", 1, 1), ("b", 1 << 62, 1), ("c", 1, None)])  # type: ignore[list-item] # NOT NULL
    assert count(ids, "message_id") == count(ids, "generation") == count(ids, "indexed") == 0
