"""A daemon of this process against a simulated SMSC, and people who ask it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx

from smppcast.daemon.api import application
from smppcast.daemon.service import Daemon
from smppcast.daemon.tokens import Role, new_token
from smppcast.smsc import Smsc, load_scenario, serve

# Guards against a hang: a machine may stand still for seconds.
PATIENCE_S, LONGEST_S = 30.0, 150.0
FIRST = 33_600_000_000


class Someone:
    """Asks with a token of their own, None for none."""

    def __init__(self, app: Any, token: str | None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://daemon", headers=headers)

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.http.request(method, path, json=body, **more)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self.ask("POST", path, body, **more)
        assert answer.is_success, answer.text
        return answer.json()


class Office:
    """The daemon, its SMSC, and one person of each role."""

    def __init__(self, daemon: Daemon, smsc: Smsc) -> None:
        self.daemon, self.smsc = daemon, smsc
        self.app = application(daemon)
        self.viewer = self.person("vera", Role.VIEWER)
        self.sender = self.person("sam", Role.SENDER)
        self.approver = self.person("ann", Role.APPROVER)
        self.admin = self.person("root", Role.ADMIN)

    def person(self, name: str, role: Role) -> Someone:
        told, row = new_token(name, role, time.time())
        self.daemon.store.add_token(row)
        return Someone(self.app, told)

    async def upload(self, count: int, name: str = "feed", first: int = FIRST) -> str:
        octets = "msisdn\n" + "".join(f"{first + at}\n" for at in range(count))
        answer = await self.sender.ask("PUT", f"/feeds/{name}", content=octets.encode())
        assert answer.status_code == 200, answer.text
        return str(answer.json()["feed"])

    async def draft(self, name: str = "alert", count: int = 5, **more: Any) -> Any:
        """A draft whose feed is counted."""
        feed = await self.upload(count, name)
        body = {"name": name, "text": "Restez chez vous", "feed": feed, **more}
        await self.sender.post("/campaigns", body)
        await self.until(lambda: self.daemon.campaigns.draft(name).facts.get("count"))
        return body

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - what a task of the daemon's does sets no event of ours
                await anyio.sleep(0.005)

    async def until_state(self, name: str, *states: str) -> None:
        def stands() -> bool:
            draft = self.daemon.store.draft(name)
            return draft is not None and self.daemon.campaigns.life(draft)[0] in states

        await self.until(stands)


@asynccontextmanager
async def office(
    folder: Path,
    *,
    scenario: dict[str, Any] | None = None,
    operator: str = "",
    daemon: str = "",
    settle: str = "5s",
) -> AsyncIterator[Office]:
    """A daemon for a test: fails rather than hangs.

    Args:
        operator, daemon: further lines of the configuration.
    """
    with anyio.fail_after(LONGEST_S):
        async with serve(load_scenario("ideal").changed(**(scenario or {}))) as smsc:
            config = folder / "smppcast.yaml"
            config.write_text(
                "ledger: sqlite:///ledger.db\ndurability: relaxed\ncountry: FR\n"
                f"settle: {settle}\n"
                "operators:\n  orange:\n"
                f"    url: {smsc.url}\n    password: s3cret\n    window: 100\n    prefixes: ['336']\n"
                f"{operator}"
                f"daemon:\n  disk_free: 0\n  requests: 100000\n  drain: 2s\n{daemon}"
            )
            async with Daemon.open(config) as found:
                await found.engine.lanes["orange"].bound()
                yield Office(found, smsc)
