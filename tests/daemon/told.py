"""A program that is told: an HTTP server of the test's, on a thread."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwnL7ch5hR"
HELD_MOST_S = 60.0


class Receiver:
    """Keeps each request, its signature checked; `answer` says with which status it is answered, and where
    there is an event, `held` until it is set."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[], tuple[int, dict[str, str]]] = lambda: (204, {})
        self.held: threading.Event | None = None
        self.url = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in list(self.batches) for event in batch["events"]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        said: dict[str, Any] = Webhook(SECRET).verify(body, headers)
        assert headers["webhook-id"] == said["id"]
        if self.held is not None:
            assert self.held.wait(HELD_MOST_S)
        status, more = self.answer()
        if 200 <= status < 300:
            self.batches.append(said)
            self.headers.append(headers)
        else:
            self.refused.append(said["id"])
        return status, more


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, more = found.take({key.lower(): value for key, value in self.headers.items()}, body)
            text = b"" if status == 204 else json.dumps({"status": status}).encode()
            self.send_response(status)
            for key, value in more.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/told"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def nobody() -> Iterator[str]:
    """Where nobody listens, nor will meanwhile: the port is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def configured(url: str, name: str = "shop", further: str = "") -> str:
    """Lines of the configuration, below `daemon:`."""
    return f"  webhooks:\n    {name}: {{url: '{url}', secret: {SECRET}, linger: 50ms{further}}}\n"
