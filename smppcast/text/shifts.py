"""National language shift: which tables a message uses, and how its UDH says so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from smppcast.errors import TextError
from smppcast.text.gsm0338 import DEFAULT, EXTENSION
from smppcast.text.gsm7 import decode_septets, encode_septets, encoding_table
from smppcast.text.national import LANGUAGES, LOCKING, SINGLE
from smppcast.text.udh import Element, element

__all__ = ["Shift", "shift_of", "shifts_for"]

_SINGLE_SHIFT = 0x24
_LOCKING_SHIFT = 0x25


@dataclass(frozen=True, slots=True)
class Shift:
    """The languages of the two tables, as national language identifiers; 0 is the GSM alphabet.

    A language that is unknown or lacks the table stands for 0 too (TS 23.038 section 6.2.1.2.4).
    """

    locking: int = 0
    single: int = 0

    @property
    def elements(self) -> bytes:
        """The UDH elements that announce it."""
        single = element(_SINGLE_SHIFT, bytes((self.single,))) if self.single else b""
        return single + (element(_LOCKING_SHIFT, bytes((self.locking,))) if self.locking else b"")

    def encode(self, text: str) -> bytes:
        """The septets of `text`; UnicodeEncodeError where the tables lack a character."""
        return encode_septets(text, table=_encoding_table(self.locking, self.single))

    def decode(self, septets: bytes) -> str:
        """The text of `septets`; never fails."""
        locking, single = LOCKING.get(self.locking, DEFAULT), SINGLE.get(self.single, EXTENSION)
        return decode_septets(septets, locking, single)


@cache
def _encoding_table(locking: int, single: int) -> dict[int, int | bytes]:
    return encoding_table(LOCKING.get(locking, DEFAULT), SINGLE.get(single, EXTENSION))


def shift_of(elements: tuple[Element, ...]) -> Shift:
    """The tables that a message's UDH names."""
    languages = {iei: data[0] for iei, data in elements if len(data) == 1}
    return Shift(languages.get(_LOCKING_SHIFT, 0), languages.get(_SINGLE_SHIFT, 0))


def shifts_for(language: str) -> tuple[Shift, ...]:
    """The tables worth trying for a text in `language`, those with the shorter UDH first.

    Raises:
        TextError: a language without tables.
    """
    number = LANGUAGES.get(language)
    if number is None:
        raise TextError(f"national = {language!r}: expected one of {', '.join(LANGUAGES)}")
    single = Shift(single=number)
    return (single, Shift(locking=number), Shift(number, number)) if number in LOCKING else (single,)
