"""Bearer tokens: who may do what. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Person", "Role", "TokenRow", "new_token", "parse", "verified"]

_TOKEN = re.compile(r"smppcast_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


class Role(StrEnum):
    """What a token may do: each role may do what those before it may."""

    VIEWER = "viewer"  # look
    SENDER = "sender"  # make campaigns and messages, start, pause, stop
    APPROVER = "approver"  # approve what others made
    ADMIN = "admin"  # operators, reload, audit log

    @property
    def rank(self) -> int:
        """Higher may do more."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is kept.

    Args:
        id: its public part.
        name: of the person or program that has it.
        hashed: SHA-256 of its secret part: 256 random bits need no slower hash.
    """

    id: str
    name: str
    role: Role
    hashed: bytes
    created: float
    revoked: float = 0.0


@dataclass(frozen=True, slots=True)
class Person:
    """Who makes a request."""

    token: str
    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this role, or a higher one, is theirs."""
        return self.role.rank >= role.rank


def new_token(name: str, role: Role, now: float) -> tuple[str, TokenRow]:
    """A token, told once, and what is kept of it."""
    public, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return f"smppcast_{public}_{secret}", TokenRow(public, name, role, _hash(secret), now)


def parse(token: str) -> tuple[str, str] | None:
    """The public and the secret part; None for what is no token."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None


def verified(row: TokenRow, secret: str) -> Person | None:
    """Whose it is; None where the secret is another, or the token was revoked."""
    if row.revoked or not hmac.compare_digest(row.hashed, _hash(secret)):
        return None
    return Person(row.id, row.name, row.role)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
