"""What goes wrong with one link: after how many submits it is cut, unbound, stalled or left half-open."""

from __future__ import annotations

from enum import Enum
from random import Random
from typing import Final

from smppcast.smsc.bulk import frame
from smppcast.smsc.habits import BODYLESS, GARBAGE, STRAY, TWICE, WITHHELD, Habits

__all__ = ["Mishap", "happening", "odd_response", "torn"]

# More than a header; and no command_length begins with their first.
GARBAGE_OCTETS: Final = 64
# The last sequence_number that a client may use, which none reaches in a run.
_NOBODYS: Final = b"\x7f\xff\xff\xff"
# Octets short of its end, a PDU is cut in the middle of its header or of a short body.
TORN: Final = 7


class Mishap(Enum):
    """What happens to a link once it brought its submits."""

    NONE = "none"
    CUT = "cut"
    HALF_OPEN = "half_open"
    UNBIND = "unbind"
    STALL = "stall"


def happening(habits: Habits, before: int, count: int, taken: int) -> tuple[int, Mishap]:
    """How many of the next `count` submits of a link are taken in, and what happens then.

    Args:
        before: submits that the link brought so far.
        taken: those of all links, by which chance cuts.
    """
    faults, cuts = habits.scenario.faults, habits.cuts
    ends: list[tuple[int, Mishap]] = []
    for after, mishap in ((faults.cut_after, Mishap.CUT), (faults.half_open_after, Mishap.HALF_OPEN)):
        if after is not None and before + count >= after:
            ends.append((max(1, after - before), mishap))
    if cuts.constant != 0:
        at = cuts.slice(taken, count).find(1)
        if at >= 0:
            ends.append((at + 1, Mishap.CUT))
    if ends:
        return min(ends, key=lambda end: end[0])
    for after, mishap in ((faults.unbind_after, Mishap.UNBIND), (faults.stall_after, Mishap.STALL)):
        if after is not None and before < after <= before + count:
            return count, mishap
    return count, Mishap.NONE


def torn(pdus: bytes) -> bytes:
    """PDUs up to the middle of the last one."""
    return pdus[:-TORN]


def odd_response(seed: int, answer: int, row: tuple[int, bytes, bytes, int]) -> bytes:
    """The response to an accepted message, as `Faults` has it.

    Args:
        row: what befalls it, its sequence_number and body, and the message's index.
    """
    kind, number, body, index = row
    pdu = frame(answer, 0, [number], [b"" if kind == BODYLESS else body])
    if kind == WITHHELD:
        return b""
    if kind == TWICE:
        return pdu + pdu
    if kind == STRAY:
        return pdu + frame(answer, 0, [_NOBODYS], [body])
    return _garbage(seed, index) + pdu if kind == GARBAGE else pdu


def _garbage(seed: int, index: int) -> bytes:
    return b"\xff" + Random(f"{seed} garbage {index}").randbytes(GARBAGE_OCTETS - 1)  # noqa: S311 - no secret
