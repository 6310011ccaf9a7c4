"""Whether two addresses are the same, however an SMSC spells them in a receipt."""

from __future__ import annotations

__all__ = ["AGREE_DIGITS", "agrees", "same_source", "tail"]

# Two spellings of one number agree in this many last digits: a national number without its prefix.
AGREE_DIGITS = 7


def digits(addr: str) -> str:
    """The digits alone, without zeros before them (a national or an international prefix)."""
    return "".join(filter(str.isdigit, addr)).lstrip("0")


def agrees(number: int, addr: str) -> bool:
    """Whether `addr` is the number, in international or national spelling."""
    ours = str(number)
    return ours == addr or _one_ends_the_other(ours, digits(addr))


def tail(addr: str) -> str:
    """What all spellings of a number have in common; "" where there is too little of it."""
    found = digits(addr)
    return found[-AGREE_DIGITS:] if len(found) >= AGREE_DIGITS else ""


def same_source(ours: str, theirs: str) -> bool:
    """Whether a receipt's destination_addr is the source_addr that we sent.

    One that we left to the SMSC to fill in is not known, and agrees with any.
    """
    if not ours or ours.casefold() == theirs.casefold():
        return True
    numeric = ours.removeprefix("+").isdigit() and theirs.removeprefix("+").isdigit()
    return numeric and _one_ends_the_other(digits(ours), digits(theirs))


def _one_ends_the_other(ours: str, theirs: str) -> bool:
    return min(len(theirs), len(ours)) >= AGREE_DIGITS and (ours.endswith(theirs) or theirs.endswith(ours))
