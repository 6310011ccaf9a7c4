"""The commands, gathered; each one's rooms are imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from smppcast.cli.commands import Command
from smppcast.version import __version__

__all__ = ["COMMANDS", "app", "main"]

# Where each command stands: the module has it under its own name, and an EXAMPLE.
COMMANDS = {
    "demo": "demo",
    "cast": "cast",
    "retry": "retry",
    "report": "report",
    "find": "find",
    "listen": "listen",
    "ledger": "ledger",
    "send": "send",
    "segments": "segments",
    "check": "check",
    "smsc": "smsc",
    "bench": "bench",
    "daemon": "daemon",
    "token": "token",
    "status": "status",
    "campaign": "campaign",
    "operator": "operator",
    "stop": "stop",
    "plan": "plan",
    "files": "files",
    "config-schema": "config_schema",
}


class Commands(TyperGroup):
    """Finds commands in COMMANDS: `segments` need not wait for the engine's imports."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Their names, in the order in which help lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - likewise
        """The command of that name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"smppcast.cli.{COMMANDS[cmd_name]}")
        target = getattr(module, COMMANDS[cmd_name])
        if isinstance(target, typer.Typer):
            return get_command(target)
        alone = typer.Typer(add_completion=False, context_settings=_HELP)
        cls = getattr(module, "COMMAND", Command)
        alone.command(cmd_name, cls=cls, epilog=module.EXAMPLE)(target)
        return get_command(alone)


_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="smppcast",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"smppcast {__version__}")
        raise typer.Exit


@app.callback()
def smppcast(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Cast one text to a feed of subscribers over SMPP, and account for every message."""


def main() -> None:
    """The console script."""
    app(prog_name="smppcast")
