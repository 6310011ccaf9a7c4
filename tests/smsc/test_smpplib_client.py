"""smpplib's client, as a peer that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest
import smpplib.consts
import smpplib.exceptions
from anyio import to_thread
from smpplib.client import Client  # noqa: TID251 - the peer of a test, not the product's transport

from smppcast.smsc import Scenario, serve

NUMBERS = ["33612345678", "33600007777", "33612345679"]


def converse(port: int, password: str) -> tuple[list[tuple[int, str]], list[str], list[str]]:
    """Binds, submits, reads until each message has its receipt; blocking, as this client is."""
    answers: list[tuple[int, str]] = []
    texts: list[str] = []
    ids: list[str] = []
    client = Client("127.0.0.1", port, timeout=60, allow_unknown_opt_params=True)

    def answered(pdu: Any) -> None:
        answers.append((pdu.status, (pdu.message_id or b"").decode()))

    def received(pdu: Any) -> int:
        texts.append(pdu.short_message.decode())
        ids.append(pdu.receipted_message_id.decode())
        return 0

    client.set_message_sent_handler(answered)
    client.set_message_received_handler(received)
    client.connect()
    try:
        client.bind_transceiver(system_id="gouv", password=password)
        for number in NUMBERS:
            client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                source_addr="GOUV",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                destination_addr=number,
                short_message=b"Restez chez vous",
                registered_delivery=True,
            )
        while len(texts) < len(NUMBERS) or len(answers) < len(NUMBERS):
            client.read_once()
        client.unbind()
    finally:
        client.disconnect()
    return answers, texts, ids


@pytest.mark.anyio
async def test_bind_submit_receipts_unbind() -> None:
    scenario = Scenario().changed(
        accounts=[{"system_id": "gouv", "password": "secret"}],
        numbers=[{"suffix": "7777", "state": "undeliverable", "err": "011"}],
        message_ids={"source": "random16"},
    )
    async with serve(scenario) as smsc:
        answers, texts, ids = await to_thread.run_sync(converse, smsc.port, "secret")
        assert [status for status, _ in answers] == [0, 0, 0]
        assert sorted(ids) == sorted(message_id for _, message_id in answers)
        assert sorted(text.partition("stat:")[2][:7] for text in texts) == ["DELIVRD", "DELIVRD", "UNDELIV"]
        assert smsc.account.order() == NUMBERS
        assert smsc.receipts_owed == 0


@pytest.mark.anyio
async def test_a_wrong_password_is_refused() -> None:
    scenario = Scenario().changed(accounts=[{"system_id": "gouv", "password": "secret"}])
    async with serve(scenario) as smsc:
        with pytest.raises(smpplib.exceptions.PDUError) as caught:
            await to_thread.run_sync(converse, smsc.port, "wrong")
        assert caught.value.args[1] == smpplib.consts.SMPP_ESME_RINVPASWD
