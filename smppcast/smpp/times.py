"""SMPP's two forms of time, 16 characters each (SMPP 5.0 section 4.7.23).

``YYMMDDhhmmsstnnp``: `AbsoluteTime` where p is + or - (nn quarter hours of local time ahead of or
behind UTC, t tenths of a second), `RelativeTime` where p is R (from when the SMSC takes it in).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from smppcast.errors import FieldError, ProtocolError
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["AbsoluteTime", "RelativeTime", "parse_time"]

_QUARTER: Final = timedelta(minutes=15)
_MAX_QUARTERS: Final = 48
_TENTH_US: Final = 100_000
_CENTURY: Final = 2000

_ABSOLUTE: Final = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+-])", re.ASCII)
_RELATIVE: Final = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)000R", re.ASCII)


@dataclass(frozen=True, slots=True)
class AbsoluteTime:
    """A moment between 2000 and 2099; ``str()`` writes it as the protocol does.

    Args:
        moment: aware, its offset whole quarter hours up to twelve hours, in whole tenths of a
            second. `of` brings any aware moment into this form.

    Raises:
        FieldError: it cannot be written exactly.
    """

    moment: datetime

    def __post_init__(self) -> None:
        offset, year = self.moment.utcoffset(), self.moment.year
        exact = offset is not None and not offset % _QUARTER and abs(offset) <= _MAX_QUARTERS * _QUARTER
        if not exact or self.moment.microsecond % _TENTH_US or not _CENTURY <= year < _CENTURY + 100:
            expected = "an aware moment of 2000 to 2099 in whole tenths and quarter-hour offsets"
            raise FieldError("time", "moment", self.moment, expected)

    @classmethod
    def of(cls, moment: datetime) -> AbsoluteTime:
        """The moment to the tenth below; in UTC where its own offset cannot be written.

        Raises:
            FieldError: a naive moment, or one outside of 2000 to 2099.
        """
        offset = moment.utcoffset()
        if offset is not None and (offset % _QUARTER or abs(offset) > _MAX_QUARTERS * _QUARTER):
            moment = moment.astimezone(UTC)
        return cls(moment.replace(microsecond=moment.microsecond // _TENTH_US * _TENTH_US))

    @classmethod
    def parse(cls, text: str) -> AbsoluteTime:
        """Reads ``YYMMDDhhmmsstnnp`` with p + or -.

        Raises:
            ProtocolError: it is no such time; command_status ESME_RINVSCHED.
        """
        found = _ABSOLUTE.fullmatch(text)
        if found is None:
            raise _no_time(text)
        year, month, day, hour, minute, second, tenths, quarters = map(int, found.groups()[:-1])
        offset = quarters * _QUARTER if found[9] == "+" else -quarters * _QUARTER
        try:
            moment = datetime(
                _CENTURY + year, month, day, hour, minute, second, tenths * _TENTH_US, timezone(offset)
            )
            return cls(moment)
        except (ValueError, FieldError):
            raise _no_time(text) from None

    def __str__(self) -> str:
        quarters = (self.moment.utcoffset() or timedelta()) // _QUARTER
        tenths = self.moment.microsecond // _TENTH_US
        return f"{self.moment:%y%m%d%H%M%S}{tenths}{abs(quarters):02}{'-' if quarters < 0 else '+'}"


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """A span of time; ``str()`` writes it as the protocol does.

    The parts are counts of two digits each, not normalised: 36 hours may be written so. Months
    and years are the SMSC's to interpret; `of` uses neither.

    Raises:
        FieldError: a part that two digits cannot hold.
    """

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 <= value <= 99:
                raise FieldError("time", name, value, "0 to 99")

    @classmethod
    def of(cls, span: timedelta) -> RelativeTime:
        """The span in days, hours, minutes and seconds, a part of a second rounded up.

        Raises:
            FieldError: negative, or 100 days and more (say such a time absolutely).
        """
        seconds = -(-span // timedelta(seconds=1))
        if not 0 <= seconds < 100 * 86_400:
            raise FieldError("time", "span", span, "0 to 99 days")
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return cls(days=days, hours=hours, minutes=minutes, seconds=seconds)

    @classmethod
    def parse(cls, text: str) -> RelativeTime:
        """Reads ``YYMMDDhhmmss000R``.

        Raises:
            ProtocolError: it is no such time; command_status ESME_RINVSCHED.
        """
        found = _RELATIVE.fullmatch(text)
        if found is None:
            raise _no_time(text)
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        parts = (self.years, self.months, self.days, self.hours, self.minutes, self.seconds)
        return "".join(f"{part:02}" for part in parts) + "000R"


def parse_time(text: str) -> AbsoluteTime | RelativeTime | None:
    """Reads a time field of any form; None for an empty one, which means none was asked for.

    Raises:
        ProtocolError: it is no time; command_status ESME_RINVSCHED.
    """
    if not text:
        return None
    return RelativeTime.parse(text) if text.endswith("R") else AbsoluteTime.parse(text)


def _no_time(text: str) -> ProtocolError:
    return ProtocolError(f"{text!r} is no SMPP time", command_status=CommandStatus.ESME_RINVSCHED)
