"""A daemon in a process of its own, for the benchmarks that ask it over HTTP."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import yaml

from bench._common import FIRST_NUMBER

__all__ = ["served", "start_campaign"]


@asynccontextmanager
async def served(
    smsc: str, *, operator: dict[str, Any], daemon: dict[str, Any] | None = None, **sections: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A daemon with one operator, asked by an admin; and the admin's token.

    Args:
        smsc: the operator's url.
        operator, daemon: what is particular of these sections of its configuration; sections: further ones.
    """
    config = {
        "ledger": "sqlite:///ledger.db",
        "settle": "1s",
        "operators": {"operator": {"url": smsc, "password": "x", "binds": 2, "prefixes": [""], **operator}},
        "daemon": {
            "listen": "127.0.0.1:0",
            "approval_above": 100_000_000,
            "disk_free": 0,
            **(daemon or {}),
        },
        **sections,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "smppcast.yaml").write_text(yaml.safe_dump(config))
        token = _command(folder, "token", "create", "bench", "--role", "admin").strip()
        process = subprocess.Popen(  # noqa: ASYNC220 - started once, before anything is measured
            [sys.executable, "-m", "smppcast", "daemon"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip().removeprefix("smppcast daemon: ")
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
                yield http, token
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


async def start_campaign(http: httpx.AsyncClient, recipients: int) -> None:
    """One called bench, counted and started."""
    feed = "msisdn\n" + "".join(f"{FIRST_NUMBER + at}\n" for at in range(recipients))
    await http.put("/feeds/feed", content=feed.encode())
    body = {"name": "bench", "text": "Restez chez vous", "feed": "upload:feed"}
    made = await http.post("/campaigns", json=body)
    assert made.status_code == 201, made.text
    while (await http.get("/campaigns/bench")).json()["counting"]:  # noqa: ASYNC110 - another process
        await anyio.sleep(0.2)
    started = await http.post("/campaigns/bench/start")
    assert started.status_code == 200, started.text


def _command(folder: Path, *args: str) -> str:
    command = [sys.executable, "-m", "smppcast", *args]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
