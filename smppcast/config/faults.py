"""pydantic's findings as sentences about a file: line, key, value, and what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from smppcast.config.document import Document, Path
from smppcast.errors import ConfigError

__all__ = ["faults_of"]

_SECRET = re.compile(r"passw|secret|token", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(//[^/\s:@]*):.*@")


def faults_of(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[ConfigError]:
    """One ConfigError for each finding, in the order of `error`."""
    for detail in error.errors(include_url=False, include_input=False):
        path: Path = tuple(part for part in detail["loc"] if not _is_tag(part))
        found, place = document.place(path)
        unknown = detail["type"] == "extra_forbidden"
        shown = path if unknown or detail["type"] == "missing" else found
        yield ConfigError(
            _unknown(path, model) if unknown else _problem(detail),
            file=document.file,
            line=place.line,
            key=".".join(map(str, shown)) or None,
            value=None if unknown or found != path else _value(path, place.written),
        )


def _is_tag(part: int | str) -> bool:
    """Whether it tells which form of a setting was read, and is no key of the file."""
    return isinstance(part, str) and part[:1] == "<"


def _problem(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "model_type" | "dict_type":
            return "expected a mapping of keys to values"
        case "tuple_type" | "list_type":
            return "expected a list, as in [a, b]"
    sentence = detail["msg"].removeprefix("Value error, ").partition(", unable to parse")[0]
    return sentence.replace("Input should be", "expected").replace("String should have", "expected")


def _value(path: Path, written: str | None) -> str | None:
    """The value as the file has it, unless it is, or holds, a secret."""
    if written is None or any(_SECRET.search(str(part)) for part in path):
        return None
    return _CREDENTIALS.sub(r"\1:***@", written)


def _unknown(path: Path, model: type[BaseModel]) -> str:
    known = sorted(_keys(path[:-1], model))
    near = get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"unknown key: {hint}"


def _keys(path: Path, model: type[BaseModel]) -> set[str]:
    """The keys that may stand in the mapping at `path`."""
    at: type[BaseModel] = model
    for part in path:
        field = at.model_fields.get(str(part))
        if field is not None:  # else a name that the user chose, as an operator's
            at = next(_models(field.annotation), at)
    return set(at.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
