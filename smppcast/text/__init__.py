"""What a text costs and how it travels: alphabets, data_coding, segments. No I/O, no clock."""

from __future__ import annotations

from smppcast.text.codings import DefaultAlphabet, decode, encode
from smppcast.text.gsm7 import decode_septets, encode_septets, pack, unpack
from smppcast.text.national import LANGUAGES
from smppcast.text.references import References
from smppcast.text.segments import Encoding, LongMessages, Segment, Split, split, split_binary
from smppcast.text.shifts import Shift, shift_of
from smppcast.text.udh import Element, concatenation, strip_udh

__all__ = [
    "LANGUAGES",
    "DefaultAlphabet",
    "Element",
    "Encoding",
    "LongMessages",
    "References",
    "Segment",
    "Shift",
    "Split",
    "concatenation",
    "decode",
    "decode_septets",
    "encode",
    "encode_septets",
    "pack",
    "shift_of",
    "split",
    "split_binary",
    "strip_udh",
    "unpack",
]
