"""What must hold of any octets: the codec, framing, the batch paths, receipts and texts.

Each target takes one input and raises where something does not hold.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Final, get_args

from smppcast.errors import DecodeError, FieldError, FramingError, TextError
from smppcast.receipts import InboundMessage, Reassembler, is_receipt, parse
from smppcast.receipts import batch as receipt_batch
from smppcast.receipts.fields import parse_any, parse_fields
from smppcast.smpp import (
    DeliverSm,
    DeliverSmResp,
    InterfaceVersion,
    SubmitSmResp,
    Tlvs,
    batch,
    decode,
    encode,
)
from smppcast.smpp.framing import HEADER_LENGTH, MAX_COMMAND_LENGTH, Framer
from smppcast.smpp.tlv import read_tlvs
from smppcast.text import LANGUAGES, DefaultAlphabet, Encoding, LongMessages, Segment, split, split_binary
from smppcast.text import decode as decode_text
from tests.fuzz.streams import cuts, pdus
from tests.smpp.pdu_strategies import as_read

SUBMIT_SM_RESP, DELIVER_SM = 0x80000004, 0x00000005

# --- the codec ----------------------------------------------------------------------------


def codec(data: bytes) -> None:
    """Any octets decode or raise DecodeError; what decodes encodes, and decodes to the same."""
    length = max(HEADER_LENGTH, len(data))
    repaired = length.to_bytes(4, "big") + data[4:].ljust(12, b"\0")
    for octets in (data, repaired):
        for strict in (True, False):
            _round_trip(octets, strict=strict)


def _round_trip(octets: bytes, *, strict: bool) -> None:
    try:
        pdu = decode(octets, strict=strict)
    except DecodeError:
        return
    written = encode(pdu)
    again = decode(written)
    assert again == as_read(pdu)
    assert encode(again) == written
    if strict:
        assert written == octets or len(octets) == HEADER_LENGTH
        assert decode(octets) == pdu
    with suppress(FieldError):
        assert encode(pdu, interface_version=InterfaceVersion.V3_3) == written


# --- streams ------------------------------------------------------------------------------


def framing(data: bytes) -> None:
    """However a stream is cut, the same PDUs come of it, and it breaks at the same place."""
    stream = b"".join(pdus(data))
    whole = _framed(Framer(), [stream])
    assert _framed(Framer(), list(cuts(stream, data[:16]))) == whole
    assert _framed(Framer(), [bytes((octet,)) for octet in stream]) == whole
    found, broken = whole
    assert stream.startswith(b"".join(found))
    assert all(int.from_bytes(pdu[:4], "big") == len(pdu) >= HEADER_LENGTH for pdu in found)
    if not broken:
        rest = stream[sum(map(len, found)) :]
        assert len(rest) < 4 or len(rest) < int.from_bytes(rest[:4], "big")


def _framed(framer: Framer, pieces: list[bytes]) -> tuple[list[bytes], bool]:
    found: list[bytes] = []
    for piece in pieces:
        try:
            found += framer.feed(piece)
        except FramingError:
            break
    return found, framer.broken is not None


def batches(data: bytes) -> None:
    """The batch codec finds what the general one reads, in the same order."""
    stream = b"".join(pdus(data)) * (1 + data[0] % 40 if data else 1)
    framer = Framer(MAX_COMMAND_LENGTH)
    try:
        whole = framer.feed(stream)
    except FramingError:
        whole = []
    try:
        found = batch.cut(stream, MAX_COMMAND_LENGTH)
    except FramingError:
        assert framer.broken is not None
        return
    assert framer.broken is None
    assert found.consumed == sum(map(len, whole))
    kinds = [int.from_bytes(pdu[4:8], "big") for pdu in whole]
    answers = [decode(pdu) for pdu, kind in zip(whole, kinds, strict=True) if kind == SUBMIT_SM_RESP]
    assert found.sequence_numbers == [pdu.sequence_number for pdu in answers]
    assert found.message_ids == [getattr(pdu, "message_id", None) or "" for pdu in answers]
    statuses = [pdu.command_status for pdu in answers]
    assert found.statuses == (statuses if any(statuses) else [])
    bodies = [pdu[HEADER_LENGTH:] for pdu, kind in zip(whole, kinds, strict=True) if kind == SUBMIT_SM_RESP]
    tails = [tail for body in bodies if (tail := body.partition(b"\0")[2])]
    assert found.tlvs == (tails[-1] if tails else b"")
    assert -1 <= batch.congestion_state(found.tlvs) <= 100
    assert found.deliveries == [pdu for pdu, kind in zip(whole, kinds, strict=True) if kind == DELIVER_SM]
    assert found.others == [
        pdu for pdu, kind in zip(whole, kinds, strict=True) if kind not in (SUBMIT_SM_RESP, DELIVER_SM)
    ]
    _written(found.sequence_numbers, found.message_ids)


def _written(sequence_numbers: list[int], message_ids: list[str]) -> None:
    """What the batch codec writes, the general one writes too."""
    general = [DeliverSmResp(0x64, number, message_id="") for number in sequence_numbers]
    assert batch.deliver_sm_resps(sequence_numbers, 0x64) == b"".join(map(encode, general))
    bodies = [message_id.encode("latin-1") for message_id in message_ids]
    heads = [encode(SubmitSmResp(0, 1 + at))[:HEADER_LENGTH] for at in range(len(bodies))]
    expected = b"".join(
        (HEADER_LENGTH + len(body)).to_bytes(4, "big") + b"\0\0\0\4" + head[8:] + body
        for head, body in zip(heads, bodies, strict=True)
    )
    assert batch.submit_sms(1, bodies) == expected


# --- receipts -----------------------------------------------------------------------------


def receipts(data: bytes) -> None:
    """Any deliver_sm reads as a receipt or not, by the plain path and by the batch alike."""
    esm_class, data_coding, length = data[:3].ljust(3, b"\0")
    text, rest = data[3 : 3 + length], data[3 + length :]
    tlvs = Tlvs.from_raw(read_tlvs(rest, 0).raw)
    pdu = DeliverSm(
        0,
        7,
        tlvs,
        source_addr="33612345678",
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=text,
    )
    receipt = parse(pdu)
    assert is_receipt(pdu) == (receipt is not None)
    for octets in (encode(pdu), encode(replace(pdu, esm_class=4, data_coding=0))):
        _as_a_batch(octets)
    latin = text.decode("latin-1")
    assert parse_fields(latin) == parse_any(latin)
    message = Reassembler().add(pdu, 0.0)
    assert message is None or isinstance(message.text, str)


def _as_a_batch(octets: bytes) -> None:
    found, rest = receipt_batch.read([octets, octets])
    if rest:
        assert rest == [octets, octets]
        return
    plain = receipt_batch.ReceiptBatch()
    for _ in range(2):
        receipt = parse(decode(octets))
        assert receipt is not None
        plain.add(receipt, 7)
    for column in receipt_batch.ReceiptBatch.__slots__:
        assert getattr(found, column) == getattr(plain, column), column


# --- texts --------------------------------------------------------------------------------

ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)
ALPHABETS: Final[tuple[DefaultAlphabet, ...]] = get_args(DefaultAlphabet)
LONG: Final[tuple[LongMessages, ...]] = get_args(LongMessages)
NATIONAL: Final = [None, *LANGUAGES]


def texts(data: bytes) -> None:
    """Any octets decode under any data_coding; a text that can be written arrives as it was."""
    first, second, third, data_coding = data[:4].ljust(4, b"\0")
    octets = data[4:]
    encoding = ENCODINGS[first % len(ENCODINGS)]
    alphabet = ALPHABETS[second % len(ALPHABETS)]
    how = LONG[second // len(ALPHABETS) % len(LONG)]
    national = NATIONAL[third % len(NATIONAL)]
    decode_text(data_coding, octets, default_alphabet=alphabet)
    _arrives(octets, how, alphabet)
    text = octets.decode("utf-8", "replace")
    if first & 0x80:  # any 16-bit units, halves of pairs too
        text = octets[: len(octets) & -2].decode("utf-16-be", "surrogatepass")
    try:
        cut = split(
            text,
            encoding,
            long_messages=how,
            reference=data_coding,
            default_alphabet=alphabet,
            national=national,
        )
        split(text, long_messages=how, default_alphabet=alphabet, transliterate=True)
    except TextError:
        return
    assert "".join(segment.text for segment in cut.segments) == text or how == "payload"
    arrived = _received([_delivered(segment, cut.data_coding) for segment in cut.segments], alphabet)
    if alphabet == "gsm_packed" and "\r" in text:
        return  # readers take a CR at the end of seven spare bits for filling
    # What begins a text in UTF-16 as a byte order mark is read as one.
    assert arrived.text == (text.removeprefix("\ufeff") if cut.encoding == "ucs2" else text)


def _arrives(octets: bytes, how: LongMessages, alphabet: DefaultAlphabet) -> None:
    cut = split_binary(octets, long_messages=how)
    arrived = _received([_delivered(segment, cut.data_coding) for segment in cut.segments], alphabet)
    assert arrived.text.encode("latin-1") == octets


def _delivered(segment: Segment, data_coding: int) -> DeliverSm:
    """A segment as it comes back to whoever it was sent to."""
    tlvs: dict[str, int | bytes] = {}
    if segment.sar is not None:
        names = ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
        tlvs.update(zip(names, segment.sar, strict=True))
    if segment.payload is not None:
        tlvs["message_payload"] = segment.payload
    pdu = DeliverSm(
        source_addr="33612345678",
        esm_class=0x40 if segment.esm_class_udhi else 0,
        data_coding=data_coding,
        short_message=segment.short_message,
        tlvs=Tlvs(tlvs),
    )
    assert len(segment.short_message) <= 160
    read = decode(encode(pdu))
    assert isinstance(read, DeliverSm)
    return read


def _received(pdus: list[DeliverSm], alphabet: DefaultAlphabet) -> InboundMessage:
    reassembler = Reassembler(default_alphabet=alphabet)
    for pdu in pdus[:-1]:
        assert reassembler.add(pdu, 0.0) is None
    message = reassembler.add(pdus[-1], 0.0)
    assert message is not None
    assert message.missing == ()
    return message
