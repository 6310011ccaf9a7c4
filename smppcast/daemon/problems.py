"""Errors as `application/problem+json` (RFC 9457): what is wrong, and with which field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from smppcast.errors import CampaignError, LedgerError, LinkError, SmppcastError

__all__ = ["Problem", "problem", "register"]

Handler = Callable[[Request, Exception], Awaitable[Response]]

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not yours to do",
    404: "Not there",
    405: "No such method here",
    409: "Not now",
    413: "Too large",
    415: "Not such a body",
    422: "Not understood",
    429: "Too many requests",
    503: "Not able to, at the moment",
}


class Problem(Exception):
    """An answer that is an error.

    Args:
        field: of the request, where one is at fault.
    """

    def __init__(
        self, status: int, detail: str, *, field: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field, self.headers = status, detail, field, headers


def problem(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: Any = None
) -> JSONResponse:
    """The answer."""
    body: dict[str, Any] = {"title": _TITLES.get(status, "Error"), "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: SmppcastError) -> int:
    """The HTTP status of an error of ours."""
    match error:
        case LedgerError() | LinkError():
            return 503
        case CampaignError():
            return 409
        case _:
            return 422


def register(app: FastAPI) -> None:
    """Makes every error of an application an answer of this form."""
    handlers: dict[type[Exception], Handler] = {
        Problem: _problem,
        SmppcastError: _ours,
        RequestValidationError: _not_valid,
        ValidationError: _not_valid,
        HTTPException: _http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - it is registered for these
    errors = [{"field": error.field, "detail": error.detail}] if error.field else None
    return problem(error.status, error.detail, errors=errors, headers=error.headers)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, SmppcastError)  # noqa: S101 - likewise
    return problem(status_of(error), str(error))


async def _not_valid(_: Request, error: Exception) -> Response:
    if isinstance(error, ValidationError):
        return _invalid([dict(each) for each in error.errors(include_url=False, include_input=False)])
    assert isinstance(error, RequestValidationError)  # noqa: S101 - likewise
    return _invalid(list(error.errors()))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    return problem(error.status_code, str(error.detail), headers=error.headers)


def _invalid(details: list[Any]) -> JSONResponse:
    errors = [
        {
            "field": ".".join(str(part) for part in each["loc"] if not _is_no_name(part)),
            "detail": str(each["msg"]).removeprefix("Value error, "),
        }
        for each in details
    ]
    first = errors[0]
    detail = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
    return problem(422, detail, errors=errors)


def _is_no_name(part: int | str) -> bool:
    """Where in the request a field is, or which form of it was read: neither is its name."""
    return part in ("body", "query", "path", "header") or str(part).startswith("<")
