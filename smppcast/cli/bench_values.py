"""How the texts of `bench`'s options are read."""

from __future__ import annotations

import math

import typer

from smppcast.cli.values import duration
from smppcast.smpp.vocabulary import InterfaceVersion

__all__ = ["rate", "seconds", "share", "some_seconds", "version"]

_VERSIONS = {"3.3": InterfaceVersion.V3_3, "3.4": InterfaceVersion.V3_4, "5.0": InterfaceVersion.V5_0}


def rate(text: str) -> float:
    """Submits a second; infinite for `max`."""
    try:
        found = math.inf if text == "max" else float(text)
    except ValueError:
        found = 0.0
    if not found > 0 or (math.isinf(found) and text != "max"):
        raise typer.BadParameter("expected submits a second, more than 0, or max")
    return found


def seconds(text: str) -> float:
    """A duration; a bare number is seconds, as in other programs that measure."""
    return duration(f"{text}s" if text.strip()[-1:].isdigit() else text)


def some_seconds(text: str) -> float:
    """As `seconds`, and more than none."""
    found = seconds(text)
    if not found:
        raise typer.BadParameter("expected more than 0")
    return found


def share(text: str) -> float:
    """0.001 of "0.1%"."""
    try:
        found = float(text.removesuffix("%")) / 100
    except ValueError:
        found = -1.0
    if not text.endswith("%") or not 0 <= found < 1:
        raise typer.BadParameter("expected a percentage below 100, such as 0.1%")
    return found


def version(text: str) -> InterfaceVersion:
    """An interface_version."""
    if text not in _VERSIONS:
        raise typer.BadParameter(f"expected {', '.join(_VERSIONS)}")
    return _VERSIONS[text]
