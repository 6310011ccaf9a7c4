"""What stands before every route: how large a body may be, how often one may ask, and what is counted."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smppcast.daemon.metrics import Metrics
from smppcast.daemon.problems import problem

__all__ = ["Guard"]


class _TooLarge(Exception):
    pass


class Guard:
    """ASGI middleware: bounds bodies and counts requests.

    Args:
        most: octets of a body, by path.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, most: Callable[[str], int]) -> None:
        self._app, self._metrics, self._most = app, metrics, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, most, status = time.perf_counter(), self._most(scope["path"]), 500
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                said = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(each for each in _HEADERS if each[0] not in said),
                ]
            await send(message)

        try:
            if _announced(scope) > most:
                raise _TooLarge
            await self._app(scope, bounded, noted)
        except _TooLarge:
            answer = problem(413, f"a request may have at most {most:,} octets here")
            await answer(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.took_s.labels(route).observe(time.perf_counter() - began)


# Answers hold personal data, and none is a page to be shown within another. A route may say otherwise.
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
