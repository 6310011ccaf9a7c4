"""`smppcast smsc`: the simulated SMSC by itself."""

from __future__ import annotations

import json as codec
import sys
from functools import partial
from typing import Annotated

import typer

from smppcast.cli.account import columns
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Debug, Json
from smppcast.cli.signals import interruptible
from smppcast.errors import UsageError
from smppcast.smsc import Scenario, Smsc, load_scenario, scenario_names, serve

__all__ = ["EXAMPLE", "smsc"]

EXAMPLE = "Example: smppcast smsc --scenario throttling --port 2775"


def smsc(
    *,
    scenario: Annotated[str, typer.Option(help="The name of a shipped one, or a YAML file.")] = "ideal",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 2775,
    seed: Annotated[int | None, typer.Option(help="Of all draws; by default the scenario's.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped scenarios.")] = False,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Run a simulated SMSC until Ctrl-C, then print what it took in.

    Its url is the first line of standard output.
    """
    if list_:
        shipped = map(load_scenario, scenario_names())
        print("\n".join(f"{each.name:<22}{each.description}" for each in shipped))
        return
    chosen = load_scenario(scenario)
    if seed is not None:
        chosen = chosen.changed(seed=seed)
    run(partial(_serve, chosen, host, port, as_json=json))


async def _serve(scenario: Scenario, host: str, port: int, *, as_json: bool) -> ExitCode:
    try:
        async with serve(scenario, host=host, port=port) as running:
            print(running.url, flush=True)
            print(f"{scenario.name}: Ctrl-C ends it", file=sys.stderr)
            async with interruptible() as interrupt:
                await interrupt.asked.wait()
            print(_as_json(running) if as_json else _as_text(running))
    except OSError as error:
        raise UsageError(f"{host}:{port}: {error.strerror or error}") from error
    return ExitCode.FINISHED


def _as_json(running: Smsc) -> str:
    return codec.dumps({**running.account.as_dict(), "receipts_owed": running.receipts_owed})


def _as_text(running: Smsc) -> str:
    account = running.account
    counts = {
        "submits": account.submitted,
        "accepted": account.accepted,
        "refused": account.refused.total(),
        "receipts sent": account.receipts_sent,
        "receipts acknowledged": account.receipts_acknowledged,
        "receipts owed": running.receipts_owed,
        "binds": account.binds,
        "binds refused": account.binds_refused.total(),
    }
    return "\n".join(columns([(name, f"{count:,}") for name, count in counts.items()]))
