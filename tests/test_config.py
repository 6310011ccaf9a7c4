"""The configuration file: what it says, what is said of its faults, and what is never said."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from smppcast.config import Settings, json_schema, load
from smppcast.errors import ConfigError, ConfigFaults
from smppcast.smpp.vocabulary import InterfaceVersion, Npi, Ton

FIXTURES = Path(__file__).parents[1] / "fixtures" / "config"
SECRET = "hunter2"


def write(folder: Path, text: str) -> Path:
    path = folder / "smppcast.yaml"
    path.write_text(dedent(text).lstrip())
    return path


def operator(folder: Path, lines: str, env: dict[str, str] | None = None) -> Any:
    """The one operator of a file with these lines in it."""
    text = "ledger: sqlite:///l.db\noperators:\n  orange:\n    url: smpp://caster@127.0.0.1\n"
    text += "".join(f"    {line}\n" for line in dedent(lines).strip().splitlines())
    path = folder / "smppcast.yaml"
    path.write_text(text)
    return load(path, env or {}).operators["orange"]


def faults(path: Path, env: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, env or {})
    errors = caught.value.faults if isinstance(caught.value, ConfigFaults) else (caught.value,)
    assert str(caught.value) == "\n".join(map(str, errors))
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)
    return [str(error).removeprefix(f"{path}:") for error in errors]


def test_the_smallest_file_has_defaults_for_the_rest() -> None:
    settings = load(FIXTURES / "minimal.yaml", {})
    orange = settings.operators["orange"]
    assert settings.ledger == FIXTURES / "ledger.db"
    assert (settings.country, settings.unknowns.hold, settings.settle) == (None, None, 60.0)
    assert (orange.system_id, str(orange.address), orange.address.tls) == ("caster", "127.0.0.1:2775", None)
    assert (orange.binds.transceiver, orange.binds.total, orange.window, orange.rate) == (1, 1, 10, None)
    assert (orange.dest.ton, orange.dest.npi) == (Ton.INTERNATIONAL, Npi.ISDN)
    assert (orange.interface_version, orange.registered_delivery) == (InterfaceVersion.V3_4, 1)
    assert orange.time_zone is UTC


def test_every_setting_can_be_set() -> None:
    settings = load(FIXTURES / "full.yaml", {"ORANGE_PASSWORD": SECRET})
    assert (settings.durability, settings.retention) == ("relaxed", 30 * 86_400)
    assert settings.suppress == (FIXTURES / "lists" / "optout.txt",)
    orange, sfr = settings.operators["orange"], settings.operators["sfr"]
    assert settings.ledger == FIXTURES / "state" / "ledger.db"
    assert (settings.country, settings.unknowns.hold, settings.settle) == ("FR", 1800.0, 120.0)
    assert settings.campaign.model_dump() == {"validity_period": 86400.0, "priority_flag": 1, "flash": True}
    assert orange.password.get_secret_value() == SECRET
    assert sfr.password.get_secret_value() == "s3cret"
    assert orange.prefixes == ("3367", "3368")
    assert (orange.source.addr, orange.source.ton, orange.source.npi) == ("GOUV", 5, 0)
    assert (orange.dest.ton, orange.dest.npi) == (Ton.NATIONAL, Npi.NATIONAL)
    assert orange.timers.model_dump() == {
        "bind": 10,
        "enquire_link": 15,
        "enquire_link_response": 5,
        "response": 20,
        "inactivity": 3600,
        "unbind": 2,
    }
    assert orange.address.tls is not None
    assert (orange.address.port, orange.address.tls.server_name) == (3551, "smsc")
    assert (sfr.rate, str(sfr.address)) == (None, "127.0.0.1:2775")
    at_default = {
        name
        for name, field in type(orange).model_fields.items()
        if getattr(orange, name) == field.get_default() and name != "password_file"
    }
    assert not at_default  # the fixture shows them all


def test_secrets_are_in_no_repr() -> None:
    settings = load(FIXTURES / "full.yaml", {"ORANGE_PASSWORD": SECRET})
    assert SECRET not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


def test_all_faults_are_found_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        ledger: mysql://localhost
        operatorz: {}
        country: XX
        unknowns: drop
        settle: 60
        operators:
          orange:
            url: http://user:hunter2@127.0.0.1:2775
            windwo: 12
            rate: -1
            passwd: hunter2
            password: hunter2hunter2
            source: {ton: alfanumeric, nip: 1}
            binds: {transmitter: x}
            prefixes: 33
            default_alphabet: gms
          sfr: hello
          free:
            window: 0
            password: [hunter2]
            prefixes:
              - "336"
              - "0033"
        """,
    )
    assert faults(path) == [
        (
            "1: ledger = 'mysql://localhost': expected sqlite:///FILE, from this file's folder, "
            "or sqlite:////ABSOLUTE/FILE"
        ),
        "2: operatorz: unknown key: did you mean operators?",
        "3: country = 'XX': expected two letters of ISO 3166, such as FR",
        "4: unknowns = 'drop': expected resend, or hold: DURATION",
        "5: settle = '60': expected a duration such as 500ms, 30s, 10m, 2h or 30d",
        "7: operators.orange: expected the password in one place: in url, in password or in a file",
        "17: operators.sfr = 'hello': expected a mapping of keys to values",
        "18: operators.free.url: is missing",
        "19: operators.free.window = '0': expected greater than or equal to 1",
        "20: operators.free.password: expected a valid string",
        "21: operators.free.prefixes: expected 1 to 15 digits of an international number, without 00",
    ]
    path.write_text(path.read_text().replace(":hunter2@", "@"))
    assert faults(path)[5:13] == [
        "8: operators.orange.url = 'http://user@127.0.0.1:2775': expected smpp://SYSTEM_ID@HOST:PORT, or smpps://",
        "9: operators.orange.windwo: unknown key: did you mean window?",
        "10: operators.orange.rate = '-1': expected greater than 0",
        "11: operators.orange.passwd: unknown key: did you mean password?",
        "12: operators.orange.password: expected at most 8 characters (SMPP 3.4, 5.2.2), not 14",
        (
            "13: operators.orange.source.ton = 'alfanumeric': expected unknown, international, national, "
            "network_specific, subscriber_number, alphanumeric, abbreviated, or a number"
        ),
        "13: operators.orange.source.nip: unknown key: did you mean npi?",
        "14: operators.orange.binds.transmitter = 'x': expected a valid integer",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: ledger: is missing"),
        ("- a\n", "1: expected a mapping of keys to values"),
        ("ledger: [\n", "2: is no YAML"),
        ("ledger: a\n--- b\n", "2: is no YAML"),
        ("ledger: sqlite:///l.db\noperators: {}\n", "2: operators: "),
        ("ledger: sqlite:///l.db\nledger: b\n", "2: ledger: stands here a second time, first in line 1"),
        ("a: &a {b: *a}\n", "1: a.b: holds itself"),
        ("[a]: b\n", "1: expected a text as key"),
        ("ledger: ${LEDGER}\n", "1: ledger: the environment has no variable LEDGER"),
        ("ledger: ${no name}\n", "1: ledger: expected ${NAME}"),
        ("passwords: hunter2: hunter2\n", "1: is no YAML: mapping values are not allowed here"),
    ],
)
def test_a_file_that_is_none_is_told_so(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "smppcast.yaml"
    path.write_text(text)
    assert any(found.startswith(fault) for found in faults(path))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"ledger: a\n# \xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2: is not UTF-8"):
        load(path)


def test_two_operators_with_one_prefix_are_found_by_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        ledger: sqlite:///l.db
        operators:
          orange: {url: "smpp://a@b", prefixes: ["336"]}
          sfr:
            url: smpp://a@b
            prefixes: ["336"]
        """,
    )
    assert faults(path) == ["6: operators.sfr.prefixes = '336': orange has it too"]


def test_the_environment_fills_in(tmp_path: Path) -> None:
    lines = """
        url: smpp://${USER_:-caster}@${HOST}
        password: ${PASSWORD}
        system_type: $${x}
        service_type: ${NONE:-}
        """
    path = tmp_path / "smppcast.yaml"
    path.write_text(
        "ledger: sqlite:///l.db\noperators:\n  orange:\n"
        + "".join(f"    {line}\n" for line in dedent(lines).split("\n"))
    )
    orange = load(path, {"HOST": "smsc", "PASSWORD": "a: #b"}).operators["orange"]
    assert (orange.system_id, str(orange.address)) == ("caster", "smsc:2775")
    assert (orange.password.get_secret_value(), orange.system_type) == ("a: #b", "${x}")
    assert orange.service_type == ""


def test_a_value_from_the_environment_is_shown_as_it_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, "ledger: ${LEDGER}\noperators: {o: {url: 'smpp://a@b'}}")
    (fault,) = faults(path, {"LEDGER": SECRET})
    assert fault.startswith("1: ledger = '${LEDGER}': expected sqlite:")


def test_the_password_may_lie_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\r\n")
    orange = operator(tmp_path, "password_file: secret")
    assert orange.password.get_secret_value() == SECRET
    with pytest.raises(
        ConfigError, match=r"6: operators\.orange\.password_file = 'secret': expected password or"
    ):
        operator(tmp_path, "password: x\npassword_file: secret")
    with pytest.raises(ConfigError, match="password_file = 'none': cannot be read: No such file"):
        operator(tmp_path, "password_file: none")


def test_a_password_in_the_url_is_taken_out_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, "ledger: sqlite:///l.db\noperators: {o: {url: 'smpp://a%40b:p%3Aw@h:1'}}")
    (found,) = load(path, {}).operators.values()
    assert (found.url, found.system_id, found.password.get_secret_value()) == (
        "smpp://a%40b@h:1",
        "a@b",
        "p:w",
    )


def test_defaults_may_be_shared_by_anchors(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        ledger: sqlite:///l.db
        operators:
          orange: &defaults
            url: smpp://a@b
            window: 50
            rate: 7
          sfr:
            <<: *defaults
            rate: fast
        """,
    )
    assert faults(path) == ["9: operators.sfr.rate = 'fast': expected a valid number"]
    path.write_text(path.read_text().replace("fast", "8"))
    sfr = load(path, {}).operators["sfr"]
    assert (sfr.window, sfr.rate, sfr.url) == (50, 8.0, "smpp://a@b")


def test_files_of_certificates_lie_beside_and_must_exist(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = "ledger: sqlite:///l.db\noperators: {o: {url: 'smpps://a@b', tls: {ca: %s}}}"
    tls = load(write(tmp_path, text % "ca.pem"), {}).operators["o"].address.tls
    assert tls is not None
    assert tls.ca == str(tmp_path / "ca.pem")
    assert faults(write(tmp_path, text % "none.pem")) == [
        "2: operators.o.tls.ca = 'none.pem': expected a file that exists"
    ]


def test_scalars_mean_what_their_setting_reads(tmp_path: Path) -> None:
    path = write(
        tmp_path, "ledger: sqlite:///l.db\ncountry: NO\noperators: {1: {url: 'smpp://a@b', password: 0123}}"
    )
    settings = load(path, {})
    assert settings.country == "NO"
    assert settings.operators["1"].password.get_secret_value() == "0123"


def test_the_schema_describes_every_setting() -> None:
    schema = json_schema()
    json.dumps(schema)
    assert schema["properties"].keys() == Settings.model_fields.keys()
    for name, model in {"": schema, **schema["$defs"]}.items():
        if model.get("type") != "object":
            continue
        assert model["additionalProperties"] is False
        for key, setting in model["properties"].items():
            assert setting.get("description"), f"{name}.{key}"


def test_an_offset_is_a_time_zone(tmp_path: Path) -> None:
    zone = operator(tmp_path, "receipt_time_zone: -03:30").time_zone
    assert zone.utcoffset(None) == -timedelta(hours=3, minutes=30)
    with pytest.raises(ConfigError, match="expected a zone such as"):
        operator(tmp_path, "receipt_time_zone: Paris")
