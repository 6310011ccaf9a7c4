"""`smppcast daemon`: campaigns and messages over HTTP, until it is asked to end."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, need, run
from smppcast.cli.parameters import Config, Debug

__all__ = ["EXAMPLE", "daemon"]

EXAMPLE = "Example: smppcast daemon -c smppcast.yaml"


def daemon(*, config: Config = Path("smppcast.yaml"), debug: Debug = False) -> None:
    """Keep the binds, and take campaigns and messages over HTTP.

    It resumes what was running when it ended last. SIGTERM and Ctrl-C drain within daemon.drain, a second
    one ends at once; SIGHUP applies a changed file. `smppcast token create` makes the tokens.
    """
    need("fastapi", "daemon")
    logs.configure(debug=debug)
    run(partial(_serve, config))


async def _serve(config: Path) -> ExitCode:
    from smppcast.daemon.run import run_daemon  # noqa: PLC0415 - the extra may not be installed

    await run_daemon(config, _started)
    return ExitCode.FINISHED


def _started(address: str) -> None:
    print(f"smppcast daemon: {address}", file=sys.stdout, flush=True)
