"""`smppcast stop`: halts everything that a running daemon sends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.parameters import Config, Debug, Json
from smppcast.cli.remote import Address, TokenFile, remote, shown

__all__ = ["EXAMPLE", "stop"]

EXAMPLE = "Example: smppcast stop -c smppcast.yaml"


def stop(
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    release: Annotated[bool, typer.Option("--release", help="Go on after a stop (an admin's).")] = False,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Stop everything: no operator is sent anything more, until it is released. Nothing is lost."""
    asked = remote(url, token_file, config)
    print(shown(asked.post("/release" if release else "/stop"), as_json=json))
