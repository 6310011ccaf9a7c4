"""`smppcast listen`: takes in receipts that come after their campaign ended."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from smppcast.campaign.engine import Engine
from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug
from smppcast.cli.running import Casting
from smppcast.cli.signals import interruptible
from smppcast.cli.values import duration
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.report.account import columns

__all__ = ["EXAMPLE", "listen"]

EXAMPLE = "Example: smppcast listen -c smppcast.yaml --for 2h"

LOOK_S, TELL_S = 0.5, 10.0


def listen(
    *,
    config: Config = Path("smppcast.yaml"),
    for_: Annotated[
        Any,
        typer.Option(
            "--for", parser=duration, metavar="DURATION", help="End after this time.", show_default="never"
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Bind, and take in late receipts and inbound messages until Ctrl-C.

    `smppcast report` then tells what they changed.
    """
    logs.configure(debug=debug)
    settings = load(config)
    run(
        partial(
            _listen, Casting(engine_settings(settings), settings.ledger, durability=settings.durability), for_
        )
    )


async def _listen(casting: Casting, for_s: float | None) -> ExitCode:
    with casting.store() as store:
        async with interruptible() as interrupt, Engine.open(casting.settings, store) as engine:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_tell, engine)
                tasks.start_soon(_refused, engine)
                with anyio.move_on_after(for_s):
                    await interrupt.asked.wait()
                tasks.cancel_scope.cancel()
            _print(engine)
    return ExitCode.FINISHED


async def _tell(engine: Engine) -> None:
    while True:
        await anyio.sleep(TELL_S)
        parts = (
            f"{lane.name} {lane.bound}/{lane.binds} bound, {lane.receipts:,} receipts, "
            f"{lane.inbound:,} inbound"
            for lane in engine.statistics()
        )
        print("; ".join(parts), file=sys.stderr, flush=True)


async def _refused(engine: Engine) -> None:
    """Fails when no operator lets us in with our credentials.

    Raises:
        BindRefused: the first one's.
    """
    while True:
        await anyio.sleep(LOOK_S)
        refused = [lane.refused for lane in engine.lanes.values()]
        if all(refused) and refused[0] is not None:
            raise refused[0]


def _print(engine: Engine) -> None:
    rows = [
        (lane.name, f"{lane.receipts:,}", f"{lane.matched:,}", f"{lane.inbound:,}")
        for lane in engine.statistics()
    ]
    print("\n".join(columns([("", "receipts", "matched", "inbound"), *rows])))
