"""`smppcast token`: who may ask the daemon for what."""

from __future__ import annotations

import json as codec
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.commands import Command
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.daemon.places import data_folder
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.tokens import Role, new_token
from smppcast.errors import UsageError
from smppcast.net.clock import wall
from smppcast.report.account import columns

__all__ = ["EXAMPLE", "token"]

EXAMPLE = "Example: smppcast token create alice --role sender -c smppcast.yaml"

token = typer.Typer(
    name="token",
    no_args_is_help=True,
    add_completion=False,
    help="Make, list and revoke the tokens by which people and programs ask the daemon.",
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@token.command(cls=Command, epilog=EXAMPLE)
def create(
    name: Annotated[str, typer.Argument(help="Of the person or program that gets it.")],
    *,
    role: Annotated[Role, typer.Option(help="Each may do what those before it may.")] = Role.VIEWER,
    config: Config = Path("smppcast.yaml"),
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Make a token, and print it: only its hash is kept. A daemon that runs knows it at once.

    Roles: viewer looks; sender makes campaigns and messages, and runs them; approver also approves what
    others made; admin also changes operators, reloads and reads the audit log.
    """
    if not name.strip() or len(name) > 100:
        raise UsageError("expected a name of 1 to 100 characters")
    with _store(config) as store:
        told, row = new_token(name, role, wall())
        store.add_token(row)
    print(told)


@token.command("list", cls=Command, epilog="Example: smppcast token list -c smppcast.yaml")
def list_tokens(
    *,
    config: Config = Path("smppcast.yaml"),
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """List the tokens, revoked ones included, without their secrets."""
    with _store(config) as store:
        rows = store.tokens()
    if json:
        shown = [
            {
                "id": row.id,
                "name": row.name,
                "role": row.role,
                "created": _date(row.created),
                "revoked": _date(row.revoked),
            }
            for row in rows
        ]
        print(codec.dumps({"tokens": shown}, ensure_ascii=False))
    elif rows:
        table = [(row.id, row.name, row.role.value, _date(row.created), _date(row.revoked)) for row in rows]
        print("\n".join(columns([("id", "name", "role", "created", "revoked"), *table])))


@token.command(cls=Command, epilog="Example: smppcast token revoke 0123456789ab -c smppcast.yaml")
def revoke(
    public: Annotated[str, typer.Argument(metavar="ID", help="As `smppcast token list` shows it.")],
    *,
    config: Config = Path("smppcast.yaml"),
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Make a token worthless, at once."""
    with _store(config) as store:
        if not store.revoke(public, wall()):
            raise UsageError(f"there is no token {public} that is good")


@contextmanager
def _store(config: Path) -> Iterator[DaemonStore]:
    store = DaemonStore(data_folder(load(config)))
    try:
        yield store
    finally:
        store.close()


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
