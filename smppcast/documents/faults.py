"""pydantic's findings as sentences about a document: line, key, value, and what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from smppcast.documents.document import Document, Path
from smppcast.errors import ConfigError, ConfigFaults

__all__ = ["checked", "faults_of", "together"]

_Model = TypeVar("_Model", bound=BaseModel)

_SECRET = re.compile(r"passw|secret|token", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(//[^/\s:@]*):.*@")
_SENTENCES = {
    "missing": "is missing",
    "model_type": "expected a mapping of keys to values",
    "dict_type": "expected a mapping of keys to values",
    "tuple_type": "expected a list, as in [a, b]",
    "list_type": "expected a list, as in [a, b]",
    "frozen_set_type": "expected a list, as in [a, b]",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
}
_SHOULD = re.compile(r"^\w+ should (?:be|have) ")


def checked(model: type[_Model], document: Document, context: Mapping[str, Any] | None = None) -> _Model:
    """What a document means, as a model; an empty one is an empty mapping.

    Raises:
        ConfigError: the document's only fault.
        ConfigFaults: all of them, where it has several.
    """
    faults, found = list(document.faults), None
    try:
        found = model.model_validate({} if document.data is None else document.data, context=context)
    except ValidationError as error:
        known = {fault.key for fault in faults}  # what a broken value breaks further is no news
        faults += [fault for fault in faults_of(error, document, model) if fault.key not in known]
    if faults or found is None:
        raise together(faults)
    return found


def together(faults: list[ConfigError]) -> ConfigError:
    """One error of all these, one at least, in the order of their lines."""
    faults = sorted(faults, key=lambda fault: fault.line or 0)
    return faults[0] if len(faults) == 1 else ConfigFaults(faults)


def faults_of(error: ValidationError, document: Document, model: type[BaseModel]) -> Iterator[ConfigError]:
    """One ConfigError for each finding, in the order of `error`."""
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_inside(other["loc"], detail["loc"]) for other in details):
            continue  # broken items are not counted
        path: Path = tuple(part for part in detail["loc"] if not _is_tag(part))
        found, place = document.place(path)
        unknown = detail["type"] == "extra_forbidden"
        shown = path if unknown or detail["type"] == "missing" else found
        yield ConfigError(
            _unknown(path, model) if unknown else _problem(detail),
            file=document.file,
            line=place.line,
            key=".".join(map(str, shown)) or None,
            value=None if unknown else _value(path, place.written),
        )


def _inside(path: Path, outer: Path) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer


def _is_tag(part: int | str) -> bool:
    """Whether it tells which form of a setting was read, and is no key of the file."""
    return isinstance(part, str) and part[:1] == "<"


def _problem(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "string_type" and isinstance(detail["input"], int | float | date):
        return "expected a text, in quotes"
    if kind == "string_pattern_mismatch":
        return f"expected a text that matches {detail['ctx']['pattern']}"
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    sentence = detail["msg"].removeprefix("Value error, ").partition(", unable to")[0]
    return _SHOULD.sub("expected ", sentence).replace(" after validation", "")


def _value(path: Path, written: object) -> object:
    """The value as the file has it, unless it is, or holds, a secret."""
    if any(_SECRET.search(str(part)) for part in path):
        return None
    return _CREDENTIALS.sub(r"\1:***@", written) if isinstance(written, str) else written


def _unknown(path: Path, model: type[BaseModel]) -> str:
    known = sorted(_keys(path[:-1], model))
    near = get_close_matches(str(path[-1]), known, n=1)
    expected = f"expected one of {', '.join(known)}" if known else "expected none"
    hint = f"did you mean {near[0]}?" if near else expected
    return f"unknown key: {hint}"


def _keys(path: Path, model: type[BaseModel]) -> set[str]:
    """The keys that may stand in the mapping at `path`."""
    at: type[BaseModel] = model
    for part in path:
        field = at.model_fields.get(str(part))
        if field is not None:  # else a name that the user chose, as an operator's
            # Where any keys may stand, they are those of the whole, as in what a step of a schedule changes.
            at = next(_models(field.annotation), model)
    return set(at.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
