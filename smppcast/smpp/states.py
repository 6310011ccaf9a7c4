"""Which operation may be sent in which session state: the table of SMPP 5.0 section 2.4, as data.

Responses follow their request and are always allowed; generic_nack likewise.
"""

from __future__ import annotations

from enum import StrEnum

from smppcast.errors import UsageError
from smppcast.smpp.vocabulary import CommandId, command_name

__all__ = ["ESME_MAY_SEND", "SMSC_MAY_SEND", "State", "may_send"]


class State(StrEnum):
    """Session states of SMPP 5.0 section 2.3; UNBINDING is ours, between unbind and its response."""

    OPEN = "open"
    OUTBOUND = "outbound"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"
    UNBOUND = "unbound"
    CLOSED = "closed"


_BINDS = {CommandId.BIND_TRANSMITTER, CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER}
_LINK = {CommandId.ENQUIRE_LINK, CommandId.UNBIND}
_SUBMIT = {
    CommandId.SUBMIT_SM,
    CommandId.SUBMIT_MULTI,
    CommandId.DATA_SM,
    CommandId.QUERY_SM,
    CommandId.CANCEL_SM,
    CommandId.REPLACE_SM,
    CommandId.BROADCAST_SM,
    CommandId.QUERY_BROADCAST_SM,
    CommandId.CANCEL_BROADCAST_SM,
}
_DELIVER = {CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.ALERT_NOTIFICATION}

ESME_MAY_SEND: dict[State, frozenset[int]] = {
    State.OPEN: frozenset(_BINDS | {CommandId.ENQUIRE_LINK}),
    State.OUTBOUND: frozenset({CommandId.BIND_RECEIVER, CommandId.BIND_TRANSCEIVER, CommandId.ENQUIRE_LINK}),
    State.BOUND_TX: frozenset(_SUBMIT | _LINK),
    State.BOUND_RX: frozenset(_LINK),
    State.BOUND_TRX: frozenset(_SUBMIT | _LINK),
    State.UNBINDING: frozenset(),
    State.UNBOUND: frozenset(),
    State.CLOSED: frozenset(),
}

SMSC_MAY_SEND: dict[State, frozenset[int]] = {
    State.OPEN: frozenset({CommandId.OUTBIND, CommandId.ENQUIRE_LINK}),
    State.OUTBOUND: frozenset({CommandId.ENQUIRE_LINK}),
    State.BOUND_TX: frozenset(_LINK),
    State.BOUND_RX: frozenset(_DELIVER | _LINK),
    State.BOUND_TRX: frozenset(_DELIVER | _LINK),
    State.UNBINDING: frozenset(),
    State.UNBOUND: frozenset(),
    State.CLOSED: frozenset(),
}


def may_send(state: State, command_id: int, table: dict[State, frozenset[int]] = ESME_MAY_SEND) -> None:
    """Does nothing where the table allows the operation.

    Raises:
        UsageError: it does not.
    """
    if command_id not in table[state]:
        raise UsageError(f"{command_name(command_id)} may not be sent in state {state}")
