"""YAML into plain data, with the line of each key; and the environment into its `${NAME}`s.

Scalars stay text: each setting knows whether it wants a number, a duration or a country, so `NO`
is Norway, 0336 keeps its 0 and 12:30 is no number of seconds. Only `null`, `~` and nothing are None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from smppcast.errors import ConfigError

__all__ = ["Document", "Path", "Place", "parse"]

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the file to a value."""

_VARIABLE = re.compile(r"(\$?)\$\{([^}]*)\}")
_NAMED = re.compile(r"([A-Za-z_]\w*)(?::-(.*))?", re.ASCII | re.DOTALL)
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands and how it was written; `written` is None of a mapping or a list."""

    line: int
    written: str | None


@dataclass(slots=True)
class Document:
    """A parsed file.

    Attributes:
        data: mappings, lists, texts and None.
        places: of each value, by its path.
        faults: what is wrong with the file as YAML, or with its variables.
    """

    file: str
    data: object = None
    places: dict[Path, Place] = field(default_factory=dict)
    faults: list[ConfigError] = field(default_factory=list)

    def place(self, path: Path) -> tuple[Path, Place]:
        """The value at `path`, or the nearest one around it that is in the file."""
        while path not in self.places and path:
            path = path[:-1]
        return path, self.places.get(path, Place(1, None))


def parse(file: str, text: str, env: Mapping[str, str]) -> Document:
    """Parse a configuration file's text.

    Raises:
        ConfigError: it is no YAML, or not a single document.
    """
    document = Document(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # The library's own sentence quotes the line, which may hold a password.
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(f"is no YAML: {error.problem}", file=file, line=line) from None
    except yaml.YAMLError as error:
        raise ConfigError("is no YAML: it has characters that no text has", file=file) from error
    if node is not None:
        document.data = _Builder(document, env).build(node, (), node.start_mark.line + 1)
    return document


class _Builder:
    """Walks the nodes of a file; `_within` holds those it is in, to refuse a value that holds itself."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self._document, self._env = document, env
        self._within: set[int] = set()

    def build(self, node: yaml.Node, path: Path, line: int) -> object:
        written = node.value if isinstance(node, yaml.ScalarNode) else None
        self._document.places[path] = Place(line, written)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, line)
        if id(node) in self._within:
            self._fault("holds itself", path, line)
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
                self._fault("expected a text as key", path, line)
            elif name == _MERGE and key.style is None:
                continue
            elif name in lines:
                self._fault(f"stands here a second time, first in line {lines[name]}", (*path, name), line)
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
            self._fault("expected a mapping behind <<", path, node.start_mark.line + 1)
            return {}
        before = dict(self._document.places)
        built = self.build(node, path, node.start_mark.line + 1)
        self._document.places |= before
        return built if isinstance(built, dict) else {}

    def _scalar(self, node: yaml.ScalarNode, path: Path, line: int) -> str | None:
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
            self._fault("expected ${NAME} or ${NAME:-default}; $${ for the characters themselves", path, line)
            return ""
        name, default = named.groups()
        if default is not None:
            return self._env.get(name) or default
        if name not in self._env:
            self._fault(f"the environment has no variable {name}", path, line)
        return self._env.get(name, "")

    def _fault(self, problem: str, path: Path, line: int) -> None:
        key = ".".join(map(str, path)) or None
        self._document.faults.append(ConfigError(problem, file=self._document.file, line=line, key=key))


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
