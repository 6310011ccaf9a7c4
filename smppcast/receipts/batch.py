"""Receipts by the hundred: the form that SMSCs send most, cut by one regular expression.

A deliver_sm whose text is in the order of SMPP 3.4 appendix B, with or without TLVs behind it, is
read here in 2 to 3 µs, a tenth of what `receipt.parse` takes; all else is left to that, its plain
twin, and a property test holds the two together. Where all of a read are laid out as the first of
them is, which is the rule in a campaign, they are cut by columns (`alike.py`) in 0.6 µs each, few of them
in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import lru_cache
from struct import unpack
from typing import NamedTuple, TypeVar

from smppcast.model import MessageState
from smppcast.receipts.alike import Alike, Spans
from smppcast.receipts.message_ids import fold
from smppcast.receipts.receipt import Receipt, error_of
from smppcast.receipts.states import state_of
from smppcast.receipts.times import parse_time

__all__ = ["ReceiptBatch", "fold_all", "read"]

_T = TypeVar("_T")

# A whole deliver_sm (SMPP 5.0 section 4.3.1.1): header, mandatory parameters, text, TLVs. Only
# esm_class 0x04 (a receipt without UDH) and one-octet alphabets are cut here, and of the TLVs only
# those that a receipt has: receipted_message_id, message_state, network_error_code, and our own
# user_message_reference where it is echoed. An id in the text with a colon may hide a field.
_RECEIPT = re.compile(
    rb"(?s).{4}\0\0\0\x05\0\0\0\0(.{4})[^\0]{0,5}\0..([^\0]{0,20})\0..([^\0]{0,20})\0"
    rb"\x04..[^\0]{0,16}\0[^\0]{0,16}\0..[\0\x01\x03].(.)"
    rb"(id:([!-9;-~]{1,64}) sub:[0-9]{3} dlvrd:[0-9]{3} submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    rb" stat:([A-Z]{7}) err:([0-9A-Za-z]{1,8})(?: [Tt]ext:([ -~]*))?)"
    rb"((?:\0\x1e\0(.)([!-~]{1,64})\0|\x04\x27\0\x01([\0-\x09])|\x04\x23\0\x03(...)"
    rb"|\x02\x04\0\x02(..)){0,4})"
).fullmatch
# Groups of the expression that may differ between receipts laid out alike; and what the texts among
# them may hold.
_SEQUENCE, _SOURCE, _DESTINATION = 1, 2, 3
_TEXT_ID, _SUBMITTED, _DONE, _STAT, _ERR, _REPEATED = 6, 7, 8, 9, 10, 11
_TLV_ID, _STATE, _CODE, _REFERENCE = 14, 15, 16, 17
_GRAPHIC = bytes(range(0x21, 0x7F))
_NOT_NUL, _DIGITS = bytes(range(1, 256)), b"0123456789"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALLOWED = {
    _SOURCE: _NOT_NUL,
    _DESTINATION: _NOT_NUL,
    _TEXT_ID: _GRAPHIC.replace(b":", b""),
    _SUBMITTED: _DIGITS,
    _DONE: _DIGITS,
    _STAT: _LETTERS,
    _ERR: _DIGITS + _LETTERS + _LETTERS.lower(),
    _REPEATED: b" " + _GRAPHIC,
    _TLV_ID: _GRAPHIC,
}
# Those in which receipts of one campaign, one minute and one outcome differ.
_VARYING = (_SEQUENCE, _SOURCE, _TEXT_ID, _TLV_ID, _REFERENCE)
_LAYOUTS_MAX = 64
_STATE_MOST = 9  # message_states that the expression lets through
# PDUs below which columns of octets are not worth their fixed cost.
_FEW = 48

# `text:` repeats the message's beginning; if that looks like fields itself, the twin decides.
_LIKE_A_FIELD = re.compile(rb"(?i)(id|sub|dlvrd|date|stat|err|text):").search


# The columns of a batch, in the order that it takes them.
_COLUMNS = (
    "sequence_numbers",
    "message_ids",
    "other_ids",
    "sources",
    "destinations",
    "states",
    "errors",
    "done",
    "submitted",
    "references",
)


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
        submitted: likewise, when the SMSC took the message.
        references: user_message_reference, -1 where it is not echoed.
    """

    __slots__ = _COLUMNS

    def __init__(  # noqa: PLR0917 - columns, in the order of their slots
        self,
        sequence_numbers: Iterable[int] = (),
        message_ids: Iterable[str] = (),
        other_ids: Iterable[str] = (),
        sources: Iterable[str] = (),
        destinations: Iterable[str] = (),
        states: Iterable[int] = (),
        errors: Iterable[str] = (),
        done: Iterable[int] = (),
        submitted: Iterable[int] = (),
        references: Iterable[int] = (),
    ) -> None:
        self.sequence_numbers = list(sequence_numbers)
        self.message_ids = list(message_ids)
        self.other_ids = list(other_ids)
        self.sources = list(sources)
        self.destinations = list(destinations)
        self.states = list(states)
        self.errors = list(errors)
        self.done = list(done)
        self.submitted = list(submitted)
        self.references = list(references)

    def __len__(self) -> int:
        return len(self.sequence_numbers)

    def extend(self, more: ReceiptBatch) -> None:
        """Appends those of another batch."""
        for name in _COLUMNS:
            getattr(self, name).extend(getattr(more, name))

    def rows(self, rows: Sequence[int]) -> ReceiptBatch:
        """Some of them, in the order given."""
        return ReceiptBatch(*([getattr(self, name)[row] for row in rows] for name in _COLUMNS))

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
        self.submitted.append(int(receipt.submitted.timestamp()) if receipt.submitted else 0)
        reference = receipt.user_message_reference
        self.references.append(-1 if reference is None else reference)


def read(pdus: Sequence[bytes], *, time_zone: tzinfo = UTC) -> tuple[ReceiptBatch, list[bytes]]:
    """Reads the receipts among deliver_sm PDUs; returns them and the PDUs left to the plain path."""
    batch = (_few if len(pdus) < _FEW else _by_length)(pdus, time_zone)
    if batch is not None:
        return batch, []
    matches = list(map(_RECEIPT, pdus))
    rows = [match.groups(b"") for match in matches if match]
    rest: list[bytes] = []
    if len(rows) < len(pdus):
        rest = [pdu for pdu, match in zip(pdus, matches, strict=True) if match is None]
    if not rows:
        return ReceiptBatch(), rest
    cut = _columns(rows, time_zone)
    # What looks right and is not: the PDUs go the plain way, all of them, which costs only time.
    return (ReceiptBatch(), list(pdus)) if cut is None else (cut, rest)


def _columns(rows: Sequence[tuple[bytes, ...]], time_zone: tzinfo) -> ReceiptBatch | None:
    """The rows that the expression cut, as columns; None where a length belies one of them."""
    (
        numbers, sources, destinations, lengths, texts, text_ids, submitted, done, stats, errs, repeated,
        tails, tlv_lengths, tlv_ids, states, codes, references,
    ) = zip(*rows, strict=True)  # fmt: skip
    if list(map(len, texts)) != list(b"".join(lengths)) or any(map(_like_a_field, set(repeated))):
        return None
    if any(tails):
        columns = zip(tails, tlv_lengths, tlv_ids, states, codes, references, strict=True)
        for tail, size, tlv_id, state, code, reference in columns:
            known = (len(tlv_id) + 5 if size else 0) + (5 if state else 0) + (7 if code else 0)
            known += 6 if reference else 0
            if len(tail) != known or (size and size[0] != len(tlv_id) + 1):
                return None
        ids = [tlv_id or text_id for tlv_id, text_id in zip(tlv_ids, text_ids, strict=True)]
        others = [b"" if used == text_id else text_id for used, text_id in zip(ids, text_ids, strict=True)]
    else:
        ids, others = list(text_ids), [b""] * len(rows)
    found = [state[0] if state else _state(stat) for state, stat in zip(states, stats, strict=True)]
    if None in found:
        return None
    return ReceiptBatch(
        unpack(f">{len(rows)}I", b"".join(numbers)),
        _decoded(ids),
        _decoded(others),
        _decoded(sources),
        _decoded(destinations),
        [state for state in found if state is not None],
        list(map(_error, errs, codes)),
        [_moment(text, time_zone) for text in done],
        [_moment(text, time_zone) for text in submitted],
        [int.from_bytes(value, "big") if value else -1 for value in references],
    )


def _by_length(pdus: Sequence[bytes], time_zone: tzinfo) -> ReceiptBatch | None:
    """The receipts by columns, those of one length together; None where one group is not alike.

    A country's numbers may have two lengths or three, and a counter's ids grow by a digit.
    """
    if len(set(map(len, pdus))) == 1:
        return _alike(pdus, time_zone)
    groups: dict[int, list[int]] = {}
    for row, length in enumerate(map(len, pdus)):
        groups.setdefault(length, []).append(row)
    if len(groups) * _FEW > len(pdus):
        return None
    together, places, start = ReceiptBatch(), [0] * len(pdus), 0
    for rows in groups.values():
        part = _alike([pdus[row] for row in rows], time_zone)
        if part is None:
            return None
        together.extend(part)
        for place, row in enumerate(rows, start):
            places[row] = place
        start += len(rows)
    return together.rows(places)


class _Layout(NamedTuple):
    """How receipts of one length are laid out that differ in their numbers and ids alone."""

    fields: Mapping[int, tuple[int, int]]
    varying: tuple[int, ...]
    """The places of those."""
    blank: bytes
    """A whole PDU with zeros there."""
    first: ReceiptBatch
    """The receipt that it was found by, which says the rest for all."""
    groups: tuple[int, ...]
    """Those fields, in the order of their `spans`."""
    spans: Spans
    between: list[tuple[bytes, ...]]
    """What the first has there, each in a column of its own."""


# By the length of PDUs and the time zone. Dates are among what all have in common: a layout lasts a second,
# or a minute.
_layouts: dict[tuple[int, tzinfo], _Layout] = {}


def _alike(pdus: Sequence[bytes], time_zone: tzinfo) -> ReceiptBatch | None:
    """Receipts of one length by columns; None where they are not all laid out as the first one is.

    What lies between the first one's fields must be the same in all, and each field hold what the
    expression lets it: then the expression would cut all of them at the same places.
    """
    alike, key = Alike(pdus), (len(pdus[0]), time_zone)
    layout = _layouts.get(key)
    if layout is not None and alike.same_but(layout.varying, layout.blank):
        return _uniform(alike, layout)
    layout = _layout(pdus[0], time_zone)
    if layout is None:
        return None
    if not alike.same_but(layout.varying, layout.blank):
        return _mixed(pdus[0], alike, layout, time_zone)
    _keep(key, layout)
    return _uniform(alike, layout)


def _keep(key: tuple[int, tzinfo], layout: _Layout) -> None:
    if len(_layouts) >= _LAYOUTS_MAX:
        _layouts.clear()
    _layouts[key] = layout


def _few(pdus: Sequence[bytes], time_zone: tzinfo) -> ReceiptBatch | None:
    """As `_by_length`, of PDUs that are too few for columns of octets, and of one length."""
    if len(set(map(len, pdus))) != 1:
        return None
    found = _cut_alike(pdus, time_zone)
    if found is None:
        return None
    layout, columns = found
    texts: dict[int, list[str]] = {_TEXT_ID: [], _TLV_ID: []}
    for group in (_SOURCE, _TEXT_ID, _TLV_ID):
        if group in columns:
            joined = b"\0".join(columns[group])
            if len(joined.translate(None, _ALLOWED[group])) != len(pdus) - 1:
                return None
            texts[group] = joined.decode("latin-1").split("\0")
    numbers = unpack(f">{len(pdus)}I", b"".join(columns[_SEQUENCE]))
    references: Sequence[int] = [-1] * len(pdus)
    if _REFERENCE in columns:
        references = unpack(f">{len(pdus)}H", b"".join(columns[_REFERENCE]))
    return _like_the_first(layout, len(pdus), numbers, texts, references)


def _cut_alike(
    pdus: Sequence[bytes], time_zone: tzinfo
) -> tuple[_Layout, dict[int, tuple[bytes, ...]]] | None:
    """The layout of receipts that differ in their numbers and ids alone, and columns of those."""
    key, count = (len(pdus[0]), time_zone), len(pdus)
    layout = _layouts.get(key) or _layout(pdus[0], time_zone)
    if layout is None:
        return None
    between, columns = layout.spans.cut(pdus)
    if [column[:1] for column in between] != layout.between:
        # Those of the next minute, or of another outcome; their fields may be in other places.
        layout = _layout(pdus[0], time_zone)
        if layout is None:
            return None
        between, columns = layout.spans.cut(pdus)
    if between != [column * count for column in layout.between]:
        return None  # of two outcomes, say
    _keep(key, layout)
    return layout, dict(zip(layout.groups, columns, strict=True))


def _layout(pdu: bytes, time_zone: tzinfo) -> _Layout | None:
    """That of a receipt; None for what is none, or looks like one and is not."""
    match = _RECEIPT(pdu)
    first = None if match is None else _columns([match.groups(b"")], time_zone)
    if match is None or first is None:
        return None
    fields = {group: match.span(group) for group in (_SEQUENCE, *_ALLOWED, _STATE, _CODE, _REFERENCE)}
    varying = tuple(place for group in _VARYING for place in range(*fields[group]))
    blank = bytearray(pdu)
    for place in varying:
        blank[place] = 0
    groups = tuple(sorted((group for group in _VARYING if fields[group][0] >= 0), key=fields.__getitem__))
    spans = Spans(len(pdu), [fields[group] for group in groups])
    between, _ = spans.cut([pdu])
    return _Layout(fields, varying, bytes(blank), first, groups, spans, between)


def _uniform(alike: Alike, layout: _Layout) -> ReceiptBatch | None:
    """Receipts that differ in their numbers and ids alone."""
    texts: dict[int, list[str]] = {}
    for group in (_SOURCE, _TEXT_ID, _TLV_ID):
        start, stop = layout.fields[group]
        column = alike.differing_texts(start, stop, _ALLOWED[group]) if start >= 0 else []
        if column is None:
            return None
        texts[group] = column
    numbers = alike.integers(layout.fields[_SEQUENCE][0])
    references = _references_alike(alike, layout.fields[_REFERENCE][0])
    return _like_the_first(layout, alike.count, numbers, texts, references)


def _like_the_first(
    layout: _Layout,
    count: int,
    numbers: Sequence[int],
    texts: Mapping[int, list[str]],
    references: Sequence[int],
) -> ReceiptBatch:
    first = layout.first
    ids, others = _ids(texts)
    return ReceiptBatch(
        numbers,
        ids,
        others,
        texts[_SOURCE],
        first.destinations * count,
        first.states * count,
        first.errors * count,
        first.done * count,
        first.submitted * count,
        references,
    )


def _ids(texts: Mapping[int, list[str]]) -> tuple[list[str], list[str]]:
    """The ids to match by, and those of the texts where they differ from them."""
    text_ids = texts[_TEXT_ID]
    ids = texts[_TLV_ID] or text_ids
    if ids == text_ids:
        return ids, [""] * len(ids)
    return ids, ["" if used == text_id else text_id for used, text_id in zip(ids, text_ids, strict=True)]


def _mixed(pdu: bytes, alike: Alike, layout: _Layout, time_zone: tzinfo) -> ReceiptBatch | None:
    """Receipts that differ in other fields too: their outcomes, their dates."""
    fields = layout.fields
    own = [place for group, span in fields.items() if group != _CODE for place in range(*span)]
    blank = bytearray(pdu)
    for place in own:
        blank[place] = 0
    if not alike.same_but(own, bytes(blank)):
        return None
    texts: dict[int, list[str]] = {}
    for group, allowed in _ALLOWED.items():
        start, stop = fields[group]
        column = alike.texts(start, stop, allowed) if start >= 0 else []
        if column is None:
            return None
        texts[group] = column
    states = _states_alike(alike, fields[_STATE][0], texts[_STAT])
    if states is None or any(_like_a_field(text.encode("ascii")) for text in set(texts[_REPEATED])):
        return None
    code = pdu[slice(*fields[_CODE])] if fields[_CODE][0] >= 0 else b""
    ids, others = _ids(texts)
    return ReceiptBatch(
        alike.integers(fields[_SEQUENCE][0]),
        ids,
        others,
        texts[_SOURCE],
        texts[_DESTINATION],
        states,
        _each(texts[_ERR], lambda err: _error(err.encode("ascii"), code)),
        _each(texts[_DONE], lambda text: _moment(text.encode("ascii"), time_zone)),
        _each(texts[_SUBMITTED], lambda text: _moment(text.encode("ascii"), time_zone)),
        _references_alike(alike, fields[_REFERENCE][0]),
    )


def _states_alike(alike: Alike, place: int, stats: Sequence[str]) -> list[int] | None:
    """message_state from its TLV, which has a place or -1, or else from the text."""
    if place >= 0:
        octets = alike.octets(place)
        return list(octets) if max(octets) <= _STATE_MOST else None
    states = _each(stats, lambda stat: _state(stat.encode("ascii")))
    return None if None in states else [state for state in states if state is not None]


def _references_alike(alike: Alike, place: int) -> list[int]:
    if place < 0:
        return [-1] * alike.count
    pairs = zip(alike.octets(place), alike.octets(place + 1), strict=True)
    return [high << 8 | low for high, low in pairs]


def _each(column: Sequence[str], read_one: Callable[[str], _T]) -> list[_T]:
    """What each text says, where few are distinct."""
    if column.count(column[0]) == len(column):
        return [read_one(column[0])] * len(column)
    said = {text: read_one(text) for text in set(column)}
    return [said[text] for text in column]


def _decoded(column: Sequence[bytes]) -> list[str]:
    """No value has a NUL, so one decoding serves them all."""
    return b"\0".join(column).decode("latin-1").split("\0")


def _like_a_field(text: bytes) -> bool:
    return bool(text) and _LIKE_A_FIELD(text) is not None


# Few distinct values follow one another for thousands of receipts: the caches are small.


@lru_cache(maxsize=64)
def _state(stat: bytes) -> int | None:
    return state_of(stat.decode("ascii"))


@lru_cache(maxsize=256)
def _error(err: bytes, network_error_code: bytes) -> str:
    return error_of(err.decode("ascii"), network_error_code)


@lru_cache(maxsize=4096)
def _moment(text: bytes, time_zone: tzinfo) -> int:
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
