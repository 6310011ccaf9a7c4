"""The simulated SMSC over real TCP, against a client that shares no code with it."""

from __future__ import annotations

import gc
import socket
import struct
from contextlib import suppress
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from smppcast.errors import ConfigError
from smppcast.net.busy_poll import BusyPoll
from smppcast.smsc import Scenario, serve
from tests.smsc.raw_esme import (
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    ENQUIRE_LINK,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Frame,
    bound_esme,
    pdu,
    raw_esme,
    read_receipt,
    submit_body,
)

pytestmark = pytest.mark.anyio

HOUR_MS = 3_600_000
QUERY_SM, REPLACE_SM, CANCEL_SM, SUBMIT_MULTI, DATA_SM = 3, 7, 8, 0x21, 0x103
DATA_BODY = b"\0\5\0GOUV\0\1\1" + b"33600001\0" + b"\0\1\0" + b"\x04\x24\0\x02Hi"


def made(**parts: Any) -> Scenario:
    return Scenario().changed(**parts)


def by_command(frames: list[Frame]) -> tuple[list[Frame], list[Frame]]:
    """Responses to submits, and receipts."""
    responses = [frame for frame in frames if frame.command_id == SUBMIT_SM | RESPONSE]
    return responses, [frame for frame in frames if frame.command_id == DELIVER_SM]


# --- binds --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER])
async def test_bind_answers_with_system_id_and_version(kind: int) -> None:
    async with serve("ideal") as smsc, raw_esme(smsc.port) as esme:
        answer = await esme.bind(kind)
        assert answer.command_id == kind | RESPONSE
        assert answer.body == b"smppcast\0" + b"\x02\x10\0\x01\x50"


async def test_a_client_of_smpp_3_3_gets_no_tlvs() -> None:
    async with serve("ideal") as smsc, raw_esme(smsc.port) as esme:
        assert (await esme.bind(BIND_TRANSMITTER, version=0x33)).body == b"smppcast\0"


async def test_accounts_are_checked() -> None:
    accounts = [{"system_id": "gouv", "password": "secret"}, {"system_id": "open"}]
    async with serve(made(accounts=accounts)) as smsc, raw_esme(smsc.port) as esme:
        assert smsc.url == f"smpp://gouv:secret@127.0.0.1:{smsc.port}"
        assert (await esme.bind(system_id="nobody")).status == 0x0F
        assert (await esme.bind(system_id="gouv", password="wrong")).status == 0x0E
        assert (await esme.bind(system_id="gouv", password="secret")).status == 0
        assert smsc.account.binds_refused == {0x0F: 1, 0x0E: 1}
        async with raw_esme(smsc.port) as other:
            assert (await other.bind(system_id="open", password="any")).status == 0


async def test_binds_have_kinds_and_numbers() -> None:
    binds = {"kinds": ["transmitter"], "max_per_account": 1}
    async with serve(made(binds=binds)) as smsc, raw_esme(smsc.port) as first, raw_esme(smsc.port) as second:
        assert (await first.bind(BIND_TRANSCEIVER)).status == 0x0D
        assert (await first.bind(BIND_TRANSMITTER)).status == 0
        assert (await first.bind(BIND_TRANSMITTER)).status == 0x05
        assert (await second.bind(BIND_TRANSMITTER)).status == 0x05
        assert (await second.bind(BIND_TRANSMITTER, system_id="other")).status == 0


async def test_the_first_binds_may_be_refused() -> None:
    async with (
        serve(made(binds={"refuse_first": 2, "refuse_status": "ESME_RSYSERR"})) as smsc,
        raw_esme(smsc.port) as esme,
    ):
        assert [(await esme.bind()).status for _ in range(3)] == [8, 8, 0]


async def test_unbind_is_answered_and_ends_the_link() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        assert (await esme.ask(UNBIND)).status == 0
        assert await esme.ended()


# --- submits ------------------------------------------------------------------------------


async def test_submits_are_answered_in_order_and_reported() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        numbers = [f"336{n:08d}" for n in range(50)]
        await esme.submit(*numbers)
        responses, receipts = by_command(await esme.read_many(100))
        assert [frame.text for frame in responses] == [str(n) for n in range(1, 51)]
        assert [frame.number for frame in responses] == list(range(2, 52))
        read = [read_receipt(frame) for frame in receipts]
        assert [receipt.source for receipt in read] == numbers
        assert {receipt.destination for receipt in read} == {"GOUV"}
        assert read[0].esm_class == 4
        assert read[0].text.startswith("id:1 sub:001 dlvrd:001 submit date:")
        assert read[0].text.endswith("stat:DELIVRD err:000 text:")
        assert read[0].tlvs == {0x1E: b"1\0", 0x427: b"\x02"}
        await esme.acknowledge(*receipts)
        await esme.settle()
        assert smsc.receipts_owed == 0
        assert smsc.account.order() == numbers
        assert smsc.account.window == 50


async def test_no_receipt_unless_asked_for() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678", registered=0)
        assert (await esme.read()).text == "1"
        await esme.settle()
        assert smsc.receipts_owed == 0


async def test_receipts_of_failures_only_or_of_successes_only() -> None:
    scenario = made(numbers=[{"suffix": "7777", "state": "undeliverable", "err": "011"}])
    async with serve(scenario) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600000001", "33600007777", registered=2)
        _, receipts = by_command(await esme.read_many(3))
        assert [read_receipt(frame).source for frame in receipts] == ["33600007777"]
        await esme.submit("33600000001", "33600007777", registered=3)
        _, receipts = by_command(await esme.read_many(3))
        assert [read_receipt(frame).source for frame in receipts] == ["33600000001"]


async def test_the_submitters_reference_is_echoed() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.send(SUBMIT_SM, submit_body("33612345678", tlvs=b"\x02\x04\0\x02\x12\x34"))
        await esme.send(SUBMIT_SM, submit_body("33612345679"))
        _, receipts = by_command(await esme.read_many(4))
        assert [read_receipt(frame).tlvs.get(0x204) for frame in receipts] == [b"\x12\x34", None]


async def test_a_stream_cut_anywhere_gives_the_same() -> None:
    numbers = [f"3361{n:03d}" for n in range(5)]
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        stream = b"".join(pdu(SUBMIT_SM, submit_body(number), number=9) for number in numbers)
        for octet in stream:
            await esme.stream.send(bytes((octet,)))
        responses, receipts = by_command(await esme.read_many(10))
        assert [frame.text for frame in responses] == ["1", "2", "3", "4", "5"]
        assert [read_receipt(frame).source for frame in receipts] == numbers


# --- outcomes, refusals, limits -----------------------------------------------------------


async def test_numbers_have_their_fate() -> None:
    rules = [
        {"suffix": "7777", "state": "undeliverable", "err": "0A1"},
        {"match": "^3399", "status": "ESME_RINVDSTADR"},
        {"match": "7$", "state": "expired"},
    ]
    async with serve(made(numbers=rules)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600007777", "33990000000", "33600000007", "33600000000")
        responses, receipts = by_command(await esme.read_many(7))
        assert sorted((frame.number, frame.status) for frame in responses) == [
            (2, 0),
            (3, 11),
            (4, 0),
            (5, 0),
        ]
        assert [frame.body for frame in responses if frame.status] == [b""]
        texts = {receipt.source: receipt.text for receipt in map(read_receipt, receipts)}
        assert "dlvrd:000" in texts["33600007777"]
        assert "stat:UNDELIV err:0A1" in texts["33600007777"]
        assert "stat:EXPIRED" in texts["33600000007"]
        assert "stat:DELIVRD" in texts["33600000000"]
        assert smsc.account.refused == {11: 1}
        assert smsc.account.destinations(accepted=True)["33990000000"] == 0


async def test_outcomes_are_mixed_by_their_shares_and_repeat_with_the_seed() -> None:
    mix = [{"state": "delivered", "share": 3}, {"state": "rejected", "share": 1}]
    seen = []
    for cuts in (200, 7):
        async with serve(made(outcomes=mix, seed=5)) as smsc, bound_esme(smsc.port) as esme:
            states = []
            for first in range(0, 200, cuts):
                batch = [f"336{n:08d}" for n in range(first, min(first + cuts, 200))]
                await esme.submit(*batch)
                _, receipts = by_command(await esme.read_many(2 * len(batch)))
                states += [read_receipt(frame).tlvs[0x427] for frame in receipts]
        seen.append(states)
    assert seen[0] == seen[1]
    assert 30 <= seen[0].count(b"\x08") <= 70


async def test_more_than_the_bucket_is_throttled() -> None:
    async with serve(made(rate={"per_s": 0.0001, "burst": 3})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit(*["33612345678"] * 5, registered=0)
        answers = await esme.read_many(5)
        assert [(frame.number, frame.status) for frame in answers] == [
            (5, 0x58),
            (6, 0x58),
            (2, 0),
            (3, 0),
            (4, 0),
        ]
        assert (smsc.account.submitted, smsc.account.accepted) == (5, 3)
        async with bound_esme(smsc.port, system_id="other") as other:
            await other.submit("33612345678", registered=0)
            assert (await other.read()).status == 0


async def test_a_full_queue_refuses() -> None:
    async with (
        serve(made(queue={"limit": 2}, receipt_latency=HOUR_MS)) as smsc,
        bound_esme(smsc.port) as esme,
    ):
        await esme.submit(*["33612345678"] * 3)
        assert sorted(frame.status for frame in await esme.read_many(3)) == [0, 0, 0x14]
        await esme.submit("33612345678")
        assert (await esme.read()).status == 0x14
        assert smsc.receipts_owed == 2


async def test_a_scenario_changes_while_it_runs() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        smsc.change(rate={"per_s": 0.0001, "burst": 1, "status": 0x45})
        await esme.submit("33612345678", "33612345679", registered=0)
        assert sorted(frame.status for frame in await esme.read_many(2)) == [0, 0x45]
        with pytest.raises(ConfigError, match=r"receipts\.window"):
            smsc.change(receipts={"window": 0})
        smsc.change(rate=None, receipts={"form": "tlv"})
        await esme.submit("33612345678")
        _, receipts = by_command(await esme.read_many(2))
        assert read_receipt(receipts[0]).text == ""


# --- message_ids and dialects -------------------------------------------------------------


async def test_hex_in_the_response_and_decimal_in_the_receipt() -> None:
    async with serve("hex-ids") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        response, frame = await esme.read_many(2)
        receipt = read_receipt(frame)
        assert response.text == "38601fa"
        assert receipt.text.startswith("id:0059113978 ")
        assert receipt.tlvs == {}


async def test_each_place_has_its_style() -> None:
    ids = {"response": "uuid", "text": "hex_upper", "tlv": {"style": "decimal", "width": 12}, "start": 255}
    async with serve(made(message_ids=ids)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        response, frame = await esme.read_many(2)
        receipt = read_receipt(frame)
        assert len(response.text) == 36
        assert receipt.text.startswith("id:FF ")
        assert receipt.tlvs[0x1E] == b"000000000255\0"


async def test_dates_and_errors_of_vendors() -> None:
    receipts = {"form": "text", "dates": "century", "utc_offset_min": 120}
    scenario = made(receipts=receipts, outcomes=[{"state": "undeliverable", "err": "%d"}])
    async with serve(scenario) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        _, frame = await esme.read_many(2)
        words = read_receipt(frame).text
        assert len(words.partition("done date:")[2].partition(" ")[0]) == 14
        assert "err:%d text:" in words


# --- receipts that misbehave --------------------------------------------------------------


async def test_an_early_receipt_overtakes_its_response() -> None:
    async with serve(made(receipts={"early": 1.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        first, second = await esme.read_many(2)
        assert (first.command_id, second.command_id) == (DELIVER_SM, SUBMIT_SM | RESPONSE)
        assert read_receipt(first).tlvs[0x1E] == second.body


async def test_receipts_come_on_another_bind() -> None:
    async with (
        serve("other-bind-receipts") as smsc,
        bound_esme(smsc.port) as esme,
        bound_esme(smsc.port) as other,
    ):
        await esme.submit("33612345678")
        response = await esme.read()
        receipt = read_receipt(await other.read())
        assert receipt.text.startswith(f"id:{response.text} ")


async def test_receipts_of_a_transmitter_go_to_the_receiver() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port, BIND_TRANSMITTER) as sender:
        await sender.submit("33612345678")
        await sender.read()
        await sender.settle()
        assert smsc.receipts_owed == 1
        async with bound_esme(smsc.port, BIND_RECEIVER) as receiver:
            assert read_receipt(await receiver.read()).source == "33612345678"


async def test_repeated_lost_and_orphan_receipts() -> None:
    async with serve(made(receipts={"repeated": 1.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        _, first, again = await esme.read_many(3)
        assert first.body == again.body
        smsc.change(receipts={"repeated": 0.0, "orphan": 1.0})
        await esme.submit("33612345678")
        _, first, orphan = await esme.read_many(3)
        assert read_receipt(first).tlvs[0x1E] == b"2\0"
        assert read_receipt(orphan).tlvs[0x1E] == b"1000000000002\0"
        smsc.change(receipts={"orphan": 0.0, "lost": 1.0})
        await esme.submit("33612345678")
        assert (await esme.read()).command_id == SUBMIT_SM | RESPONSE
        await esme.settle()
        assert smsc.account.receipts_lost == 1
        assert smsc.account.receipts_sent == 4


async def test_the_receipt_window_holds_and_a_new_bind_gets_the_unanswered() -> None:
    async with serve(made(receipts={"window": 2})) as smsc:
        async with bound_esme(smsc.port) as esme:
            await esme.submit(*[f"3360000{n}" for n in range(5)])
            _, receipts = by_command(await esme.read_many(7))
            await esme.settle()
            assert smsc.account.receipts_sent == 2
            await esme.acknowledge(receipts[0])
            third = await esme.read()
            assert read_receipt(third).source == "33600002"
        async with bound_esme(smsc.port) as esme:
            sources = []
            for _ in range(4):
                receipt = await esme.read()
                await esme.acknowledge(receipt)
                sources.append(read_receipt(receipt).source)
            assert sources == ["33600001", "33600002", "33600003", "33600004"]
            await esme.settle()
            assert smsc.receipts_owed == 0
            assert smsc.account.receipts_acknowledged == 5


async def test_a_receipt_answered_for_later_comes_again() -> None:
    async with serve(made(receipts={"retry_ms": 0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33612345678")
        _, receipt = await esme.read_many(2)
        await esme.acknowledge(receipt, status=0x64)
        again = await esme.read()
        assert again.body == receipt.body
        await esme.acknowledge(again, status=0x65)
        await esme.settle()
        assert smsc.receipts_owed == 0
        assert (smsc.account.receipts_sent, smsc.account.receipts_refused) == (2, 1)


async def test_receipts_owed_to_nobody_are_bounded() -> None:
    scenario = made(receipts={"owed_max": 3})
    async with serve(scenario) as smsc, bound_esme(smsc.port, BIND_TRANSMITTER) as esme:
        for number in range(5):
            await esme.submit(f"3360000{number}")
            await esme.read()
        await esme.settle()
        assert smsc.receipts_owed == 3
        assert smsc.account.receipts_dropped == 2


# --- links that misbehave -----------------------------------------------------------------


async def test_a_link_is_cut_after_so_many_submits() -> None:
    async with serve(made(faults={"cut_after": 3})) as smsc:
        async with bound_esme(smsc.port) as esme:
            await esme.submit("33600000", registered=0)
            assert (await esme.read()).text == "1"
            await esme.submit("33600001", "33600002", "33600003")
            assert await esme.ended()
        assert smsc.account.order() == ["33600000", "33600001", "33600002"]
        async with bound_esme(smsc.port) as esme:
            sources = [read_receipt(frame).source for frame in await esme.read_many(2)]
            assert sources == ["33600001", "33600002"]


async def test_cut_drops_every_link() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme, raw_esme(smsc.port) as other:
        await esme.settle()
        await other.settle()
        await smsc.cut()
        assert smsc.links == ()
        assert await esme.ended()
        assert await other.ended()


async def test_the_smsc_unbinds() -> None:
    async with serve(made(faults={"unbind_after": 2})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", "33600002", registered=0)
        *_, unbind = await esme.read_many(3)
        assert (unbind.command_id, unbind.body) == (UNBIND, b"")
        await esme.stream.send(pdu(UNBIND | RESPONSE, number=unbind.number))
        assert await esme.ended()


async def test_a_stall_ends() -> None:
    async with serve(made(faults={"stall_after": 1, "stall_s": 0.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", registered=0)
        await esme.submit("33600002", registered=0)
        assert [frame.text for frame in await esme.read_many(2)] == ["1", "2"]


async def test_withheld_responses_never_come() -> None:
    async with serve(made(faults={"withhold": 1.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        assert read_receipt(await esme.read()).source == "33600001"
        assert (smsc.account.withheld, smsc.account.accepted) == (1, 1)


async def test_links_die_by_chance() -> None:
    async with serve(made(faults={"cut_every_s": 1e-9})) as smsc, raw_esme(smsc.port) as esme:
        await esme.send(BIND_TRANSCEIVER, b"esme\0\0\0\x34\0\0\0")
        assert await esme.ended()
        assert smsc.account.binds == 1
    async with serve(made(faults={"cut_share": 1.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", "33600002")
        assert await esme.ended()
        assert smsc.account.submitted == 1


# --- wrong use ----------------------------------------------------------------------------


@pytest.mark.parametrize("command_id", [SUBMIT_SM, QUERY_SM, UNBIND])
async def test_nothing_passes_before_the_bind(command_id: int) -> None:
    bodies = {SUBMIT_SM: submit_body("33612345678"), QUERY_SM: b"1\0\0\0\0", UNBIND: b""}
    async with serve("ideal") as smsc, raw_esme(smsc.port) as esme:
        answer = await esme.ask(command_id, bodies[command_id])
        assert (answer.command_id, answer.status, answer.body) == (command_id | RESPONSE, 4, b"")
        assert (await esme.ask(ENQUIRE_LINK)).status == 0
        assert smsc.account.refused == ({4: 1} if command_id == SUBMIT_SM else {})
        assert (smsc.account.submitted, smsc.account.accepted) == (len(smsc.account.order()), 0)


async def test_a_receiver_may_not_submit() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port, BIND_RECEIVER) as esme:
        await esme.submit("33612345678", "33612345679")
        await esme.send(DATA_SM, DATA_BODY)
        assert [frame.status for frame in await esme.read_many(3)] == [4, 4, 4]
        assert smsc.account.refused == {4: 3}
        assert smsc.account.order() == ["33612345678", "33612345679", "33600001"]
        assert smsc.links[0].statistics().submitted == 3


@pytest.mark.parametrize("command_id", [0x11223344, 0x0A, DELIVER_SM])
async def test_an_unknown_command_is_nacked(command_id: int) -> None:
    body = submit_body("33612345678") if command_id == DELIVER_SM else b"??"
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        answer = await esme.ask(command_id, body)
        assert (answer.command_id, answer.status) == (RESPONSE, 3)
        await esme.settle()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\0\1\1GOUV", 0xC2),
        (submit_body("33612345678")[:-3], 0x01),
        (submit_body("33612345678", tlvs=b"\x02\x04\0\x09\x12"), 0xC2),
        (submit_body("33612345678", tlvs=b"\x02\x04\0"), 0xC0),
        (submit_body("3" * 21), 0x0B),
        (submit_body("33612345678", source="G" * 21), 0x0A),
    ],
)
async def test_a_malformed_submit_is_refused_and_the_link_goes_on(body: bytes, status: int) -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", registered=0)
        assert (await esme.read()).status == 0
        answer = await esme.ask(SUBMIT_SM, body)
        assert answer == Frame(SUBMIT_SM | RESPONSE, status, esme.number, b"")
        await esme.submit("33600002", registered=0)
        assert (await esme.read()).text == "2"
        account = smsc.account
        assert (account.submitted, account.refused, account.malformed) == (3, {status: 1}, 1)
        assert account.order() == ["33600001", "", "33600002"]


@pytest.mark.parametrize("length", [0, 15, 0x01000000, 0xFFFFFFFF])
async def test_an_impossible_command_length_ends_the_link(length: int) -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.stream.send(pdu(SUBMIT_SM, submit_body("33600001", registered=0), number=7))
        await esme.stream.send(struct.pack(">IIII", length, SUBMIT_SM, 0, 8))
        assert (await esme.read()).text == "1"
        nack = await esme.read()
        assert (nack.command_id, nack.status, nack.number) == (RESPONSE, 2, 0)
        assert await esme.ended()


# --- messages taken in before -------------------------------------------------------------


async def test_query_follows_the_message() -> None:
    async with serve(made(receipt_latency=HOUR_MS)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        assert (await esme.read()).text == "1"
        assert (await esme.ask(QUERY_SM, b"1\0\0\0\0")).body == b"1\0\0\x01\0"
        smsc.change(receipt_latency=0, outcomes=[{"state": "expired"}])
        await esme.submit("33600002", registered=0)
        assert (await esme.read()).text == "2"
        answer = await esme.ask(QUERY_SM, b"2\0\0\0\0")
        message_id, final_date, rest = answer.body.split(b"\0", 2)
        assert (message_id, len(final_date), rest[0]) == (b"2", 16, 3)
        assert (await esme.ask(QUERY_SM, b"3\0\0\0\0")).status == 0x0C
        assert (await esme.ask(QUERY_SM, b"what\0\0\0\0")).status == 0x0C


async def test_cancel_and_replace_what_is_pending() -> None:
    pending = b"1\0\0\0\0"
    cancel = b"\0" + pending + b"\0\0\0"
    replace = pending + b"\0\0\0\0\x02Hi"
    async with serve(made(receipt_latency=HOUR_MS)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        await esme.read()
        assert (await esme.ask(REPLACE_SM, replace)).status == 0
        assert (await esme.ask(CANCEL_SM, cancel)).status == 0
        assert (await esme.ask(CANCEL_SM, cancel)).status == 0x11
        assert (await esme.ask(REPLACE_SM, replace)).status == 0x13
        assert (await esme.ask(CANCEL_SM, cancel.replace(b"1", b"9"))).status == 0x0C
        assert (await esme.ask(QUERY_SM, pending)).body == b"1\0\0\x04\0"


async def test_another_account_knows_nothing_of_a_message() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", registered=0)
        await esme.read()
        async with bound_esme(smsc.port, system_id="other") as other:
            assert (await other.ask(QUERY_SM, b"1\0\0\0\0")).status == 0x0C


async def test_data_sm_is_a_submit() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        answer = await esme.ask(DATA_SM, DATA_BODY)
        assert answer.body == b"1\0"
        assert read_receipt(await esme.read()).source == "33600001"
        assert smsc.account.destinations() == {"33600001": 1}


async def test_submit_multi_shares_an_id_and_tells_the_refused() -> None:
    scenario = made(numbers=[{"suffix": "9", "status": 0x0B}])
    async with serve(scenario) as smsc, bound_esme(smsc.port) as esme:
        numbers = b"".join(b"\1\1\1" + number + b"\0" for number in (b"33600001", b"33600009", b"33600002"))
        flags = bytes((0, 0, 0, 0, 0, 1, 0, 0, 0, 2)) + b"Hi"
        answer = await esme.ask(SUBMIT_MULTI, b"\0\5\0GOUV\0\3" + numbers + flags)
        assert answer.body == b"1\0" + b"\1\1\x0133600009\0\0\0\0\x0b"
        receipts = [read_receipt(frame) for frame in await esme.read_many(2)]
        assert [receipt.source for receipt in receipts] == ["33600001", "33600002"]
        assert {receipt.tlvs[0x1E] for receipt in receipts} == {b"1\0"}
        lists = await esme.ask(SUBMIT_MULTI, b"\0\5\0GOUV\0\1" + b"\2friends\0" + flags)
        assert lists.status == 0x34


@pytest.mark.anyio
@pytest.mark.parametrize("turns", range(4))
async def test_connections_that_come_while_it_ends_are_ended_too(turns: int) -> None:
    """An open socket that nobody knows of would be told by the interpreter, and fail this test."""
    connecting = [socket.socket() for _ in range(3)]
    try:
        async with serve() as smsc:
            for each in connecting:
                each.setblocking(False)
                with suppress(BlockingIOError):
                    each.connect(("127.0.0.1", smsc.port))
            for _ in range(turns):
                await checkpoint()
        assert not smsc.links
    finally:
        for each in connecting:
            each.close()
    gc.collect()


@pytest.mark.parametrize("awake", [True, False])
async def test_it_stays_awake_after_an_answer_if_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, awake: bool
) -> None:
    expected: list[int] = []
    expect = BusyPoll.expect

    def noting(poll: BusyPoll) -> None:
        expected.append(1)
        expect(poll)

    monkeypatch.setattr(BusyPoll, "expect", noting)
    async with serve(made(busy_poll=awake)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", registered=0)
        await esme.read_many(1)
        assert bool(expected) is awake
