"""``python -m smppcast.smsc --scenario NAME|FILE --port 0``: the simulated SMSC by itself.

Its first line on standard output is a JSON object with url, port and pid. It ends at SIGINT or
SIGTERM, and with ``--commands`` when its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import signal
import sys
from functools import partial
from typing import Any

import anyio

from smppcast.errors import ConfigError
from smppcast.smsc.loading import load_scenario, scenario_names
from smppcast.smsc.process import command, run
from smppcast.smsc.scenario import Scenario, validated
from smppcast.smsc.server import Smsc


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m smppcast.smsc", description="The simulated SMSC.")
    shipped = ", ".join(scenario_names())
    parser.add_argument("--scenario", default="ideal", help=f"a YAML file, or one of {shipped}")
    parser.add_argument("--scenario-json", help="the scenario itself, as JSON")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2775, help="0 takes a free one")
    parser.add_argument(
        "--commands", action="store_true", help="take commands from standard input, end with it"
    )
    parser.add_argument(
        "--json-account-on-exit", action="store_true", help="print what it took in at the end"
    )
    return parser.parse_args()


def _say(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


async def _signals(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()


async def _commands(smsc: Smsc, scope: anyio.CancelScope) -> None:
    """Answers commands; at the end of standard input the process ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        _say(await command(smsc, line))
    scope.cancel()


async def _main(options: argparse.Namespace, scenario: Scenario) -> None:
    running: list[Smsc] = []
    async with anyio.create_task_group() as tasks:

        def ready(smsc: Smsc) -> None:
            running.append(smsc)
            _say({"url": smsc.url, "port": smsc.port, "pid": os.getpid()})
            if options.commands:
                tasks.start_soon(_commands, smsc, tasks.cancel_scope)

        tasks.start_soon(_signals, tasks.cancel_scope)
        await run(scenario, options.host, options.port, ready)
    if options.json_account_on_exit and running:
        _say(running[0].account.as_dict() | {"receipts_owed": running[0].receipts_owed})


def main() -> int:
    """The process; returns its exit code."""
    options = _arguments()
    try:
        given = options.scenario_json
        scenario = validated(json.loads(given)) if given else load_scenario(options.scenario)
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    uvloop = importlib.util.find_spec("uvloop") is not None
    code = 0
    try:
        anyio.run(partial(_main, options, scenario), backend_options={"use_uvloop": uvloop})
    except* OSError as errors:
        sys.stderr.write(f"{options.host}:{options.port}: {errors.exceptions[0]}\n")
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
