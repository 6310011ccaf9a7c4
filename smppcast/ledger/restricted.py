"""A fact without some of its refs: for who looks at a part of a ledger, or has only a part left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import compress
from typing import Any, TypeVar

from smppcast.ledger.facts import (
    Accepted,
    Attempted,
    Deferred,
    Fact,
    Lost,
    Received,
    Rejected,
    Unsent,
)

__all__ = ["restricted"]

F = TypeVar("F", bound=Fact)

_SPREAD = (Accepted, Rejected, Deferred, Lost, Attempted, Unsent, Received)
_COLUMNS = frozenset(("refs", "message_ids", "statuses", "states", "errors", "done"))


def restricted(fact: F, inside: Callable[[int], bool]) -> F:
    """What a fact says of the refs that are `inside`; one that may not be cut stays whole."""
    if not isinstance(fact, _SPREAD):
        return fact
    kept = [inside(ref) for ref in fact.refs]
    if all(kept):
        return fact
    columns: dict[str, Any] = {}
    for each in fields(fact):
        column = getattr(fact, each.name)
        if each.name in _COLUMNS and len(column):
            cut = compress(column, kept)
            columns[each.name] = bytes(cut) if isinstance(column, bytes) else list(cut)
    cut_fact: F = replace(fact, **columns)
    return cut_fact
