"""What commands that cast are told beside text and feed: each option once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.options import CampaignOptions, Reached, UnknownPolicy
from smppcast.cli.parameters import EncodingName
from smppcast.cli.values import duration, reached, source_address, unknown_policy
from smppcast.errors import UsageError
from smppcast.operators.settings import SourceAddress

__all__ = [
    "Encoding",
    "Flash",
    "PriorityFlag",
    "Retention",
    "Settle",
    "Source",
    "Suppress",
    "SuppressCampaign",
    "TextFile",
    "Transliterate",
    "Unknowns",
    "Validity",
    "options_of",
    "text_of",
]

Settle = Annotated[
    Any,
    typer.Option(
        parser=duration,
        metavar="DURATION",
        help="Longest wait for receipts after the last answer.",
        show_default="the file's, else 60s",
    ),
]
Source = Annotated[
    Any,
    typer.Option(
        parser=source_address,
        metavar="ADDR",
        help="The sender: GOUV, +33123456789, 36111, or ADDR:TON:NPI.",
        show_default="each operator's",
    ),
]
Validity = Annotated[
    Any,
    typer.Option(parser=duration, metavar="DURATION", help="How long SMSCs try to deliver."),
]
PriorityFlag = Annotated[int | None, typer.Option(min=0, max=3)]
Flash = Annotated[bool | None, typer.Option("--flash/--no-flash", help="Show the text at once, keep it not.")]
Unknowns = Annotated[
    Any,
    typer.Option(
        parser=unknown_policy,
        metavar="resend|hold:DURATION",
        help="What becomes of a segment that was sent, perhaps, and never answered.",
        show_default="the file's, else resend",
    ),
]
Encoding = Annotated[EncodingName, typer.Option()]
Transliterate = Annotated[
    bool,
    typer.Option("--transliterate", help="Plain quotes and dashes where that saves segments."),
]
Suppress = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Numbers that get no message, beside the configuration's: one a line, or CSV or NDJSON. "
        "May be given several times, as the next.",
    ),
]
SuppressCampaign = Annotated[
    list[Any] | None,
    typer.Option(
        parser=reached,
        metavar="NAME[:OUTCOMES]",
        help="Leave out whom that campaign reached: who has it delivered, or came to these outcomes.",
    ),
]
TextFile = Annotated[
    Path | None, typer.Option(help="A UTF-8 file with the text; one line end behind it does not count.")
]

Retention = Annotated[
    Any,
    typer.Option(
        parser=duration,
        metavar="DURATION",
        help="How long the ledger keeps its recipients; then smppcast ledger purge forgets them.",
        show_default="the file's",
    ),
]


def options_of(
    defaults: CampaignOptions,
    *,
    source: SourceAddress | None,
    validity: float | None,
    priority_flag: int | None,
    flash: bool | None,
    unknowns: UnknownPolicy | None,
    encoding: EncodingName,
    transliterate: bool,
    suppress: Sequence[Path] | None,
    suppress_campaign: Sequence[Reached] | None,
    retention: float | None,
) -> CampaignOptions:
    """The file's options, with those given on the command line in their place; lists add up."""
    given: dict[str, Any] = {
        "source": source,
        "validity_s": validity,
        "priority_flag": priority_flag,
        "flash": flash,
        "unknowns": unknowns,
        "encoding": encoding.value,
        "transliterate": transliterate or None,
        "suppress": (*defaults.suppress, *(suppress or ())),
        "suppress_reached": tuple(suppress_campaign or ()),
        "retention_s": retention,
    }
    return replace(defaults, **{key: value for key, value in given.items() if value is not None})


def text_of(text: str | None, file: Path | None) -> str:
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
