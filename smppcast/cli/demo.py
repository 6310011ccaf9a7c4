"""`smppcast demo`: four simulated operators, a made-up feed, and the account at the end."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer
import yaml
from anyio import to_thread
from anyio.abc import TaskStatus

from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.market import MOST, OPERATORS, TEXT, MarketOperator, write_feed
from smppcast.cli.parameters import Debug, Json
from smppcast.cli.running import Casting
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import UsageError
from smppcast.smsc import SmscProcess, spawn

__all__ = ["EXAMPLE", "demo"]

EXAMPLE = "Example: smppcast demo --count 20000 --keep /tmp/demo"

NAME = "demo"


def demo(
    *,
    count: Annotated[int, typer.Option(min=1, max=MOST, help="Subscribers in the made-up feed.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Of numbers and fates; the same gives the same.")] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="A new or empty folder: configuration, feed and ledger stay there to be looked at."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """See it work: four simulated operators on this machine, a feed, a text, the closed account.

    Nothing leaves this machine and no account is needed. The operators differ in pace, latency,
    message_ids and receipts; some of their subscribers cannot be reached.
    """
    logs.configure(debug=debug)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    with _folder(keep) as folder:
        run(partial(_demo, folder, count, chosen, as_json=json))


async def _demo(folder: Path, count: int, seed: int, *, as_json: bool) -> ExitCode:
    feed, config = folder / "subscribers.csv", folder / "smppcast.yaml"
    async with _market(seed) as market:
        await to_thread.run_sync(write_feed, feed, count, seed)
        config.write_text(_configuration(market), "utf-8")
        settings = load(config)
        casting = Casting(engine_settings(settings), settings.ledger, as_json=as_json, resumable=False)
        with casting.store() as store:
            return await casting.account(
                store,
                lambda engine: engine.cast(TEXT, str(feed), name=NAME, options=casting.settings.options),
            )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="smppcast-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageError(f"{keep}: expected a new or empty folder")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


@asynccontextmanager
async def _market(seed: int) -> AsyncIterator[dict[str, SmscProcess]]:
    """The operators' SMSCs, each in a process, started side by side and ended with the block."""
    running: dict[str, SmscProcess] = {}
    over = anyio.Event()

    async def keep(operator: MarketOperator, *, task_status: TaskStatus[None]) -> None:
        async with spawn(operator.centre(seed)) as smsc:
            running[operator.name] = smsc
            task_status.started()
            await over.wait()

    async with anyio.create_task_group() as keepers:
        async with anyio.create_task_group() as starting:
            for operator in OPERATORS:
                starting.start_soon(keepers.start, keep, operator)
        try:
            yield running
        finally:
            over.set()


def _configuration(market: Mapping[str, SmscProcess]) -> str:
    operators = {
        operator.name: {"url": market[operator.name].url, **operator.settings} for operator in OPERATORS
    }
    return yaml.safe_dump({"ledger": "sqlite:///ledger.db", "operators": operators}, sort_keys=False)
