"""`smppcast ledger`: whether a ledger is whole, what can be saved of it, and what in it is nobody's."""

from __future__ import annotations

import json as codec
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.account import columns
from smppcast.cli.commands import Command, ExitCode
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.ledger.checkup import check as problems_of
from smppcast.ledger.recovery import recover as save
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import MessageState, masked

__all__ = ["EXAMPLE", "ledger"]

EXAMPLE = "Example: smppcast ledger check -c smppcast.yaml"

ledger = typer.Typer(
    name="ledger",
    no_args_is_help=True,
    add_completion=False,
    help="Look after a ledger: is it whole, what can be saved of it, what is nobody's.",
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Numbers = Annotated[bool, typer.Option("--numbers", help="Show numbers whole; they are masked otherwise.")]


@ledger.command(cls=Command, epilog="Example: smppcast ledger check -c smppcast.yaml")
def check(
    file: Annotated[Path | None, typer.Argument(help="The ledger; without it, the configuration's.")] = None,
    *,
    config: Config = Path("smppcast.yaml"),
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Tell whether a ledger is whole: pages, rows, and accounts; exit code 1 where it is not.

    It only reads, beside a writer that lives or without. What it finds damaged, `recover` saves into a new
    file as far as it can be read.
    """
    path = file or load(config).ledger
    count = 0
    for problem in problems_of(path):
        count += 1
        print(problem)
    if count:
        typer.echo(f"smppcast: {path} is damaged; smppcast ledger recover saves what can be read", err=True)
        raise typer.Exit(ExitCode.FAILED)
    print(f"{path} is whole")


@ledger.command(cls=Command, epilog="Example: smppcast ledger recover damaged.db saved.db")
def recover(
    damaged: Annotated[Path, typer.Argument(help="The file that is damaged; it is left as it is.")],
    to: Annotated[Path, typer.Argument(help="The ledger to make of it, a new file.")],
    *,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Save what can be read of a damaged ledger into a new one.

    Nothing that may have been sent will look unsent: chunks of which facts are lost count as sent, so that
    their recipients are unknown and go by the campaign's policy. Recipients of whom nothing is left are
    counted as invalid, by the reason "lost".
    """
    found = save(damaged, to)
    if json:
        told = {"saved": found.saved, "gaps": found.gaps, "dropped": found.dropped, "lost": found.lost}
        print(codec.dumps({**told, "suspected_chunks": found.suspected}, ensure_ascii=False))
        return
    rows = [["", "rows saved", "gaps", "rows dropped"]]
    for table, count in found.saved.items():
        gaps, dropped = found.gaps.get(table, 0), found.dropped.get(table, 0)
        rows.append([table, f"{count:,}", f"{gaps:,}", f"{dropped:,}"])
    print("\n".join(columns(rows)))
    if found.suspected:
        print(f"{found.suspected:,} chunks count as sent: facts of theirs are lost")
    for name, count in found.lost.items():
        print(f"campaign {name}: nothing is left of {count:,} recipients")


@ledger.command(cls=Command, epilog="Example: smppcast ledger unmatched -c smppcast.yaml")
def unmatched(
    *,
    config: Config = Path("smppcast.yaml"),
    numbers: Numbers = False,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """List receipts that name no message of ours: another system's, or message_ids is set wrongly."""
    with closing(SqliteStore(load(config).ledger, read_only=True)) as store:
        rows = [["operator", "message_id", "number", "state", "error", "received"]]
        for operator, receipt in store.unmatched():
            number = receipt.source_addr if numbers else masked(receipt.source_addr)
            at = datetime.fromtimestamp(receipt.at, UTC).isoformat(timespec="seconds")
            state = MessageState(receipt.state).name
            rows.append([operator, receipt.message_id, number, state, receipt.error, at])
    if json:
        for row in rows[1:]:
            print(codec.dumps(dict(zip(rows[0], row, strict=True)), ensure_ascii=False))
    elif rows[1:]:
        print("\n".join(columns(rows)))
    else:
        print("every receipt has found its message")
