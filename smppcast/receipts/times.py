"""The dates of a receipt's text, in the forms that vendors give them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

__all__ = ["parse_time"]

# Digits of the year, by how many there are in all. Twelve are read with seconds first; where
# that is no date, they begin with the century (20 would be the year, and from 2013 on the month
# would be above 12).
_YEAR_DIGITS = {8: (4,), 10: (2,), 12: (2, 4), 14: (4,)}
_ABSOLUTE = re.compile(r"(\d{12})(\d)(\d\d)([+-])", re.ASCII)
_SEPARATORS = re.compile(r"(?<=\d)[-:/T. ](?=\d)", re.ASCII)


def parse_time(value: str, time_zone: tzinfo) -> datetime | None:
    """The moment that `value` means, None where it means none (zeros, dots, nonsense).

    Args:
        time_zone: where the SMSC's clock stands, unless the value itself tells (an absolute
            time of SMPP 3.4 section 7.1.1, with its offset in quarters of an hour).
    """
    digits = value if value.isdecimal() else _SEPARATORS.sub("", value)
    if absolute := _ABSOLUTE.fullmatch(digits):
        digits, tenths, quarters, sign = absolute.groups()
        offset = timedelta(minutes=15 * int(sign + quarters))
        zone = timezone(offset) if abs(offset) < timedelta(days=1) else time_zone
        moment = _moment(digits, 2, zone)
        return moment and moment + timedelta(milliseconds=100 * int(tenths))
    if not (digits.isascii() and digits.isdecimal()):
        return None
    for year_digits in _YEAR_DIGITS.get(len(digits), ()):
        if moment := _moment(digits, year_digits, time_zone):
            return moment
    return None


def _moment(digits: str, year_digits: int, time_zone: tzinfo) -> datetime | None:
    """Year, month, day and on, two digits each but for the year; None where that is no date."""
    year = int(digits[:year_digits])
    if year_digits == 2:
        year += 1900 if year >= 69 else 2000  # as POSIX has it; some SMSCs say 1970 for never
    digits = digits[year_digits:].ljust(10, "0")
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 10, 2))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=time_zone)
    except ValueError:
        return None
