"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Config", "Debug", "EncodingName", "Json"]

Config = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file.", show_default=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and log more.")]


class EncodingName(StrEnum):
    """How a text may be encoded."""

    AUTO = "auto"
    GSM = "gsm"
    UCS2 = "ucs2"
    LATIN1 = "latin1"
    ASCII = "ascii"
