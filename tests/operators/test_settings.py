"""An operator's settings as a program makes them, without a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from smppcast.operators.settings import Binds, OperatorSettings, SourceAddress, Timers, duration
from smppcast.smpp.vocabulary import Ton


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("10m", 600),
        ("2h", 7200),
        ("30d", 2592000),
        ("1h 30m", 5400),
        ("0", 0),
        ("1.5s", 1.5),
    ],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@given(st.text("0123456789.smhd -", max_size=8))
def test_any_other_duration_is_refused(text: str) -> None:
    try:
        assert duration(text) >= 0
    except ValueError as error:
        assert "expected a duration" in str(error)  # noqa: PT017 - most texts are none


@pytest.mark.parametrize("text", ["30", "", "s", "-3s", "1.s", "3 weeks", "3S", "٣s"])
def test_these_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        duration(text)


def test_settings_are_made_in_code() -> None:
    settings = OperatorSettings(
        url="smpp://caster:s3cret@[::1]:2776",
        source=SourceAddress(addr="GOUV", ton=Ton.ALPHANUMERIC),
        binds=Binds(transmitter=2, receiver=1),
        timers=Timers(response=5),
    )
    assert str(settings.address) == "[::1]:2776"
    assert settings.password == SecretStr("s3cret")
    assert settings.binds.total == 3
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "smpp://h:s3cret:x@",
        "http://u:s3cret@h",
        "smpp://u:s3cret@h:99999",
        "smpp://u:s3cret@h/path",
        "smpp://:s3cret@h",
        "smpp://u:s3cretbutlong@h",
        "smpp://sixteencharacter:s3cret@h",
        "u:s3cret@h",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OperatorSettings(url=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("binds", {"receiver": 2}),
        ("source", {"addr": "GOUVERNEMENT", "ton": 5}),
        ("timers", {"response": 0}),
        ("tls", {"verify": False}),  # without smpps://
        ("prefixes", ["+33 6"]),
        ("window", 0),
    ],
)
def test_what_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ValidationError):
        OperatorSettings.model_validate({"url": "smpp://u@h", setting: value})
