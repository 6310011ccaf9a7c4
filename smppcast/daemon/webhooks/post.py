"""One request to a target: what was answered, in as many words as may stand in a log."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import anyio
import httpx

from smppcast.config.hooks import WebhookSettings
from smppcast.version import __version__

__all__ = ["Answer", "client", "post"]

# Nobody reads what a target says beside its status; up to here it is taken, so that the connection serves
# again.
ANSWER_MOST = 65_536


class Answer(NamedTuple):
    """How a request ended.

    Args:
        problem: "" where the target took it.
        wait_s: how long it asks us to wait.
    """

    problem: str = ""
    wait_s: float = 0.0


def client(settings: WebhookSettings) -> httpx.AsyncClient:
    """A connection to one target. It follows no redirect, and no proxy or password of the environment."""
    context = ssl.create_default_context(cafile=settings.ca) if settings.url.startswith("https") else False
    return httpx.AsyncClient(
        verify=context,
        timeout=settings.timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"smppcast/{__version__}", "Content-Type": "application/json"},
    )


async def post(
    http: httpx.AsyncClient,
    settings: WebhookSettings,
    body: bytes,
    headers: dict[str, str],
    wall: Callable[[], float] = time.time,
) -> Answer:
    """Sends it, and waits for the answer. Any 2xx will do; nothing else does, a redirect neither."""
    status, wait_s = 0, 0.0
    problem = ""
    try:
        # httpx bounds each read, and a target that sends an octet a second would keep us for ever.
        with anyio.fail_after(settings.timeout):
            async with http.stream("POST", settings.url, content=body, headers=headers) as answer:
                status = answer.status_code
                wait_s = _retry_after(answer.headers.get("retry-after", ""), wall())
                await _skim(answer)
    except (TimeoutError, httpx.TimeoutException):
        problem = f"no answer within {settings.timeout:g} s"
    except httpx.HTTPError as error:
        problem = _said(error, settings.url)
    if not status:
        return Answer(problem)
    return Answer() if 200 <= status < 300 else Answer(f"answered {status}", wait_s)


async def _skim(answer: httpx.Response) -> None:
    size = 0
    async for piece in answer.aiter_raw():
        size += len(piece)
        if size > ANSWER_MOST:
            return


def _said(error: Exception, url: str) -> str:
    """An error in words, without what of the url is a secret."""
    parts = urlsplit(url)
    text = f"{type(error).__name__}: {error}"[:200]
    secret = any(part and part in text for part in (parts.path.strip("/"), parts.query))
    return type(error).__name__ if secret else text


def _retry_after(value: str, now: float) -> float:
    """Seconds, of either form that RFC 9110 section 10.2.3 has; 0 for none."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at: datetime = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, at.timestamp() - now)
