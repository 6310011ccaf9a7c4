"""Numbers as subscribers' lists write them, to E.164 digits: where that is certain, and not else.

Plain digits are taken a batch at a time, by a handful of calls that loop in C (0.4 µs a number).
A batch with an odd number in it goes one by one, through the same rules in plain Python.
"""

from __future__ import annotations

import re
from array import array
from functools import cache

import phonenumbers
from phonenumbers import PhoneMetadata, ValidationResult

from smppcast.feed.reasons import Reason

__all__ = ["MAX_DIGITS", "MIN_DIGITS", "normalise"]

MIN_DIGITS, MAX_DIGITS = 7, 15
"""Digits of an international number: 15 is E.164's bound; below 7 stand short codes and leftovers."""

_LENGTHS = frozenset(range(MIN_DIGITS, MAX_DIGITS + 1))
_PLAIN = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)

# What people and spreadsheets put between digits: spaces of every width, dots, dashes, and marks
# that cannot be seen (zero-width, direction, soft hyphen), which copied web pages are full of.
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_SPACES = " \t\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_IGNORED = str.maketrans("", "", _DASHES + _SPACES + _UNSEEN + ".()")
_INVISIBLE = str.maketrans("", "", _SPACES + _UNSEEN)


def normalise(raw: list[str], country: str | None = None) -> tuple[array[int], dict[int, Reason]]:
    """The numbers of a batch as integers.

    `+`, `00`, spaces, dots, dashes and parentheses are taken off; digits that do not begin with 0
    are an international number. With `country`, numbers in its national format are understood too;
    digits that could be either are read as whichever is valid, and refused where both are.

    Args:
        raw: numbers as the feed has them.
        country: two letters of ISO 3166, as in "FR".

    Returns:
        An array of type 'q' as long as `raw`, 0 at each position that is refused; and why, by position.
    """
    fast = _at_once(raw, country)
    if fast is not None:
        return fast, {}
    numbers = array("q", bytes(8 * len(raw)))
    bad: dict[int, Reason] = {}
    international = _fast_lengths(country)
    for at, text in enumerate(raw):
        if _PLAIN.fullmatch(text) and len(text) in international:
            numbers[at] = int(text)
            continue
        found = _read(text, country)
        if isinstance(found, Reason):
            bad[at] = found
        else:
            numbers[at] = found
    return numbers, bad


def _at_once(raw: list[str], country: str | None) -> array[int] | None:
    """All of a batch, if it is nothing but international numbers in plain digits."""
    if not set(map(len, raw)) <= _fast_lengths(country):
        return None
    digits = "".join(raw)
    if not (digits.isascii() and digits.isdigit()) or min(raw) < "1":
        return None  # the least of them begins with 0 if any does
    return array("q", map(int, raw))


@cache
def _fast_lengths(country: str | None) -> frozenset[int]:
    """Lengths at which plain digits can only be an international number.

    Where `country` is set, those of its own mobile numbers are not: 612345678 is Spain's, or France's
    without the 0 that a spreadsheet took.
    """
    if country is None:
        return _LENGTHS
    plan = PhoneMetadata.metadata_for_region(country, None)
    mobile = plan.mobile if plan else None
    return _LENGTHS - set(mobile.possible_length if mobile else ())


def _read(text: str, country: str | None) -> int | Reason:
    """One number, by the rules and not by the clock."""
    text = text.strip().removeprefix("'")  # an apostrophe keeps a spreadsheet from reading a number
    visible = text.translate(_INVISIBLE)
    if not visible:
        return Reason.NO_NUMBER
    digits = _bare(visible)
    explicit = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+").removeprefix("00") if explicit else digits
    if not (digits.isascii() and digits.isdigit()):
        return Reason.NOT_A_NUMBER
    if digits.startswith("0"):
        return _national(digits, country) if not explicit else Reason.NATIONAL_FORMAT
    if not explicit and country is not None and len(digits) not in _fast_lengths(country):
        return _either(digits, country)
    return _international(digits)


def _bare(visible: str) -> str:
    """Without the marks between digits; with them where they say something else than they seem."""
    if visible[0] in _DASHES:
        return visible  # a negative number: arithmetic gone wrong
    if visible.endswith(".0") and visible.count(".") == 1:
        visible = visible[:-2]  # an integer that a data frame kept as a float
    head, trunk, tail = visible.partition("(0)")
    if head and trunk:
        visible = head + tail  # +33 (0)6 …: the 0 is for callers at home
    return visible.translate(_IGNORED)


def _international(digits: str) -> int | Reason:
    if len(digits) < MIN_DIGITS:
        return Reason.TOO_SHORT
    return Reason.TOO_LONG if len(digits) > MAX_DIGITS else int(digits)


def _national(digits: str, country: str | None) -> int | Reason:
    """Digits with a leading 0."""
    if country is None:
        return Reason.NATIONAL_FORMAT
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return Reason.TOO_LONG if len(digits) > MAX_DIGITS else Reason.TOO_SHORT
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.IS_POSSIBLE:
            return int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        case ValidationResult.TOO_LONG:
            return Reason.TOO_LONG
        case _:
            return Reason.TOO_SHORT


def _either(digits: str, country: str) -> int | Reason:
    """Digits as long as the country's own mobile numbers: whichever reading is valid."""
    readings = [
        number
        for number in (_parse(digits, country), _parse("+" + digits, None))
        if number is not None and phonenumbers.is_valid_number(number)
    ]
    if len(readings) == 2:
        return Reason.AMBIGUOUS
    if readings:
        return int(phonenumbers.format_number(readings[0], phonenumbers.PhoneNumberFormat.E164))
    return _international(digits)


def _parse(digits: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
