"""Where a deliver_sm or data_sm carries its message."""

from __future__ import annotations

from smppcast.smpp.pdu import DataSm, DeliverSm

__all__ = ["message_octets"]


def message_octets(pdu: DeliverSm | DataSm) -> bytes:
    """short_message, or where that is empty or (in data_sm) does not exist, message_payload."""
    if isinstance(pdu, DeliverSm) and pdu.short_message:
        return pdu.short_message
    payload = pdu.tlvs.get("message_payload")
    return payload if isinstance(payload, bytes) else b""
