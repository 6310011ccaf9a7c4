"""What a PromQL expression names: metrics, labels, and the values that it wants of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Named", "faults", "named"]

# Prometheus puts them on every series that it scrapes.
TARGET = frozenset({"job", "instance"})
# Prometheus' own, which no daemon has.
OWN = {"up": TARGET, "ALERTS": frozenset({"alertname", "alertstate", "severity"})}

_SELECTOR = re.compile(r"([A-Za-z_:][\w:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_RANGE = re.compile(r"\[[^]]*\]|\{[^}]*\}|\"[^\"]*\"")
_WORD = re.compile(r"(?<![\w.:$])([A-Za-z_:][\w:]*)(?!\s*\(|[\w:])")
_KEYWORDS = frozenset(("and", "or", "unless", "offset", "bool"))


@dataclass(frozen=True)
class Named:
    """What stands in an expression.

    Args:
        matchers: metric, label, operator and value.
        grouped: labels by which it aggregates or joins.
    """

    metrics: frozenset[str]
    matchers: tuple[tuple[str, str, str, str], ...]
    grouped: frozenset[str]


def named(expression: str) -> Named:
    matchers = tuple(
        (metric, *match.groups())
        for metric, inside in _SELECTOR.findall(expression)
        for match in _MATCHER.finditer(inside)
    )
    grouped = {
        label.strip()
        for inside in _GROUPING.findall(expression)
        for label in inside.split(",")
        if label.strip()
    }
    bare = _GROUPING.sub(" ", _RANGE.sub(" ", expression))
    words = frozenset(_WORD.findall(bare)) - _KEYWORDS
    return Named(words, matchers, frozenset(grouped))


def faults(
    expression: str,
    metrics: Mapping[str, frozenset[str]],
    values: Mapping[tuple[str, str], frozenset[str]],
) -> Iterator[str]:
    """What the expression names and nobody yields.

    Args:
        metrics: the labels of each.
        values: all that a label of a metric can have, where that is known.
    """
    found = named(expression)
    known = {**metrics, **OWN}
    if not found.metrics:
        yield f"no metric in {expression}"
    for metric in sorted(found.metrics - known.keys()):
        yield f"no metric {metric}"
    labels = TARGET.union(*(known.get(metric, ()) for metric in found.metrics))
    for label in sorted(found.grouped - labels):
        yield f"no label {label} to group by"
    for metric, label, operator, value in found.matchers:
        if label not in TARGET | known.get(metric, frozenset()):
            yield f"{metric} has no label {label}"
        of = values.get((metric, label))
        if of is None or "$" in value:
            continue
        for each in value.split("|") if operator.endswith("~") else [value]:
            if each not in of:
                yield f"{metric} is never of {label} {each}"
