"""message_ids: a number for each message by its index, and the ways to write that number.

Every step can be undone (counters and multiplications modulo a power), so that query_sm finds a
message by its identifier without an index of identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from smppcast.smpp.versions import MESSAGE_ID_MAX_3_3
from smppcast.smsc.bulk import PIECES_MAX, frame_alike, frame_numbered, pieces
from smppcast.smsc.scenario import IdStyle, MessageIds

__all__ = ["Ids", "Writer", "ids_of_3_3"]

# 16 digits that look random: index times a factor coprime to 2, 3 and 5, modulo 9 * 10^15.
_SPAN16: Final = 9 * 10**15
_LOW16: Final = 10**15
_FACTOR16: Final = 6_180_339_887_498_947
_INVERSE16: Final = pow(_FACTOR16, -1, _SPAN16)

# The 122 free bits of a UUID of version 4.
_SPAN_UUID: Final = 1 << 122
_FACTOR_UUID: Final = 0x1F3_9CC0_605C_EDC8_341F_2B67_8D09_A1E5
_INVERSE_UUID: Final = pow(_FACTOR_UUID, -1, _SPAN_UUID)

_SPAN_3_3: Final = 1 << 4 * MESSAGE_ID_MAX_3_3


# Of the numbers below 10,000 in turn, the last digit of each, the one before, and so on.
_COLUMN: Final = 10_000
_FEW: Final = 24
_COLUMNS: Final = tuple(
    bytearray(b"".join(b"%d" % digit * 10**place for digit in range(10)) * (_COLUMN // 10 ** (place + 1)))
    for place in range(4)
)


class Writer:
    """Writes numbers in one style, and reads them back."""

    __slots__ = ("_base", "_template", "write")

    def __init__(self, style: IdStyle) -> None:
        letter = {"decimal": "d", "hex": "x", "hex_upper": "X", "uuid": "x"}[style.style]
        width = f"0{style.width}" if style.width else ""
        self._template = f"%{width}{letter}".encode()
        self._base = 0 if style.style == "uuid" else 10 if letter == "d" else 16
        self.write: Callable[[Sequence[int]], Sequence[bytes]] = (
            self._uuids if self._base == 0 else self._numbers
        )

    def _numbers(self, numbers: Sequence[int]) -> Sequence[bytes]:
        text, width = self._consecutive(numbers)
        if width:
            return pieces(text, width)
        template = self._template
        return [template % number for number in numbers]

    def framed(
        self, command_id: int, sequence_numbers: Sequence[bytes], numbers: Sequence[int], end: bytes
    ) -> bytes:
        """PDUs with ESME_ROK whose bodies are these and `end`; b"" where they differ in length."""
        if self._base and isinstance(numbers, range) and len(numbers) <= PIECES_MAX:
            return frame_numbered(command_id, sequence_numbers, self._template, numbers, end)
        text, width = self._joined(numbers)
        return frame_alike(command_id, sequence_numbers, text, width, end) if width else b""

    def _joined(self, numbers: Sequence[int]) -> tuple[bytes, int]:
        """As `write`, in one piece, and how many octets each has; b"" and 0 where that differs."""
        text, width = self._consecutive(numbers)
        if width:
            return text, width
        written = self.write(numbers)
        widths = set(map(len, written))
        return (b"".join(written), widths.pop()) if len(widths) == 1 else (b"", 0)

    def _consecutive(self, numbers: Sequence[int]) -> tuple[bytes, int]:
        """As `_joined`, of decimal numbers that follow one another and differ in their last four digits
        alone, by columns."""
        if self._base != 10 or not isinstance(numbers, range) or len(numbers) < _FEW:
            return b"", 0
        first, last = self._template % numbers[0], self._template % numbers[-1]
        width = len(first)
        if numbers.step != 1 or width != len(last) or first[:-4] != last[:-4]:
            return b"", 0
        text, at = bytearray(first * len(numbers)), numbers[0] % _COLUMN
        for place, column in enumerate(_COLUMNS[:width], 1):
            text[width - place :: width] = column[at : at + len(numbers)]
        return bytes(text), width

    def _uuids(self, numbers: Sequence[int]) -> Sequence[bytes]:
        return [_uuid(number * _FACTOR_UUID % _SPAN_UUID) for number in numbers]

    def read(self, text: bytes) -> int | None:
        """The number that was written so; None for what is none."""
        try:
            if self._base:
                number = int(text, self._base)
                return number if number >= 0 else None
            value = int(text.replace(b"-", b""), 16)
        except ValueError:
            return None
        free = value >> 80 << 74 | (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1
        return free * _INVERSE_UUID % _SPAN_UUID


def _uuid(free: int) -> bytes:
    """A UUID of version 4 (RFC 9562 section 5.4) around 122 bits."""
    high, tail = b"%012x" % (free >> 74), b"%016x" % (1 << 63 | free & (1 << 62) - 1)
    return b"%b-%b-4%03x-%b-%b" % (high[:8], high[8:], free >> 62 & 0xFFF, tail[:4], tail[4:])


class Ids:
    """Numbers of messages by index, and a writer for each place that names them.

    `alike` tells that the receipt's text and its TLV are written the same way.
    """

    __slots__ = ("_random16", "_start", "_wrap", "alike", "response", "text", "tlv")

    def __init__(self, settings: MessageIds) -> None:
        self._start, self._wrap = settings.start, settings.wrap
        self._random16 = settings.source == "random16"
        self.response = Writer(settings.response)
        self.text = Writer(settings.text or settings.response)
        self.tlv = Writer(settings.tlv or settings.response)
        self.alike = (settings.text or settings.response) == (settings.tlv or settings.response)

    def numbers(self, first: int, count: int) -> Sequence[int]:
        """The numbers of `count` messages from index `first` on."""
        if self._random16:
            at = first + self._start
            return [_LOW16 + index * _FACTOR16 % _SPAN16 for index in range(at, at + count)]
        start = self._start + first
        if self._wrap is None:
            return range(start, start + count)
        start %= self._wrap
        if start + count <= self._wrap:
            return range(start, start + count)
        return [number % self._wrap for number in range(start, start + count)]

    def index(self, message_id: bytes, below: int) -> int | None:
        """The newest index under `below` whose response carried `message_id`; None without one."""
        number = self.response.read(message_id)
        if number is None:
            return None
        if self._random16:
            index = (number - _LOW16) * _INVERSE16 % _SPAN16 - self._start
        else:
            index = number - self._start
            if self._wrap is not None and index < below:
                index += (below - 1 - index) // self._wrap * self._wrap
        return index if 0 <= index < below else None


# Appendix B of SMPP 3.4, which 3.3 had already: the text of a receipt gives the id in decimal, ten digits.
_TEXT_3_3: Final = IdStyle(style="decimal", width=10)


def ids_of_3_3(settings: MessageIds) -> MessageIds:
    """How the same SMSC names the messages of a client that speaks SMPP 3.3.

    Its message_id is a number of 32 bits in at most eight hexadecimal digits, whatever other clients
    are given (SMPP 5.0 section 2.11.2). The text of receipts is as `settings` has it, or decimal.
    """
    style, text = settings.response, settings.text
    hexadecimal = style.style if style.style in ("hex", "hex_upper") else "hex_upper"
    return MessageIds(
        start=settings.start,
        wrap=min(settings.wrap or _SPAN_3_3, _SPAN_3_3),
        response=IdStyle(style=hexadecimal, width=min(style.width, MESSAGE_ID_MAX_3_3)),
        text=_TEXT_3_3 if text is None or text.style == "uuid" else text,
    )
