"""How the texts of options are read: durations, senders, policies."""

from __future__ import annotations

import typer
from pydantic import ValidationError

from smppcast.campaign.options import Hold, Reached, Resend, UnknownPolicy
from smppcast.client.addresses import source_of
from smppcast.model import Outcome
from smppcast.operators import scalars
from smppcast.operators.settings import SourceAddress

__all__ = ["duration", "outcome_set", "reached", "source_address", "unknown_policy"]


def duration(text: str) -> float:
    """Seconds of "500ms", "30s", "10m" and the like."""
    try:
        return scalars.duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def source_address(text: str) -> SourceAddress:
    """A sender: ADDR:TON:NPI, or ADDR alone, whose kind is guessed as `client.source_of` does."""
    addr, *kinds = text.rsplit(":", 2) if text.count(":") == 2 else (text,)
    try:
        if kinds:
            return SourceAddress.model_validate({"addr": addr, "ton": kinds[0], "npi": kinds[1]})
        return SourceAddress(**source_of(addr)._asdict())
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def unknown_policy(text: str) -> UnknownPolicy:
    """resend, or hold:DURATION."""
    if text == "resend":
        return Resend()
    word, _, held = text.partition(":")
    if word != "hold" or not held:
        raise typer.BadParameter("expected resend, or hold:DURATION")
    return Hold(duration(held))


def outcome_set(text: str) -> frozenset[Outcome]:
    """Outcomes by their names, with commas between."""
    known = {outcome.value: outcome for outcome in Outcome}
    names = [name.strip() for name in text.split(",")]
    strange = next((name for name in names if name not in known), None)
    if strange is not None:
        raise typer.BadParameter(f"{strange!r} is no outcome: expected {', '.join(known)}")
    return frozenset(known[name] for name in names)


def reached(text: str) -> Reached:
    """A campaign, or CAMPAIGN:OUTCOMES."""
    campaign, _, names = text.partition(":")
    return Reached(campaign, outcome_set(names)) if names else Reached(campaign)
