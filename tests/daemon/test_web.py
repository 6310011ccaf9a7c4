"""Sessions of the dashboard, its stream and its history, as any client meets them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from smppcast.daemon import live, sessions
from smppcast.daemon.live import History, Live
from smppcast.daemon.tokens import Role
from tests.daemon.served import Office, office

pytestmark = pytest.mark.anyio


class Visitor:
    """A browser without a page: cookies, and the session's proof."""

    def __init__(self, desk: Office) -> None:
        transport = httpx.ASGITransport(app=desk.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://daemon")

    async def log_in(self, desk: Office, name: str, role: Role) -> dict[str, Any]:
        token = desk.person(name, role).http.headers["authorization"].removeprefix("Bearer ")
        answer = await self.http.post("/session", json={"token": token})
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told


async def test_a_cookie_alone_changes_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        visitor = Visitor(desk)
        assert (await visitor.http.get("/session")).status_code == 204
        assert (await visitor.http.get("/status")).status_code == 401
        told = await visitor.log_in(desk, "sally", Role.SENDER)
        assert (told["name"], told["role"]) == ("sally", "sender")
        assert (await visitor.http.get("/status")).status_code == 200
        body = {"msisdn": "33600000001"}
        assert (await visitor.http.post("/numbers", json=body)).status_code == 403
        proof = {"x-csrf-token": told["csrf"]}
        for forged in ({"x-csrf-token": "0" * 64}, {**proof, "sec-fetch-site": "cross-site"}):
            assert (await visitor.http.post("/numbers", json=body, headers=forged)).status_code == 403
        found = await visitor.http.post("/numbers", json=body, headers=proof)
        assert found.json() == {"msisdn": "3360…01", "messages": []}
        assert (
            await visitor.http.post("/reload", headers=proof)
        ).status_code == 403  # the token's role holds
        assert (await visitor.http.get("/session")).json()["csrf"] == told["csrf"]


async def test_a_session_ends_with_its_token_with_time_and_by_its_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as desk:
        visitor = Visitor(desk)
        told = await visitor.log_in(desk, "sally", Role.SENDER)
        left = await visitor.http.delete("/session", headers={"x-csrf-token": told["csrf"]})
        assert left.status_code == 204
        assert (await visitor.http.get("/status")).status_code == 401

        await visitor.log_in(desk, "sally", Role.SENDER)
        row = next(each for each in reversed(desk.daemon.store.tokens()) if each.name == "sally")
        desk.daemon.store.revoke(row.id, time.time())
        assert (await visitor.http.get("/status")).status_code == 401

        await visitor.log_in(desk, "sid", Role.SENDER)
        monkeypatch.setattr(sessions, "IDLE_S", -1.0)
        assert (await visitor.http.get("/status")).status_code == 401
        names = [(each.who, each.action) for each in desk.daemon.store.audited(0, 100)]
        assert names == [("sally", "log in"), ("sally", "log out"), ("sally", "log in"), ("sid", "log in")]


async def test_bad_tokens_and_bad_cookies_are_nobody(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        visitor = Visitor(desk)
        for token in ("", "x", "smppcast_000000000000_" + "a" * 43):
            assert (await visitor.http.post("/session", json={"token": token})).status_code == 401
        for cookie in ("x", "a" * 43, "a" * 4_000):
            answer = await visitor.http.get("/status", headers={"cookie": f"smppcast_session={cookie}"})
            assert answer.status_code == 401


async def test_the_page_and_its_files(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        visitor = Visitor(desk)
        page = await visitor.http.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
        for name in ("main.js", "style.css", "icon.svg", "plotly.min.js"):
            found = await visitor.http.get(f"/assets/{name}")
            assert found.status_code == 200, name
            again = await visitor.http.get(
                f"/assets/{name}", headers={"if-none-match": found.headers["etag"]}
            )
            assert again.status_code in {200, 304}
        for name in ("index.html.bak", "schema.sql", "%2e%2e%2fstore.py"):
            assert (await visitor.http.get(f"/assets/{name}")).status_code in {404, 422}


def sections(octets: bytes) -> dict[str, Any]:
    found = {}
    for event in octets.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in event.splitlines())
        if "event" in lines:
            found[lines["event"]] = json.loads(lines["data"])
    return found


async def test_the_stream_tells_all_at_first_and_then_what_changes(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.draft("alert", count=3)
        live: Live = desk.app.state.live
        told = [sections(octets) async for octets in _first(live, 2)]
        first = told[1]
        assert {"health", "operators", "campaigns", "ended", "messages", "clock"} <= first.keys()
        (campaign,) = first["campaigns"]
        assert (campaign["name"], campaign["state"], campaign["total"]) == ("alert", "draft", 3)
        assert campaign["actions"] == ["approve", "cancel", "edit", "start", "test"]
        stream = live.stream(lambda: True)
        with anyio.fail_after(30):
            assert sections(await anext(stream)) == {}
            await anext(stream)
            await desk.sender.post("/campaigns/alert/start")
            changed = sections(await anext(stream))
            assert "campaigns" in changed
            assert "health" not in changed  # nothing new of it
            while "ended" not in changed or not changed["ended"]:
                changed = sections(await anext(stream))
            (ended,) = changed["ended"]
            assert ended["account"]["closes"]
            live.close()
            assert [octets async for octets in stream] == []


async def _first(live: Live, count: int) -> Any:
    stream = live.stream(lambda: True)
    with anyio.fail_after(30):
        for _ in range(count):
            yield await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stream_ends_once_its_token_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.01)
    async with office(tmp_path) as desk:
        asked = 0

        def still() -> bool:
            nonlocal asked
            asked += 1
            return asked < 2

        with anyio.fail_after(30):
            count = len([octets async for octets in desk.app.state.live.stream(still)])
        assert asked == 2
        assert count > 1  # it was told more than the first look between the two


async def test_one_look_serves_all_that_watch(tmp_path: Path) -> None:
    looks = 0

    def look() -> dict[str, bytes]:
        nonlocal looks
        looks += 1
        return {"clock": b"%d" % looks}

    live, told = Live(look), [0]

    async def watch() -> None:
        async for _ in live.stream(lambda: True):
            told[0] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(watch)
        with anyio.fail_after(30):
            while told[0] < 20 * 4:  # noqa: ASYNC110 - no event is set for it
                await anyio.sleep(0.05)
        live.close()
    assert looks < 20  # each for itself would have looked three times


async def test_the_history_is_measured_from_counters(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        now = 1_000.0
        history = History(desk.daemon.engine.statistics, clock=lambda: now)
        history.note()
        await desk.draft("alert", count=50)
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        now += 10
        history.note()
        (point,) = history.points()
        assert point["operators"]["orange"]["sent"] == 5.0
        assert point["operators"]["orange"]["receipts"] == 5.0
        assert history.points(after=point["no"]) == []
        answer = await desk.viewer.get("/history")
        assert answer["step_s"] == 10.0


async def test_the_report_opens_and_cannot_do_anything(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.draft("alert", count=5)
        assert (await desk.viewer.ask("GET", "/campaigns/alert/report")).status_code == 409
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        page = await desk.viewer.ask("GET", "/campaigns/alert/report")
        assert page.status_code == 200, page.text
        assert "Campaign alert" in page.text
        assert "33600000000" not in page.text
        assert page.headers["content-security-policy"].startswith("sandbox allow-scripts;")
        lines = (await desk.sender.ask("GET", "/campaigns/alert/outcomes?format=csv")).text.splitlines()
        assert lines[0].startswith("msisdn,operator,outcome")
        assert len(lines) == 6
        segments = await desk.sender.post("/preview", {"text": "x" * 161})
        assert segments == {"operators": {"orange": {"segments": 2}}}
