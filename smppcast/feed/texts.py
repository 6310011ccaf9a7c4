"""Rows with octets that are not UTF-8: how they are found and shown."""

from __future__ import annotations

from smppcast.feed.lines import MAX_ROW
from smppcast.feed.reasons import Reason

__all__ = ["faulty", "legible"]


def faulty(row: str, *, clean: bool) -> Reason | None:
    """Why the octets of a row cannot be read; `clean`: known to be UTF-8 and short enough."""
    if clean:
        return None
    octets = row.encode("utf-8", "surrogateescape")
    if len(octets) > MAX_ROW:
        return Reason.ROW_TOO_LONG
    try:
        octets.decode()
    except UnicodeDecodeError:
        return Reason.BAD_ENCODING
    return None


def legible(row: str) -> str:
    r"""The row with each octet that is not UTF-8 written as ``\xff``."""
    return row.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
