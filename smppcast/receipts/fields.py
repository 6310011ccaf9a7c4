"""The text of a receipt, as SMPP 3.4 appendix B suggests it and as vendors write it.

    id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:...

Fields are missing, in another order, in other letter case, glued to what stands before; values
are longer, shorter, empty, with blanks inside; other keys stand between. So keys are searched,
wherever they are, and each value ends where the next key begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from smppcast.receipts.states import state_of

__all__ = ["Fields", "parse_fields"]

_KEY = re.compile(
    r"(?<![a-z])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text):", re.IGNORECASE | re.ASCII
)
# The form of appendix B to the letter, as most receipts have it: some ten times as fast as
# searching for keys. Values hold no colon, so no key can hide in them.
_PLAIN = re.compile(
    r"id:([^\s:]*) sub:([^\s:]*) dlvrd:([^\s:]*) submit date:([^\s:]*) done date:([^\s:]*) "
    r"stat:([^\s:]+) err:([^\s:]*) [Tt]ext:(.*)",
    re.DOTALL,
).fullmatch
_DATES = {"s": "submit date", "d": "done date"}  # also with an underscore, or as one word
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_WORD = re.compile(r"(?<![:\w])[A-Z]{5,13}(?=\s+err:)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a receipt's text says, as it says it; empty where it does not."""

    id: str = ""
    sub: str = ""
    dlvrd: str = ""
    submit_date: str = ""
    done_date: str = ""
    stat: str = ""
    err: str = ""
    text: str = ""

    @property
    def shaped(self) -> bool:
        """Whether it has the fields that tell a receipt from a subscriber's chatter."""
        return bool(self.id and self.stat and (self.err or self.done_date or self.submit_date or self.sub))


def parse_fields(text: str) -> Fields:
    """Read what there is; never fails."""
    if plain := _PLAIN(text):
        return Fields(*plain.groups())
    return parse_any(text)


def parse_any(text: str) -> Fields:
    """As `parse_fields`, without its short way for the plain form."""
    values = _values(text)
    stat = _token(values.get("stat", "")).split(":")[0]  # "FAILED:Mob. Abst.": the reason is dropped
    if not stat and (word := _WORD.search(text)) and state_of(word[0]) is not None:
        stat = word[0]  # "done date:... DELIVRD err:000"
    return Fields(
        id=_token(values.get("id", "")),
        sub=_token(values.get("sub", "")),
        dlvrd=_token(values.get("dlvrd", "")),
        submit_date=_date(values.get("submit date", "")),
        done_date=_date(values.get("done date", "")),
        stat=stat,
        err=_token(values.get("err", "")),
        text=values.get("text", ""),
    )


def _values(text: str) -> Mapping[str, str]:
    """The first value of each key. What follows `text:` is the message's own, which may look
    like fields: there only a key not seen before counts, and ends the text."""
    values: dict[str, str] = {}
    name, start = "", 0
    for match in _KEY.finditer(text):
        key = match[1].lower()
        key = _DATES.get(key[0], key) if key.endswith("date") else key
        if key in values or key == name:
            continue
        if name:
            values[name] = text[start : match.start()]
        name, start = key, match.end()
    if name:
        values[name] = text[start:]
    return values


def _token(value: str) -> str:
    """The value up to a blank: what follows is no field of ours ("err:000 IMSI:...")."""
    return value.split(maxsplit=1)[0] if value.strip() else ""


def _date(value: str) -> str:
    value = value.strip()
    if iso := _ISO_DATE.match(value):
        return iso[0]
    return _token(value)
