"""What is said of a document that is not what its model expects."""

from __future__ import annotations

import traceback
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from smppcast.documents import checked, described, parse_typed
from smppcast.errors import ConfigError, ConfigFaults


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = 1
    password: str = Field(default="", max_length=3)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = "x"
    on: bool = False
    kind: Literal["one", "two"] = "one"
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = Field(default=(Inner(),), min_length=1)
    word: str = Field(default="a", pattern="^[a-z]+$")
    change: dict[str, Any] = {}


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        checked(Outer, parse_typed("f", text))
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("inner: 5", "f:1: inner = '5': expected a mapping of keys to values"),
        ("[]", "f:1: expected a mapping of keys to values"),
        ("inners: 5", "f:1: inners = '5': expected a list, as in [a, b]"),
        ("inners: []", "f:1: inners: expected at least 1 item, not 0"),
        ("inners: [{size: x}]", "f:1: inners.0.size = 'x': expected a valid integer"),
        ("name: 007", "f:1: name = '007': expected a text, in quotes"),
        ("name: [a]", "f:1: name: expected a valid string"),
        ("on: perhaps", "f:1: on = 'perhaps': expected true or false"),
        ("kind: three", "f:1: kind = 'three': expected 'one' or 'two'"),
        ("word: A", "f:1: word = 'A': expected a text that matches ^[a-z]+$"),
        ("inner:\n  password: hunter2", "f:2: inner.password: expected at most 3 characters"),
        ("inner:\n  siez: 2", "f:2: inner.siez: unknown key: did you mean size?"),
        ("inner: {x: 2}", "f:1: inner.x: unknown key: expected one of password, size"),
    ],
)
def test_the_fault_is_named_with_line_key_and_value(text: str, fault: str) -> None:
    assert told(text) == [fault]


def test_all_faults_are_told_by_line_and_none_twice() -> None:
    assert told("on: 3\nname: 1\nkind: one\nname: 2\n") == [
        "f:1: on = '3': expected true or false",
        "f:4: name: stands here a second time, first in line 2",
    ]


def test_an_empty_document_is_a_model_of_defaults() -> None:
    assert checked(Outer, parse_typed("f", "# nothing\n")) == Outer()


def test_data_from_python_is_told_without_line_and_without_what_the_library_raised() -> None:
    with pytest.raises(ConfigFaults) as caught:
        checked(Outer, described({"inner": {"size": "x", "password": "hunter2"}}))
    assert str(caught.value).splitlines() == [
        "inner.size = 'x': expected a valid integer",
        "inner.password: expected at most 3 characters",
    ]
    assert "ValidationError" not in "".join(traceback.format_exception(caught.value))
