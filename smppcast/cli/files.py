"""`smppcast files`: what a daemon is run with, to be put where it belongs."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib.resources import files as resources
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.parameters import Debug
from smppcast.errors import UsageError

__all__ = ["EXAMPLE", "files"]

EXAMPLE = "Example: smppcast files systemd > /etc/systemd/system/smppcast.service"


class Kind(StrEnum):
    """Which file."""

    SYSTEMD = "systemd"
    CONTAINER = "container"
    CONFIG = "config"
    GRAFANA = "grafana"
    ALERTS = "alerts"


_RULES = "prometheus-alerts.yml"
# The first is what is printed; all are written, since a dashboard alone wakes nobody.
_FILES = {
    Kind.SYSTEMD: ("smppcast.service",),
    Kind.CONTAINER: ("Containerfile",),
    Kind.CONFIG: ("smppcast.yaml",),
    Kind.GRAFANA: ("grafana-dashboard.json", _RULES),
    Kind.ALERTS: (_RULES,),
}


def files(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="A systemd unit, a container's recipe, a configuration to begin with, a dashboard for"
            " Grafana, or alert rules for Prometheus."
        ),
    ],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the file there under its own name; of grafana, the alert rules as well.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what --to finds there.")] = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Print a deployment file that comes with smppcast, or write it into a folder."""
    names = _FILES[kind]
    if to is not None:
        _write(to, names, force=force)
    elif force:
        raise UsageError("--force needs --to")
    else:
        print(_text(names[0]), end="")


def _text(name: str) -> str:
    return resources("smppcast.deploy").joinpath(name).read_text("utf-8")


def _write(folder: Path, names: tuple[str, ...], *, force: bool) -> None:
    """All of them, or none where one is in the way."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    paths = [folder / name for name in names]
    there = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if there and not force:
        raise UsageError(f"{', '.join(there)}: there already; --force overwrites")
    for path, name in zip(paths, names, strict=True):
        try:
            path.write_text(_text(name), "utf-8")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
        print(f"written: {path}", file=sys.stderr)
