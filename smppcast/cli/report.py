"""`smppcast report`: the account of a campaign from its ledger, beside a writer that lives or without."""

from __future__ import annotations

import json as codec
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.errors import CampaignError, UsageError
from smppcast.ledger.board import replay
from smppcast.ledger.contract import Campaign
from smppcast.ledger.outcomes import outcomes
from smppcast.ledger.purge import Purged
from smppcast.ledger.sqlite import SqliteStore
from smppcast.ledger.timeline import timeline
from smppcast.model import Account
from smppcast.plots import need_plots
from smppcast.report.account import as_dict, as_text, columns
from smppcast.report.files import whole, write_outcomes
from smppcast.report.page import report_page

__all__ = ["EXAMPLE", "report"]

# Campaigns of fewer recipients are drawn second by second.
SECONDS_BELOW = 1_000_000

EXAMPLE = "Example: smppcast report alerte-1 -c smppcast.yaml --outcomes alerte-1.csv"


def report(
    name: Annotated[str | None, typer.Argument(help="The campaign; without it, all are listed.")] = None,
    *,
    config: Config = Path("smppcast.yaml"),
    outcome_file: Annotated[
        Path | None,
        typer.Option(
            "--outcomes",
            metavar="FILE",
            help="Write what became of each recipient, a row each: .csv, .ndjson, .parquet, or - for CSV "
            "on standard output.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a page with pictures; it needs no network, and has no numbers."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Tell what became of a campaign, by operator and in all.

    It only reads: a campaign that runs goes on. What such a one has in flight is shown as that;
    where no process runs it any more, as unknown.
    """
    if html is not None:
        need_plots()
    with _reading(load(config).ledger) as store:
        if name is None:
            _list(store, as_json=json)
            return
        campaign = store.campaign(name)
        if campaign is None:
            known = ", ".join(each.name for each in store.campaigns()) or "none at all"
            raise CampaignError(f"the ledger has no campaign {name}; it has {known}")
        purged = Purged.kept(campaign)
        if purged is not None:
            if outcome_file is not None or html is not None:
                raise CampaignError(
                    f"campaign {name} was purged {_date(purged.at)}: its account alone is left"
                )
            print((_as_json if json else _as_text)(campaign, purged.account, purged.operators))
            return
        live = store.writer_alive() is not None
        boards = replay(store, campaign)
        if outcome_file is not None:
            write_outcomes(outcome_file, outcomes(store, campaign.id, live=live))
            if str(outcome_file) == "-":
                return
        if html is not None:
            # Memory is flat however long it took: seconds only where there cannot be many.
            step_s = 1 if boards.account().fed < SECONDS_BELOW else 10
            told = timeline(store, campaign.id, step_s)
            _write_page(html, report_page(campaign, boards, told, live=live))
        shown = _as_json if json else _as_text
        print(shown(campaign, boards.account(live=live), boards.by_operator(live=live)))


@contextmanager
def _reading(ledger: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(ledger, read_only=True)
    try:
        yield store
    finally:
        store.close()


def _write_page(path: Path, text: str) -> None:
    try:
        with whole(path) as unfinished:
            unfinished.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


def _list(store: SqliteStore, *, as_json: bool) -> None:
    campaigns = store.campaigns()
    if as_json:
        rows = [{"campaign": each.name, "state": each.state, "created": each.created} for each in campaigns]
        print(codec.dumps({"campaigns": rows}, ensure_ascii=False))
    elif campaigns:
        print("\n".join(columns([(each.name, each.state, _date(each.created)) for each in campaigns])))


def _as_json(campaign: Campaign, account: Account, operators: Mapping[str, Account]) -> str:
    parts = {name: as_dict(part) for name, part in operators.items()}
    return codec.dumps({**as_dict(account), "state": campaign.state, "operators": parts}, ensure_ascii=False)


def _as_text(campaign: Campaign, account: Account, operators: Mapping[str, Account]) -> str:
    return f"{as_text(account, operators)}\nbegun {_date(campaign.created)}, {campaign.state}"


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""
