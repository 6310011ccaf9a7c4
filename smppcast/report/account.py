"""The account as people read it, and as machines do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from smppcast.model import Account

__all__ = ["as_dict", "as_json", "as_text", "columns", "rows_of"]

# The order of the account's sums: those of what was fed, then those of what was accepted.
_TERMS = (
    "fed",
    "invalid",
    "duplicate",
    "suppressed",
    "not_sent",
    "in_flight",
    "unknown",
    "rejected",
    "accepted",
    "delivered",
    "undelivered",
    "expired",
    "awaiting_receipt",
    "rerouted",
    "failed_over",
)
_ALWAYS = {"fed", "accepted", "delivered"}
_WITHIN = {"delivered", "undelivered", "expired", "awaiting_receipt"}


def as_dict(account: Account) -> dict[str, Any]:
    """The account as plain data."""
    return asdict(account)


def as_json(account: Account) -> str:
    """One line."""
    return json.dumps(as_dict(account), ensure_ascii=False)


def as_text(account: Account, operators: Mapping[str, Account]) -> str:
    """A column for each operator and one for all; terms that are 0 throughout are left out."""
    lines = [f"campaign {account.campaign}", *columns(rows_of(account, operators))]
    if account.invalid_reasons:
        reasons = (f"{count:,} {reason}" for reason, count in sorted(account.invalid_reasons.items()))
        lines.append(f"invalid: {', '.join(reasons)}")
    lines += [_sum("segments", asdict(account.segments)), _sum("receipts", asdict(account.receipts))]
    if account.seconds:
        rate = account.segments.submitted / account.seconds
        lines.append(f"seconds: {account.seconds:,.3g}, {rate:,.0f} segments each")
    return "\n".join(lines)


def rows_of(account: Account, operators: Mapping[str, Account]) -> list[list[str]]:
    """The account's table, its head first."""
    accounts = [*operators.values(), account]
    rows: list[list[str]] = [["", *operators, "all"]]
    for term in _TERMS:
        counts = [getattr(part, term) for part in accounts]
        if any(counts) or term in _ALWAYS:
            shown = ("  " if term in _WITHIN else "") + term.replace("_", " ")
            rows.append([shown, *(f"{count:,}" for count in counts)])
    return rows


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = -widths[0]  # to the left
    return ["  ".join(map(_pad, row, widths)).rstrip() for row in rows]


def _pad(cell: str, width: int) -> str:
    return cell.rjust(width) if width > 0 else cell.ljust(-width)


def _sum(name: str, counts: Mapping[str, int]) -> str:
    (total, count), *parts = counts.items()
    shown = ", ".join(f"{part:,} {key}" for key, part in parts if part)
    return f"{name}: {count:,} {total}" + (f", {shown}" if shown else "")
