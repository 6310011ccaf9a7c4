"""Receipts by the hundred: the form that SMSCs send most, cut by one regular expression.

A deliver_sm whose text is in the order of SMPP 3.4 appendix B, with or without TLVs behind it, is
read here in 2 to 3 µs, a tenth of what `receipt.parse` takes; all else is left to that, its plain
twin, and a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from functools import lru_cache
from struct import Struct

from smppcast.model import MessageState
from smppcast.receipts.message_ids import fold
from smppcast.receipts.receipt import Receipt, error_of
from smppcast.receipts.states import state_of
from smppcast.receipts.times import parse_time

__all__ = ["ReceiptBatch", "fold_all", "read"]

# The header and mandatory parameters of deliver_sm (SMPP 5.0 section 4.3.1.1) up to sm_length. Only
# esm_class 0x04 (a receipt without UDH) and one-octet alphabets are cut here.
_HEAD = re.compile(
    rb"(?s).{16}[^\0]{0,5}\0..([^\0]{0,20})\0..([^\0]{0,20})\0\x04..[^\0]{0,16}\0[^\0]{0,16}\0..[\0\1\3].(.)"
).match
_TEXT = re.compile(
    rb"id:([!-~]{1,64}) sub:[0-9]{3} dlvrd:[0-9]{3} submit date:[0-9]{10,14} done date:([0-9]{10,14})"
    rb" stat:([A-Z]{7}) err:([0-9A-Za-z]{1,8})(?: [Tt]ext:([ -~]*))?"
).fullmatch
# `text:` repeats the message's beginning; if that looks like fields itself, the twin decides.
_LIKE_A_FIELD = re.compile(rb"(?i)(id|sub|dlvrd|date|stat|err|text):").search

_tlv = Struct(">HH").unpack_from
_LAST_STATE = max(MessageState)
_RECEIPTED_MESSAGE_ID, _MESSAGE_STATE, _NETWORK_ERROR_CODE = 0x001E, 0x0427, 0x0423


class ReceiptBatch:
    """Receipts as columns, all of one length.

    Attributes:
        sequence_numbers: of the PDUs that brought them, each owed a response.
        message_ids: the id to match by.
        other_ids: the text's id where it differs from the TLV's, else "".
        sources: source_addr: the number that the message went to.
        destinations: destination_addr.
        states: message_state; UNKNOWN where the receipt names none that is known.
        errors: the operator's error, "" for none.
        done: unix seconds, 0 where it does not say.
    """

    __slots__ = (
        "destinations",
        "done",
        "errors",
        "message_ids",
        "other_ids",
        "sequence_numbers",
        "sources",
        "states",
    )

    def __init__(
        self,
        sequence_numbers: Iterable[int] = (),
        message_ids: Iterable[str] = (),
        other_ids: Iterable[str] = (),
        sources: Iterable[str] = (),
        destinations: Iterable[str] = (),
        states: Iterable[int] = (),
        errors: Iterable[str] = (),
        done: Iterable[int] = (),
    ) -> None:
        self.sequence_numbers = list(sequence_numbers)
        self.message_ids = list(message_ids)
        self.other_ids = list(other_ids)
        self.sources = list(sources)
        self.destinations = list(destinations)
        self.states = list(states)
        self.errors = list(errors)
        self.done = list(done)

    def __len__(self) -> int:
        return len(self.sequence_numbers)

    def add(self, receipt: Receipt, sequence_number: int) -> None:
        """Appends one that `receipt.parse` read."""
        self.sequence_numbers.append(sequence_number)
        self.message_ids.append(receipt.message_id)
        other = receipt.message_id_text
        self.other_ids.append(other if other != receipt.message_id else "")
        self.sources.append(receipt.source_addr)
        self.destinations.append(receipt.destination_addr)
        if receipt.state is not None:
            self.states.append(receipt.state)
        else:
            self.states.append(MessageState.ENROUTE if receipt.intermediate else MessageState.UNKNOWN)
        self.errors.append(receipt.error)
        self.done.append(int(receipt.done.timestamp()) if receipt.done else 0)


def read(pdus: Sequence[bytes], *, time_zone: tzinfo = UTC) -> tuple[ReceiptBatch, list[bytes]]:
    """Reads the receipts among deliver_sm PDUs; returns them and the PDUs left to the plain path."""
    rows, rest = [], []
    for pdu in pdus:
        row = _cut(pdu, time_zone)
        if row is None:
            rest.append(pdu)
        else:
            rows.append(row)
    return ReceiptBatch(*zip(*rows, strict=True)) if rows else ReceiptBatch(), rest


_Row = tuple[int, str, str, str, str, int, str, int]


def _cut(pdu: bytes, time_zone: tzinfo) -> _Row | None:
    """One receipt in the order of the columns; None where the plain path must read it."""
    head = _HEAD(pdu)
    if head is None:
        return None
    source, destination, sm_length = head.groups()
    start = head.end()
    end = start + sm_length[0]
    size = len(pdu)
    text = _TEXT(pdu, start, end)
    if text is None or end > size:
        return None
    text_id, done, stat, err, repeated = text.groups()
    if repeated and _LIKE_A_FIELD(repeated):
        return None
    message_id, state, network_error_code = text_id, _state(stat), b""
    while end < size:
        if size - end < 4:
            return None
        tag, length = _tlv(pdu, end)
        start, end = end + 4, end + 4 + length
        if end > size:
            return None
        if tag == _MESSAGE_STATE and length == 1:
            if pdu[start] <= _LAST_STATE:
                state = pdu[start]
        elif tag == _RECEIPTED_MESSAGE_ID:
            message_id = pdu[start:end].strip(b"\0 ") or text_id
        elif tag == _NETWORK_ERROR_CODE and length == 3:
            network_error_code = pdu[start:end]
        elif tag in (_MESSAGE_STATE, _NETWORK_ERROR_CODE):
            return None
    if state is None:
        return None
    return (
        int.from_bytes(pdu[12:16], "big"),
        message_id.decode("latin-1"),
        "" if message_id == text_id else text_id.decode("latin-1"),
        source.decode("latin-1"),
        destination.decode("latin-1"),
        state,
        _error(err, network_error_code),
        _done(done, time_zone),
    )


# Few distinct values follow one another for thousands of receipts: the caches are small.


@lru_cache(maxsize=64)
def _state(stat: bytes) -> int | None:
    return state_of(stat.decode("ascii"))


@lru_cache(maxsize=256)
def _error(err: bytes, network_error_code: bytes) -> str:
    return error_of(err.decode("ascii"), network_error_code)


@lru_cache(maxsize=4096)
def _done(text: bytes, time_zone: tzinfo) -> int:
    moment = parse_time(text.decode("ascii"), time_zone)
    return int(moment.timestamp()) if moment else 0


def fold_all(message_ids: Sequence[str]) -> list[str]:
    """`message_ids.fold` of each, in one pass where nothing but letter case needs folding."""
    joined = "\n".join(message_ids)
    plain = not joined.startswith("0") and not any(mark in joined for mark in ("\n0", "@", " ", "\0"))
    if plain:
        keys = joined.lower().split("\n")
        if len(keys) == len(message_ids):
            return keys
    return list(map(fold, message_ids))
