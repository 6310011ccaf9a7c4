"""YAML into plain data, with the line of each key; and the environment into its `${NAME}`s.

Settings keep their scalars as texts: each knows whether it wants a number, a duration or a country, so `NO`
is Norway, 0336 keeps its 0 and 12:30 is no number of seconds. Only `null`, `~` and nothing are None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import yaml
from pydantic import BaseModel

from smppcast.errors import ConfigError

__all__ = ["Document", "Path", "Place", "described", "parse", "parse_typed"]

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the file to a value."""

_VARIABLE = re.compile(r"(\$?)\$\{([^}]*)\}")
_NAMED = re.compile(r"([A-Za-z_]\w*)(?::-(.*))?", re.ASCII | re.DOTALL)
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands and how it was written.

    Attributes:
        line: counted from 1; None of what is in no file.
        written: a file's text, or the value itself; None of a mapping or a list.
    """

    line: int | None
    written: object


@dataclass(slots=True)
class Document:
    """A parsed file, or data that came without one.

    Attributes:
        file: its name; None of data without one.
        data: mappings, lists and scalars.
        places: of each value, by its path.
        faults: what is wrong with the file as YAML, or with its variables.
    """

    file: str | None
    data: object = None
    places: dict[Path, Place] = field(default_factory=dict)
    faults: list[ConfigError] = field(default_factory=list)

    def place(self, path: Path) -> tuple[Path, Place]:
        """The value at `path`, or the nearest one around it that is in the file."""
        while path not in self.places and path:
            path = path[:-1]
        return path, self.places.get(path, Place(1, None))


def parse(file: str, text: str, env: Mapping[str, str]) -> Document:
    """Parse a configuration file's text: its scalars are texts or None, with the variables of `env` in them.

    Raises:
        ConfigError: it is no YAML, or not a single document.
    """
    document = Document(file)
    return _parsed(document, text, _Variables(document, env).scalar)


def parse_typed(file: str, text: str) -> Document:
    """Parse a file whose scalars are what YAML takes them for: numbers, booleans, texts, None, dates.

    Raises:
        ConfigError: it is no YAML, or not a single document.
    """
    document = Document(file)
    return _parsed(document, text, _Types(document).scalar)


def described(data: object) -> Document:
    """Data from Python or JSON as a document without a file."""
    document = Document(None, data)
    document.places.update(_places(data, ()))
    return document


def _places(value: object, path: Path) -> Iterator[tuple[Path, Place]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, BaseModel | Mapping):
        inner += ((str(key), item) for key, item in dict(value).items())
    elif isinstance(value, list | tuple):
        inner += enumerate(value)
    else:
        yield path, Place(None, value)
        return
    yield path, Place(None, None)
    for key, item in inner:
        yield from _places(item, (*path, key))


_Scalar = Callable[[yaml.ScalarNode, Path, int], object]


def _parsed(document: Document, text: str, scalar: _Scalar) -> Document:
    file = document.file
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # The library's own sentence quotes the line, which may hold a password.
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(f"is no YAML: {error.problem}", file=file, line=line) from None
    except yaml.YAMLError as error:
        raise ConfigError("is no YAML: it has characters that no text has", file=file) from error
    if node is not None:
        document.data = _Builder(document, scalar).build(node, (), node.start_mark.line + 1)
    return document


class _Builder:
    """Walks the nodes of a file; `_within` holds those it is in, to refuse a value that holds itself."""

    def __init__(self, document: Document, scalar: _Scalar) -> None:
        self._document, self._scalar = document, scalar
        self._within: set[int] = set()

    def build(self, node: yaml.Node, path: Path, line: int) -> object:
        written = node.value if isinstance(node, yaml.ScalarNode) else None
        self._document.places[path] = Place(line, written)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, line)
        if id(node) in self._within:
            _fault(self._document, "holds itself", path, line)
            return None
        self._within.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            items = enumerate(node.value)
            return [self.build(item, (*path, at), item.start_mark.line + 1) for at, item in items]
        finally:
            self._within.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key, value in _pairs(node):
            name, line = str(key.value), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                _fault(self._document, "expected a text as key", path, line)
            elif name == _MERGE and key.style is None:
                continue
            elif name in lines:
                twice = f"stands here a second time, first in line {lines[name]}"
                _fault(self._document, twice, (*path, name), line)
            else:
                lines[name] = line
                found[name] = self.build(value, (*path, name), line)
        for merged in _merges(node):
            for name, inner in self._merged(merged, path).items():
                found.setdefault(name, inner)
        return found

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, object]:
        """What `<<: *defaults` brings in; where it stands in the file is not where it counts."""
        if not isinstance(node, yaml.MappingNode):
            _fault(self._document, "expected a mapping behind <<", path, node.start_mark.line + 1)
            return {}
        before = dict(self._document.places)
        built = self.build(node, path, node.start_mark.line + 1)
        self._document.places |= before
        return built if isinstance(built, dict) else {}


class _Variables:
    """Scalars as texts, with variables of the environment in them."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self._document, self._env = document, env

    def scalar(self, node: yaml.ScalarNode, path: Path, line: int) -> str | None:
        text = str(node.value)
        if node.style is None and text.lower() in ("", "~", "null"):
            return None

        def substitute(found: re.Match[str]) -> str:
            escape, inside = found.groups()
            return found[0][1:] if escape else self._variable(inside, path, line)

        return _VARIABLE.sub(substitute, text)

    def _variable(self, inside: str, path: Path, line: int) -> str:
        named = _NAMED.fullmatch(inside)
        if named is None:
            expected = "expected ${NAME} or ${NAME:-default}; $${ for the characters themselves"
            _fault(self._document, expected, path, line)
            return ""
        name, default = named.groups()
        if default is not None:
            return self._env.get(name) or default
        if name not in self._env:
            _fault(self._document, f"the environment has no variable {name}", path, line)
        return self._env.get(name, "")


class _Types:
    """Scalars as YAML takes them: `0x58` is a number."""

    def __init__(self, document: Document) -> None:
        self._document, self._constructor = document, yaml.constructor.SafeConstructor()

    def scalar(self, node: yaml.ScalarNode, path: Path, line: int) -> object:
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError):  # a tag that nobody knows, or a 30th of February
            kind = node.tag.removeprefix("tag:yaml.org,2002:")
            _fault(self._document, f"expected a text in quotes: YAML knows no such {kind}", path, line)
            return None


def _fault(document: Document, problem: str, path: Path, line: int) -> None:
    key = ".".join(map(str, path)) or None
    document.faults.append(ConfigError(problem, file=document.file, line=line, key=key))


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value)


def _merges(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    """What stands behind `<<`: one mapping or a list of them."""
    for key, value in _pairs(node):
        if isinstance(key, yaml.ScalarNode) and key.value == _MERGE and key.style is None:
            if isinstance(value, yaml.SequenceNode):
                yield from value.value
            else:
                yield value
