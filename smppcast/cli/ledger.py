"""`smppcast ledger`: whether a ledger is whole, what can be saved of it, and what in it is nobody's."""

from __future__ import annotations

import json as codec
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.commands import Command, ExitCode
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.errors import CampaignError
from smppcast.ledger.checkup import check as problems_of
from smppcast.ledger.contract import Campaign
from smppcast.ledger.purge import due
from smppcast.ledger.purge import purge as forget
from smppcast.ledger.recovery import recover as save
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState, MessageState, masked
from smppcast.net.clock import wall
from smppcast.report.account import columns

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

# A day of any zone is over after so long.
QUOTA_S = 48 * 3600.0

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


@ledger.command(cls=Command, epilog="Example: smppcast ledger purge alerte-1 -c smppcast.yaml")
def purge(
    names: Annotated[
        list[str] | None, typer.Argument(help="Campaigns; without any, those whose retention is over.")
    ] = None,
    *,
    config: Config = Path("smppcast.yaml"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Forget a campaign's recipients for good, and keep its account.

    Numbers, texts and message_ids go, the rejects file too, and the ledger's file shrinks. Without names
    it forgets what `retention` says, receipts and messages of nobody's included: for a daily job. Nobody
    may write to the ledger meanwhile. docs/ledger.md says what of it may be left elsewhere.
    """
    settings = load(config)
    with closing(SqliteStore(settings.ledger)) as store:
        now = wall()
        if names:
            chosen = [_campaign(store, name) for name in names]
            if not yes:
                typer.confirm(f"Forget the recipients of {', '.join(names)} for good?", abort=True)
        else:
            chosen = list(due(store, now, settings.retention))
        if limited := [name for name, each in settings.operators.items() if each.quota is not None]:
            chosen = _spare(store, chosen, now, limited, named=bool(names))
        strangers = 0
        if not names and settings.retention is not None:
            strangers = store.forget_strangers(now - settings.retention)
        for campaign in chosen:
            found = forget(store, campaign, now)
            (settings.ledger.parent / f"{campaign.name}.rejects.csv").unlink(missing_ok=True)
            print(f"{campaign.name}: forgot {found.account.fed:,} recipients")
        if strangers:
            print(f"forgot {strangers:,} receipts and messages of nobody's")
        if chosen or strangers:
            store.reclaim()
        else:
            print("there is nothing to forget")


def _campaign(store: SqliteStore, name: str) -> Campaign:
    campaign = store.campaign(name)
    if campaign is None:
        raise CampaignError(f"the ledger has no campaign {name}")
    if campaign.state is CampaignState.PURGED:
        raise CampaignError(f"campaign {name} was purged before")
    return campaign


def _spare(
    store: SqliteStore, chosen: list[Campaign], now: float, limited: list[str], *, named: bool
) -> list[Campaign]:
    """Without those whose PDUs may still count for a quota of the day.

    Raises:
        CampaignError: one of them was asked for by name.
    """
    young = [each for each in chosen if now - store.last_told(each.id) < QUOTA_S]
    if young and named:
        raise CampaignError(
            f"campaign {young[0].name} may count for the quota of {limited[0]} still: purge it in two days"
        )
    return [each for each in chosen if each not in young]


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
