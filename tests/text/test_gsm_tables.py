"""Our alphabets are the published ones: fixtures/gsm has the cells and their sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from smppcast.text import LANGUAGES
from smppcast.text.gsm0338 import DEFAULT, ESCAPE, EXTENSION
from smppcast.text.national import HOLE, LOCKING, SINGLE

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gsm"

Cells = Mapping[int, str]


def lines(name: str) -> Iterator[str]:
    text = (FIXTURES / name).read_text("utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def cells(rows: Sequence[str]) -> Cells:
    """Characters by their code, from eight rows of sixteen code points."""
    points = [point for row in rows for point in row.split()]
    assert len(points) == 128
    return {code: chr(int(point, 16)) for code, point in enumerate(points) if point != "-"}


def tables() -> dict[tuple[str, int], tuple[str, Cells]]:
    """The published national tables: language and cells, by kind and national language identifier."""
    found = {}
    rows = list(lines("national.txt"))
    for at in range(0, len(rows), 9):
        kind, number, language, _ = rows[at].split()
        found[kind, int(number)] = language, cells(rows[at + 1 : at + 9])
    return found


TABLES = tables()


def ours(kind: str, number: int) -> Cells:
    if kind == "single":
        return SINGLE[number]
    table = LOCKING[number]
    assert len(table) == 128
    assert table[ESCAPE] == "\x1b"
    return {code: char for code, char in enumerate(table) if char != HOLE and code != ESCAPE}


def test_the_default_alphabet_is_the_one_that_unicode_publishes() -> None:
    rows = list(lines("default.txt"))
    extension = {int(code, 16): chr(int(point, 16)) for code, point in map(str.split, rows[10:])}
    assert (rows[0], rows[9]) == ("default", "extension")
    assert {code: char for code, char in enumerate(DEFAULT) if code != ESCAPE} == cells(rows[1:9])
    assert extension == EXTENSION


def test_every_published_table_is_there_and_no_other() -> None:
    assert {number for kind, number in TABLES if kind == "locking"} | {0} == set(LOCKING)
    assert {number for kind, number in TABLES if kind == "single"} | {0} == set(SINGLE)
    assert {(language, number) for (_, number), (language, _) in TABLES.items()} == set(LANGUAGES.items())


@pytest.mark.parametrize(("kind", "number"), sorted(TABLES), ids=str)
def test_a_national_table_is_the_published_one(kind: str, number: int) -> None:
    assert ours(kind, number) == TABLES[kind, number][1]


@pytest.mark.parametrize("line", list(lines("disputed.txt")))
def test_of_a_disputed_cell_we_have_the_one_that_was_chosen(line: str) -> None:
    kind, number, code, chosen, other, *_ = line.split()
    assert other != chosen
    expected = None if chosen == "-" else chr(int(chosen, 16))
    assert ours(kind, int(number)).get(int(code, 16)) == expected


def test_no_table_gives_a_character_two_codes_but_for_those_that_the_specification_doubles() -> None:
    # The Indian and Urdu single shift tables have an inverted exclamation mark and an asterisk twice.
    doubled = {number: set("¡*") for number in range(4, 14)}
    for (kind, number), (_, published) in TABLES.items():
        twice = {char for char in published.values() if list(published.values()).count(char) > 1}
        assert twice == (doubled.get(number, set()) if kind == "single" else set()), (kind, number)
