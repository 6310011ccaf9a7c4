"""An SMSC of the PyPI package smpp34: python smpp34_server.py PORT.

Each bind that receives is sent two messages; each submit that asks for it, a receipt in TLVs alone.
"""

from __future__ import annotations

import asyncio
import json
import sys

import smpp34  # type: ignore[import-not-found]  # it lives in an environment of its own


def tell(event: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **more}) + "\n")
    sys.stdout.flush()


async def deliver(esme: smpp34.Esme) -> None:
    inbound = {"source_addr": "33612345678", "source_addr_ton": 1, "source_addr_npi": 1}
    for data_coding, text in ((0, b"STOP"), (8, "Où ? 🌲".encode("utf-16-be"))):
        response = await esme.deliver_sm("36180", text, data_coding=data_coding, **inbound)
        tell("delivered", status=response.command_status)


async def report(esme: smpp34.Esme, submit: smpp34.SubmitSmEvent, message_id: str) -> None:
    state = 5 if submit.destination_addr.endswith("7777") else 2
    response = await esme.deliver_sm(
        submit.source_addr,
        b"",
        source_addr=submit.destination_addr,
        source_addr_ton=1,
        source_addr_npi=1,
        esm_class=4,
        tlvs=[
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes((state,))),
        ],
    )
    tell("receipted", status=response.command_status)


async def main(port: int) -> None:
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    tell("listening")
    bound: dict[str, smpp34.Esme] = {}
    working = set()
    count = 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            tell("bound", system_id=event.system_id, receives=event.can_receive)
            bound[event.session_id] = event
            if event.can_receive:
                working.add(asyncio.create_task(deliver(event)))
        elif isinstance(event, smpp34.Unbound):
            tell("unbound")
        else:
            count += 1
            message_id = f"{count:08x}-{event.destination_addr}"
            tell(
                "submit_sm",
                to=event.destination_addr,
                source_addr=event.source_addr,
                source_addr_ton=event.source_addr_ton,
                esm_class=event.esm_class,
                data_coding=event.data_coding,
                short_message=event.short_message.hex(),
                tlvs={tlv.tag: tlv.value.hex() for tlv in event.tlvs},
            )
            event.accept(message_id)
            if event.registered_delivery & 1:
                esme = bound[event.session_id]
                working.add(asyncio.create_task(report(esme, event, message_id)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
