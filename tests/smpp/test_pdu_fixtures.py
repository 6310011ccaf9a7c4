"""PDUs of our own making, and as independent packages send them: read field by field, and written back."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from smppcast.smpp import Pdu, decode, encode
from smppcast.smpp.vocabulary import CommandId, Tag, command_name

FOLDER = Path(__file__).parents[2] / "fixtures" / "pdus"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


MADE, CAPTURED = rows("made.jsonl"), rows("captured.jsonl")


def plain(value: object) -> object:
    """A field as JSON has it."""
    match value:
        case bytes():
            return {"hex": value.hex()}
        case bool() | None | str():
            return value
        case int():
            return int(value)
        case _:
            return str(value)


def as_row(pdu: Pdu) -> dict[str, object]:
    found = {field.name: plain(getattr(pdu, field.name)) for field in fields(pdu) if field.name != "tlvs"}
    return found | {"tlvs": {str(name): plain(value) for name, value in pdu.tlvs.items()}}


@pytest.mark.parametrize("row", MADE + CAPTURED, ids=lambda row: f"{row['origin']}-{row['command']}")
def test_it_is_read_as_it_was_meant_and_written_as_it_came(row: dict[str, Any]) -> None:
    octets = bytes.fromhex(row["hex"])
    pdu = decode(octets)
    assert command_name(pdu.command_id) == row["command"]
    assert as_row(pdu) == row["fields"]
    assert encode(pdu) == octets


def test_every_command_and_every_tlv_is_there() -> None:
    assert {row["command"] for row in MADE} == {command_name(command) for command in CommandId}
    assert {name for row in MADE for name in row["fields"]["tlvs"]} >= {tag.name for tag in Tag}


def test_each_package_is_there() -> None:
    assert len({row["origin"] for row in CAPTURED}) == 6
