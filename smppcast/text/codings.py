"""data_coding: how the octets of a message are read (SMPP 3.4 section 5.2.19, TS 23.038 section 4)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from smppcast.errors import TextError
from smppcast.text.gsm7 import decode_septets, encode_septets, pack, unpack

__all__ = ["DefaultAlphabet", "alphabet_of", "decode", "encode"]

DefaultAlphabet = Literal["gsm", "gsm_packed", "latin1", "ascii"]
"""What an SMSC takes data_coding 0 to mean; the specification leaves it to the SMSC."""

# Values below 0x10 are SMPP's own. JIS X 0208 (5), pictograms (9) and the extended kanji (13)
# count as binary: what networks put there differs.
_SMPP = {
    1: "ascii",
    2: "binary",
    3: "latin-1",
    4: "binary",
    5: "binary",
    6: "iso8859-5",
    7: "iso8859-8",
    8: "utf-16-be",
    9: "binary",
    10: "iso2022_jp",
    13: "binary",
    14: "euc_kr",
}
_GSM = ("default", "binary", "utf-16-be", "default")


def alphabet_of(data_coding: int) -> str:
    """What `data_coding` stands for: "default", "binary", or the name of a Python codec.

    From 0x10 on it is read as the data coding scheme of TS 23.038, which SMPP refers to from
    0xC0 on and operators use for the rest too (0x10: flash, 0x18: flash in UCS-2). Reserved
    values are the default alphabet, as both specifications want.
    """
    if data_coding < 0x10:
        return _SMPP.get(data_coding, "default")
    if data_coding < 0x80:
        return _GSM[(data_coding >> 2) & 3]
    if data_coding & 0xF0 == 0xE0:
        return "utf-16-be"
    if data_coding & 0xF4 == 0xF4:
        return "binary"
    return "default"


def encode(data_coding: int, text: str, *, default_alphabet: DefaultAlphabet = "gsm") -> bytes:
    """The octets of `text` under `data_coding`; "binary" takes characters up to U+00FF.

    Raises:
        TextError: a character that the alphabet lacks; it names each one and its position.
    """
    try:
        return _encode(data_coding, text, default_alphabet)
    except UnicodeEncodeError:
        lacking = {char for char in set(text) if not _has(data_coding, char, default_alphabet)}
    problem = f"data_coding {data_coding} (default alphabet {default_alphabet}) cannot carry the text"
    raise TextError(problem, characters=first_places(text, lacking))


def _encode(data_coding: int, text: str, default_alphabet: DefaultAlphabet) -> bytes:
    match alphabet_of(data_coding), default_alphabet:
        case "default", "gsm":
            return encode_septets(text)
        case "default", "gsm_packed":
            return pack(encode_septets(text))
        case "default", codec:
            return text.encode(codec)
        case "binary", _:
            return text.encode("latin-1")
        case codec, _:
            return text.encode(codec)
    raise AssertionError  # the last case takes everything


def _has(data_coding: int, char: str, default_alphabet: DefaultAlphabet) -> bool:
    try:
        _encode(data_coding, char, default_alphabet)
    except UnicodeEncodeError:
        return False
    return True


def first_places(text: str, characters: Collection[str]) -> tuple[tuple[int, str], ...]:
    """(position, character) where each of `characters` first stands in `text`, in order."""
    return tuple(sorted((text.index(char), char) for char in characters))


def decode(data_coding: int, octets: bytes, *, default_alphabet: DefaultAlphabet = "gsm") -> str:
    """The text that `octets`, the UDH taken off, stand for; never fails.

    What the alphabet lacks reads as U+FFFD; binary octets as the characters of their numbers,
    so that nothing of them is lost.
    """
    alphabet = alphabet_of(data_coding)
    if alphabet == "binary":
        return octets.decode("latin-1")
    if alphabet != "default":
        return octets.decode(alphabet, "replace").removeprefix("\ufeff")
    match default_alphabet:
        case "gsm":
            return decode_septets(octets)
        case "gsm_packed":
            return decode_septets(unpack(octets))
        case _:
            return octets.decode(default_alphabet, "replace")
