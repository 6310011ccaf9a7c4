"""What clients sent, for tests that ask what their program wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

import smppcast
from smppcast.smpp import (
    BindTransceiver,
    DataSm,
    DistributionList,
    EnquireLink,
    SmeAddress,
    SubmitMulti,
    Tlvs,
    encode,
)
from smppcast.smsc import serve
from smppcast.smsc.keep import Keeper
from tests.smsc.made import made
from tests.smsc.raw_esme import bound_esme, pdu

pytestmark = pytest.mark.anyio

SHORT, LONG = "Bonjour à tous", "Restez chez vous 🌲 " * 20


async def test_texts_are_read_as_their_recipients_would() -> None:
    refuse = [{"suffix": "9", "status": 0x0B}]
    async with serve(made(numbers=refuse), keep=1 << 20) as smsc:
        async with smppcast.connect(smsc.url, source="GOUV") as session:
            await session.submit(to="33600000001", text=SHORT)
            await session.submit(to="33600000002", text=LONG)
            with pytest.raises(smppcast.errors.SubmitRefused):
                await session.submit(to="33600000009", text="refused")
        texts = [(message.destination_addr, message.text) for message in smsc.messages()]
        assert texts == [("33600000001", SHORT), ("33600000002", LONG), ("33600000009", "refused")]
        assert {message.source_addr for message in smsc.messages("esme")} == {"GOUV"}
        assert smsc.messages("nobody") == []
        commands = [request.command for request in smsc.requests()]
        assert commands[0] == "bind_transceiver"
        assert commands.count("submit_sm") == 2 + smsc.messages()[1].parts
        assert commands[-1] == "unbind"


async def test_other_submits_too_and_nothing_malformed() -> None:
    payload = Tlvs(message_payload=b"Hi")
    multi = SubmitMulti(
        source_addr="GOUV",
        dest_address=(SmeAddress(1, 1, "1"), DistributionList("x"), SmeAddress(1, 1, "2")),
        short_message=b"All",
    )
    async with serve("ideal", keep=1 << 20) as smsc, bound_esme(smsc.port) as esme:
        await esme.send(DataSm.command_id, encode(DataSm(destination_addr="3", tlvs=payload))[16:])
        await esme.send(SubmitMulti.command_id, encode(multi)[16:])
        await esme.send(4, b"broken")
        await esme.send(0x11223344, b"vendor")
        await esme.read_many(4)
        assert [(one.destination_addr, one.text) for one in smsc.messages()] == [
            ("3", "Hi"),
            ("1", "All"),
            ("2", "All"),
        ]
        assert len(smsc.requests()) == 4


async def test_a_message_of_which_a_segment_is_missing_is_told_last() -> None:
    part = b"\5\0\3\7\2\2world"
    body = b"\0\0\0\0\0\0" + b"336\0" + b"\x40" + bytes(8) + bytes((len(part),)) + part
    async with serve("ideal", keep=1 << 20) as smsc, bound_esme(smsc.port) as esme:
        await esme.send(4, body)
        await esme.submit("337")
        await esme.read_many(3)
        whole, torn = smsc.messages()
        assert (whole.destination_addr, torn.destination_addr) == ("337", "336")
        assert (torn.text, torn.parts, torn.missing) == ("world", 2, (1,))


async def test_without_being_told_to_keep_it_does_not_say_that_nothing_came() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("336", registered=0)
        await esme.read()
        for asked in (smsc.messages, smsc.requests):
            with pytest.raises(smppcast.errors.UsageError, match=r"nothing is kept: .*keep="):
                asked()


async def test_a_recording_and_a_keeper_go_together(tmp_path: Path) -> None:
    async with serve("ideal", keep=1000, record=tmp_path / "a.pcap") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("336", registered=0)
        await esme.read()
        assert [message.destination_addr for message in smsc.messages()] == ["336"]
    assert b"GOUV" in (tmp_path / "a.pcap").read_bytes()


def test_the_oldest_are_forgotten() -> None:
    keeper = Keeper(50)
    for number in range(5):
        keeper.add("esme", pdu(EnquireLink.command_id, number=number))
    assert [request.sequence_number for request in keeper.requests(None)] == [2, 3, 4]
    keeper.add("esme", encode(BindTransceiver(system_id="x" * 15)) * 3)
    assert len(list(keeper.requests("esme"))) == 3
    keeper.add("esme", b"")
    assert list(keeper.requests("other")) == []
