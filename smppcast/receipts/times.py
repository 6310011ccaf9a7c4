"""The dates of a receipt's text, in the forms that vendors give them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

__all__ = ["parse_time"]

# By how many digits there are. Twelve are read with seconds first; where that is no date, they
# begin with the century (in 2013 and later its 20yy gives a month above 12, so they differ).
_FORMS = {
    8: ("%Y%m%d",),
    10: ("%y%m%d%H%M",),
    12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"),
    14: ("%Y%m%d%H%M%S",),
}
_ABSOLUTE = re.compile(r"(\d{12})(\d)(\d\d)([+-])", re.ASCII)
_NOT_DIGITS = re.compile(r"[-:/T. ]")


def parse_time(value: str, time_zone: tzinfo) -> datetime | None:
    """The moment that `value` means, None where it means none (zeros, dots, nonsense).

    Args:
        time_zone: where the SMSC's clock stands, unless the value itself tells (an absolute
            time of SMPP 3.4 section 7.1.1, with its offset in quarters of an hour).
    """
    if absolute := _ABSOLUTE.fullmatch(value):
        digits, tenths, quarters, sign = absolute.groups()
        offset = timedelta(minutes=15 * int(sign + quarters))
        zone = timezone(offset) if abs(offset) < timedelta(days=1) else time_zone
        moment = _first_valid(digits, _FORMS[12][:1], zone)
        return moment and moment + timedelta(milliseconds=100 * int(tenths))
    digits = _NOT_DIGITS.sub("", value)
    if not (digits.isascii() and digits.isdecimal()):
        return None
    return _first_valid(digits, _FORMS.get(len(digits), ()), time_zone)


def _first_valid(digits: str, forms: tuple[str, ...], time_zone: tzinfo) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(digits, form).replace(tzinfo=time_zone)
        except ValueError:
            continue
    return None
