"""Texts with `{column}` in them, one for each subscriber."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from smppcast.errors import TextError

__all__ = ["Template"]

_TOKEN = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|[{}])")
_NAME = re.compile(r"[^\W\d][\w -]*(?<! )")


class Template:
    """A text in which `{column}` stands for the subscriber's cell; `{{` and `}}` are braces.

    A name begins with a letter and goes on in letters, digits, spaces, `_` and `-`: no format
    specifications, attributes or indexes, since a text is data and not a program.

    Args:
        text: as the campaign gives it.

    Attributes:
        text: the same.
        columns: the names it needs; empty for a plain text.

    Raises:
        TextError: a brace that stands alone, or a name that is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[str] = []  # literals at even places, names at odd ones
        literal = ""
        for at, token in enumerate(_TOKEN.split(text)):
            if at % 2 == 0:
                literal += token
            elif token in ("{{", "}}"):
                literal += token[0]
            else:
                self._parts += (literal, _name(token))
                literal = ""
        self._parts.append(literal)
        self.columns = frozenset(self._parts[1::2])
        self._format = "%s".join(part.replace("%", "%%") for part in self._parts[::2])

    @property
    def plain(self) -> str | None:
        """The text to send where it is the same for all, braces unescaped; else None."""
        return None if self.columns else self._parts[0]

    def render(self, cells: Mapping[str, str]) -> str:
        """The text for one subscriber; KeyError for a column that is not in `cells`."""
        return self._format % tuple(cells[name] for name in self._parts[1::2])

    def render_batch(self, columns: Mapping[str, Sequence[str]], count: int) -> list[str]:
        """The texts for `count` rows, from columns of that length, as a batch holds them."""
        if not self.columns:
            return [self._parts[0]] * count
        cells = zip(*(columns[name] for name in self._parts[1::2]), strict=True)
        return [self._format % row for row in cells]


def _name(token: str) -> str:
    name = token[1:-1]
    if len(token) < 2 or not _NAME.fullmatch(name):
        raise TextError(f"{token!r} names no column: expected {{column}}, or {{{{ and }}}} for braces")
    return name
