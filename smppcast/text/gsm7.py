"""Septets: a text to and from the GSM 7-bit alphabet, one septet an octet or packed.

In between, a text is `septets`: a bytes object with one septet in each octet, an extension
character as the two septets of its escape pair. That is also how most SMSCs want it in
short_message; `pack` and `unpack` turn it into the eight-in-seven form of 3GPP TS 23.038
section 6.1.2.1 that the radio carries and a few SMSCs take.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from smppcast.text.gsm0338 import CR, DEFAULT, ESCAPE, EXTENSION

__all__ = ["decode_septets", "encode_septets", "encoding_table", "pack", "unpack"]


def encoding_table(locking: str, single: Mapping[int, str]) -> dict[int, int | bytes]:
    """The table that encodes to `locking` (128 characters) and, behind an escape, `single`."""
    table: dict[int, int | bytes] = {ord(char): bytes((ESCAPE, code)) for code, char in single.items()}
    table |= {ord(char): code for code, char in enumerate(locking) if code != ESCAPE and char != "\ufffd"}
    return table


_ENCODE = encoding_table(DEFAULT, EXTENSION)
_BITS = [f"{septet:07b}" for septet in range(128)]


def encode_septets(text: str, errors: str = "strict", table: Mapping[int, int | bytes] = _ENCODE) -> bytes:
    """The septets of `text`; with `errors="replace"` a question mark for what has none.

    Raises:
        UnicodeEncodeError: the alphabet lacks a character of `text`.
    """
    return codecs.charmap_encode(text, errors, table)[0]


def decode_septets(septets: bytes, locking: str = DEFAULT, single: Mapping[int, str] = EXTENSION) -> str:
    """The text of `septets`; never fails.

    An octet above 0x7F is no septet and reads as U+FFFD. An escape before a code without an
    extension reads as that code alone, two escapes as a space, since they would lead to a table
    that there is not yet (TS 23.038 section 6.2.1.1, notes 1 and 2), and one at the end as nothing.
    """
    first, *escaped = septets.replace(b"\x1b\x1b", b" ").split(b"\x1b")
    text = codecs.charmap_decode(first, "replace", locking)[0]
    for part in escaped:
        shifted = single.get(part[0]) if part else None
        text += shifted or ""
        text += codecs.charmap_decode(part[1:] if shifted else part, "replace", locking)[0]
    return text


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Eight septets in seven octets, after `fill_bits` zero bits (which align them to a UDH).

    Seven spare bits at the end would read as an @, so they carry a CR; and since readers drop
    a CR that ends there, a CR of the text at that place is doubled, which shows the same
    (section 6.1.2.3.1).
    """
    bits = fill_bits + 7 * len(septets)
    if bits % 8 == 1 or (septets and bits % 8 == 0 and septets[-1] == CR):
        septets += bytes((CR,))
    digits = "".join(map(_BITS.__getitem__, reversed(septets)))
    value = int(digits or "0", 2) << fill_bits
    return value.to_bytes((fill_bits + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, fill_bits: int = 0) -> bytes:
    """The septets of packed `octets`, without the CR that fills seven spare bits."""
    count = max(0, (8 * len(octets) - fill_bits) // 7)
    value = int.from_bytes(octets, "little") >> fill_bits
    septets = bytes((value >> shift) & 0x7F for shift in range(0, 7 * count, 7))
    if (fill_bits + 7 * count) % 8 == 0 and septets.endswith(b"\r"):
        return septets[:-1]
    return septets
