"""YAML into data, with or without its types, and the place of each value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from smppcast.documents import Place, described, parse, parse_typed
from smppcast.errors import ConfigError

TEXT = 'a: 0x58\nb: [NO, 1.5, "2"]\nc: {d: ~, e: "${HOME}"}\n'


def test_scalars_are_texts_or_what_yaml_takes_them_for() -> None:
    texts, typed = parse("f", TEXT, {"HOME": "h"}), parse_typed("f", TEXT)
    assert texts.data == {"a": "0x58", "b": ["NO", "1.5", "2"], "c": {"d": None, "e": "h"}}
    assert typed.data == {"a": 0x58, "b": [False, 1.5, "2"], "c": {"d": None, "e": "${HOME}"}}
    assert texts.places == typed.places
    assert typed.place(("b", 1)) == (("b", 1), Place(2, "1.5"))
    assert typed.place(("c", "f", "g")) == (("c",), Place(3, None))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: a: stands here a second time, first in line 1"),
        ("a:\n  b: !what 1\n", "f:2: a.b: expected a text in quotes: YAML knows no such !what"),
        ("a: 2026-02-30\n", "f:1: a: expected a text in quotes: YAML knows no such timestamp"),
        ("a: &a [*a]\n", "f:1: a.0: holds itself"),
    ],
)
def test_what_is_wrong_with_a_typed_file_is_told_by_line(text: str, fault: str) -> None:
    assert [str(found) for found in parse_typed("f", text).faults] == [fault]


def test_what_is_no_yaml_is_told_with_its_reason() -> None:
    with pytest.raises(ConfigError, match=r"^f:2: is no YAML: expected ',' or ']', but got ':'$"):
        parse_typed("f", "a: [1\nb: 2\n")


class Part(BaseModel):
    size: int = 3


@pytest.mark.parametrize(
    ("data", "path", "written"),
    [
        ({"a": {"b": 5}}, ("a", "b"), 5),
        ({"a": ({"b": 5}, "x")}, ("a", 1), "x"),
        ({"a": Part()}, ("a", "size"), 3),
        ({"a": [1]}, ("a",), None),
    ],
)
def test_data_without_a_file_has_places_without_lines(data: Any, path: Any, written: object) -> None:
    document = described(data)
    assert (document.file, document.data) == (None, data)
    assert document.place(path) == (path, Place(None, written))
