"""Words for states."""

from __future__ import annotations

import pytest

from smppcast.model import MessageState
from smppcast.receipts import state_of


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", MessageState.DELIVERED),
        ("delivered", MessageState.DELIVERED),
        ("DELIVERD", MessageState.DELIVERED),
        ("EXPIRED", MessageState.EXPIRED),
        ("DELETED", MessageState.DELETED),
        ("UNDELIV", MessageState.UNDELIVERABLE),
        ("Undelivered", MessageState.UNDELIVERABLE),
        ("FAILED", MessageState.UNDELIVERABLE),
        ("ACCEPTD", MessageState.ACCEPTED),
        ("ACKED", MessageState.ACCEPTED),
        ("UNKNOWN", MessageState.UNKNOWN),
        ("REJECTD", MessageState.REJECTED),
        ("DND_REJECTED", MessageState.REJECTED),
        ("ENROUTE", MessageState.ENROUTE),
        ("BUFFERED", MessageState.ENROUTE),
        ("SKIPPED", MessageState.SKIPPED),
        ("SCHEDULED", MessageState.SCHEDULED),
        ("0", MessageState.DELIVERED),
        ("2", MessageState.DELIVERED),
        ("8", MessageState.REJECTED),
        ("99", None),
        ("1" * 5000, None),
        ("", None),
        ("BADSTAT", None),
        ("²", None),
    ],
)
def test_words(stat: str, state: MessageState | None) -> None:
    assert state_of(stat) is state
