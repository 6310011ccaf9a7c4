"""The GSM 03.38 alphabet as data: 3GPP TS 23.038 section 6.2.1, default and extension tables.

`DEFAULT[code]` is the character of a septet; `EXTENSION[code]` that of the septet after an
escape. The escape itself stands as itself in `DEFAULT`.
"""

from __future__ import annotations

__all__ = ["CHARACTERS", "CR", "DEFAULT", "ESCAPE", "EXTENSION"]

ESCAPE = 0x1B
CR = 0x0D

DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

CHARACTERS = frozenset(DEFAULT.replace("\x1b", "")) | frozenset(EXTENSION.values())
"""Every character that the alphabet can carry."""
