"""`smppcast retry`: a follow-up campaign, to those whom an earlier one did not reach."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine
from smppcast.campaign.follow_up import NOT_REACHED
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
from smppcast.cli.running import Begin, Casting
from smppcast.cli.values import outcome_set
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import UsageError
from smppcast.feed import Template
from smppcast.model import Outcome

__all__ = ["EXAMPLE", "retry"]

EXAMPLE = "Example: smppcast retry alerte-1 --states expired,undelivered -c smppcast.yaml"


def _states(text: str) -> frozenset[Outcome]:
    asked = outcome_set(text)
    if beyond := asked - NOT_REACHED:
        names = ", ".join(sorted(NOT_REACHED))
        raise typer.BadParameter(f"{min(beyond)} cannot be tried again: expected some of {names}")
    return asked


def retry(
    of: Annotated[str, typer.Argument(metavar="NAME", help="The earlier campaign, which is finished.")],
    *,
    states: Annotated[
        Any,
        typer.Option(
            parser=_states,
            metavar="OUTCOMES",
            help="Whose message came to these: expired, undelivered, rejected, unknown.",
        ),
    ],
    config: Config = Path("smppcast.yaml"),
    text: Annotated[
        str | None, typer.Option(help="Another text; without one each gets what they were sent before.")
    ] = None,
    text_file: TextFile = None,
    name: Annotated[
        str | None, typer.Option(help="The new campaign's name.", show_default="NAME-retry")
    ] = None,
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
    """Cast once more to those whom a finished campaign did not reach, as a campaign of its own.

    Who they are is settled when it begins; receipts that come later change nothing. The same command
    resumes it. --states unknown may bring a message twice: nobody knows whether the first one came.
    """
    logs.configure(debug=debug)
    settings = load(config)
    wording = None if text is None and text_file is None else text_of(text, text_file)
    if wording is not None and Template(wording).columns:
        raise UsageError("the text asks for columns, and a follow-up has none")
    base = engine_settings(settings)
    options = options_of(
        base.options,
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
    engine_of = base if settle is None else replace(base, settle_s=settle)

    async def begin(engine: Engine) -> Campaign:
        return await engine.retry(of, states, text=wording, name=name, options=options)

    run(
        partial(
            _retry, Casting(engine_of, settings.ledger, as_json=json, durability=settings.durability), begin
        )
    )


async def _retry(casting: Casting, begin: Begin) -> ExitCode:
    with casting.store() as store:
        return await casting.account(store, begin)
