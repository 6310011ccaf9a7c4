"""Where a text may be cut without tearing what a reader sees as one character.

A screen's worth of Unicode's UAX #29, of its rules those that matter between two segments:
combining marks, variation selectors, emoji sequences, flags, Indic conjuncts, Hangul jamo.
CR LF is left out: cut apart it looks the same.
"""

from __future__ import annotations

import unicodedata

__all__ = ["boundary_before"]

_JOINER = "\u200d"
_VIRAMA = 9  # the combining class of the sign that binds two Indic consonants into one

# Characters that belong to the one before them although their category is not a mark's:
# joiners, Thai and Lao AM, half-width Japanese voicing marks.
_EXTENDING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")


def _extends(char: str) -> bool:
    """Whether `char` is drawn as a part of the character before it."""
    return (
        char in _EXTENDING
        or unicodedata.category(char)[0] == "M"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags: the flags of Scotland or Wales
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals
    )


def _regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_boundary(text: str, index: int) -> bool:
    """Whether `text` may be cut before `text[index]`; `index` lies inside `text`."""
    before, after = text[index - 1], text[index]
    if before < "\u0300" and after < "\u0300":
        return True
    if _extends(after) or before == _JOINER or unicodedata.combining(before) == _VIRAMA:
        return False
    if _regional(before) and _regional(after):
        flags = text[:index]
        run = len(flags) - len(flags.rstrip(_REGIONAL_LETTERS))
        return run % 2 == 0
    return True


_REGIONAL_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def boundary_before(text: str, start: int, index: int) -> int:
    """The last place at or before `index` where `text` may be cut, but after `start`.

    A cluster that fills all of it can not be helped: then `index` itself.
    """
    if index >= len(text):
        return index
    for place in range(index, start, -1):
        if _is_boundary(text, place):
            return place
    return index
