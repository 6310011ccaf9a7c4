"""Who is logged in to the dashboard: a cookie that stands for a token, so that no page keeps the token.

A cookie goes along with whatever a browser is made to ask, so what changes something must also carry
a word that only our own page can read (the session's *proof*), and must not come from another site.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from smppcast.daemon.store import DaemonStore
from smppcast.daemon.tokens import Person

__all__ = ["PROOF_HEADER", "Session", "Sessions", "proven"]

PROOF_HEADER = "x-csrf-token"
COOKIE = "smppcast_session"
# A screen on a wall is seen all the time; a laptop's weekend is longer than a session.
IDLE_S, LONGEST_S = 24 * 3600.0, 30 * 86_400.0
# `seen` is written no more often.
SEEN_S = 600.0

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_OURS = frozenset(("same-origin", "none"))


@dataclass(frozen=True, slots=True)
class Session:
    """Someone who is logged in.

    Args:
        proof: what their page sends along with whatever changes something.
    """

    person: Person
    proof: str


class Sessions:
    """All of them, kept by hash in the daemon's store: a restart logs nobody out."""

    def __init__(self, store: DaemonStore) -> None:
        self._store = store

    def begin(self, person: Person, request: Request, answer: Response) -> Session:
        """Logs someone in, and has their browser keep the cookie."""
        secret = secrets.token_urlsafe(32)
        self._store.end_sessions((now := time.time()) - LONGEST_S, now - IDLE_S)
        self._store.add_session(_hash(secret), person.token, now)
        answer.set_cookie(
            COOKIE,
            secret,
            max_age=int(LONGEST_S),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return Session(person, _proof(secret))

    def of(self, request: Request) -> Session | None:
        """Whose request it is; None without a session, or with one that is over."""
        secret = request.cookies.get(COOKIE, "")
        found = self._store.session(hashed := _hash(secret)) if _SECRET.fullmatch(secret) else None
        if found is None:
            return None
        token, began, seen = found
        now = time.time()
        row = self._store.token(token)
        if row is None or row.revoked or now - began > LONGEST_S or now - seen > IDLE_S:
            self._store.end_session(hashed)
            return None
        if now - seen > SEEN_S:
            self._store.see_session(hashed, now)
        return Session(Person(row.id, row.name, row.role), _proof(secret))

    def end(self, request: Request, answer: Response) -> None:
        """Logs them out."""
        self._store.end_session(_hash(request.cookies.get(COOKIE, "")))
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")


def proven(request: Request, session: Session) -> bool:
    """Whether a request was made by our own page: see the module's head."""
    if request.headers.get("sec-fetch-site", "none") not in _OURS:
        return request.method in _SAFE
    if request.method in _SAFE:
        return True
    return hmac.compare_digest(request.headers.get(PROOF_HEADER, "").encode(), session.proof.encode())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _proof(secret: str) -> str:
    return hmac.new(secret.encode(), b"smppcast dashboard", hashlib.sha256).hexdigest()
