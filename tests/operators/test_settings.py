"""An operator's settings as a program makes them, without a file."""

from __future__ import annotations

from zoneinfo import ZoneInfoNotFoundError

import pytest
from pydantic import SecretStr, ValidationError

from smppcast.operators import scalars
from smppcast.operators.settings import (
    AutoRate,
    AutoWindow,
    Binds,
    OperatorSettings,
    Quota,
    SourceAddress,
    Timers,
)
from smppcast.smpp.vocabulary import Ton


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
        ("quota", 0),
        ("quota", {"zone": "UTC"}),
        ("quota", {"per_day": 5, "zone": "Paris"}),
        ("shares", {0: 0.6, 10: 0.5}),
        ("shares", {0: 0.0}),
    ],
)
def test_what_cannot_work_is_refused(setting: str, value: object) -> None:
    with pytest.raises(ValidationError):
        OperatorSettings.model_validate({"url": "smpp://u@h", setting: value})


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("binds", 2, "no transceivers"),
        ("binds", {"transmitter": 1, "transceiver": 1}, "no transceivers"),
        ("long_messages", "sar", "no TLVs"),
        ("long_messages", "payload", "no TLVs"),
        ("user_message_reference", True, "no TLVs"),
    ],
)
def test_an_operator_of_smpp_3_3_is_asked_for_nothing_newer(
    setting: str, value: object, problem: str
) -> None:
    plain = {"url": "smpp://u@h", "binds": {"transmitter": 1, "receiver": 1}, "interface_version": "3.3"}
    settings = OperatorSettings.model_validate({**plain, "long_messages": "udh16"})
    assert settings.binds.transceiver == 0
    with pytest.raises(ValidationError, match=f"SMPP 3.3 has {problem}"):
        OperatorSettings.model_validate({**plain, setting: value})
    OperatorSettings.model_validate({**plain, setting: value, "interface_version": "3.4"})


def made(url: str, rate: object) -> OperatorSettings:
    return OperatorSettings.model_validate({"url": url, "rate": rate})


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_an_automatic_rate_needs_no_ceiling_on_loopback(host: str) -> None:
    assert made(f"smpp://us@{host}:2775", "auto").rate == AutoRate()


def test_an_automatic_rate_has_a_ceiling_elsewhere() -> None:
    with pytest.raises(ValidationError, match=r"expected \{ceiling: RATE\}"):
        made("smpp://us@smsc.example:2775", "auto")
    with pytest.raises(ValidationError, match=r"expected \{ceiling: RATE\}"):
        made("smpp://us@10.0.0.1:2775", {"floor": 5})
    found = made("smpp://us@smsc.example:2775", {"floor": 5, "ceiling": 200})
    assert found.rate == AutoRate(floor=5, ceiling=200)
    with pytest.raises(ValidationError, match="expected floor below ceiling"):
        made("smpp://us@127.0.0.1", {"floor": 50, "ceiling": 20})


def test_an_automatic_window_has_a_ceiling_of_its_own() -> None:
    assert OperatorSettings.model_validate({"url": "smpp://us@h", "window": "auto"}).window == AutoWindow()
    found = OperatorSettings.model_validate({"url": "smpp://us@h", "window": {"ceiling": 50}})
    assert found.window == AutoWindow(ceiling=50)
    with pytest.raises(ValidationError):
        OperatorSettings.model_validate({"url": "smpp://us@h", "window": {"ceiling": 0}})


def test_a_quota_is_a_number_or_names_its_zone() -> None:
    made = OperatorSettings.model_validate({"url": "smpp://us@h", "quota": "2_000_000"})
    assert made.quota == Quota(per_day=2_000_000, zone="UTC")
    made = OperatorSettings.model_validate({"url": "smpp://us@h", "quota": {"per_day": 5, "zone": "+02:00"}})
    assert made.quota == Quota(per_day=5, zone="+02:00")


def test_a_machine_without_time_zones_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(key: str) -> None:
        raise ZoneInfoNotFoundError(key)

    monkeypatch.setattr(scalars, "ZoneInfo", unknown)
    monkeypatch.setattr(scalars, "available_timezones", set)
    with pytest.raises(ValidationError, match=r"no time zone data.*tzdata"):
        Quota(per_day=5, zone="Europe/Paris")
    assert Quota(per_day=5, zone="+02:00").per_day == 5
