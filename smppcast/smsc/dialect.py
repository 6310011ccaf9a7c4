"""Receipts as operators write them: bodies of deliver_sm from templates, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from smppcast.model import STATE_WORDS, MessageState
from smppcast.smpp.vocabulary import EsmClass
from smppcast.smsc.bulk import MESSAGE_PAYLOAD, USER_MESSAGE_REFERENCE, Shape
from smppcast.smsc.scenario import Outcome, Receipts

__all__ = ["Dialect", "as_data_sm", "echoed", "network_error", "without_tlvs"]

DATES: Final = {"minutes": "%y%m%d%H%M", "seconds": "%y%m%d%H%M%S", "century": "%Y%m%d%H%M%S"}

# Templates hold the dates, so they are many over time and few at once.
TEMPLATES_MAX: Final = 512
# Of the seconds between the oldest submit that is reported and now, those in use at once.
DATES_MAX: Final = 512
# protocol_id to sm_default_msg_id, all zero: ASCII is data_coding 0.
_FLAGS: Final = bytes(8)
_PAYLOAD: Final = MESSAGE_PAYLOAD.to_bytes(2, "big")
_REFERENCE: Final = USER_MESSAGE_REFERENCE.to_bytes(2, "big") + b"\0\2"


class Dialect:
    """Encodes receipts in one form; `outcomes` are what the numbers of outcomes stand for, of which
    `intermediate` is no final one."""

    __slots__ = (
        "_dates",
        "_intermediate",
        "_offset",
        "_outcomes",
        "_templates",
        "_words",
        "_written",
        "text",
        "tlv",
    )

    def __init__(self, settings: Receipts, outcomes: Sequence[Outcome], intermediate: int = -1) -> None:
        self._outcomes, self._intermediate = outcomes, intermediate
        self.text, self.tlv = settings.form != "tlv", settings.form != "text"
        self._words = settings.text
        self._dates, self._offset = DATES[settings.dates], timedelta(minutes=settings.utc_offset_min)
        self._templates: dict[object, bytes] = {}
        self._written: dict[int, bytes] = {}

    def date(self, at: float) -> bytes:
        """A moment, in unix seconds, as this dialect writes it."""
        second = int(at)
        date = self._written.get(second)
        if date is None:
            if len(self._written) >= DATES_MAX:
                self._written.clear()
            moment = datetime.fromtimestamp(second, UTC) + self._offset
            date = self._written[second] = moment.strftime(self._dates).encode()
        return date

    def bodies(
        self, shape: Shape, dates: tuple[bytes, bytes], outcomes: bytes, columns: Sequence[Sequence[bytes]]
    ) -> list[bytes]:
        """Bodies of deliver_sm.

        Args:
            dates: submit and done date.
            outcomes: the number of each one's outcome.
            columns: the messages' destinations; their ids as the text writes them, if this dialect
                has a `text`; likewise for a `tlv`.
        """
        rows = list(zip(*columns, strict=True))
        first = rows[0]
        widths = tuple(map(len, first[1:]))
        alike = all(len(set(map(len, column))) == 1 for column in columns[1:])
        if alike and outcomes.count(outcomes[0]) == len(rows):
            return list(map(self._template(shape, dates, outcomes[0], widths).__mod__, rows))
        return [
            self._template(shape, dates, outcome, tuple(map(len, row[1:]))) % row
            for outcome, row in zip(outcomes, rows, strict=True)
        ]

    def _template(
        self, shape: Shape, dates: tuple[bytes, bytes], outcome: int, widths: tuple[int, ...]
    ) -> bytes:
        key = (shape, dates, outcome, widths)
        template = self._templates.get(key)
        if template is None:
            if len(self._templates) >= TEMPLATES_MAX:
                self._templates.clear()
            template = self._templates[key] = self._make(shape, dates, outcome, widths)
        return template

    def _make(self, shape: Shape, dates: tuple[bytes, bytes], number: int, widths: tuple[int, ...]) -> bytes:
        """The receipt goes the way back: its source is the message's destination (SMPP 5.0 4.3.5)."""
        before = _escaped(shape.service_type + b"\0" + shape.dest_ton_npi) + b"%b"
        outcome = self._outcomes[number]
        kind = EsmClass.INTERMEDIATE if number == self._intermediate else EsmClass.RECEIPT
        head = b"\0" + shape.source + bytes((kind,)) + _FLAGS
        text = self._text(dates, outcome) if self.text else b""
        length = len(text % bytes(widths[0])) if self.text else 0
        template = before + _escaped(head + bytes((length,))) + text
        return template + (self._tlvs(outcome, widths[-1]) if self.tlv else b"")

    def _text(self, dates: tuple[bytes, bytes], outcome: Outcome) -> bytes:
        submit, done = (date.decode("ascii") for date in dates)
        before, after = self._words.split("{id}")
        filled = (
            part.format(
                sub="001",
                dlvrd="001" if outcome.state is MessageState.DELIVERED else "000",
                submit=submit,
                done=done,
                stat=outcome.stat or STATE_WORDS[outcome.state],
                err=outcome.err,
            )
            for part in (before, after)
        )
        return b"%b".join(_escaped(part.encode("ascii")) for part in filled)

    @staticmethod
    def _tlvs(outcome: Outcome, width: int) -> bytes:
        """receipted_message_id, message_state and, for a numeric error, network_error_code."""
        error = network_error(outcome)
        error = error and b"\x04\x23\0\3" + error
        after = b"\0\x04\x27\0\1" + bytes((outcome.state,)) + error
        return _escaped(b"\0\x1e" + (width + 1).to_bytes(2, "big")) + b"%b" + _escaped(after)


def network_error(outcome: Outcome) -> bytes:
    """The value of network_error_code (network type 3: GSM), where the error is a number."""
    number = int(outcome.err) if outcome.err.isdigit() else 0
    return b"\3" + number.to_bytes(2, "big") if 0 < number <= 0xFFFF else b""


def echoed(bodies: Sequence[bytes], references: Sequence[bytes]) -> list[bytes]:
    """`bodies` with the TLV user_message_reference where there is a reference to echo."""
    pairs = zip(bodies, references, strict=True)
    return [body + _REFERENCE + reference if reference else body for body, reference in pairs]


def without_tlvs(body: bytes) -> bytes:
    """The body of a deliver_sm up to its short_message, for a client that knows no more."""
    at = body.index(0) + 3
    for skipped in (3, 4, 1, 5):  # after source_addr, destination_addr, schedule_delivery_time, validity
        at = body.index(0, at) + skipped
    return body[: at + 1 + body[at]]


def as_data_sm(body: bytes) -> bytes:
    """The body of a data_sm that says what a deliver_sm's does; its text becomes message_payload."""
    at = body.index(0) + 3
    at = body.index(0, at) + 3
    at = body.index(0, at) + 1
    addresses, esm_class = body[:at], body[at]
    at = body.index(0, at + 3) + 1  # schedule_delivery_time
    at = body.index(0, at) + 1  # validity_period
    registered_delivery, data_coding, length = body[at], body[at + 2], body[at + 4]
    text, tlvs = body[at + 5 : at + 5 + length], body[at + 5 + length :]
    payload = _PAYLOAD + len(text).to_bytes(2, "big") + text if text else b""
    return addresses + bytes((esm_class, registered_delivery, data_coding)) + payload + tlvs


def _escaped(octets: bytes) -> bytes:
    return octets.replace(b"%", b"%%")
