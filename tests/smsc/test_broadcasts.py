"""Cell broadcasts: taken in, repeated until they end, queried, cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from smppcast.smpp import (
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    Pdu,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
    Tlvs,
    decode,
    encode,
)
from smppcast.smsc.broadcasts import KEPT_MAX, Broadcasts
from tests.smsc.made import timed
from tests.smsc.raw_esme import RESPONSE, RawEsme, bound_esme, pdu

pytestmark = pytest.mark.anyio

PARIS, LYON = b"\0Paris", b"\0Lyon"
EVERY_MINUTE = b"\x09\x00\x01"
ROK, RINVMSGID, RMISSINGTLV, RBCASTCANCELFAIL = 0, 0x0C, 0xC3, 0x10F
SCHEDULED, ENROUTE, DELIVERED, DELETED = 0, 1, 2, 4


def tlvs(*areas: bytes, **others: Any) -> Tlvs:
    usual = {
        "broadcast_content_type": b"\x01\x00\x00",
        "broadcast_rep_num": 10,
        "broadcast_frequency_interval": EVERY_MINUTE,
    }
    pairs = [("broadcast_area_identifier", area) for area in areas]
    pairs += [(name, value) for name, value in {**usual, **others}.items() if value is not None]
    return Tlvs(pairs)


async def ask(esme: RawEsme, asked: Pdu) -> Pdu:
    frame = await esme.ask(asked.command_id, encode(asked)[16:])
    assert frame.command_id == asked.command_id | RESPONSE
    return decode(pdu(frame.command_id, frame.body, number=frame.number, status=frame.status), strict=True)


async def state(esme: RawEsme, message_id: str) -> Any:
    answer = await ask(esme, QueryBroadcastSm(message_id=message_id))
    assert answer.command_status == ROK
    return answer.tlvs["message_state"]


async def test_a_broadcast_is_repeated_until_it_ends() -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        areas = tlvs(PARIS, LYON, user_message_reference=7)
        answer = await ask(esme, BroadcastSm(source_addr="GOUV", tlvs=areas))
        assert isinstance(answer, BroadcastSmResp)
        assert answer.message_id
        query = QueryBroadcastSm(message_id=answer.message_id, source_addr="GOUV")
        told = await ask(esme, query)
        assert isinstance(told, QueryBroadcastSmResp)
        assert (told.message_id, told.tlvs["message_state"]) == (answer.message_id, ENROUTE)
        assert told.tlvs.getall("broadcast_area_identifier") == (PARIS, LYON)
        assert told.tlvs.getall("broadcast_area_success") == (100, 100)
        assert told.tlvs["user_message_reference"] == 7
        assert "broadcast_end_time" not in told.tlvs
        made.passes(599)
        assert await state(esme, answer.message_id) == ENROUTE
        made.passes(1)
        ended = await ask(esme, query)
        assert ended.tlvs["message_state"] == DELIVERED
        assert len(str(ended.tlvs["broadcast_end_time"])) == 16
        others = made.smsc.account.other_requests
        assert (others["broadcast_sm"], others["query_broadcast_sm"]) == (1, 3)
        assert made.smsc.account.submitted == 0


async def test_without_repetitions_it_goes_on_until_its_validity_ends() -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        later = BroadcastSm(
            schedule_delivery_time="000000010000000R",
            validity_period="000000020000000R",
            tlvs=tlvs(PARIS, broadcast_rep_num=0),
        )
        answer = await ask(esme, later)
        assert isinstance(answer, BroadcastSmResp)
        name = answer.message_id or ""
        seen = [await state(esme, name)]
        told = await ask(esme, QueryBroadcastSm(message_id=name))
        assert told.tlvs["broadcast_area_success"] == 255
        for seconds in (3600, 3599, 1):
            made.passes(seconds)
            seen.append(await state(esme, name))
        assert seen == [SCHEDULED, ENROUTE, ENROUTE, DELIVERED]


async def test_cancelled_by_its_id_or_with_all_of_its_sender() -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        names = []
        for source, content in (("GOUV", b"\0\0\0"), ("GOUV", b"\1\0\1"), ("OTHER", b"\0\0\0")):
            asked = BroadcastSm(source_addr=source, tlvs=tlvs(PARIS, broadcast_content_type=content))
            answer = await ask(esme, asked)
            assert isinstance(answer, BroadcastSmResp)
            names.append(answer.message_id or "")
        one = CancelBroadcastSm(message_id=names[0])
        assert (await ask(esme, one)).command_status == ROK
        assert (await ask(esme, one)).command_status == RBCASTCANCELFAIL
        kind = CancelBroadcastSm(source_addr="GOUV", tlvs=Tlvs(broadcast_content_type=b"\1\0\2"))
        assert (await ask(esme, kind)).command_status == RBCASTCANCELFAIL
        assert (await ask(esme, CancelBroadcastSm(source_addr="GOUV"))).command_status == ROK
        assert [await state(esme, name) for name in names] == [DELETED, DELETED, ENROUTE]
        made.passes(600)
        last = CancelBroadcastSm(message_id=names[2])
        assert (await ask(esme, last)).command_status == RBCASTCANCELFAIL
        for wrong in (QueryBroadcastSm(message_id="x"), CancelBroadcastSm(message_id="x")):
            assert (await ask(esme, wrong)).command_status == RINVMSGID
        stranger = QueryBroadcastSm(message_id=names[0], source_addr="OTHER")
        assert (await ask(esme, stranger)).command_status == RINVMSGID
        async with bound_esme(made.smsc.port, system_id="another", version=0x50) as another:
            assert (await ask(another, QueryBroadcastSm(message_id=names[0]))).command_status == RINVMSGID


async def test_a_running_one_is_replaced_under_its_id() -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        first = await ask(esme, BroadcastSm(tlvs=tlvs(PARIS)))
        assert isinstance(first, BroadcastSmResp)
        name = first.message_id or ""
        again = await ask(esme, BroadcastSm(message_id=name, tlvs=tlvs(LYON)))
        assert isinstance(again, BroadcastSmResp)
        assert again.message_id == name
        told = await ask(esme, QueryBroadcastSm(message_id=name))
        assert told.tlvs.getall("broadcast_area_identifier") == (LYON,)
        made.passes(600)
        late = await ask(esme, BroadcastSm(message_id=name, tlvs=tlvs(PARIS)))
        assert late.command_status == RINVMSGID


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (tlvs(), 0x10A),
        (tlvs(b"\3Nowhere"), 0x109),
        (tlvs(PARIS, broadcast_content_type=None), RMISSINGTLV),
        (tlvs(PARIS, broadcast_content_type=b"\x04\0\0"), 0x10B),
        (tlvs(PARIS, broadcast_rep_num=None), RMISSINGTLV),
        (tlvs(PARIS, broadcast_frequency_interval=None), RMISSINGTLV),
        (tlvs(PARIS, broadcast_frequency_interval=b"\x01\0\1"), 0x107),
        (tlvs(PARIS, broadcast_channel_indicator=2), 0x112),
        (tlvs(PARIS, broadcast_message_class=4), 0x10C),
    ],
)
async def test_what_is_missing_or_without_meaning_is_refused(given: Tlvs, status: int) -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        assert (await ask(esme, BroadcastSm(tlvs=given))).command_status == status


async def test_areas_in_an_unknown_format_are_told_and_left_out() -> None:
    async with timed() as made, bound_esme(made.smsc.port, version=0x50) as esme:
        answer = await ask(esme, BroadcastSm(tlvs=tlvs(b"\3Nowhere", PARIS)))
        assert isinstance(answer, BroadcastSmResp)
        assert answer.tlvs == Tlvs(
            [("broadcast_error_status", 0x109), ("broadcast_area_identifier", b"\3Nowhere")]
        )
        told = await ask(esme, QueryBroadcastSm(message_id=answer.message_id or ""))
        assert told.tlvs.getall("broadcast_area_identifier") == (PARIS,)


@pytest.mark.parametrize(("ours", "theirs"), [(0x50, 0x34), (0x34, 0x50)])
async def test_a_session_of_3_4_knows_no_broadcasts(ours: int, theirs: int) -> None:
    async with (
        timed(interface_version=ours) as made,
        bound_esme(made.smsc.port, version=theirs) as esme,
    ):
        frame = await esme.ask(BroadcastSm.command_id, encode(BroadcastSm(tlvs=tlvs(PARIS)))[16:])
        assert (frame.command_id, frame.status) == (RESPONSE, 3)


def test_the_oldest_are_forgotten() -> None:
    names = iter(map(str, range(KEPT_MAX + 1)))
    broadcasts = Broadcasts(lambda: next(names))
    for _ in range(KEPT_MAX + 1):
        broadcasts.submit(BroadcastSm(tlvs=tlvs(PARIS)), "esme", 0.0)
    assert broadcasts.query(QueryBroadcastSm(message_id="0"), "esme", 0.0) == RINVMSGID
    assert isinstance(broadcasts.query(QueryBroadcastSm(message_id="1"), "esme", 0.0), Pdu)
