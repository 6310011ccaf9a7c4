"""`smppcast files`: what a daemon is run with, to be put where it belongs."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files as resources
from typing import Annotated

import typer

from smppcast.cli.parameters import Debug

__all__ = ["EXAMPLE", "files"]

EXAMPLE = "Example: smppcast files systemd > /etc/systemd/system/smppcast.service"


class Kind(StrEnum):
    """Which file."""

    SYSTEMD = "systemd"
    CONTAINER = "container"
    CONFIG = "config"


_FILES = {Kind.SYSTEMD: "smppcast.service", Kind.CONTAINER: "Containerfile", Kind.CONFIG: "smppcast.yaml"}


def files(
    kind: Annotated[
        Kind, typer.Argument(help="A systemd unit, a container's recipe, or a configuration to begin with.")
    ],
    *,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Print a deployment file that comes with smppcast."""
    print(resources("smppcast.deploy").joinpath(_FILES[kind]).read_text("utf-8"), end="")
