# /// script
# dependencies = ["smppcast", "fastapi", "uvicorn"]
# ///
"""Texts login codes and casts campaigns, with smppcast in its own event loop: see docs/embedding.md."""

import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import anyio
import uvicorn
from fastapi import FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import smppcast

LEDGER = os.environ.get("LEDGER", "service.db")
# Before all campaigns, tried for five minutes, and after a lost link not sent twice.
CODES = smppcast.CampaignOptions(priority=0, validity_s=300, unknowns=smppcast.Hold(60))


class Codes:
    """Where codes are posted: a campaign a day, so that each day ends, and can be purged by itself."""

    def __init__(self, engine: smppcast.Engine) -> None:
        self.engine, self.opening = engine, anyio.Lock()
        self.postings: dict[str, smppcast.Posting] = {}

    async def today(self) -> smppcast.Posting:
        """Today's posting; yesterday's finishes once all of it is answered."""
        name = f"codes-{datetime.now(UTC):%Y-%m-%d}"
        async with self.opening:
            if name not in self.postings:
                _, posting = await self.engine.post_office(name, options=CODES)
                for earlier in self.postings.values():
                    earlier.close()
                self.postings = {name: posting}
            return self.postings[name]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The engine lives as long as the service: it drains and unbinds after the last request."""
    operator = smppcast.OperatorSettings(url=os.environ["SMPP_URL"], window=50)
    with closing(smppcast.SqliteStore(LEDGER)) as store:
        settings = smppcast.EngineSettings({"main": operator})
        async with smppcast.Engine.open(settings, store, drain_s=10) as engine:
            app.state.engine, app.state.codes = engine, Codes(engine)
            await app.state.codes.today()  # what an earlier run left of it goes on
            yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(smppcast.errors.SmppcastError)
async def refused(_: Request, error: Exception) -> JSONResponse:
    """It cannot be done as asked, or not now."""
    return JSONResponse({"detail": str(error)}, 409 if isinstance(error, smppcast.errors.UsageError) else 503)


class Code(BaseModel):
    """A login code, and whose."""

    to: str
    code: str = Field(pattern=r"^\d{4,8}$")


@app.post("/codes", status_code=202)
async def send_code(code: Code, request: Request) -> dict[str, str]:
    """Answers once the ledger has it. Log the id, never the code or the number."""
    posting: smppcast.Posting = await request.app.state.codes.today()
    (ref,) = await posting.post([smppcast.Post(code.to, f"Your code: {code.code}")])
    if not isinstance(ref, int):
        raise HTTPException(422, f"not sent: {ref}")
    return {"id": f"{ref:016x}"}


@app.get("/codes/{code}")
def find_code(code: Annotated[str, Path(pattern="^[0-7][0-9a-f]{15}$")]) -> dict[str, Any]:
    """What became of it: in_flight, awaiting_receipt, delivered, unknown, ..."""
    with closing(smppcast.SqliteStore(LEDGER, read_only=True)) as store:
        try:
            row = smppcast.outcome_at(store, int(code, 16), live=True)
        except smppcast.errors.LedgerError:
            row = None
    if row is None:
        raise HTTPException(404, "there is no such message")
    return {"outcome": row.state, "error": row.error, "attempts": row.attempts}


@app.post("/campaigns", status_code=202)
async def cast(name: str, text: str, request: Request) -> dict[str, Any]:
    """Casts to the CSV or NDJSON in the body; answers when the ledger has all of it. Again, it resumes."""
    campaign = await request.app.state.engine.cast(text, rows(request), name=name)
    while not (campaign.taken_in or campaign.ended):  # noqa: ASYNC110 - there is no event to wait for
        await anyio.sleep(0.05)
    if campaign.error is not None:
        raise campaign.error
    return {"name": name, "state": campaign.state}


async def rows(request: Request) -> AsyncIterator[dict[str, Any]]:
    """The rows of the body, each on a line of its own, as fast as the campaign takes them in."""
    header, rest = list[str](), b""
    async for octets in request.stream():
        *whole, rest = (rest + octets).split(b"\n") if octets else [rest, b""]  # the last octets are none
        for line in (each.decode("utf-8-sig", "replace").strip() for each in whole):
            if line.startswith("{"):
                yield json.loads(line)
            elif line and not header:
                header = next(csv.reader([line]))
            elif line:
                yield dict(zip(header, next(csv.reader([line])), strict=False))


@app.get("/campaigns/{name}")
def account(name: str) -> dict[str, Any]:
    """Its account, which closes at every moment."""
    with closing(smppcast.SqliteStore(LEDGER, read_only=True)) as store:
        found = smppcast.account_of(store, name, live=True)
    if found is None:
        raise HTTPException(404, f"there is no campaign {name}")
    return {**asdict(found), "closes": found.closes}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again when all is closed
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), access_log=False, timeout_graceful_shutdown=10)
