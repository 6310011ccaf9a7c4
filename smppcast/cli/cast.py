"""`smppcast cast`: a text to a feed, from the beginning or from where it stopped."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.engine import default_name
from smppcast.campaign.options import CampaignOptions
from smppcast.cli import logs
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug, EncodingName, Json
from smppcast.cli.running import Casting
from smppcast.cli.values import duration, reached, source_address, unknown_policy
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import CampaignError, UsageError
from smppcast.ledger.contract import Store
from smppcast.model import CampaignState

__all__ = ["EXAMPLE", "again_name", "cast"]

EXAMPLE = "Example: smppcast cast -c smppcast.yaml --feed subscribers.csv --text 'Restez chez vous'"


def cast(
    feed: Annotated[
        str,
        typer.Option(
            help="CSV with a header (msisdn, optionally operator, further columns for {column} in the "
            "text) or NDJSON, either gzipped; - for standard input."
        ),
    ],
    *,
    config: Config = Path("smppcast.yaml"),
    text: Annotated[str | None, typer.Option(help="The text.")] = None,
    text_file: Annotated[
        Path | None, typer.Option(help="A UTF-8 file with the text; one line end behind it does not count.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The campaign's name; by default it follows from feed and text.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send once more, as a campaign of its own: NAME-2, NAME-3, …")
    ] = False,
    settle: Annotated[
        Any,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="Longest wait for receipts after the last answer.",
            show_default="the file's, else 60s",
        ),
    ] = None,
    source: Annotated[
        Any,
        typer.Option(
            parser=source_address,
            metavar="ADDR",
            help="The sender: GOUV, +33123456789, 36111, or ADDR:TON:NPI.",
            show_default="each operator's",
        ),
    ] = None,
    validity: Annotated[
        Any,
        typer.Option(parser=duration, metavar="DURATION", help="How long SMSCs try to deliver."),
    ] = None,
    priority_flag: Annotated[int | None, typer.Option(min=0, max=3)] = None,
    flash: Annotated[
        bool | None, typer.Option("--flash/--no-flash", help="Show the text at once, keep it not.")
    ] = None,
    unknowns: Annotated[
        Any,
        typer.Option(
            parser=unknown_policy,
            metavar="resend|hold:DURATION",
            help="What becomes of a segment that was sent, perhaps, and never answered.",
            show_default="the file's, else resend",
        ),
    ] = None,
    encoding: Annotated[EncodingName, typer.Option()] = EncodingName.AUTO,
    transliterate: Annotated[
        bool,
        typer.Option("--transliterate", help="Plain quotes and dashes where that saves segments."),
    ] = False,
    suppress: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Numbers that get no message, beside the configuration's: one a line, or CSV or NDJSON. "
            "May be given several times, as the next.",
        ),
    ] = None,
    suppress_campaign: Annotated[
        list[Any] | None,
        typer.Option(
            parser=reached,
            metavar="NAME[:OUTCOMES]",
            help="Leave out whom that campaign reached: who has it delivered, or came to these outcomes.",
        ),
    ] = None,
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
    wording = _text(text, text_file)
    base = engine_settings(settings)
    options = _options(
        base.options,
        source=source,
        validity_s=validity,
        priority_flag=priority_flag,
        flash=flash,
        unknowns=unknowns,
        encoding=encoding.value,
        transliterate=transliterate or None,
        suppress=(*base.options.suppress, *(suppress or ())),
        suppress_reached=tuple(suppress_campaign or ()),
    )
    engine = base if settle is None else replace(base, settle_s=settle)
    casting = Casting(engine, settings.ledger, as_json=json)
    run(partial(_cast, casting, wording, feed, name, options, again=again))


async def _cast(
    casting: Casting, text: str, feed: str, name: str | None, options: CampaignOptions, *, again: bool
) -> ExitCode:
    name = name or await default_name(feed, text)
    with casting.store() as store:
        if again:
            name = again_name(store, name)
        return await casting.cast(store, text, feed, name, options)


def _text(text: str | None, file: Path | None) -> str:
    """The text, from one of the two places.

    Raises:
        UsageError: neither or both, or the file cannot be read.
    """
    if (text is None) == (file is None):
        raise UsageError("expected either --text or --text-file")
    if file is None:
        return text or ""
    try:
        return file.read_text("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8") from None


def _options(defaults: CampaignOptions, **given: Any) -> CampaignOptions:
    """The file's options, with those given on the command line in their place."""
    return replace(defaults, **{key: value for key, value in given.items() if value is not None})


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
        if following is None and newest.state is not CampaignState.FINISHED:
            raise CampaignError(
                f"campaign {newest.name} is not finished: resume it with --name {newest.name}"
            )
        newest = following
    return name if number == 1 else f"{name}-{number}"
