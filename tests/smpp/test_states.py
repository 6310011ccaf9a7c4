"""Which operation may be sent when: the table against the specification's own sentences."""

from __future__ import annotations

import pytest

from smppcast.errors import UsageError
from smppcast.smpp.states import ESME_MAY_SEND, SMSC_MAY_SEND, State, may_send
from smppcast.smpp.vocabulary import CommandId

RESPONSE = 0x80000000


def test_every_state_has_its_row_and_no_row_has_a_response() -> None:
    for table in (ESME_MAY_SEND, SMSC_MAY_SEND):
        assert set(table) == set(State)
        assert not any(command_id & RESPONSE for row in table.values() for command_id in row)


@pytest.mark.parametrize(
    ("state", "command_id", "esme", "smsc"),
    [
        (State.OPEN, CommandId.BIND_TRANSCEIVER, True, False),
        (State.OPEN, CommandId.SUBMIT_SM, False, False),
        (State.OPEN, CommandId.OUTBIND, False, True),
        (State.OUTBOUND, CommandId.BIND_RECEIVER, True, False),
        (State.OUTBOUND, CommandId.BIND_TRANSMITTER, False, False),
        (State.BOUND_TX, CommandId.SUBMIT_SM, True, False),
        (State.BOUND_TX, CommandId.DELIVER_SM, False, False),
        (State.BOUND_RX, CommandId.SUBMIT_SM, False, False),
        (State.BOUND_RX, CommandId.DELIVER_SM, False, True),
        (State.BOUND_TRX, CommandId.DATA_SM, True, True),
        (State.BOUND_TRX, CommandId.BIND_TRANSCEIVER, False, False),
        (State.BOUND_TRX, CommandId.UNBIND, True, True),
        (State.UNBINDING, CommandId.SUBMIT_SM, False, False),
        (State.UNBOUND, CommandId.BIND_TRANSCEIVER, False, False),
        (State.CLOSED, CommandId.ENQUIRE_LINK, False, False),
    ],
)
def test_who_may_send_what(state: State, command_id: CommandId, *, esme: bool, smsc: bool) -> None:
    for table, allowed in ((ESME_MAY_SEND, esme), (SMSC_MAY_SEND, smsc)):
        if allowed:
            may_send(state, command_id, table)
        else:
            with pytest.raises(
                UsageError, match=f"{command_id.name.lower()} may not be sent in state {state}"
            ):
                may_send(state, command_id, table)
