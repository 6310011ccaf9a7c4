"""The HTTP API: a route for each thing that people and programs do; /openapi.json describes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from smppcast.daemon import web
from smppcast.daemon.access import ADMIN, SENDER, VIEWER, Limits, once, the_daemon
from smppcast.daemon.guard import Guard
from smppcast.daemon.inbound import inbound
from smppcast.daemon.life import ROLES, Action
from smppcast.daemon.live import Live
from smppcast.daemon.models import (
    NAME,
    CampaignBody,
    CampaignEdit,
    MessagesBody,
    OperatorEdit,
    SuppressionBody,
    iso,
)
from smppcast.daemon.problems import Problem, register
from smppcast.daemon.scene import Scene
from smppcast.daemon.service import Daemon, operator_of
from smppcast.daemon.webhooks.hooks import hook_of
from smppcast.ledger.outcomes import outcomes
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import masked
from smppcast.operators.lane import Lane
from smppcast.report.files import csv_lines, ndjson_lines
from smppcast.version import __version__

__all__ = ["application"]

THE_DAEMON = Annotated[Daemon, Depends(the_daemon)]
NAMED = Annotated[str, InPath(pattern=NAME, description="The campaign's name.")]
LISTED = Annotated[str, InPath(pattern=NAME, description="The list's name.")]
ROWS = 1_000

_PROBLEM = {"description": "What is wrong (RFC 9457).", "content": {"application/problem+json": {}}}
_STATUSES = (400, 401, 403, 404, 409, 413, 422, 429, 503)
_ERRORS: dict[int | str, dict[str, Any]] = dict.fromkeys(_STATUSES, _PROBLEM)

router = APIRouter(responses=_ERRORS)
open_router = APIRouter()


# --- how it is ------------------------------------------------------------------------------


@open_router.get("/healthz", tags=["health"])
async def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@open_router.get("/readyz", tags=["health"], responses={503: _PROBLEM})
async def readyz(daemon: THE_DAEMON) -> Response:
    """Whether messages can be sent: ledger, disk, and at least one operator."""
    troubles = [each for each in daemon.troubles() if not each.startswith(("operator ", "webhook "))]
    if not any(lane.sending for lane in daemon.engine.lanes.values()):
        troubles.append("no operator is bound")
    return JSONResponse({"ready": not troubles, "troubles": troubles}, 503 if troubles else 200)


@router.get("/metrics", tags=["health"], response_class=PlainTextResponse)
def metrics(daemon: THE_DAEMON, _: VIEWER) -> Response:
    """For Prometheus, with a viewer's token."""
    return Response(generate_latest(daemon.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@router.get("/status", tags=["health"])
async def status(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """Operators, campaigns and troubles at a glance."""
    return daemon.status()


@router.get("/webhooks", tags=["health"])
async def webhooks(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """The programs that are told of receipts, users' messages and campaigns, and what waits for each."""
    return {"webhooks": [hook_of(each) for each in daemon.hooks.statistics()]}


# --- campaigns ------------------------------------------------------------------------------


@router.get("/campaigns", tags=["campaigns"])
async def campaigns(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """All campaigns, the newest first."""
    return {"campaigns": daemon.campaigns.all()}


@router.post("/campaigns", tags=["campaigns"], status_code=201)
async def create(request: Request, daemon: THE_DAEMON, person: SENDER, body: CampaignBody) -> Response:
    """A draft: nothing is sent before it is started; its feed is counted meanwhile."""
    said = body.model_dump(mode="json", exclude_none=True, by_alias=True)

    async def work() -> dict[str, Any]:
        made = daemon.campaigns.create(said, person)
        daemon.store.audit(person, "create", body.name, {"feed": body.feed, "text": body.text})
        return made

    return await once(request, person, said, work, 201)


@router.get("/campaigns/{name}", tags=["campaigns"])
async def campaign(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> dict[str, Any]:
    """All that is known of one: request, count, approvals, progress."""
    return daemon.campaigns.show(name)


@router.patch("/campaigns/{name}", tags=["campaigns"])
async def edit(daemon: THE_DAEMON, person: SENDER, name: NAMED, body: CampaignEdit) -> dict[str, Any]:
    """Changes a draft, which is then counted, tested and approved anew."""
    changes = body.model_dump(mode="json", exclude_none=True, by_alias=True)
    made = daemon.campaigns.edit(name, changes)
    daemon.store.audit(person, "edit", name, changes)
    return made


@router.get("/campaigns/{name}/preview", tags=["campaigns"])
async def preview(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> dict[str, Any]:
    """The segments that its text takes at each operator."""
    return {"operators": daemon.campaigns.preview(name)}


@router.get("/campaigns/{name}/preflight", tags=["campaigns"])
async def preflight(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> dict[str, Any]:
    """What stands in the way of its start: feed, binds, time, test, approval."""
    return daemon.campaigns.preflight(name)


@router.get("/campaigns/{name}/plan", tags=["campaigns"])
async def plan(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> dict[str, Any]:
    """Its timetable by operator, were it started now."""
    table = daemon.campaigns.timetable(name)
    return {
        "starts": iso(table.starts),
        "ends": iso(table.ends),
        "left": table.left,
        "operators": [
            {
                "operator": part.operator,
                "recipients": part.recipients,
                "segments": part.segments,
                "starts": iso(part.starts),
                "ends": iso(part.ends),
                "peak_per_s": part.peak_per_s,
                "left": part.left,
                "waves": [
                    {
                        "wave": wave.wave,
                        "starts": iso(wave.began),
                        "ends": iso(wave.ended),
                        "recipients": wave.recipients,
                    }
                    for wave in part.waves
                ],
            }
            for part in table.parts
        ],
    }


@router.get("/campaigns/{name}/account", tags=["campaigns"])
async def account(daemon: THE_DAEMON, _: VIEWER, name: NAMED) -> dict[str, Any]:
    """What became of everybody, whole and by operator; `closes` says whether it adds up."""
    return await daemon.campaigns.account(name)


@router.get("/campaigns/{name}/outcomes", tags=["campaigns"], response_class=StreamingResponse)
async def outcome_rows(
    daemon: THE_DAEMON,
    person: SENDER,
    name: NAMED,
    form: Annotated[Literal["ndjson", "csv"], Query(alias="format")] = "ndjson",
) -> Response:
    """A line for each recipient, streamed; it holds whole numbers, and is audited."""
    daemon.campaigns.draft(name)
    daemon.store.audit(person, "outcomes", name, {})
    kind = "text/csv" if form == "csv" else "application/x-ndjson"
    rows = _outcomes(daemon.ledger, name, form)
    return StreamingResponse(rows, media_type=kind, headers=_as_file(f"{name}.{form}"))


def _as_file(name: str) -> dict[str, str]:
    """Names of campaigns have nothing that a header would not bear."""
    return {"content-disposition": f'attachment; filename="{name}"'}


async def _outcomes(ledger: Path, name: str, form: str) -> AsyncIterator[bytes]:
    write = csv_lines if form == "csv" else ndjson_lines
    store = await to_thread.run_sync(partial(SqliteStore, ledger, read_only=True))
    try:
        record = store.campaign(name)
        rows = iter(()) if record is None else outcomes(store, record.id, live=True)
        if form == "csv":
            yield csv_lines([], head=True).encode()
        while lines := await to_thread.run_sync(lambda: write(islice(rows, ROWS))):
            yield lines.encode()
    finally:
        store.close()


@router.get("/campaigns/{name}/rejects", tags=["campaigns"], response_class=FileResponse)
async def rejects(daemon: THE_DAEMON, person: SENDER, name: NAMED) -> Response:
    """The rows that got no message, and why, as CSV."""
    daemon.campaigns.draft(name)
    path = daemon.engine.settings.rejects / f"{name}.rejects.csv"
    if not path.exists():
        return Response(b"", media_type="text/csv")
    daemon.store.audit(person, "rejects", name, {})
    return FileResponse(path, media_type="text/csv", headers=_as_file(path.name))


@router.post("/campaigns/{name}/{action}", tags=["campaigns"])
async def act(request: Request, daemon: THE_DAEMON, person: VIEWER, name: NAMED, action: Action) -> Response:
    """test, approve, start, pause, resume, cancel or recall it, as its state and your role allow."""
    if action is Action.EDIT:
        raise Problem(404, "a draft is edited with PATCH")
    if not person.may(ROLES[action]):
        raise Problem(403, f"{action} needs the role {ROLES[action]}; this token has {person.role}")

    async def work() -> dict[str, Any]:
        done = await daemon.campaigns.act(name, action, person)
        daemon.store.audit(person, action.value, name, {})
        return done

    return await once(request, person, None, work)


# --- feeds ----------------------------------------------------------------------------------


@router.get("/feeds", tags=["feeds"])
async def feeds(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """The uploads, and their sizes in octets."""
    return {"uploads": [{"name": name, "octets": size} for name, size in daemon.shelves.uploads()]}


@router.put("/feeds/{name}", tags=["feeds"])
async def upload(request: Request, daemon: THE_DAEMON, person: SENDER, name: NAMED) -> dict[str, Any]:
    """Keeps the body as a feed, whole or not at all; campaigns name it upload:NAME."""
    size = await daemon.shelves.put(name, request.stream(), daemon.settings.daemon.upload)
    daemon.store.audit(person, "upload", name, {"octets": size})
    return {"feed": f"upload:{name}", "octets": size}


@router.delete("/feeds/{name}", tags=["feeds"], status_code=204)
async def remove_upload(daemon: THE_DAEMON, person: SENDER, name: NAMED) -> Response:
    """Forgets an upload; campaigns that are not finished could not be resumed without it."""
    if not daemon.shelves.remove(name):
        raise Problem(404, f"there is no upload {name}", field="name")
    daemon.store.audit(person, "remove upload", name, {})
    return Response(status_code=204)


# --- single messages ------------------------------------------------------------------------


@router.post("/messages", tags=["messages"], status_code=202)
async def post_messages(request: Request, daemon: THE_DAEMON, person: SENDER, body: MessagesBody) -> Response:
    """Takes in up to 10,000 messages, durably; each is answered its id, or why it is not sent.

    With an Idempotency-Key a repeated request sends nothing twice.
    """

    async def work() -> dict[str, Any]:
        taken = await daemon.messages.post(body.messages, body.priority)
        refused = sum("error" in each for each in taken)
        return {"accepted": len(taken) - refused, "refused": refused, "messages": taken}

    return await once(request, person, body, work, 202)


@router.get("/messages/{id}", tags=["messages"])
async def message(
    daemon: THE_DAEMON, _: VIEWER, message_id: Annotated[str, InPath(alias="id", max_length=64)]
) -> dict[str, Any]:
    """What became of one message."""
    found = await daemon.messages.find(message_id)
    return {**found, "msisdn": masked(found["msisdn"])}


@router.get("/numbers/{msisdn}", tags=["messages"])
async def number(
    daemon: THE_DAEMON, person: SENDER, msisdn: Annotated[str, InPath(max_length=30)]
) -> dict[str, Any]:
    """All that a number was sent, by any campaign; it is audited, with the number masked."""
    found = await daemon.messages.to(msisdn)
    daemon.store.audit(person, "look up", masked(found["msisdn"]), {})
    return found


@router.get("/inbound", tags=["messages"])
async def inbound_messages(
    daemon: THE_DAEMON,
    _: SENDER,
    after: Annotated[int, Query(ge=0, le=2**62, description="`next` of the page before.")] = 0,
) -> dict[str, Any]:
    """Messages of users, put together from their segments; one may come again, under the same id."""
    return await to_thread.run_sync(partial(inbound, daemon.ledger, after))


# --- operators ------------------------------------------------------------------------------


def _lane(daemon: Daemon, name: str) -> Lane:
    lane = daemon.engine.lanes.get(name)
    if lane is None:
        raise Problem(404, f"there is no operator {name}", field="name")
    return lane


@router.get("/operators", tags=["operators"])
async def operators(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """Every operator's binds, window, rates, latencies and last error."""
    return {"operators": [operator_of(lane) for lane in daemon.engine.statistics()]}


@router.get("/operators/{name}", tags=["operators"])
async def operator(daemon: THE_DAEMON, _: VIEWER, name: str) -> dict[str, Any]:
    """One operator."""
    return operator_of(_lane(daemon, name).statistics())


@router.post("/operators/{name}/{action}", tags=["operators"])
async def operate(
    request: Request,
    daemon: THE_DAEMON,
    person: ADMIN,
    name: str,
    action: Literal["pause", "resume", "drain"],
) -> Response:
    """pause: submits nothing, and stays bound. drain: and unbinds when all is answered. resume: goes on."""
    lane = _lane(daemon, name)

    async def work() -> dict[str, Any]:
        await daemon.operate(name, action)
        daemon.store.audit(person, f"{action} operator", name, {})
        return operator_of(lane.statistics())

    return await once(request, person, None, work)


@router.patch("/operators/{name}", tags=["operators"])
async def change(daemon: THE_DAEMON, person: ADMIN, name: str, body: OperatorEdit) -> dict[str, Any]:
    """Changes rate or window at once, until the next reload."""
    lane = _lane(daemon, name)
    said = {key: getattr(body, key) for key in body.model_fields_set}
    lane.change(**said)
    daemon.store.audit(person, "change operator", name, body.model_dump(mode="json", exclude_unset=True))
    return operator_of(lane.statistics())


@router.post("/stop", tags=["operators"])
async def stop(request: Request, daemon: THE_DAEMON, person: SENDER) -> Response:
    """Stops everything: no operator is sent anything from here on; answers and receipts are taken."""

    async def work() -> dict[str, Any]:
        daemon.stop("person")
        daemon.store.audit(person, "stop", "everything", {})
        return {"halted": sorted(daemon.halted)}

    return await once(request, person, None, work)


@router.post("/release", tags=["operators"])
async def release(request: Request, daemon: THE_DAEMON, person: ADMIN) -> Response:
    """Goes on after a stop; a disk that is nearly full keeps all stopped."""

    async def work() -> dict[str, Any]:
        daemon.release("person")
        daemon.store.audit(person, "release", "everything", {})
        return {"halted": sorted(daemon.halted)}

    return await once(request, person, None, work)


@router.post("/reload", tags=["operators"])
async def reload(request: Request, daemon: THE_DAEMON, person: ADMIN) -> Response:
    """Applies the configuration file as it is now, to the lanes that it changes."""

    async def work() -> dict[str, Any]:
        problems = await daemon.reload()
        daemon.store.audit(person, "reload", str(daemon.config), {"problems": problems})
        return {"problems": problems}

    return await once(request, person, None, work)


# --- suppression ----------------------------------------------------------------------------


@router.get("/suppression", tags=["suppression"])
async def lists(daemon: THE_DAEMON, _: VIEWER) -> dict[str, Any]:
    """The lists of numbers that get no message, by name and size."""

    def sizes() -> list[dict[str, Any]]:
        return [
            {"name": name, "numbers": len(daemon.lists.read(name) or ())} for name in daemon.lists.names()
        ]

    return {"lists": await to_thread.run_sync(sizes)}


@router.get("/suppression/{name}", tags=["suppression"])
async def listed(daemon: THE_DAEMON, person: SENDER, name: LISTED) -> dict[str, Any]:
    """The numbers of one."""
    found = await to_thread.run_sync(daemon.lists.read, name)
    if found is None:
        raise Problem(404, f"there is no list {name}", field="name")
    daemon.store.audit(person, "read list", name, {})
    return {"name": name, "numbers": [str(each) for each in sorted(found)]}


async def _change_list(daemon: Daemon, person: Any, name: str, body: SuppressionBody, *, add: bool) -> Any:
    numbers = set(daemon.lists.numbers(body.numbers))
    none = set[int]()
    size = await to_thread.run_sync(
        daemon.lists.change, name, numbers if add else none, none if add else numbers
    )
    await daemon.messages.load_lists()
    daemon.store.audit(person, "suppress" if add else "unsuppress", name, {"numbers": len(numbers)})
    return {"name": name, "numbers": size}


@router.post("/suppression/{name}", tags=["suppression"])
async def suppress(
    request: Request, daemon: THE_DAEMON, person: SENDER, name: LISTED, body: SuppressionBody
) -> Response:
    """Adds numbers to a list, which is made if it is not there; single messages to them are refused."""
    work = partial(_change_list, daemon, person, name, body, add=True)
    return await once(request, person, body, work)


@router.delete("/suppression/{name}", tags=["suppression"])
async def unsuppress(
    daemon: THE_DAEMON, person: SENDER, name: LISTED, body: SuppressionBody | None = None
) -> dict[str, Any]:
    """Takes numbers off a list; without any, removes the list."""
    if await to_thread.run_sync(daemon.lists.read, name) is None:
        raise Problem(404, f"there is no list {name}", field="name")
    if body is not None:
        found: dict[str, Any] = await _change_list(daemon, person, name, body, add=False)
        return found
    await to_thread.run_sync(daemon.lists.remove, name)
    await daemon.messages.load_lists()
    daemon.store.audit(person, "remove list", name, {})
    return {"name": name, "numbers": 0}


# --- audit ----------------------------------------------------------------------------------


@router.get("/audit", tags=["audit"])
async def audit(
    daemon: THE_DAEMON,
    _: ADMIN,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> dict[str, Any]:
    """Who did what, in order; nothing in it is ever changed."""
    rows = daemon.store.audited(after, limit)
    return {
        "entries": [
            {
                "no": row.no,
                "at": iso(row.at),
                "token": row.token,
                "who": row.who,
                "action": row.action,
                "about": row.about,
                "detail": row.detail,
            }
            for row in rows
        ],
        "next": rows[-1].no if rows else after,
    }


def application(daemon: Daemon) -> FastAPI:
    """The application that serves one daemon."""
    app = FastAPI(
        title="smppcast",
        version=__version__,
        description="Campaigns and single messages over SMPP, with an account of every one.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.daemon = daemon
    app.state.limits = Limits(daemon.settings.daemon.requests)
    app.state.live = Live(Scene(daemon).sections)
    app.include_router(web.page_router)
    app.include_router(open_router)
    app.include_router(web.router, responses=_ERRORS)
    app.include_router(router)
    register(app)

    def most(path: str) -> int:
        own = daemon.settings.daemon
        return own.upload if path.startswith("/feeds/") else own.body

    app.add_middleware(Guard, metrics=daemon.metrics, most=most)
    return app
