"""An ESME of the PyPI package smpp34: python smpp34_client.py PORT SYSTEM_ID PASSWORD MESSAGES INBOUND.

MESSAGES is JSON, [[destination, esm_class, data_coding, hex octets, payload?]]. It submits them all at
once, waits for as many receipts as were accepted and for INBOUND messages, and unbinds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import smpp34  # type: ignore[import-not-found]  # it lives in an environment of its own


def tell(event: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **more}) + "\n")
    sys.stdout.flush()


async def submit(smsc: smpp34.Smsc, message: Any) -> bool:
    to, esm_class, data_coding, octets, payload = message
    body: dict[str, Any] = {"short_message": bytes.fromhex(octets)}
    if payload:
        body = {"tlvs": [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, bytes.fromhex(octets))]}
    response = await smsc.submit_sm(
        to,
        source_addr="GOUV",
        source_addr_ton=5,
        dest_addr_ton=1,
        dest_addr_npi=1,
        esm_class=esm_class,
        data_coding=data_coding,
        registered_delivery=1,
        **body,
    )
    tell("answered", to=to, status=response.command_status, message_id=response.message_id)
    return bool(response.is_success)


async def main(port: str, system_id: str, password: str, messages: str, inbound: str) -> None:
    client = smpp34.Client("127.0.0.1", int(port), system_id, password, bind_type="TRX")
    smsc = await client.connect()
    tell("bound")
    submits = [submit(smsc, message) for message in json.loads(messages)]
    expected = sum(await asyncio.gather(*submits)) + int(inbound)
    for _ in range(expected):
        event = await smsc.next()
        assert isinstance(event, smpp34.DeliverSmEvent), "the session ended"
        tell(
            "deliver_sm",
            source_addr=event.source_addr,
            destination_addr=event.destination_addr,
            esm_class=event.esm_class,
            data_coding=event.data_coding,
            short_message=event.short_message.hex(),
            tlvs={tlv.tag: tlv.value.hex() for tlv in event.tlvs},
        )
    await smsc.unbind()
    tell("unbound")
    await client.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    # Its threads go on while the interpreter goes down, which now and then ends in a segmentation fault.
    os._exit(0)
