"""Fields are held to the specification: each wrong one has its status, and the link goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from smppcast.errors import DecodeError
from smppcast.smpp import (
    BroadcastSm,
    DataSm,
    DistributionList,
    Pdu,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    Tlvs,
    encode,
)
from smppcast.smsc import serve
from smppcast.smsc.checks import read
from tests.smsc.raw_esme import bound_esme

TO = "33612345678"
WRONG: list[tuple[dict[str, Any], int]] = [
    ({"source_addr_ton": 7}, 0x48),
    ({"source_addr_npi": 2}, 0x49),
    ({"dest_addr_ton": 8}, 0x50),
    ({"dest_addr_npi": 255}, 0x51),
    ({"destination_addr": ""}, 0x0B),
    ({"esm_class": 0x04}, 0x43),
    ({"esm_class": 0x20}, 0x43),
    ({"esm_class": 0x3C}, 0x43),
    ({"priority_flag": 5}, 0x06),
    ({"schedule_delivery_time": "tomorrow"}, 0x61),
    ({"schedule_delivery_time": "260230120000000+"}, 0x61),
    ({"validity_period": "000000000000001R"}, 0x62),
    ({"registered_delivery": 0x20}, 0x07),
    ({"replace_if_present_flag": 2}, 0x54),
    ({"sm_default_msg_id": 1}, 0x63),
    ({"short_message": b"Hi", "tlvs": Tlvs(message_payload=b"Hi")}, 0x01),
]
GOOD: list[dict[str, Any]] = [
    {"source_addr_ton": 6, "source_addr_npi": 18, "dest_addr_ton": 6, "dest_addr_npi": 14},
    {"esm_class": 0xC3},
    {"esm_class": 0x08},
    {"esm_class": 0x10},
    {"priority_flag": 4},
    {"schedule_delivery_time": "260228120000000+", "validity_period": "000001000000000R"},
    {"registered_delivery": 0x1F},
    {"replace_if_present_flag": 1},
    {"data_coding": 0xF5},
    {"service_type": "xyz"},
    {"tlvs": Tlvs(message_payload=b"Hi")},
    {"short_message": b"Hi"},
]


def carried(pdu: Pdu, fields: dict[str, Any]) -> Pdu | None:
    """`pdu` with these fields; None where it has not all of them."""
    known = type(pdu).__dataclass_fields__
    return replace(pdu, **fields) if all(name in known for name in fields) else None


CARRIERS: list[Pdu] = [
    SubmitSm(destination_addr=TO),
    DataSm(destination_addr=TO),
    SubmitMulti(dest_address=(SmeAddress(1, 1, TO),)),
    ReplaceSm(message_id="1"),
    BroadcastSm(),
]


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda pdu: pdu.command)
def test_each_field_is_checked_wherever_it_stands(carrier: Pdu) -> None:
    assert read(encode(carrier)) == carrier
    checked = 0
    for fields, status in WRONG:
        pdu = carried(carrier, fields)
        text_twice = status == 0x01 and not isinstance(carrier, SubmitSm | SubmitMulti)
        if pdu is None or text_twice:
            continue
        checked += 1
        with pytest.raises(DecodeError) as refused:
            read(encode(pdu))
        assert (refused.value.command_status, refused.value.command_id) == (status, carrier.command_id)
    assert checked > 3
    for fields in GOOD:
        pdu = carried(carrier, fields)
        assert pdu is None or read(encode(pdu)) == pdu


def test_a_submit_multi_needs_a_destination() -> None:
    with pytest.raises(DecodeError) as refused:
        read(encode(SubmitMulti()))
    assert refused.value.command_status == 0x33
    lists = SubmitMulti(dest_address=(DistributionList("friends"),))
    assert read(encode(lists)) == lists


@pytest.mark.anyio
async def test_wrong_submits_are_refused_in_bulk_as_one_by_one() -> None:
    """Each wrong field twice around a good submit: the batch codec may not learn what is wrong."""
    wrong = [
        SubmitSm(destination_addr=TO, **{"short_message": b"x", **fields})
        for fields, _ in WRONG
        if "destination_addr" not in fields
    ]
    wrong.append(SubmitSm(short_message=b"x"))
    statuses = [status for fields, status in WRONG if "destination_addr" not in fields] + [0x0B]
    good = SubmitSm(destination_addr=TO, short_message=b"x")
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        for pdu, status in zip(wrong, statuses, strict=True):
            body, fine = encode(pdu)[16:], encode(good)[16:]
            for each in (body, fine, body):
                await esme.send(4, each)
            answers = sorted(await esme.read_many(3), key=lambda frame: frame.number)
            assert [frame.status for frame in answers] == [status, 0, status]
        account = smsc.account
        assert (account.submitted, account.accepted) == (3 * len(wrong), len(wrong))
        assert account.refused == Counter(2 * statuses)
        assert account.malformed == 0
        assert account.order() == 3 * (len(wrong) - 1) * [TO] + ["", TO, ""]
        assert account.destinations() == {TO: len(account.order()) - 2}
