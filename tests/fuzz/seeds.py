"""Inputs to begin with, made from PDUs of our own: ``python -m tests.fuzz --seeds`` writes them."""

from __future__ import annotations

from typing import Final

from smppcast.smpp import (
    PDU_CLASSES,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QuerySm,
    ReplaceSm,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlvs,
    Unbind,
    UnbindResp,
    UnknownPdu,
    UnsuccessSme,
    encode,
)
from tests.fuzz.streams import RAW, record

RECEIPT: Final = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611231905 done date:2611231906 "
    b"stat:DELIVRD err:000 text:Bonjour"
)
TO: Final = "33612345678"

PDUS: Final[list[Pdu]] = [
    *[cls(sequence_number=7) for cls in PDU_CLASSES.values()],
    BindTransceiver(0, 1, system_id="gouv", password="secret", system_type="VMS", address_range="^336"),
    BindTransceiverResp(0, 1, Tlvs(sc_interface_version=0x50), system_id="centre"),
    SubmitSm(0, 2, source_addr_ton=5, source_addr="GOUV", destination_addr=TO, short_message=b"Bonjour"),
    SubmitSm(
        0, 3, Tlvs(user_message_reference=7, message_payload=b"x"), destination_addr=TO, registered_delivery=1
    ),
    SubmitSm(0, 3, Tlvs(sar_msg_ref_num=7, sar_total_segments=2, sar_segment_seqnum=1), short_message=b"a"),
    SubmitSmResp(0, 2, message_id="0123456789"),
    SubmitSmResp(0x58, 2),
    SubmitSmResp(0, 2, Tlvs(congestion_state=80), message_id="a"),
    DeliverSm(0, 4, source_addr=TO, destination_addr="GOUV", esm_class=4, short_message=RECEIPT),
    DeliverSm(0, 4, Tlvs(receipted_message_id="75bcd15", message_state=2), source_addr=TO, esm_class=4),
    DeliverSm(0, 5, source_addr=TO, esm_class=0x40, short_message=b"\5\0\3\7\2\1Bonjour"),
    DataSm(0, 6, Tlvs(message_payload=b"Bonjour", network_error_code=b"\3\0\1"), destination_addr=TO),
    SubmitMulti(0, 7, dest_address=(SmeAddress(1, 1, TO), DistributionList("all")), short_message=b"Bonjour"),
    SubmitMultiResp(0, 7, message_id="1", unsuccess_sme=(UnsuccessSme(1, 1, TO, 0x0B),)),
    UnknownPdu(0, 8, command_id=0x22, body=b"DLNAME\0"),
]

TEXTS: Final = [
    b"Bonjour",
    "Ça coûte 5 € {à peu près}".encode(),
    "\u0905\u0906 नमस्ते".encode(),
    "👨‍👩‍👧 🇫🇷".encode() * 12,
    b"x" * 161,
    ("é€" * 90).encode(),
    "istanbul ığş İ".encode() * 14,
    b"\r" * 9,
]

VENDORS: Final = [
    RECEIPT,
    b"id:1 stat:UNDELIV err:69",
    b"id:abc-def sub:1 dlvrd:0 submit_date:261123190512 done_date:20261123190512 stat:EXPIRED err:0A Text:",
    b"ID:1 SUBMIT DATE:2026-11-23 19:05:12 DONE DATE:2026-11-23 19:05 DELIVRD err:000",
    b"\0i\0d\0:\0001\0 \0s\0t\0a\0t\0:\0D",
]


def streams() -> list[bytes]:
    """Conversations, each PDU as a record (see `streams`)."""
    bind, bound = BindTransceiver(0, 1, system_id="esme"), BindTransceiverResp(0, 1, system_id="s")
    submit = SubmitSm(0, 2, destination_addr=TO, registered_delivery=1, short_message=b"Bonjour")
    answer = SubmitSmResp(0, 2, message_id="0123456789")
    receipt = DeliverSm(0, 1, source_addr=TO, esm_class=4, short_message=b"id:1 stat:DELIVRD err:000")
    talks: list[list[Pdu]] = [
        [bind, submit, DeliverSmResp(0, 1), QuerySm(0, 3, message_id="1"), Unbind(0, 4)],
        [BindReceiver(0, 1, system_id="gouv", password="secret"), EnquireLink(0, 2), GenericNack(3, 1)],
        [
            BindTransmitter(0, 1, system_id="old", interface_version=0x33),
            submit,
            CancelSm(0, 3, message_id="1"),
        ],
        [bound, answer, answer, receipt, EnquireLinkResp(0, 3), UnbindResp(0, 4)],
        [bound, *[SubmitSmResp(0, number, message_id=f"{number:010}") for number in range(2, 14)]],
        [bind, submit, submit, submit, ReplaceSm(0, 5, message_id="1"), DataSm(0, 6, destination_addr=TO)],
        [bind, SubmitMulti(0, 2, dest_address=(SmeAddress(1, 1, TO),)), submit, DeliverSmResp(0x64, 1)],
    ]
    spoken = [b"".join(record(encode(pdu)) for pdu in talk) for talk in talks]
    broken = [bytes((RAW, 4)) + b"\0\0\0\x0f", bytes((RAW, 20)) + encode(submit)[:20]]
    return [*spoken, *broken]


# What an owner does between the PDUs of the ESME's seeds: bind, submit, let time pass.
ESME_DOES: Final = b"\x81\x02\x81\x0d\x81\x09\x81\x3c\x81\x03"


def seeds() -> dict[str, list[bytes]]:
    """Inputs of each target."""
    spoken = streams()
    return {
        "codec": [encode(pdu) for pdu in PDUS],
        "framing": spoken,
        "batches": [record(encode(pdu)) for pdu in PDUS if isinstance(pdu, SubmitSmResp | DeliverSm)]
        + spoken,
        "receipts": [bytes((4, 0, len(text))) + text for text in VENDORS]
        + [bytes((0x40, 8, 20)) + b"\5\0\3\7\2\1" + b"\0a" * 7 + b"\0\x1e\0\x02a\0\x04\x27\0\1\2"],
        "texts": [bytes((0, at % 16, at, 8)) + text for at, text in enumerate(TEXTS)],
        "esme": [
            b"\0" + ESME_DOES[:2] + talk[: talk[1] + 2] + ESME_DOES[2:] + talk[talk[1] + 2 :]
            for talk in spoken
        ],
        "smsc": [bytes((at,)) + talk + b"\xf0\x64" + talk for at, talk in enumerate(spoken)],
    }
