"""Which message a receipt means: its id is seldom spelled as submit_sm_resp spelled it.

SMSCs count in one number and print it in hexadecimal here, in decimal there, padded or not, in
capitals or not, with a suffix. So both sides are folded to a key, and the receipt's id is
looked for under each key that its mapping allows. A decimal number is also a hexadecimal one
and counters wrap: a key that is found is a match only if the receipt's source address is the
message's destination, and what mapping an operator uses is believed after many such matches.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["HOLDS_AFTER", "Inference", "MessageIdMapping", "candidates", "fold"]

HOLDS_AFTER = 20
"""Matches, wrong ones taken off, after which an inferred mapping is believed."""

# The most digits that are read as a number. SMSCs count in 64 bits or print times of day; a
# UUID without its dashes is no counter.
_MAX_DECIMAL = 24
_MAX_HEX = 20

_HEX = frozenset("0123456789abcdef")


class MessageIdMapping(StrEnum):
    """How an operator's receipts spell the message_id of its responses."""

    AS_IS = "as_is"
    HEX_TO_DEC = "hex_to_dec"  # hexadecimal in the response, decimal in the receipt
    DEC_TO_HEX = "dec_to_hex"  # decimal in the response, hexadecimal in the receipt
    AUTO = "auto"  # inferred from what matches


_ORDER = (MessageIdMapping.AS_IS, MessageIdMapping.HEX_TO_DEC, MessageIdMapping.DEC_TO_HEX)


def fold(message_id: str) -> str:
    """The key of `message_id`: no letter case, padding, leading zeros or @suffix; "0" stays.

    Zeros are taken off on both sides alike, so an id that is no number suffers nothing by it.
    """
    key = message_id.strip("\0 ").lower()
    key = key.partition("@")[0] or key
    return key.lstrip("0") or key[:1]


def mapped(receipt_id: str, mapping: MessageIdMapping) -> str | None:
    """The key of the response under one mapping; None where the id cannot be read that way."""
    key = fold(receipt_id)
    match mapping:
        case MessageIdMapping.HEX_TO_DEC if len(key) <= _MAX_DECIMAL and key.isascii() and key.isdecimal():
            return format(int(key), "x")
        case MessageIdMapping.DEC_TO_HEX if 0 < len(key) <= _MAX_HEX and _HEX.issuperset(key):
            return str(int(key, 16))
        case MessageIdMapping.AS_IS if key:
            return key
    return None


def candidates(receipt_id: str, mapping: MessageIdMapping) -> tuple[str, ...]:
    """The keys under which the response's id may be found, best first.

    A fixed mapping is followed by the id as it is: the TLV often has it so while the text has
    it mapped. An empty id has none.
    """
    return _keys(
        receipt_id, _ORDER if mapping is MessageIdMapping.AUTO else (mapping, MessageIdMapping.AS_IS)
    )


def _keys(receipt_id: str, mappings: Iterable[MessageIdMapping]) -> tuple[str, ...]:
    keys = (mapped(receipt_id, mapping) for mapping in mappings)
    return tuple(dict.fromkeys(key for key in keys if key))


class Inference:
    """What mapping an operator uses, from the matches seen.

    Each match speaks for its mapping and against the others, so that chance matches wear off;
    scores are capped, so that an operator who changes its platform is followed after as many
    matches as it took to believe the first.
    """

    __slots__ = ("_holds", "_scores", "_threshold")

    def __init__(self, threshold: int = HOLDS_AFTER) -> None:
        self._threshold = threshold
        self._scores = dict.fromkeys(_ORDER, 0)
        self._holds: MessageIdMapping | None = None

    def __repr__(self) -> str:
        scores = " ".join(f"{mapping}:{score}" for mapping, score in self._scores.items())
        return f"<Inference holds {self._holds} [{scores}]>"

    @property
    def holds(self) -> MessageIdMapping | None:
        """The mapping that is believed; None as long as none is."""
        return self._holds

    def order(self) -> tuple[MessageIdMapping, ...]:
        """The mappings to try, best first: the one believed, then by what was seen."""
        return tuple(sorted(_ORDER, key=lambda mapping: (mapping != self._holds, -self._scores[mapping])))

    def candidates(self, receipt_id: str) -> tuple[str, ...]:
        """As `candidates`, in the order of what was seen."""
        return _keys(receipt_id, self.order())

    def explains(self, receipt_id: str, key: str) -> MessageIdMapping | None:
        """The one mapping that leads from a receipt's id to `key`; None if several do or none.

        Small numbers look alike in both bases and say nothing about the operator.
        """
        mappings = [mapping for mapping in _ORDER if mapped(receipt_id, mapping) == key]
        return mappings[0] if len(mappings) == 1 else None

    def observe(self, mapping: MessageIdMapping | None) -> None:
        """Count a match whose destination agreed; None (see `explains`) counts for nothing."""
        if mapping not in self._scores:
            return
        for other, score in self._scores.items():
            step = 1 if other is mapping else -1
            self._scores[other] = min(max(score + step, 0), 2 * self._threshold)
        if self._scores[mapping] >= self._threshold:
            self._holds = mapping
