"""The dashboard: its page and what lies beside it, who is logged in, and what happens now."""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import Field

from smppcast.daemon.access import SENDER, VIEWER, the_daemon, who
from smppcast.daemon.life import ROLES
from smppcast.daemon.live import STEP_S, Live
from smppcast.daemon.models import NAME, Body, Number, Text
from smppcast.daemon.problems import Problem
from smppcast.daemon.service import Daemon
from smppcast.daemon.sessions import Session
from smppcast.daemon.tokens import Role
from smppcast.model import masked
from smppcast.text import Encoding
from smppcast.version import __version__

__all__ = ["page_router", "router"]

THE_DAEMON = Annotated[Daemon, Depends(the_daemon)]
NAMED = Annotated[str, InPath(pattern=NAME, description="The campaign's name.")]

# Nothing from elsewhere, nothing inline, and in no frame. What draws the charts puts its own styles in.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# A report's script lies in it: it may run, and has nothing of ours, no cookie and no way out.
REPORT_CSP = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_CHARTS = "plotly.min.js"

page_router = APIRouter(include_in_schema=False)
router = APIRouter(tags=["dashboard"])


class LoginBody(Body):
    """Who wants to be logged in."""

    token: Annotated[str, Field(max_length=200)]


class PreviewBody(Body):
    """A text, and what of a campaign's options changes how it is written."""

    text: Text
    encoding: Encoding | None = None
    transliterate: bool | None = None


class LookUpBody(Body):
    """The number that is looked up."""

    msisdn: Number


def the_live(request: Request) -> Live:
    """The looks that this application's dashboards share."""
    live: Live = request.app.state.live
    return live


THE_LIVE = Annotated[Live, Depends(the_live)]


@cache
def _folder() -> Path:
    return Path(str(files("smppcast.daemon") / "dashboard"))


@cache
def _charts() -> Path | None:
    """What draws the charts comes with its package."""
    found = importlib.util.find_spec("plotly")
    origin = None if found is None or found.origin is None else Path(found.origin)
    return None if origin is None else origin.parent / "package_data" / _CHARTS


@page_router.get("/")
async def page() -> Response:
    """The page itself."""
    headers = {"content-security-policy": _CSP, "cache-control": "no-cache"}
    return FileResponse(_folder() / "index.html", media_type="text/html", headers=headers)


@page_router.get("/assets/{name}")
async def asset(name: Annotated[str, InPath(pattern=r"^[a-z.]{1,40}$")]) -> Response:
    """Scripts and styles; a browser asks again whether they have changed."""
    path = _charts() if name == _CHARTS else _folder() / name
    if path is None or path.suffix not in _KINDS or not path.is_file():
        raise Problem(404, "there is no such file")
    return FileResponse(path, media_type=_KINDS[path.suffix], headers={"cache-control": "no-cache"})


# --- sessions -------------------------------------------------------------------------------


@router.post("/session", status_code=201)
async def log_in(request: Request, daemon: THE_DAEMON, body: LoginBody) -> Response:
    """Logs a browser in: a cookie stands for the token from here on."""
    person = who(daemon, body.token.strip())
    if person is None:
        raise Problem(401, "this token is not good", field="token")
    answer = Response(media_type="application/json", status_code=201)
    session = daemon.sessions.begin(person, request, answer)
    daemon.store.audit(person, "log in", "dashboard", {})
    return JSONResponse(_told(session), 201, headers={"set-cookie": answer.headers["set-cookie"]})


@router.get("/session")
async def session(request: Request, daemon: THE_DAEMON) -> Response:
    """Who is logged in, and the word that changes need beside the cookie, as x-csrf-token; 204 for nobody."""
    found = daemon.sessions.of(request)
    return Response(status_code=204) if found is None else JSONResponse(_told(found))


@router.delete("/session", status_code=204)
async def log_out(request: Request, daemon: THE_DAEMON, person: VIEWER) -> Response:
    """Logs the browser out."""
    answer = Response(status_code=204)
    daemon.sessions.end(request, answer)
    daemon.store.audit(person, "log out", "dashboard", {})
    return answer


def _told(session: Session) -> dict[str, Any]:
    mine = session.person
    return {
        "name": mine.name,
        "role": mine.role,
        "csrf": session.proof,
        "version": __version__,
        "may": [action for action, role in ROLES.items() if mine.may(role)],
        "roles": [role for role in Role if mine.may(role)],
    }


# --- now ------------------------------------------------------------------------------------


@router.get("/live", response_class=StreamingResponse)
async def now(request: Request, daemon: THE_DAEMON, live: THE_LIVE, person: VIEWER) -> Response:
    """Server-sent events: each section of the dashboard, then whatever of them changes."""

    def still() -> bool:
        row = daemon.store.token(person.token)
        return row is not None and not row.revoked and _still_in(request, daemon)

    events = live.stream(still)
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _still_in(request: Request, daemon: Daemon) -> bool:
    return "authorization" in request.headers or daemon.sessions.of(request) is not None


@router.get("/history")
async def history(
    daemon: THE_DAEMON,
    _: VIEWER,
    after: Annotated[int, Query(ge=0, le=2**62, description="`no` of the last point that is known.")] = 0,
) -> dict[str, Any]:
    """The last hour of every operator, a point each ten seconds."""
    return {"step_s": STEP_S, "points": daemon.history.points(after)}


@router.post("/preview")
async def preview(daemon: THE_DAEMON, _: SENDER, body: PreviewBody) -> dict[str, Any]:
    """The segments that a text would take at each operator, while it is being written."""
    return {"operators": daemon.campaigns.preview_of(body.model_dump(mode="json", exclude_none=True))}


@router.post("/numbers")
async def look_up(daemon: THE_DAEMON, person: SENDER, body: LookUpBody) -> dict[str, Any]:
    """As GET /numbers/MSISDN, with the number in no address, and masked in the answer."""
    found = await daemon.messages.to(body.msisdn)
    shown = masked(found["msisdn"])
    daemon.store.audit(person, "look up", shown, {})
    return {"msisdn": shown, "messages": [{**each, "msisdn": shown} for each in found["messages"]]}


@router.get("/campaigns/{name}/report", response_class=FileResponse)
async def report(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> Response:
    """The account as a page with pictures, and without a number."""
    daemon.campaigns.draft(name)
    path = await daemon.reports.page(name)
    return FileResponse(path, media_type="text/html", headers={"content-security-policy": REPORT_CSP})
