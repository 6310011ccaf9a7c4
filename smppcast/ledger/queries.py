"""Reads the named statements of sql/*.sql."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["many", "migration", "queries", "schema"]

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_VALUES_ROW = re.compile(r"\((?:\?, )*\?\)$")


def _read(name: str) -> str:
    return resources.files("smppcast.ledger").joinpath("sql", name).read_text("utf-8")


def schema() -> str:
    """The statements that make an empty ledger."""
    return _read("schema.sql")


def migration(version: int) -> str:
    """What brings a ledger of the version before to this one."""
    return _read(f"to_{version}.sql")


@cache
def queries() -> dict[str, str]:
    """Each statement of queries.sql by its name, without its description."""
    parts = _NAME.split(_read("queries.sql"))
    return {name: _bare(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _bare(text: str) -> str:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().removesuffix(";")


@cache
def many(name: str, rows: int) -> str:
    """An INSERT that takes so many rows at once: one step of SQLite, so one hand-over of the GIL."""
    sql = queries()[name]
    row = _VALUES_ROW.search(sql)
    if row is None:
        raise ValueError(f"{name} does not end in a VALUES row")
    return sql + f", {row[0]}" * (rows - 1)
