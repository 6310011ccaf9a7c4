"""`smppcast segments`: what a text costs, and why."""

from __future__ import annotations

import json as codec
import unicodedata
from typing import Annotated, Any

import typer

from smppcast.cli.parameters import Debug, EncodingName, Json
from smppcast.text import Split, split

__all__ = ["EXAMPLE", "segments"]

EXAMPLE = "Example: smppcast segments 'Crue attendue : montez à l\u2019étage'"

_UNITS = {"gsm": "septets", "ascii": "septets", "latin1": "octets", "ucs2": "16-bit units"}
_ENCODINGS = {
    "gsm": "GSM 03.38 default alphabet",
    "ucs2": "UCS-2",
    "latin1": "Latin-1",
    "ascii": "ASCII",
}


def segments(
    text: Annotated[str, typer.Argument(help="The text.")],
    *,
    encoding: Annotated[EncodingName, typer.Option()] = EncodingName.AUTO,
    transliterate: Annotated[
        bool, typer.Option("--transliterate", help="Plain quotes and dashes where that saves segments.")
    ] = False,
    national: Annotated[
        str | None, typer.Option(help="A language whose shift tables may be used: turkish, spanish, …")
    ] = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Show how a text is encoded and cut into segments, and what forces UCS-2."""
    found = split(text, encoding.value, transliterate=transliterate, national=national)
    plainer = split(text, encoding.value, transliterate=True, national=national)
    print(codec.dumps(_as_dict(found, plainer), ensure_ascii=False) if json else _as_text(found, plainer))


def _as_dict(found: Split, plainer: Split) -> dict[str, Any]:
    return {
        "encoding": found.encoding,
        "data_coding": found.data_coding,
        "count": len(found.segments),
        "units": found.units,
        "left": found.left,
        "segments": [
            {"text": part.text, "characters": len(part.text), "octets": len(part.short_message)}
            for part in found.segments
        ],
        "forced_by": [
            {"character": char, "code": f"U+{ord(char):04X}", "name": _name(char)} for char in found.forced_by
        ],
        "transliterated": {"encoding": plainer.encoding, "count": len(plainer.segments)},
    }


def _as_text(found: Split, plainer: Split) -> str:
    units = _UNITS[found.encoding]
    count = len(found.segments)
    coding = f"{_ENCODINGS[found.encoding]} (data_coding {found.data_coding})"
    lines = [f"{_count(count)}: {coding}, {found.units:,} {units}, room for {found.left} more in the last"]
    lines += [
        f"{number:>3}  {len(part.text):>3} characters  {part.text!r}"
        for number, part in enumerate(found.segments, 1)
    ]
    lines += [f"UCS-2 because of {char!r} U+{ord(char):04X} {_name(char)}" for char in found.forced_by]
    if len(plainer.segments) < count:
        lines.append(f"with --transliterate: {_count(len(plainer.segments))}, {_ENCODINGS[plainer.encoding]}")
    return "\n".join(lines)


def _count(segments: int) -> str:
    return f"{segments} segment{'s' if segments > 1 else ''}"


def _name(char: str) -> str:
    return unicodedata.name(char, "without a name")
