"""What this SMSC writes into receipts, read by the product's own reader."""

from __future__ import annotations

from typing import Literal

import pytest

from smppcast.model import MessageState
from smppcast.receipts import parse
from smppcast.smpp import DeliverSm, decode
from smppcast.smsc.bulk import Shape
from smppcast.smsc.dialect import Dialect, echoed
from smppcast.smsc.scenario import Outcome, Receipts
from tests.smsc.raw_esme import DELIVER_SM, pdu

SHAPE = Shape(b"", b"", b"", b"\5\0GO%bUV\0", b"\1\1", 1)
OUTCOMES = [Outcome(state=state, err="012") for state in MessageState]
DATES = (b"2611231830", b"2611231831")


def written(dialect: Dialect, outcomes: bytes, ids: list[bytes]) -> list[DeliverSm]:
    destinations = [b"3361234%02d" % number for number in range(len(ids))]
    columns = [destinations, *([ids] * (dialect.text + dialect.tlv))]
    bodies = dialect.bodies(SHAPE, DATES, outcomes, columns)
    read = [decode(pdu(DELIVER_SM, body), strict=True) for body in bodies]
    return [one for one in read if isinstance(one, DeliverSm)]


@pytest.mark.parametrize("form", ["text", "tlv", "both"])
def test_every_state_and_width_of_id_is_read_as_written(form: Literal["text", "tlv", "both"]) -> None:
    dialect = Dialect(Receipts(form=form), OUTCOMES)
    ids = [b"%d" % 10**number for number in range(len(OUTCOMES))]
    pdus = written(dialect, bytes(range(len(OUTCOMES))), ids)
    assert [one.source_addr for one in pdus] == [f"3361234{number:02d}" for number in range(len(ids))]
    assert {one.destination_addr for one in pdus} == {"GO%bUV"}
    receipts = [parse(one) for one in pdus]
    assert [receipt.message_id for receipt in receipts if receipt] == [one.decode() for one in ids]
    assert [receipt.state for receipt in receipts if receipt] == list(MessageState)


def test_alike_receipts_are_what_they_are_one_by_one() -> None:
    dialect = Dialect(Receipts(), OUTCOMES)
    ids = [b"%04d" % number for number in range(20)]
    together = written(dialect, bytes((2,)) * 20, ids)
    destinations = [b"3361234%02d" % number for number in range(20)]
    alone = [
        dialect.bodies(SHAPE, DATES, b"\2", [[destination], [one], [one]])[0]
        for destination, one in zip(destinations, ids, strict=True)
    ]
    assert together == [decode(pdu(DELIVER_SM, body)) for body in alone]


def test_the_reference_is_echoed_where_there_was_one() -> None:
    dialect = Dialect(Receipts(form="text"), OUTCOMES)
    bodies = dialect.bodies(SHAPE, DATES, b"\2\2", [[b"336", b"337"], [b"1", b"2"]])
    first, second = (decode(pdu(DELIVER_SM, body), strict=True) for body in echoed(bodies, [b"\1\2", b""]))
    assert first.tlvs["user_message_reference"] == 0x102
    assert len(second.tlvs) == 0


@pytest.mark.parametrize(
    ("settings", "written_as"),
    [
        (Receipts(), b"2611231830"),
        (Receipts(dates="seconds"), b"261123183005"),
        (Receipts(dates="century"), b"20261123183005"),
        (Receipts(utc_offset_min=-60), b"2611231730"),
    ],
)
def test_dates(settings: Receipts, written_as: bytes) -> None:
    assert Dialect(settings, OUTCOMES).date(1795458605.25) == written_as


def test_templates_are_bounded() -> None:
    dialect = Dialect(Receipts(form="text"), OUTCOMES)
    for minute in range(2000):
        dialect.bodies(SHAPE, (b"%010d" % minute, b"1"), b"\2", [[b"336"], [b"1"]])
    assert len(dialect._templates) <= 512
