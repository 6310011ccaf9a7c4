"""Which receipt settles which message: without a link."""

from __future__ import annotations

from datetime import UTC

import anyio
import pytest

from smppcast.client import awaiting
from smppcast.client.awaiting import Awaited, Awaiting, Report
from smppcast.errors import ResponseTimeout
from smppcast.model import MessageState
from smppcast.receipts import MessageIdMapping, Receipt, parse
from smppcast.smpp import DeliverSm

pytestmark = pytest.mark.anyio

TO = "33612345678"


def report(message_id: str, *, source_addr: str = TO, stat: str = "DELIVRD") -> Report:
    text = (
        f"id:{message_id} sub:001 dlvrd:001 submit date:2401011200 done date:2401011201 stat:{stat} err:000"
    )
    pdu = DeliverSm(
        source_addr=source_addr, destination_addr="GOUV", esm_class=4, short_message=text.encode()
    )
    receipt = parse(pdu)
    assert receipt is not None
    return Report(receipt.message_ids, source_addr, "GOUV", receipt.state, receipt)


def submitted(book: Awaiting, *message_ids: str, to: str = TO) -> Awaited:
    book.submitted()
    awaited = book.answered(to, message_ids)
    assert awaited is not None
    return awaited


async def settled(awaited: Awaited) -> Receipt | None:
    try:
        return await awaited.final(0)
    except ResponseTimeout:
        return None


@pytest.mark.parametrize(
    ("mapping", "response", "receipt", "matches"),
    [
        ("as_is", "0A", "a", True),
        ("as_is", "ff", "255", False),
        ("auto", "ff", "255", True),
        ("hex_to_dec", "FF", "0000000255", True),
        ("dec_to_hex", "255", "0xff"[2:], True),
        ("hex_to_dec", "77", "77", True),  # the TLV often has it as it was
    ],
)
async def test_ids_are_matched_under_the_mapping(
    mapping: str, response: str, receipt: str, matches: bool
) -> None:
    book = Awaiting(MessageIdMapping(mapping), UTC)
    awaited = submitted(book, response)
    book.report(report(receipt))
    assert (await settled(awaited) is not None) is matches
    assert len(book) == (0 if matches else 1)


async def test_the_same_id_at_another_number_is_no_match() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    awaited = submitted(book, "255")
    book.report(report("255", source_addr="33699999999"))
    assert await settled(awaited) is None
    book.report(report("255", source_addr="0612345678"))
    assert await settled(awaited)


async def test_a_believed_mapping_is_tried_first() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    for number in range(1000, 1020):
        submitted(book, f"{number:x}")
        book.report(report(str(number)))
    assert book.inference.holds is MessageIdMapping.HEX_TO_DEC
    decimal, hexadecimal = submitted(book, "5000"), submitted(book, f"{5000:x}")
    book.report(report("5000"))
    assert await settled(hexadecimal)
    assert await settled(decimal) is None


async def test_segments_under_one_id_take_one_receipt() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    awaited = submitted(book, "7", "7", "7")
    book.report(report("7"))
    assert await settled(awaited)


async def test_the_worst_receipt_decides_in_whatever_order() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    awaited = submitted(book, "1", "2", "3")
    for message_id, stat in (("3", "UNDELIV"), ("1", "EXPIRED"), ("2", "DELIVRD")):
        assert await settled(awaited) is None
        book.report(report(message_id, stat=stat))
    receipt = await settled(awaited)
    assert receipt is not None
    assert receipt.state is MessageState.UNDELIVERABLE


async def test_an_early_receipt_is_kept_while_a_response_is_awaited() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    book.report(report("1"))
    assert not book.any
    assert await settled(submitted(book, "1")) is None
    book.submitted()
    book.report(report("2"))
    awaited = book.answered(TO, ["2"])
    assert awaited is not None
    assert await settled(awaited)
    assert not book._early


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "AWAITED_MAX", 2)
    monkeypatch.setattr(awaiting, "EARLY_MAX", 3)
    book = Awaiting(MessageIdMapping.AS_IS, UTC)
    first, *_ = [submitted(book, message_id) for message_id in "123"]
    assert len(book) == 2
    with pytest.raises(ResponseTimeout, match="later segments"):
        await first.final(None)
    book.submitted()
    for number in range(100, 110):
        book.report(report(str(number)))
    assert len(book._early) == 3


async def test_all_who_wait_learn_the_end() -> None:
    book = Awaiting(MessageIdMapping.AUTO, UTC)
    awaited = submitted(book, "1")
    received: list[Receipt] = []

    async def wait() -> None:
        received.append(await awaited.final(10))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        book.report(report("1"))
    assert len(received) == 2
