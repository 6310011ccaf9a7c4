"""`smppcast cast`: a text to a feed, from the beginning or from where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.engine import default_name
from smppcast.campaign.options import CampaignOptions
from smppcast.cli import logs
from smppcast.cli.casting_options import (
    Encoding,
    Flash,
    PriorityFlag,
    Retention,
    Settle,
    Source,
    Suppress,
    SuppressCampaign,
    TextFile,
    Transliterate,
    Unknowns,
    Validity,
    options_of,
    text_of,
)
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug, EncodingName, Json
from smppcast.cli.running import Casting
from smppcast.config import load
from smppcast.config.campaign_file import load_campaign
from smppcast.config.engine import engine_settings
from smppcast.errors import CampaignError, UsageError
from smppcast.ledger.contract import Store

__all__ = ["EXAMPLE", "again_name", "cast"]

EXAMPLE = "Example: smppcast cast -c smppcast.yaml --feed subscribers.csv --text 'Restez chez vous'"


def cast(
    *,
    feed: Annotated[
        str | None,
        typer.Option(
            help="CSV with a header (msisdn, optionally operator, further columns for {column} in the "
            "text) or NDJSON, either gzipped; - for standard input."
        ),
    ] = None,
    campaign: Annotated[
        Path | None,
        typer.Option(help="A YAML file with feed, text, plan and all else, instead of --feed and --text."),
    ] = None,
    config: Config = Path("smppcast.yaml"),
    text: Annotated[str | None, typer.Option(help="The text.")] = None,
    text_file: TextFile = None,
    name: Annotated[
        str | None, typer.Option(help="The campaign's name; by default it follows from feed and text.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send once more, as a campaign of its own: NAME-2, NAME-3, …")
    ] = False,
    settle: Settle = None,
    source: Source = None,
    validity: Validity = None,
    priority_flag: PriorityFlag = None,
    flash: Flash = None,
    unknowns: Unknowns = None,
    encoding: Encoding = EncodingName.AUTO,
    transliterate: Transliterate = False,
    suppress: Suppress = None,
    suppress_campaign: SuppressCampaign = None,
    retention: Retention = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Cast a text to a feed, account for every message, resume what was interrupted.

    The same command resumes a campaign that was stopped and finds a finished one finished. Rows that
    get no message go to NAME.rejects.csv beside the ledger. Ctrl-C stops in order, a second one at
    once. Exit code 0: finished; 3: stopped before the end; 2: bad usage or configuration; 1: failed.
    """
    logs.configure(debug=debug)
    settings = load(config)
    base = engine_settings(settings)
    defaults, kept = base.options, {}
    if campaign is not None:
        if feed is not None or text is not None or text_file is not None:
            raise UsageError("expected either --campaign, or --feed and a text")
        written = load_campaign(campaign)
        defaults, wording, feed = written.options(defaults), written.wording, str(written.feed)
        name = name or written.name
        kept = {"lawful_basis": written.lawful_basis} if written.lawful_basis else {}
        encoding = EncodingName(written.encoding) if encoding is EncodingName.AUTO else encoding
        transliterate = transliterate or written.transliterate
    else:
        wording = text_of(text, text_file)
    if feed is None:
        raise UsageError("expected --feed, or --campaign")
    options = options_of(
        defaults,
        source=source,
        validity=validity,
        priority_flag=priority_flag,
        flash=flash,
        unknowns=unknowns,
        encoding=encoding,
        transliterate=transliterate,
        suppress=suppress,
        suppress_campaign=suppress_campaign,
        retention=retention,
    )
    engine = base if settle is None else replace(base, settle_s=settle)
    casting = Casting(engine, settings.ledger, as_json=json, durability=settings.durability)
    errand = _Errand(wording, feed, name, options, kept)
    run(partial(_cast, casting, errand, again=again))


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is cast to whom."""

    text: str
    feed: str
    name: str | None
    options: CampaignOptions
    kept: Mapping[str, Any]


async def _cast(casting: Casting, errand: _Errand, *, again: bool) -> ExitCode:
    name = errand.name or await default_name(errand.feed, errand.text)
    with casting.store() as store:
        if again:
            name = again_name(store, name)
        return await casting.account(
            store,
            lambda engine: engine.cast(
                errand.text, errand.feed, name=name, options=errand.options, kept=errand.kept
            ),
        )


def again_name(store: Store, name: str) -> str:
    """The first free name of NAME, NAME-2, NAME-3 and so on.

    Raises:
        CampaignError: the newest of them has not ended: to go on with it is meant, surely.
        LedgerError: the ledger cannot be read.
    """
    newest, number = store.campaign(name), 1
    while newest is not None:
        number += 1
        following = store.campaign(f"{name}-{number}")
        if following is None and not newest.state.ended:
            raise CampaignError(
                f"campaign {newest.name} is not finished: resume it with --name {newest.name}"
            )
        newest = following
    return name if number == 1 else f"{name}-{number}"
