"""The national language tables as data: 3GPP TS 23.038 annex A, locking and single shift.

A locking table stands in the place of the default alphabet, a single shift table in that of
its extension table. A message says in its UDH which it uses (TS 23.040 section 9.2.3.24.15
and 16); SMSCs and handsets that do not know them show other letters, so they are the
caller's choice.
"""

# ruff: noqa: RUF001 - letters of other languages

from __future__ import annotations

from smppcast.text.gsm0338 import DEFAULT, EXTENSION

__all__ = ["HOLE", "LANGUAGES", "LOCKING", "SINGLE"]

HOLE = "\ufffd"
"""Stands for a code to which a table gives no character."""

LANGUAGES = {
    "turkish": 1,
    "spanish": 2,
    "portuguese": 3,
    "bengali": 4,
    "gujarati": 5,
    "hindi": 6,
    "kannada": 7,
    "malayalam": 8,
    "oriya": 9,
    "punjabi": 10,
    "tamil": 11,
    "telugu": 12,
    "urdu": 13,
}
"""The national language identifiers (TS 23.038 section 6.2.1.2.4)."""


def _with(table: str, changes: dict[int, str]) -> str:
    """`table` with runs of characters put in, each from its code on."""
    chars = list(table)
    for code, run in changes.items():
        chars[code : code + len(run)] = run
    return "".join(chars)


def _single(changes: dict[int, str], base: dict[int, str] = EXTENSION) -> dict[int, str]:
    """`base` with runs of characters put in, each from its code on; a blank skips a code."""
    runs = {code + i: char for code, run in changes.items() for i, char in enumerate(run) if char != " "}
    return base | runs


# --- the Indian scripts -------------------------------------------------------------------

# Unicode laid them out alike, after ISCII: a character's code follows from its place in the
# script's block. Offsets into the block, digits and punctuation as they are; what a script
# lacks leaves a hole.
_LETTERS: tuple[int | str, ...] = (
    *(*range(0x01, 0x04), *range(0x05, 0x0C), "\n", 0x0C, 0x0D, "\r", 0x0E, 0x0F),
    *(*range(0x10, 0x1B), "\x1b", *range(0x1B, 0x1F)),
    *(" ", "!", *range(0x1F, 0x25), ")", "(", 0x25, 0x26, ",", 0x27, ".", 0x28),
    *(*"0123456789:;", 0x29, 0x2A, 0x2B, "?"),
    *(*range(0x2C, 0x3A), 0x3C, 0x3D),
    *range(0x3E, 0x4E),
)


def _indian(block: int, lacking: str, tail: str) -> str:
    """The locking table of the script at `block`: the offsets that it lacks (in hexadecimal),
    and its characters at 0x60 and from 0x7B on."""
    holes = set(bytes.fromhex(lacking))
    letters = (
        char if isinstance(char, str) else HOLE if char in holes else chr(block + char) for char in _LETTERS
    )
    return f"{''.join(letters)}{tail[0]}abcdefghijklmnopqrstuvwxyz{tail[1:]}"


_INDIAN_SINGLE = _single(
    {
        0x00: "@£$¥¿\"¤%&'\f*+ -/<=>¡^¡_#*",
        0x41: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    }
)


def _digits(block: int, more: str = "", signs: str = "\u0964\u0965") -> dict[int, str]:
    """A single shift table: two signs, the script's digits, and up to 18 more characters."""
    digits = "".join(chr(block + 0x66 + i) for i in range(10))
    more = more.ljust(18)
    runs = {0x19: signs, 0x1C: digits, 0x26: more[:2], 0x2A: more[2:7], 0x30: more[7:]}
    return _single(runs, _INDIAN_SINGLE)


# --- the tables ---------------------------------------------------------------------------

# The specification prints some code points wrongly, and forgot Telugu's euro: here is what phones have
# (fixtures/gsm/disputed.txt of the source tree names each cell and who has what).

LOCKING = {
    0: DEFAULT,
    1: _with(DEFAULT, {0x04: "€", 0x07: "ı", 0x0B: "Ğğ", 0x1C: "Şş", 0x40: "İ", 0x60: "ç"}),
    3: _with(
        DEFAULT,
        {
            0x04: "êéúíóç",
            0x0B: "Ôô",
            0x0E: "Áá",
            0x12: "ªÇÀ∞^\\€Ó|",
            0x1C: "ÂâÊ",
            0x24: "º",
            0x40: "Í",
            0x5B: "ÃÕÚ",
            0x60: "~",
            0x7B: "ãõ`",
        },
    ),
    4: _indian(0x0980, "0d0e111229313334354546494a", "\u09ce\u09d7\u09dc\u09dd\u09f0\u09f1"),
    5: _indian(0x0A80, "0e12293134464a", "\u0ad0\u0ae0\u0ae1\u0ae2\u0ae3\u0af1"),
    6: _indian(0x0900, "", "\u0950\u0972\u097b\u097c\u097e\u097f"),
    7: _indian(0x0C80, "010d1129344549", "\u0cd5\u0cd6\u0ce0\u0ce1\u0ce2\u0ce3"),
    8: _indian(0x0D00, "010d11293c4549", "\u0d57\u0d60\u0d61\u0d62\u0d63\u0d79"),
    9: _indian(0x0B00, "0d0e11122931344546494a", "\u0b56\u0b57\u0b60\u0b61\u0b62\u0b63"),
    10: _indian(0x0A00, "0b0c0d0e1112293134373d43444546494a", "\u0a51\u0a70\u0a71\u0a72\u0a73\u0a74"),
    11: _indian(
        0x0B80,
        "010b0c0d111617181b1d2021222526272b2c2d3c3d43444549",
        "\u0bd0\u0bd7\u0bf0\u0bf1\u0bf2\u0bf9",
    ),
    12: _indian(0x0C00, "0d1129343c4549", "\u0c55\u0c56\u0c60\u0c61\u0c62\u0c63"),
    13: (
        "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
        "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\x1b\u068c\u0688\u0689\u068a"
        " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
        "0123456789:;\u069a\u0633\u0634?"
        "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
        "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
        "\u0654abcdefghijklmnopqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
    ),
}
"""By language identifier; Spanish has none. 128 characters, as `gsm0338.DEFAULT`."""

SINGLE = {
    0: EXTENSION,
    1: _single({0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}),
    2: _single(
        {
            0x09: "ç",
            0x41: "Á",
            0x49: "Í",
            0x4F: "Ó",
            0x55: "Ú",
            0x61: "á",
            0x69: "í",
            0x6F: "ó",
            0x75: "ú",
        }
    ),
    3: _single(
        {
            0x05: "ê",
            0x09: "ç",
            0x0B: "Ôô",
            0x0E: "Áá",
            0x12: "ΦΓ^ΩΠΨΣΘ",
            0x1F: "Ê",
            0x41: "À",
            0x49: "Í",
            0x4F: "Ó",
            0x55: "Ú",
            0x5B: "ÃÕ",
            0x61: "Â",
            0x69: "í",
            0x6F: "ó",
            0x75: "ú",
            0x7B: "ãõ",
            0x7F: "â",
        }
    ),
    # Bengali has its own signs where the others have the common danda.
    4: _single(
        {
            0x19: "\u09e6\u09e7",
            0x1C: "\u09e8\u09e9\u09ea\u09eb\u09ec\u09ed\u09ee\u09ef\u09df\u09e0\u09e1\u09e2",
            0x2A: "\u09e3\u09f2\u09f3\u09f4\u09f5",
            0x30: "\u09f6\u09f7\u09f8\u09f9\u09fa",
        },
        _INDIAN_SINGLE,
    ),
    5: _digits(0x0A80),
    6: _digits(
        0x0900,
        "\u0951\u0952\u0953\u0954\u0958\u0959\u095a\u095b\u095c\u095d\u095e\u095f\u0960\u0961\u0962\u0963\u0970\u0971",
    ),
    7: _digits(0x0C80, "\u0cde\u0cf1\u0cf2"),
    8: _digits(0x0D00, "\u0d70\u0d71\u0d72\u0d73\u0d74\u0d75\u0d7a\u0d7b\u0d7c\u0d7d\u0d7e\u0d7f"),
    9: _digits(0x0B00, "\u0b5c\u0b5d\u0b5f\u0b70\u0b71"),
    10: _digits(0x0A00, "\u0a59\u0a5a\u0a5b\u0a5c\u0a5e\u0a75"),
    11: _digits(0x0B80, "\u0bf3\u0bf4\u0bf5\u0bf6\u0bf7\u0bf8\u0bfa"),
    12: _digits(0x0C00, "\u0c58\u0c59\u0c78\u0c79\u0c7a\u0c7b\u0c7c\u0c7d\u0c7e\u0c7f", signs=""),
    13: _single(
        {
            0x19: "\u0600\u0601",
            0x1C: "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u060d",
            0x2A: "\u060e\u060f\u0610\u0611\u0612",
            0x30: "\u0613\u0614\u061b\u061f\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd",
            0x3F: "\u06d4",
        },
        _INDIAN_SINGLE,
    ),
}
"""By language identifier: characters by their code after the escape."""
