"""A text as the segments that carry it: encoding chosen, cut where nothing tears, headed.

A short message has 140 octets: 160 septets, 140 octets or 70 UTF-16 units. Where a text needs
more, each segment gives 6 or 7 octets to the header that numbers it, which leaves 153 or 152
septets, 134 or 133 octets, 67 or 66 units.

Whatever the SMSC calls its default alphabet, over the air a text under data_coding 0 (or 1)
is GSM septets again; so its length is counted in those, and an extension character, such as
the euro sign, as two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from smppcast.errors import TextError
from smppcast.text.codings import DefaultAlphabet, encode, first_places
from smppcast.text.graphemes import boundary_before
from smppcast.text.gsm0338 import CHARACTERS, ESCAPE
from smppcast.text.gsm7 import encode_septets, pack
from smppcast.text.plain import plainer
from smppcast.text.shifts import shifts_for
from smppcast.text.udh import concat8, concat16, fill_bits, header

__all__ = [
    "Encoding",
    "LongMessages",
    "Segment",
    "Split",
    "split",
    "split_binary",
]

Encoding = Literal["auto", "gsm", "ucs2", "latin1", "ascii"]
LongMessages = Literal["udh8", "udh16", "sar", "payload"]

MAX_SEGMENTS = 255  # one octet numbers them, in the UDH as in the SAR TLVs
_SEGMENT_BITS = 8 * 140

# Octets of the UDH element that numbers each of several segments; under SAR and
# message_payload the SMSC adds it.
_NUMBER = {"udh8": 5, "udh16": 6, "sar": 5, "payload": 5}

_CODECS = frozenset(("latin-1", "ascii"))

# How each default alphabet goes on the wire, and its last character.
_WIRE = {
    "gsm": ("septets", "\U0010ffff"),
    "gsm_packed": ("packed", "\U0010ffff"),
    "latin1": ("latin-1", "\xff"),
    "ascii": ("ascii", "\x7f"),
}

_CARRIED = {name: frozenset(char for char in CHARACTERS if char <= last) for name, (_, last) in _WIRE.items()}


@dataclass(frozen=True, slots=True)
class Segment:
    """One submit_sm's share of a text.

    Attributes:
        short_message: the octets to send, the UDH included where one is used.
        text: the characters that it carries.
        esm_class_udhi: a UDH is there: add 0x40 to esm_class.
        sar: values of the TLVs sar_msg_ref_num, sar_total_segments, sar_segment_seqnum.
        payload: the value of the TLV message_payload; short_message is then empty.
    """

    short_message: bytes
    text: str
    esm_class_udhi: bool = False
    sar: tuple[int, int, int] | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A text cut into segments.

    Attributes:
        segments: at least one, in order.
        data_coding: the same for all of them.
        encoding: "gsm" (the SMSC's default alphabet), "ucs2", "latin1", "ascii" or "binary".
        forced_by: the characters that made `auto` take UCS-2, each once, as they first appear.
        units: the length of all: septets, octets, or 16-bit units.
        left: units that the last segment has room for.
    """

    segments: tuple[Segment, ...]
    data_coding: int
    encoding: str
    forced_by: tuple[str, ...]
    units: int
    left: int


@dataclass(frozen=True, slots=True)
class _Image:
    """A text in the units by which it is counted and cut, and how these go on the wire."""

    encoding: str
    data_coding: int
    octets: bytes
    unit_bits: int
    wire: str  # "septets" and "octets" as they are; "packed"; or a codec of the text itself
    forced_by: tuple[str, ...] = ()
    elements: bytes = b""  # of the UDH that every segment needs, however they are numbered

    @property
    def units(self) -> int:
        return len(self.octets) // 2 if self.unit_bits == 16 else len(self.octets)

    def room(self, number: int) -> int:
        """Units that a segment carries beside `number` octets of the element that numbers it."""
        elements = number + len(self.elements)
        return (_SEGMENT_BITS - 8 * (elements and 1 + elements)) // self.unit_bits


def split(
    text: str,
    encoding: Encoding = "auto",
    *,
    long_messages: LongMessages = "udh8",
    reference: int = 0,
    default_alphabet: DefaultAlphabet = "gsm",
    transliterate: bool = False,
    national: str | None = None,
) -> Split:
    """Cut `text` into the segments to submit.

    No escape pair or surrogate pair is ever cut, nor a grapheme cluster unless it alone
    overflows a segment.

    Args:
        encoding: `auto` takes GSM where every character has its place in it, else UCS-2.
            The others are the operator's or the caller's choice: not every SMSC knows them.
        long_messages: how the segments of a longer text are numbered: a UDH with an 8 or
            16-bit reference, SAR TLVs, or one message_payload that the SMSC cuts itself.
        reference: of the segments; its low 8 bits are used, or its low 16. See `References`.
        default_alphabet: what the SMSC takes under data_coding 0. With `latin1` and `ascii`
            a character must be in that set and in GSM: it goes over the air as GSM.
        transliterate: replace typographic characters by plain ones where that saves segments.
        national: a language whose shift tables may be used where GSM alone cannot carry the
            text: "turkish", "spanish", "portuguese", "hindi" and others of `LANGUAGES`.

    Raises:
        TextError: a character that the encoding lacks, or more than 255 segments.
    """
    number = _number(long_messages)

    def image(text: str) -> _Image:
        return _image(text, encoding, default_alphabet, national, number)

    if transliterate:
        text = _thriftier(text, image, number)
    return _cut(text, image(text), long_messages, number, reference)


def split_binary(octets: bytes, *, long_messages: LongMessages = "udh8", reference: int = 0) -> Split:
    """Cut `octets` that are no text (data_coding 4) into segments, as `split` does a text.

    Raises:
        TextError: more than 255 segments.
    """
    image = _Image("binary", 4, octets, 8, "octets")
    return _cut("", image, long_messages, _number(long_messages), reference)


def _number(long_messages: str) -> int:
    try:
        return _NUMBER[long_messages]
    except KeyError:
        raise TextError(f"long_messages = {long_messages!r}: expected one of {', '.join(_NUMBER)}") from None


# --- the encoding -------------------------------------------------------------------------


def _image(
    text: str, encoding: str, default_alphabet: DefaultAlphabet, national: str | None, number: int
) -> _Image:
    """`text` under `encoding`; TextError where that lacks a character."""
    match encoding:
        case "auto" | "gsm":
            return _default_alphabet(text, encoding, default_alphabet, national, number)
        case "ucs2":
            return _Image("ucs2", 8, encode(8, text), 16, "octets")
        case "latin1":
            return _Image("latin1", 3, encode(3, text), 8, "octets")
        case "ascii":
            encode(1, text)
            return _Image("ascii", 1, encode_septets(text, "replace"), 7, "ascii")
    raise TextError(f"encoding = {encoding!r}: expected one of auto, gsm, ucs2, latin1, ascii")


def _default_alphabet(
    text: str, encoding: str, default_alphabet: DefaultAlphabet, national: str | None, number: int
) -> _Image:
    if default_alphabet not in _WIRE:
        raise TextError(f"default_alphabet = {default_alphabet!r}: expected one of {', '.join(_WIRE)}")
    wire, _ = _WIRE[default_alphabet]
    carried = _CARRIED[default_alphabet]
    if carried.issuperset(text):
        return _Image("gsm", 0, encode_septets(text), 7, wire)
    if national is not None and wire not in _CODECS and (images := _shifted(text, wire, national)):
        return min(images, key=lambda image: _count(image, number))
    lacking = tuple(char for char in dict.fromkeys(text) if char not in carried)
    if encoding == "gsm":
        alphabet = f" as {default_alphabet}" if wire in _CODECS else ""
        raise TextError(f"GSM 03.38{alphabet} cannot carry the text", characters=first_places(text, lacking))
    return _Image("ucs2", 8, encode(8, text), 16, "octets", lacking)


def _shifted(text: str, wire: str, national: str) -> list[_Image]:
    """`text` by each choice of the language's tables that can carry it."""
    images = []
    for shift in shifts_for(national):
        with suppress(UnicodeEncodeError):
            images.append(_Image("gsm", 0, shift.encode(text), 7, wire, elements=shift.elements))
    return images


def _thriftier(text: str, image: Callable[[str], _Image], number: int) -> str:
    """`text`, or its plainer form where that takes fewer segments or is the one that fits."""
    simple = plainer(text)
    if simple == text:
        return text
    cost = _count(image(simple), number)
    try:
        return simple if cost < _count(image(text), number) else text
    except TextError:
        return simple


def _count(image: _Image, number: int) -> int:
    """Segments that the image takes, but for units lost where it may not be cut."""
    if image.units <= image.room(0):
        return 1
    return -(-image.units // image.room(number))


# --- the cutting --------------------------------------------------------------------------


def _cut(text: str, image: _Image, long_messages: str, number: int, reference: int) -> Split:
    units, room = image.units, image.room(0)
    if units <= room:
        return _split(image, (_headed(image, image.octets, text),), room - units)
    room = image.room(number)
    if _count(image, number) > MAX_SEGMENTS:
        raise _too_long(image, room)
    if long_messages == "payload":
        whole = _headed(image, image.octets, text)
        segment = replace(whole, short_message=b"", payload=whole.short_message)
        return _split(image, (segment,), -units % room)
    parts = list(_parts(text, image, room))
    if len(parts) > MAX_SEGMENTS:
        raise _too_long(image, room)
    total = len(parts)
    numbered = (
        _segment(image, part, long_messages, (reference, total, seqnum))
        for seqnum, part in enumerate(parts, 1)
    )
    last = len(parts[-1][0]) // (2 if image.unit_bits == 16 else 1)
    return _split(image, tuple(numbered), room - last)


def _split(image: _Image, segments: tuple[Segment, ...], left: int) -> Split:
    return Split(segments, image.data_coding, image.encoding, image.forced_by, image.units, left)


def _too_long(image: _Image, room: int) -> TextError:
    most = MAX_SEGMENTS * room
    return TextError(f"a text of {image.units} units: {MAX_SEGMENTS} segments carry {most} at the most")


def _parts(text: str, image: _Image, room: int) -> Iterator[tuple[bytes, str]]:
    """The octets and the characters of each segment."""
    start = at = 0
    while start < len(image.octets):
        if image.unit_bits == 16:
            body, end = _cut_utf16(image.octets, start, room, text, at)
        else:
            body = _cut_octets(image, start, room)
            end = at + len(body) - (body.count(ESCAPE) if image.unit_bits == 7 else 0)
        yield body, text[at:end]
        start, at = start + len(body), end


def _cut_octets(image: _Image, start: int, room: int) -> bytes:
    body = image.octets[start : start + room]
    if image.unit_bits == 7 and body[-1] == ESCAPE:  # only ever the first of a pair
        return body[:-1]
    return body


def _cut_utf16(octets: bytes, start: int, room: int, text: str, at: int) -> tuple[bytes, int]:
    body = octets[start : start + 2 * room]
    if body[-2] & 0xFC == 0xD8:  # the first half of a surrogate pair
        body = body[:-2]
    end = at + len(body.decode("utf-16-be"))
    boundary = boundary_before(text, at, end)
    return (body, end) if boundary == end else (text[at:boundary].encode("utf-16-be"), boundary)


def _segment(
    image: _Image, part: tuple[bytes, str], long_messages: str, number: tuple[int, int, int]
) -> Segment:
    body, text = part
    if long_messages == "sar":
        reference, total, seqnum = number
        return replace(_headed(image, body, text), sar=(reference & 0xFFFF, total, seqnum))
    return _headed(image, body, text, concat8(*number) if long_messages == "udh8" else concat16(*number))


def _headed(image: _Image, body: bytes, text: str, number: bytes = b"") -> Segment:
    udh = header(number + image.elements)
    return Segment(udh + _wire(image, body, text, len(udh)), text, esm_class_udhi=bool(udh))


def _wire(image: _Image, body: bytes, text: str, udh: int) -> bytes:
    """The octets of a segment after its UDH of `udh` octets."""
    if image.wire in _CODECS:
        return text.encode(image.wire)
    if image.wire == "packed":
        packed, most = pack(body, fill_bits(udh)), _SEGMENT_BITS // 8 - udh
        # A full segment whose last character is CR has no room to double it: readers drop
        # that CR, which nobody sees. A message_payload is longer, and has.
        return packed[:most] if 7 * len(body) <= 8 * most else packed
    return body
