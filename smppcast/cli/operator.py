"""`smppcast operator`: the operators of a running daemon."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.cli.commands import Command
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.cli.remote import Address, TokenFile, remote, shown
from smppcast.errors import UsageError

__all__ = ["EXAMPLE", "operator"]

EXAMPLE = "Example: smppcast operator set orange --rate 500 -c smppcast.yaml"

operator = typer.Typer(
    name="operator",
    no_args_is_help=True,
    add_completion=False,
    help="Look at a running daemon's operators, hold them, and change how fast they are sent to.",
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(help="The operator's name, as the configuration has it.")]


class What(StrEnum):
    """What can be done to one."""

    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"


@operator.command(cls=Command, epilog="Example: smppcast operator show orange -c smppcast.yaml")
def show(
    name: Name,
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Show one: binds, window, rates, latencies, last error."""
    print(shown(remote(url, token_file, config).get(f"/operators/{name}"), as_json=json))


@operator.command(cls=Command, epilog="Example: smppcast operator do drain orange -c smppcast.yaml")
def do(
    what: Annotated[What, typer.Argument(help="pause: stay bound; drain: unbind when all is answered.")],
    name: Name,
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Pause, drain or resume one (an admin's)."""
    print(shown(remote(url, token_file, config).post(f"/operators/{name}/{what}"), as_json=json))


@operator.command("set", cls=Command, epilog=EXAMPLE)
def change(
    name: Name,
    *,
    rate: Annotated[float | None, typer.Option(min=0.001, help="submit_sm a second over all binds.")] = None,
    window: Annotated[int | None, typer.Option(min=1, help="submit_sm unanswered on one bind.")] = None,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Change rate or window at once, until the next reload (an admin's)."""
    body: dict[str, Any] = {"rate": rate, "window": window}
    body = {key: value for key, value in body.items() if value is not None}
    if not body:
        raise UsageError("expected --rate or --window")
    print(shown(remote(url, token_file, config).patch(f"/operators/{name}", body), as_json=json))
