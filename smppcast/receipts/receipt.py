"""A deliver_sm or data_sm as the receipt that it is, from TLVs and from text in any dialect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from smppcast.model import MessageState
from smppcast.receipts.content import message_octets
from smppcast.receipts.fields import Fields, parse_fields
from smppcast.receipts.states import state_from_number, state_of
from smppcast.receipts.times import parse_time
from smppcast.smpp.pdu import DataSm, DeliverSm, Pdu
from smppcast.text import strip_udh
from smppcast.text.codings import alphabet_of

__all__ = ["Receipt", "is_receipt", "parse"]

# esm_class, bits 5 to 2 (SMPP 3.4 section 5.2.12).
_MESSAGE_TYPE = 0x3C
_RECEIPT = 0x04
_INTERMEDIATE = 0x20
_UDHI = 0x40


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an SMSC reports of a message.

    Attributes:
        message_id: the id to match by, the TLV's where there is one: SMSCs put the id of
            submit_sm_resp there, and often another form of it in the text.
        message_id_text: the id of the text, as it stands there.
        message_id_tlv: receipted_message_id, as it stands there.
        state: message_state, else what `stat` means; None where neither is known.
        stat: the word of the text, as it stands there.
        error: the `err` of the text, else network_error_code as "gsm 32"; empty for none.
        submitted: when the SMSC took the message, by its own clock.
        done: when the message reached its state.
        sub: segments submitted, as the text has it.
        dlvrd: segments delivered, as the text has it.
        text: the beginning of the message, as far as the SMSC repeats it.
        source_addr: of the receipt: the number that the message went to.
        destination_addr: of the receipt: the message's own source.
        user_message_reference: ours, where the SMSC echoes it.
        intermediate: another receipt is to follow.
    """

    message_id: str
    message_id_text: str
    message_id_tlv: str
    state: MessageState | None
    stat: str
    error: str
    submitted: datetime | None
    done: datetime | None
    sub: str
    dlvrd: str
    text: str
    source_addr: str
    destination_addr: str
    user_message_reference: int | None
    intermediate: bool

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Each id that it gives, once, best first."""
        return tuple(dict.fromkeys(filter(None, (self.message_id_tlv, self.message_id_text))))


def is_receipt(pdu: Pdu) -> bool:
    """Whether `pdu` reports on a message of ours.

    esm_class tells. Where it does not, both TLVs of a receipt do, or a text that begins as one
    with an id, a state and more: some SMSCs leave esm_class at 0.
    """
    return _read(pdu) is not None


def parse(pdu: Pdu, *, time_zone: tzinfo = UTC) -> Receipt | None:
    """Read a receipt; None for what is none. Never fails, whatever the octets.

    Args:
        time_zone: of the dates in the text, which is the SMSC's own.
    """
    fields = _read(pdu)
    if fields is None or not isinstance(pdu, DeliverSm | DataSm):
        return None
    message_id_tlv = _string(pdu.tlvs.get("receipted_message_id"))
    state = state_from_number(pdu.tlvs.get("message_state"))
    if state is None:
        state = state_of(fields.stat)
    reference = pdu.tlvs.get("user_message_reference")
    return Receipt(
        message_id=message_id_tlv or fields.id,
        message_id_text=fields.id,
        message_id_tlv=message_id_tlv,
        state=state,
        stat=fields.stat,
        error=error_of(fields.err, pdu.tlvs.get("network_error_code")),
        submitted=parse_time(fields.submit_date, time_zone),
        done=parse_time(fields.done_date, time_zone),
        sub=fields.sub,
        dlvrd=fields.dlvrd,
        text=fields.text,
        source_addr=pdu.source_addr,
        destination_addr=pdu.destination_addr,
        user_message_reference=reference if isinstance(reference, int) else None,
        intermediate=pdu.esm_class & _MESSAGE_TYPE == _INTERMEDIATE if state is None else not state.final,
    )


def _read(pdu: Pdu) -> Fields | None:
    """The fields of the text, where `pdu` is a receipt."""
    if not isinstance(pdu, DeliverSm | DataSm):
        return None
    marked = pdu.esm_class & _MESSAGE_TYPE in (_RECEIPT, _INTERMEDIATE)
    if marked or ("receipted_message_id" in pdu.tlvs and "message_state" in pdu.tlvs):
        return parse_fields(_text(pdu))
    if pdu.esm_class & _MESSAGE_TYPE:
        return None  # an acknowledgement by the subscriber's own handset
    text = _text(pdu)
    if text[:3].lower() != "id:":
        return None
    fields = parse_fields(text)
    return fields if fields.shaped else None


def _text(pdu: DeliverSm | DataSm) -> str:
    """The text of a receipt: ASCII in all dialects, whatever data_coding 0 means otherwise
    (`_` and `@` would be § and ¡ in GSM), or UTF-16. Octets above are kept as Latin-1."""
    octets = message_octets(pdu)
    if pdu.esm_class & _UDHI:
        octets = strip_udh(octets)[1]
    utf16 = alphabet_of(pdu.data_coding) == "utf-16-be" and b"\0" in octets[::2]
    if utf16 or (octets[:1] == b"\0" and octets[1:2] != b"\0"):
        return octets.decode("utf-16-be", "replace").rstrip("\0")
    return octets.decode("latin-1").rstrip("\0")


def _string(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip("\0 ") if isinstance(value, str) else ""


# --- errors -------------------------------------------------------------------------------

# network_error_code: one octet of network type, two of the code (SMPP 5.0 section 4.8.4.42).
_NETWORKS = {
    1: "ansi-136 access denied",
    2: "is-95 access denied",
    3: "gsm",
    4: "ansi-136",
    5: "is-95",
    6: "ansi-41",
    7: "smpp",
    8: "message centre",
}


def error_of(err: str, network_error_code: object) -> str:
    """`err`, unless it says nothing and network_error_code something."""
    if err.strip("0.") and err.lower() != "null":
        return err
    return _network_error(network_error_code) or err


def _network_error(value: object) -> str:
    if not isinstance(value, bytes) or not value:
        return ""
    if value.isalnum():  # "000" in ASCII is seen in the field
        code = value.decode("ascii")
        return code if code.strip("0") else ""
    if len(value) != 3:
        return value.hex()
    number = int.from_bytes(value[1:], "big")
    return f"{_NETWORKS.get(value[0], f'network {value[0]}')} {number}" if number else ""
