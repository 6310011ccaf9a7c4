"""Who sends, to whom, and where the SMSC listens: what callers write, as SMPP wants it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from smppcast.errors import FieldError, UsageError
from smppcast.feed.msisdn import MAX_DIGITS, MIN_DIGITS, normalise
from smppcast.net.dialling import Address, Tls
from smppcast.smpp.vocabulary import Npi, Ton

__all__ = [
    "Login",
    "Source",
    "destination_of",
    "destinations_alike",
    "destinations_of",
    "login_of",
    "source_of",
]

_PORTS = {"smpp": 2775, "smpps": 3550}  # as registered with IANA; 3550 is its secure twin

# Operators give short codes of 3 to 5 digits; a number that can be called has more.
_SHORT_CODE_DIGITS = 5

_INTERNATIONAL = re.compile(r"[1-9][0-9]{6,14}", re.ASCII).fullmatch
_LENGTHS = frozenset(range(MIN_DIGITS, MAX_DIGITS + 1))

# destination_addr is a C-octet string of 21 octets (SMPP 5.0 section 4.7.8).
_VERBATIM = re.compile(r"[0-9]{1,20}", re.ASCII)


# --- the sender ---------------------------------------------------------------------------


class Source(NamedTuple):
    """source_addr with its TON and NPI, where the guess of `source_of` does not serve."""

    addr: str
    ton: int = Ton.UNKNOWN
    npi: int = Npi.UNKNOWN


def source_of(source: str | Source | None) -> Source:
    """The sender that `source` means.

    Digits are an international number (a `+` is taken off), up to five of them a short code,
    which is specific to its network; anything else is a name. Without one, the SMSC puts its own.
    """
    if source is None or isinstance(source, Source):
        return source or Source("")
    digits = source.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return Source(source, Ton.ALPHANUMERIC, Npi.UNKNOWN)
    if len(digits) <= _SHORT_CODE_DIGITS and digits == source:
        return Source(digits, Ton.NETWORK_SPECIFIC, Npi.UNKNOWN)
    return Source(digits, Ton.INTERNATIONAL, Npi.ISDN)


# --- the recipient ------------------------------------------------------------------------


def destination_of(number: str, ton: int) -> bytes:
    """The digits of one destination.

    Raises:
        FieldError: it is no number; only its beginning is shown.
    """
    if ton == Ton.INTERNATIONAL and _INTERNATIONAL(number):
        return number.encode("ascii")
    found = _one_by_one([number], ton)
    if not found[0]:
        expected = (
            "an international number of 7 to 15 digits" if ton == Ton.INTERNATIONAL else "1 to 20 digits"
        )
        raise FieldError("submit_sm", "destination_addr", f"{str(number)[:4]}…", expected)
    return found[0]


def destinations_of(numbers: list[str], ton: int) -> list[bytes]:
    """The digits of each destination, b"" for what is no number."""
    # The least of them begins with 0 if any does: a national number.
    if _digits(numbers, ton)[0] and min(numbers) >= "1":
        return "\n".join(numbers).encode("ascii").split(b"\n")
    return _one_by_one(numbers, ton)


def destinations_alike(numbers: list[str], ton: int) -> tuple[bytes, int]:
    """The digits of all destinations in one piece, and how many each has: where all of them are plain
    international numbers of one length, as a country's mostly are. Else b"" and 0."""
    digits, lengths = _digits(numbers, ton)
    if len(lengths) != 1:
        return b"", 0
    (width,) = lengths
    return (b"", 0) if 0x30 in digits[::width] else (digits, width)


def _digits(numbers: list[str], ton: int) -> tuple[bytes, set[int]]:
    """All of them in one piece with their lengths, if they are nothing but digits as international numbers
    have them; else nothing."""
    if ton != Ton.INTERNATIONAL:
        return b"", set()
    try:
        joined, lengths = "".join(numbers), set(map(len, numbers))
    except TypeError:  # integers, as data frames have them
        return b"", set()
    if not (joined.isascii() and lengths <= _LENGTHS):
        return b"", set()
    digits = joined.encode("ascii")  # whose digits are counted in a fifth of the time that a text's take
    return (digits, lengths) if digits.isdigit() else (b"", set())


def _one_by_one(numbers: list[str], ton: int) -> list[bytes]:
    written = list(map(str, numbers))
    if ton != Ton.INTERNATIONAL:
        return [number.encode("ascii") if _VERBATIM.fullmatch(number) else b"" for number in written]
    normal, _ = normalise(written)
    return [b"%d" % number if number else b"" for number in normal]


# --- the SMSC -----------------------------------------------------------------------------


class Login(NamedTuple):
    """What a url says."""

    address: Address
    system_id: str
    password: str

    def __repr__(self) -> str:
        return f"<Login {self.system_id}@{self.address}>"


def login_of(url: str, password: str | None, tls: Tls | None) -> Login:
    """Reads ``smpp://SYSTEM_ID:PASSWORD@HOST:PORT``, or ``smpps://`` for TLS.

    Ports are 2775 and 3550 where none is given; what is not a letter or digit in the account is
    %-encoded.

    Raises:
        UsageError: it is no such url; it is not shown, since it may hold a password.
    """
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise _no_url("a port from 1 to 65535") from None
    if found.scheme not in _PORTS or not found.hostname or not found.username:
        raise _no_url("smpp://SYSTEM_ID@HOST:PORT, or smpps://")
    if found.path.strip("/") or found.query or found.fragment:
        raise _no_url("nothing behind the port")
    if password is not None and found.password is not None:
        raise UsageError("the password stands in the url and beside it: expected one of them")
    if tls is not None and found.scheme != "smpps":
        raise UsageError("tls is given, and the url is not smpps://")
    secret = password if password is not None else unquote(found.password or "")
    with_tls = (tls or Tls()) if found.scheme == "smpps" else None
    address = Address(found.hostname, port or _PORTS[found.scheme], with_tls)
    return Login(address, unquote(found.username), secret)


def _no_url(expected: str) -> UsageError:
    return UsageError(f"the url of the SMSC is none: expected {expected}")
