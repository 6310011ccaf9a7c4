"""Which columns a feed has, and which of them are wanted: the header of a CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from smppcast.errors import FeedError

__all__ = ["DELIMITERS", "Layout", "read_header"]

DELIMITERS = ",;\t"
"""Tried in this order; the one that cuts the header into most columns is the feed's."""

_SHOWN = 12  # column names in a message; a header of hundreds would hide the sentence


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the wanted columns of a CSV stand, counted from 0.

    Args:
        width: how many columns each row must have.
        delimiter: one of DELIMITERS.
        msisdn: the number's column.
        operator: the operator's column, or None.
        texts: the columns that the text asked for, by name.
    """

    width: int
    delimiter: str
    msisdn: int
    operator: int | None
    texts: dict[str, int]


def read_header(line: str, text_columns: Iterable[str] = ()) -> Layout:
    """Read the header's line and find the wanted columns in it.

    `msisdn` and `operator` are found in any letter case, since exports differ in it; the columns of
    a text are found as they are spelled. Spaces around a name do not count.

    Raises:
        FeedError: no column `msisdn`, a name given twice, or a column that the text needs is not there.
    """
    cuts = [(_cells(line, delimiter), delimiter) for delimiter in DELIMITERS]
    names, delimiter = max(cuts, key=lambda cut: ("msisdn" in _folded(cut[0]), len(cut[0])))
    folded = _folded(names)
    if "msisdn" not in folded:
        raise FeedError(f"has no column msisdn: {_describe(names)}", line=1)
    _refuse_repeats(folded, ("msisdn", "operator"))
    _refuse_repeats(names, text_columns)
    texts = {name: _position(names, name) for name in sorted(text_columns)}
    operator = folded.index("operator") if "operator" in folded else None
    return Layout(len(names), delimiter, folded.index("msisdn"), operator, texts)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def _folded(names: list[str]) -> list[str]:
    return [name.casefold() for name in names]


def _describe(names: list[str]) -> str:
    """The header for a message; a header of digits is a row, and its number is nobody's business."""
    if any(sum(map(str.isdigit, name)) >= 7 for name in names):
        return "its first line is a row, and must be a header such as msisdn,operator"
    more = ", …" if len(names) > _SHOWN else ""
    return f"its first line names {', '.join(names[:_SHOWN])[:200] or 'nothing'}{more}"


def _refuse_repeats(names: list[str], wanted: Iterable[str]) -> None:
    for name in wanted:
        if names.count(name) > 1:
            raise FeedError(f"has the column {name} twice", line=1)


def _position(names: list[str], wanted: str) -> int:
    if wanted not in names:
        raise FeedError(f"has no column {wanted}, which the text needs: {_describe(names)}", line=1)
    return names.index(wanted)
