"""Bytes in, small bites of whole lines out: sans-IO, whatever cuts the blocks come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smppcast.errors import FeedError

__all__ = ["BITE", "MAX_ROW", "Bite", "Bites"]

BITE = 24 * 1024
"""Octets parsed in one go: about 1,000 rows, so that the event loop waits a millisecond at most."""

MAX_ROW = 64 * 1024
"""Octets of a row: a thousand times a usual one, and little to hold when quotes never close."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Bite:
    """Whole lines, each ended by a line feed.

    Octets that are not UTF-8 stand in `text` as lone surrogates (`surrogateescape`); `clean` says
    that there are none.
    """

    text: str
    clean: bool = True


class Bites:
    """Cuts blocks of octets at line ends.

    CRLF becomes LF, a byte order mark is dropped. A line longer than MAX_ROW keeps its first
    MAX_ROW + 1 octets, by which the parsers know it; so memory stays bounded, and the rest does not
    depend on how the blocks were cut.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._started = False

    def cut(self, block: bytes) -> Iterator[Bite]:
        """The lines that `block` completes."""
        data = self._rest + block
        if not self._started:
            if len(data) < 3:  # a byte order mark may be cut as anything else
                self._rest = data
                return
            data = self._start(data)
        start = 0
        while (stop := _line_end(data, start)) > 0:
            yield _bite(data[start:stop])
            start = stop
        self._rest = data[start : start + MAX_ROW + 2]

    def end(self) -> Iterator[Bite]:
        """The last line, where no line feed ends it."""
        rest = self._rest if self._started else self._start(self._rest)
        if rest:
            yield _bite(rest + b"\n")
        self._rest = b""

    def _start(self, data: bytes) -> bytes:
        self._started = True
        if data.startswith(_UTF16):
            raise FeedError("is UTF-16: save it as UTF-8")
        return data.removeprefix(b"\xef\xbb\xbf")


def _line_end(data: bytes, start: int) -> int:
    """Behind the last line feed within a bite; of a longer line, behind its own. 0: none yet."""
    stop = data.rfind(b"\n", start, start + BITE)
    if stop < 0:
        stop = data.find(b"\n", start + BITE)
    return stop + 1


def _bite(data: bytes) -> Bite:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if len(data) > MAX_ROW + 1:  # longer than a bite, so it is a single line
        data = data[: MAX_ROW + 1] + b"\n"
        return Bite(data.decode("utf-8", "surrogateescape"), clean=False)
    try:
        return Bite(data.decode())
    except UnicodeDecodeError:
        return Bite(data.decode("utf-8", "surrogateescape"), clean=False)
