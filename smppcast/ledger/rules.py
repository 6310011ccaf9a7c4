"""What a fact does to one segment: tables from an octet to an octet, and what each counts.

A segment is one octet. Its low nibble is its state, ordered so that the greatest among a
message's segments is the message's outcome: what still moves, or is not known, comes first
(law 4). The upper nibble holds flags.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from smppcast.model import MessageState, Outcome

__all__ = [
    "ACCEPT",
    "ATTEMPT",
    "DEFER",
    "DUPLICATE",
    "ENDED",
    "LATE",
    "LOSABLE",
    "LOSE",
    "OPEN",
    "OPENED",
    "REATTEMPT",
    "RECEIVE",
    "REJECT",
    "RESENT",
    "RESENT_UNANSWERED",
    "SEND",
    "STATE",
    "UNANSWERED",
    "UNKNOWN",
    "UNSEND",
    "UNSENT_AGAIN",
    "Cell",
    "outcome_of",
]


class Cell(IntEnum):
    """A segment's state; 0 stands where a message has fewer segments than its chunk's longest."""

    ABSENT = 0
    DELIVERED = 1
    EXPIRED = 2
    UNDELIVERED = 3
    AWAITING = 4
    REJECTED = 5
    UNKNOWN = 6
    NOT_SENT = 7
    IN_FLIGHT = 8


RESENT = 0x10  # submitted more than once
DUPLICATE = 0x20  # submitted again while the SMSC may have held it: a possible duplicate
OPEN = 0x40  # settled by a receipt, or accepted late, while a PDU of it is still unanswered

_OUTCOMES = {
    Cell.DELIVERED: Outcome.DELIVERED,
    Cell.EXPIRED: Outcome.EXPIRED,
    Cell.UNDELIVERED: Outcome.UNDELIVERED,
    Cell.AWAITING: Outcome.AWAITING_RECEIPT,
    Cell.REJECTED: Outcome.REJECTED,
    Cell.UNKNOWN: Outcome.UNKNOWN,
    Cell.NOT_SENT: Outcome.NOT_SENT,
    Cell.IN_FLIGHT: Outcome.IN_FLIGHT,
}
_SETTLED = (Cell.DELIVERED, Cell.EXPIRED, Cell.UNDELIVERED)
_UNSETTLED = (Cell.NOT_SENT, Cell.IN_FLIGHT, Cell.UNKNOWN)


def outcome_of(state: int) -> Outcome:
    """The outcome that a state stands for; of a message, that of its greatest."""
    return _OUTCOMES[Cell(state)]


# --- the tables ---------------------------------------------------------------------------


def _table(rule: Callable[[int, int], int]) -> bytes:
    """`rule(state, flags)` gives the new octet; what is absent stays so."""
    cells = range(256)
    return bytes(rule(cell & 0x0F, cell & 0xF0) if cell & 0x0F else cell for cell in cells)


def _answer(to: Cell, over: tuple[Cell, ...]) -> bytes:
    """A response: closes what is open, else moves one of the states in `over`."""

    def rule(state: int, flags: int) -> int:
        if flags & OPEN:
            return state | flags & ~OPEN
        return (to if state in over else state) | flags

    return _table(rule)


def _attempt(added: int) -> bytes:
    def rule(state: int, flags: int) -> int:
        if state in (*_UNSETTLED, Cell.REJECTED):
            return Cell.IN_FLIGHT | flags | added
        return state | flags | added | OPEN  # a receipt or a late answer came in between: it stays

    return _table(rule)


def _unsend(state: int, flags: int) -> int:
    # A possible duplicate has an older PDU whose outcome nobody knows. Its flag stays: whether an
    # earlier attempt left, an octet cannot tell.
    if flags & OPEN:
        return state | flags & ~OPEN
    if state != Cell.IN_FLIGHT:
        return state | flags
    return (Cell.UNKNOWN if flags & DUPLICATE else Cell.NOT_SENT) | flags


def _late(state: int, flags: int) -> int:
    # The answer to an earlier PDU: a later one may be under way, and its own answer is still to come.
    if state == Cell.IN_FLIGHT:
        return Cell.AWAITING | flags | OPEN
    return (Cell.AWAITING if state in (Cell.UNKNOWN, Cell.NOT_SENT, Cell.REJECTED) else state) | flags


def _receive(to: Cell) -> bytes:
    def rule(state: int, flags: int) -> int:
        if state in _SETTLED:  # the first end holds, but a handset that has it has it
            return (to if to == Cell.DELIVERED else state) | flags
        return to | flags | (OPEN if state == Cell.IN_FLIGHT else 0)

    return _table(rule)


STATE = bytes(cell & 0x0F for cell in range(256))
SEND = _table(lambda state, flags: (Cell.IN_FLIGHT if state == Cell.NOT_SENT else state) | flags)
UNSENT_AGAIN = _table(lambda state, flags: (Cell.NOT_SENT if state == Cell.IN_FLIGHT else state) | flags)
ACCEPT = _answer(Cell.AWAITING, (*_UNSETTLED, Cell.REJECTED))
LATE = _table(_late)
REJECT = _answer(Cell.REJECTED, _UNSETTLED)
DEFER = _answer(Cell.NOT_SENT, _UNSETTLED)
LOSE = _answer(Cell.UNKNOWN, (Cell.NOT_SENT, Cell.IN_FLIGHT))
ATTEMPT = _attempt(RESENT)
REATTEMPT = _attempt(RESENT | DUPLICATE)
UNSEND = _table(_unsend)

# An intermediate receipt proves that an unknown segment was accepted, and tells nothing else.
_INTERMEDIATE = _table(lambda state, flags: (Cell.AWAITING if state == Cell.UNKNOWN else state) | flags)
_BY_STATE = {
    MessageState.DELIVERED: _receive(Cell.DELIVERED),
    MessageState.EXPIRED: _receive(Cell.EXPIRED),
}
# One table a message_state; a number that no specification has says nothing final.
RECEIVE: tuple[bytes, ...] = tuple(
    _BY_STATE.get(state, _receive(Cell.UNDELIVERED)) if state.final else _INTERMEDIATE
    for state in MessageState
) + (_INTERMEDIATE,) * (256 - len(MessageState))


# --- what is counted ----------------------------------------------------------------------


def _mark(predicate: Callable[[int, int], bool]) -> bytes:
    """1 for each octet that the predicate of state and flags holds for."""
    return bytes(predicate(cell & 0x0F, cell & 0xF0) for cell in range(256))


UNANSWERED = _mark(lambda state, flags: state == Cell.IN_FLIGHT or bool(flags & OPEN))
RESENT_UNANSWERED = _mark(lambda state, flags: bool(flags & RESENT and UNANSWERED[state | flags]))
LOSABLE = _mark(lambda state, flags: state in (Cell.NOT_SENT, Cell.IN_FLIGHT) and not flags & OPEN)
OPENED = _mark(lambda _, flags: bool(flags & OPEN))
UNKNOWN = _mark(lambda state, _: state == Cell.UNKNOWN)
ENDED = _mark(lambda state, _: state in _SETTLED)
