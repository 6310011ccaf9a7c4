"""A daemon in a process of its own, for the benchmarks that ask it over HTTP."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx

from bench._common import FIRST_NUMBER

__all__ = ["served", "start_campaign"]


@asynccontextmanager
async def served(config: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """The daemon of a configuration, asked by an admin; and the admin's token."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "smppcast.yaml").write_text(config)
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
