"""A running daemon, as the commands that drive it see it: its address, our token, its errors as sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from smppcast.cli.commands import need
from smppcast.config import load
from smppcast.errors import SmppcastError, UsageError

__all__ = ["Address", "Remote", "TokenFile", "remote", "shown"]

Address = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="SMPPCAST_URL",
        metavar="http://HOST:PORT",
        help="Of the daemon; by default daemon.listen of the configuration file.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="A file with the token; by default the environment has it as SMPPCAST_TOKEN."),
]

TIMEOUT_S = 60.0


class Remote:
    """Asks the daemon; use `remote`."""

    def __init__(self, url: str, token: str) -> None:
        import httpx  # noqa: PLC0415 - the extra may not be installed

        self._http, self._url = httpx, url.rstrip("/")
        self._own = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **params: Any) -> Any:
        """The answer, as JSON has it."""
        return self._ask("GET", path, params=params).json()

    def post(self, path: str, body: Any = None) -> Any:
        """Likewise; a repeated try does nothing twice."""
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())}).json()

    def patch(self, path: str, body: Any) -> Any:
        return self._ask("PATCH", path, json=body).json()

    def upload(self, path: str, file: Path) -> Any:
        """Sends a file, piece by piece."""
        try:
            with file.open("rb") as octets:
                return self._ask("PUT", path, content=iter(lambda: octets.read(1 << 20), b"")).json()
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error

    def lines(self, path: str) -> Iterator[bytes]:
        """A streamed answer, in pieces."""
        with self._http.stream("GET", self._url + path, headers=self._own, timeout=TIMEOUT_S) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            yield from answer.iter_bytes()

    def _ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        said = {**self._own, **(headers or {})}
        try:
            answer = self._http.request(method, self._url + path, headers=said, timeout=TIMEOUT_S, **more)
        except self._http.HTTPError as error:
            raise SmppcastError(f"{self._url}: no daemon answers there ({error})") from error
        if answer.is_error:
            raise _error(answer)
        return answer


def _error(answer: Any) -> SmppcastError:
    try:
        said = answer.json()
        details = [f"{each['field']}: {each['detail']}" for each in said.get("errors", ()) if each["field"]]
        sentence = "; ".join(details) or said["detail"]
    except (ValueError, KeyError, TypeError):
        sentence = f"HTTP {answer.status_code}"
    return UsageError(sentence) if answer.status_code < 500 else SmppcastError(sentence)


def remote(url: str | None, token_file: Path | None, config: Path) -> Remote:
    """The daemon that a command is for.

    Raises:
        UsageError: there is no token, or no address.
        ConfigError: the configuration file is wrong.
    """
    need("httpx", "daemon")
    if url is None:
        own = load(config).daemon
        host, _, port = own.listen.rpartition(":")
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - where it listens
        url = f"{'http' if own.tls is None else 'https'}://{host}:{port}"
    if token_file is not None:
        try:
            return Remote(url, token_file.read_text("utf-8").strip())
        except OSError as error:
            raise UsageError(f"{token_file}: cannot be read: {error.strerror}") from error
    token = os.environ.get("SMPPCAST_TOKEN")
    if not token:
        raise UsageError("expected SMPPCAST_TOKEN in the environment, or --token-file")
    return Remote(url, token)


def shown(answer: Any, *, as_json: bool) -> str:
    """An answer for people: its fields, one a line; or as it came."""
    if as_json:
        return json.dumps(answer, ensure_ascii=False)
    flat = list(_flat("", answer))
    width = max((len(name) for name, _ in flat), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in flat)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for at, inner in enumerate(value, start=1):
            yield from _flat(f"{prefix}.{at}", inner)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    elif value not in (None, ""):
        yield prefix, str(value)
