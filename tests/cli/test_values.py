"""What is written on the command line, read."""

from __future__ import annotations

import pytest
import typer

from smppcast.campaign.options import Hold, Resend
from smppcast.cli.values import duration, source_address, unknown_policy
from smppcast.smpp.vocabulary import Npi, Ton


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GOUV", ("GOUV", Ton.ALPHANUMERIC, Npi.UNKNOWN)),
        ("+33123456789", ("33123456789", Ton.INTERNATIONAL, Npi.ISDN)),
        ("36111", ("36111", Ton.NETWORK_SPECIFIC, Npi.UNKNOWN)),
        ("36111:network_specific:isdn", ("36111", Ton.NETWORK_SPECIFIC, Npi.ISDN)),
        ("36111:3:1", ("36111", Ton.NETWORK_SPECIFIC, Npi.ISDN)),
    ],
)
def test_a_sender_tells_its_kind(text: str, expected: tuple[str, int, int]) -> None:
    source = source_address(text)

    assert (source.addr, source.ton, source.npi) == expected


@pytest.mark.parametrize("text", ["A NAME TOO LONG", "GOUV:nothing:isdn", ""])
def test_what_is_no_sender_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        source_address(text)


def test_unknowns_are_sent_again_or_held() -> None:
    assert unknown_policy("resend") == Resend()
    assert unknown_policy("hold:30m") == Hold(1800.0)


@pytest.mark.parametrize("text", ["hold", "hold:", "hold:30", "drop", "resend:1m"])
def test_other_policies_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        unknown_policy(text)


def test_durations_have_units() -> None:
    assert duration("1h30m") == 5400
    with pytest.raises(typer.BadParameter, match="expected a duration such as"):
        duration("30")
