"""`smppcast find`: what a number was sent, by every campaign of the ledger."""

from __future__ import annotations

import json as codec
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.commands import ExitCode
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.errors import UsageError
from smppcast.feed import normalise
from smppcast.ledger.outcomes import outcomes_of
from smppcast.ledger.sqlite import SqliteStore
from smppcast.report.files import as_dict

__all__ = ["EXAMPLE", "find"]

EXAMPLE = "Example: smppcast find +33612345678 -c smppcast.yaml"


def find(
    number: Annotated[str, typer.Argument(help="A subscriber's; in national format where country: is set.")],
    *,
    config: Config = Path("smppcast.yaml"),
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Tell what a number was sent: campaign, operator, outcome, times, message_ids.

    It only reads: campaigns that run go on. Exit code 1 where the ledger knows nothing of the number.
    """
    settings = load(config)
    (wanted,), bad = normalise([number], settings.country)
    if bad:
        raise UsageError(f"{number}: is no number ({bad[0].value})")
    with closing(SqliteStore(settings.ledger, read_only=True)) as store:
        live = store.writer_alive() is not None
        found = [
            {"campaign": campaign.name, **as_dict(row)}
            for campaign, row in outcomes_of(store, wanted, live=live)
        ]
    if json:
        print(codec.dumps({"msisdn": str(wanted), "messages": found}, ensure_ascii=False))
    elif not found:
        print(f"no campaign has sent anything to {wanted}")
    else:
        print("\n\n".join(map(_as_text, found)))
    if not found:
        raise typer.Exit(ExitCode.FAILED)


def _as_text(message: dict[str, object]) -> str:
    """A line a fact; what is not known is left out."""
    shown = {**message, "message_ids": " ".join(message["message_ids"]).strip()}  # type: ignore[arg-type]
    shown["possible_duplicate"] = "yes" if message["possible_duplicate"] else ""
    width = max(map(len, shown))
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in shown.items() if value != "")
