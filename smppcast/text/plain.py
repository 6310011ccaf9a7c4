"""Typographic characters and the plain ones that say the same, for texts that must be cheap.

Spelling is never touched: accents, œ and the like stay, only their decomposed forms are
composed. What changes is what a word processor changed: quotes, dashes, blanks.
"""

# ruff: noqa: RUF001 - characters that look like others are what this module is about

from __future__ import annotations

import unicodedata

__all__ = ["plainer"]

_PLAIN = {
    "'": "‘’‚‛′ʹʼˈ´`‹›",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−﹘﹣－",
    " ": "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t",
    "": "\u00ad\u200b\u2060\ufeff",
    "\n": "\u2028\u2029\u0085",
    "...": "…",
    "*": "•∙‣",
    "x": "×",
    "/": "⁄∕",
    "fi": "ﬁ",
    "fl": "ﬂ",
}

_TABLE = str.maketrans({char: plain for plain, chars in _PLAIN.items() for char in chars})


def plainer(text: str) -> str:
    """`text` composed (NFC), its typographic characters replaced by plain ones."""
    return unicodedata.normalize("NFC", text).translate(_TABLE)
