"""The control port: what a running SMSC may be asked for, over HTTP and in JSON.

``GET /account`` (``?destinations=1`` for the count of each number), ``/totals``, ``/binds`` and
``/scenario``; ``PATCH /scenario`` with the parts that change; ``POST /inject``, ``/alert``, ``/cut``,
``/unbind`` and ``/outbind`` with their arguments (`smppcast.smsc.commands`). An answer other than 200 has
``{"error": "..."}``.

It asks nobody for a password: it listens on a loopback address unless it is told otherwise, and pages of a
browser are refused.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread

from smppcast.errors import LinkError, SmppcastError
from smppcast.smsc.commands import perform
from smppcast.smsc.server import Smsc

__all__ = ["serve_control"]

# A whole scenario with its schedule is some kB.
BODY_MAX: Final = 1 << 20
# What is asked for takes ms, but for an outbind; a thread that waits longer was left by a loop that ended.
PATIENCE_S: Final = 60.0
# How often the listening thread looks whether it should end.
POLL_S: Final = 0.05

_ROUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "/account": {"GET": "account"},
    "/totals": {"GET": "totals"},
    "/binds": {"GET": "binds"},
    "/scenario": {"GET": "scenario", "PATCH": "change"},
    "/inject": {"POST": "inject"},
    "/alert": {"POST": "alert"},
    "/cut": {"POST": "cut"},
    "/unbind": {"POST": "unbind"},
    "/outbind": {"POST": "outbind"},
}


class _RefusedError(Exception):
    """A request that is answered with an error; never leaves this module."""

    def __init__(self, status: HTTPStatus, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # an outbind may wait for long

    def __init__(self, smsc: Smsc, host: str, port: int) -> None:
        self.smsc, self.loop = smsc, asyncio.get_running_loop()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def ask(self, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Does it on the SMSC's own loop, and waits."""
        asked = asyncio.run_coroutine_threadsafe(perform(self.smsc, command, arguments), self.loop)
        return asked.result(PATIENCE_S)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "smppcast"
    sys_version = ""
    timeout = PATIENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """The account counts; nobody reads lines about it."""

    def do_GET(self) -> None:
        self._serve()

    do_PATCH = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the library finds them by these names

    def _serve(self) -> None:
        try:
            answer, status = self._answer(), HTTPStatus.OK
        except _RefusedError as error:
            answer, status = {"error": str(error)}, error.status
            self.close_connection = True  # its body, perhaps, was not read
        except LinkError as error:
            answer, status = {"error": str(error)}, HTTPStatus.BAD_GATEWAY
        except SmppcastError as error:
            answer, status = {"error": str(error)}, HTTPStatus.BAD_REQUEST
        body = json.dumps(answer).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", ", ".join(_ROUTES[urlsplit(self.path).path]))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> dict[str, Any]:
        self._refuse_pages()
        url = urlsplit(self.path)
        methods = _ROUTES.get(url.path)
        if methods is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, f"expected one of {', '.join(_ROUTES)}")
        command = methods.get(self.command)
        if command is None:
            raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {', '.join(methods)}")
        if self.command == "GET":
            return self.server.ask(command, dict(parse_qsl(url.query)))
        given = self._body()
        return self.server.ask(command, {"changes": given} if command == "change" else given)

    def _refuse_pages(self) -> None:
        """A page in a browser of this machine can send here what it likes: such requests name an Origin, or
        in Host a name that was made to point here."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
        if self.headers.get("Origin") is not None or not (host == "localhost" or _is_address(host)):
            raise _RefusedError(HTTPStatus.FORBIDDEN, "ask by the address, and not from a web page")

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, "expected Content-Length")
        if int(length) > BODY_MAX:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {BODY_MAX} octets")
        try:
            content = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, f"no JSON: {error}") from error
        if not isinstance(content, dict):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        return content


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@asynccontextmanager
async def serve_control(smsc: Smsc, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Opens a control port for a running SMSC, and yields its address.

    Args:
        port: 0 takes a free one.

    Raises:
        OSError: the port cannot be had.
    """
    server = _Server(smsc, host, port)
    listening = threading.Thread(
        target=partial(server.serve_forever, POLL_S), name="smsc-control", daemon=True
    )
    listening.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{server.server_address[1]}"
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(server.shutdown)
            server.server_close()
