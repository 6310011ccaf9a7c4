"""The user data header (3GPP TS 23.040 section 9.2.3.24) at the head of a short_message."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Element", "concat8", "concat16", "concatenation", "element", "fill_bits", "header", "strip_udh"]

CONCAT_8 = 0x00
CONCAT_16 = 0x08


class Element(NamedTuple):
    """An information element: its identifier and its octets."""

    iei: int
    data: bytes


def element(iei: int, data: bytes) -> bytes:
    """An information element as it stands in the header."""
    return bytes((iei, len(data))) + data


def concat8(reference: int, total: int, seqnum: int) -> bytes:
    """The element that numbers a segment under an 8-bit reference."""
    return element(CONCAT_8, bytes((reference & 0xFF, total, seqnum)))


def concat16(reference: int, total: int, seqnum: int) -> bytes:
    """The element that numbers a segment under a 16-bit reference."""
    return element(CONCAT_16, bytes(((reference >> 8) & 0xFF, reference & 0xFF, total, seqnum)))


def header(elements: bytes) -> bytes:
    """The header of `elements`, its length octet first; of none, no header."""
    return bytes((len(elements),)) + elements if elements else b""


def fill_bits(udh_octets: int) -> int:
    """Zero bits between a header of that many octets and the first packed septet."""
    return -8 * udh_octets % 7


def strip_udh(short_message: bytes) -> tuple[tuple[Element, ...], bytes]:
    """A short_message whose esm_class has UDHI set, as its elements and what follows them.

    A header that does not fit the message is none (some SMSCs set UDHI on plain text): then
    no elements, and the whole message.
    """
    if not short_message or short_message[0] >= len(short_message):
        return (), short_message
    end = 1 + short_message[0]
    elements: list[Element] = []
    at = 1
    while at + 2 <= end:
        iei, length = short_message[at], short_message[at + 1]
        at += 2 + length
        if at > end:
            return (), short_message
        elements.append(Element(iei, short_message[at - length : at]))
    return tuple(elements), short_message[end:]


def concatenation(elements: tuple[Element, ...]) -> tuple[int, int, int] | None:
    """(reference, total, seqnum) of the concatenation element among `elements`, if there is one."""
    for iei, data in elements:
        if iei == CONCAT_8 and len(data) == 3:
            return data[0], data[1], data[2]
        if iei == CONCAT_16 and len(data) == 4:
            return int.from_bytes(data[:2], "big"), data[2], data[3]
    return None
