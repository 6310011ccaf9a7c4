"""Who asks, whether they may, how often, and whether they asked the same before."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from smppcast.daemon.problems import Problem
from smppcast.daemon.service import Daemon
from smppcast.daemon.sessions import PROOF_HEADER, proven
from smppcast.daemon.tokens import Person, Role, parse, verified

__all__ = ["ADMIN", "APPROVER", "SENDER", "VIEWER", "Limits", "once", "the_daemon", "who"]

_bearer = HTTPBearer(auto_error=False, description="`smppcast token create NAME --role ROLE` makes one.")
KEY_MOST = 255


def the_daemon(request: Request) -> Daemon:
    """The daemon that this application serves."""
    daemon: Daemon = request.app.state.daemon
    return daemon


class Limits:
    """Requests a second, a token; as many as a second's worth may come at once."""

    def __init__(self, per_s: float) -> None:
        self._per_s, self._most = per_s, max(1.0, per_s)
        self._left: dict[str, tuple[float, float]] = {}  # what is left, and when it was

    def take(self, token: str, now: float) -> float:
        """0 where a request may be made now; else how long to wait, in seconds."""
        left, at = self._left.get(token, (self._most, now))
        left = min(self._most, left + (now - at) * self._per_s)
        if left < 1.0:
            return (1.0 - left) / self._per_s
        self._left[token] = (left - 1.0, now)
        return 0.0


def who(daemon: Daemon, token: str) -> Person | None:
    """Whose token it is; None for one that is not good."""
    parts = parse(token)
    row = daemon.store.token(parts[0]) if parts is not None else None
    return verified(row, parts[1]) if row is not None and parts is not None else None


def _logged_in(request: Request, daemon: Daemon) -> Person | None:
    session = daemon.sessions.of(request)
    if session is not None and not proven(request, session):
        raise Problem(403, f"a session's request needs its {PROOF_HEADER}, from the dashboard itself")
    return None if session is None else session.person


def _needs(role: Role) -> Callable[..., Awaitable[Person]]:
    async def person(
        request: Request,
        daemon: Annotated[Daemon, Depends(the_daemon)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Person:
        if credentials is not None:
            found = who(daemon, credentials.credentials)
        else:
            found = _logged_in(request, daemon)
        if found is None:
            raise Problem(401, "expected a bearer token", headers={"WWW-Authenticate": "Bearer"})
        wait_s = request.app.state.limits.take(found.token, time.monotonic())
        if wait_s:
            raise Problem(429, f"again in {wait_s:.2f} s", headers={"Retry-After": str(int(wait_s) + 1)})
        if not found.may(role):
            raise Problem(403, f"needs the role {role}; this token has {found.role}")
        return found

    return person


VIEWER = Annotated[Person, Depends(_needs(Role.VIEWER))]
SENDER = Annotated[Person, Depends(_needs(Role.SENDER))]
APPROVER = Annotated[Person, Depends(_needs(Role.APPROVER))]
ADMIN = Annotated[Person, Depends(_needs(Role.ADMIN))]


async def once(
    request: Request, person: Person, body: Any, work: Callable[[], Awaitable[Any]], status: int = 200
) -> Response:
    """Does a POST's work, once for each Idempotency-Key: whoever asks again has the first answer.

    A key whose work was begun and never ended, as by a crash, is answered 409: nobody knows what came of it.

    Raises:
        Problem: the key was used for another request, or is being worked on.
    """
    store, key = the_daemon(request).store, request.headers.get("idempotency-key")
    if key is None:
        return JSONResponse(await work(), status)
    if not 1 <= len(key) <= KEY_MOST:
        raise Problem(422, f"expected 1 to {KEY_MOST} characters", field="Idempotency-Key")
    said = f"{request.method} {request.url.path} {body!r}".encode()
    before = store.begin_answer(person.token, key, print_ := hashlib.sha256(said).digest(), time.time())
    if before is None:
        try:
            answer = JSONResponse(await work(), status)
        except Exception:  # cancelled, the work may have been done: then nobody knows
            store.drop_answer(person.token, key)
            raise
        store.end_answer(person.token, key, status, bytes(answer.body))
        return answer
    if before.print != print_:
        raise Problem(422, "this key was used for another request", field="Idempotency-Key")
    if not before.status:
        raise Problem(409, "a request with this key was begun, and what came of it is not known")
    headers = {"Idempotency-Replayed": "true"}
    return Response(before.body, before.status, headers, media_type="application/json")
