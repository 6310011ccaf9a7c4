"""The word that follows `stat:` in a receipt, as a message_state."""

from __future__ import annotations

from smppcast.model import MessageState

__all__ = ["state_of"]

# By their first five letters, in capitals: that takes the specification's seven-letter words
# (SMPP 3.4 appendix B), the whole words, and the misspellings that SMSCs live with (DELIVERD).
_STEMS = {
    "SCHED": MessageState.SCHEDULED,
    "ENROU": MessageState.ENROUTE,
    "BUFFE": MessageState.ENROUTE,
    "BUFFR": MessageState.ENROUTE,
    "DELIV": MessageState.DELIVERED,
    "DELVR": MessageState.DELIVERED,
    "DLVRD": MessageState.DELIVERED,
    "EXPIR": MessageState.EXPIRED,
    "DELET": MessageState.DELETED,
    "UNDEL": MessageState.UNDELIVERABLE,
    "FAILE": MessageState.UNDELIVERABLE,
    "ACCEP": MessageState.ACCEPTED,
    "ACKED": MessageState.ACCEPTED,
    "UNKNO": MessageState.UNKNOWN,
    "REJEC": MessageState.REJECTED,
    "DND_R": MessageState.REJECTED,  # refused by an Indian do-not-disturb register
    "SKIPP": MessageState.SKIPPED,
}


def state_of(stat: str) -> MessageState | None:
    """The state that `stat` names, None for a word that nobody knows.

    A number is a message_state; but 0 (SCHEDULED there, which no receipt would report) is what
    operators that count errors write for delivered.
    """
    if stat == "0":
        return MessageState.DELIVERED
    if stat.isascii() and stat.isdecimal():
        return state_from_number(int(stat[:3]))
    return _STEMS.get(stat[:5].upper())


def state_from_number(number: object) -> MessageState | None:
    """The state of a message_state TLV, None for what is none."""
    if isinstance(number, int) and 0 <= number <= MessageState.SKIPPED:
        return MessageState(number)
    return None
