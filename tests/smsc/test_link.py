"""Backpressure of one link, and what the SMSC says of its own accord."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from smppcast.smpp import DataSm, DeliverSm, encode
from smppcast.smpp.tlv import Tlvs
from smppcast.smsc import Scenario, Smsc, serve
from smppcast.smsc.link import OWED_RESPONSES_MAX, Link
from tests.smsc.raw_esme import BIND_TRANSCEIVER, SUBMIT_SM, bound_esme, pdu, read_receipt, submit_body

pytestmark = pytest.mark.anyio

BIND = pdu(BIND_TRANSCEIVER, b"esme\0\0\0\x34\0\0\0")


class Wire(asyncio.Transport):
    """A transport whose other side a test plays."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self._reading = True
        self.closed = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high is not None
        assert low is None

    def write(self, data: Any) -> None:
        self.written += data

    def reads(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        assert self._reading
        self._reading = False

    def resume_reading(self) -> None:
        assert not self._reading
        self._reading = True

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


def linked(**parts: Any) -> tuple[Smsc, Link, Wire]:
    smsc = Smsc(Scenario().changed(**parts), host="127.0.0.1", tls=False)
    link, wire = Link(smsc), Wire()
    link.connection_made(wire)
    link.data_received(BIND)
    return smsc, link, wire


def submits(count: int, *, registered: int = 1) -> bytes:
    return b"".join(
        pdu(SUBMIT_SM, submit_body("33612345678", registered=registered), number=n) for n in range(count)
    )


async def test_a_client_that_takes_nothing_is_neither_read_nor_sent_receipts() -> None:
    smsc, link, wire = linked()
    link.pause_writing()
    assert not wire.reads()
    link.data_received(submits(3))
    assert smsc.account.receipts_sent == 0
    assert smsc.receipts_owed == 3
    link.resume_writing()
    assert wire.reads()
    assert smsc.account.receipts_sent == 3


async def test_a_client_whose_window_knows_no_bounds_waits_for_its_responses() -> None:
    smsc, link, wire = linked(response_latency=3_600_000)
    data = submits(1000, registered=0)
    for _ in range(OWED_RESPONSES_MAX // 1000):
        link.data_received(data)
    assert wire.reads()
    link.data_received(data)
    assert not wire.reads()
    smsc.center.wheel.run(float("inf"))
    assert wire.reads()
    smsc.turn()
    assert wire.written.count(b"\x80\0\0\4\0\0\0\0") == OWED_RESPONSES_MAX + 1000


async def test_the_window_counts_what_comes_one_by_one_too() -> None:
    smsc, link, _ = linked(response_latency=3_600_000)
    data_sm = DataSm(destination_addr="33612345678", tlvs=Tlvs(message_payload=b"x"))
    link.data_received(encode(data_sm) * 5)
    assert (smsc.account.window, smsc.account.windows) == (5, {"esme": 5})
    link.data_received(submits(2) + encode(data_sm))
    assert link.statistics().window == smsc.account.window == 8


async def test_two_reasons_to_stop_reading_have_to_end_both() -> None:
    smsc, link, wire = linked(faults={"stall_after": 1, "stall_s": 3600})
    link.data_received(submits(1, registered=0))
    link.pause_writing()
    link.resume_writing()
    assert not wire.reads()
    smsc.center.wheel.run(float("inf"))
    assert wire.reads()


async def test_receipts_of_a_link_that_ended_go_to_another_at_once() -> None:
    smsc, link, wire = linked()
    other, other_wire = Link(smsc), Wire()
    other.connection_made(other_wire)
    other.data_received(BIND)
    link.data_received(submits(1))
    smsc.turn()
    assert wire.written.count(b"DELIVRD") == 1
    link.connection_lost(None)
    assert other_wire.written.count(b"DELIVRD") == 1
    assert smsc.receipts_owed == 1


async def test_the_sequence_numbers_of_the_smsc_go_round() -> None:
    _, link, wire = linked()
    link._delivery.sequence_number = 0x7FFFFFFE
    wire.written.clear()
    link.data_received(submits(2))
    numbers = [wire.written[at + 12 : at + 16] for at in starts(wire.written)]
    assert numbers[2:] == [b"\x7f\xff\xff\xff", b"\0\0\0\1"]


def starts(written: bytearray) -> list[int]:
    at, found = 0, []
    while at < len(written):
        found.append(at)
        at += int.from_bytes(written[at : at + 4], "big")
    return found


async def test_inbound_messages_are_injected() -> None:
    message = DeliverSm(source_addr="33612345678", destination_addr="GOUV", short_message=b"STOP")
    async with serve("ideal") as smsc:
        assert not smsc.deliver(message)
        async with bound_esme(smsc.port) as esme:
            assert not smsc.deliver(message, "other")
            assert smsc.deliver(message, "esme")
            frame = await esme.read()
            assert (read_receipt(frame).text, frame.number) == ("STOP", 1)
            await esme.acknowledge(frame)
            await esme.settle()
            assert smsc.account.receipts_acknowledged == 0


async def test_reprs_answer_an_operator() -> None:
    smsc, link, _ = linked()
    link.data_received(submits(1))
    assert repr(link) == "<Link esme bound_trx [1 submits | 0 unanswered | 1 receipts unanswered]>"
    assert repr(smsc) == "<Smsc ideal :0 [1 links | 1 submits | 1 receipts owed]>"
