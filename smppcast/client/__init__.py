"""The bare session for those who embed smppcast: connect, submit, wait for a receipt. No ledger.

::

    async with smppcast.connect("smpp://user:secret@127.0.0.1:2775", window=50) as session:
        sent = await session.submit(to="33612345678", text="Bonjour", source="GOUV", receipt=True)
        receipt = await sent.receipt(timeout_s=30)

        async for batch in session.submit_many(numbers, text="Bonjour", source="GOUV"):
            for number, status, message_ids in zip(batch.numbers, batch.statuses, batch.message_ids):
                ...
"""

from __future__ import annotations

from smppcast.client.addresses import Source
from smppcast.client.bulk import Submitted
from smppcast.client.connect import BindKind, connect
from smppcast.client.outbox import NO_RESPONSE
from smppcast.client.sent import Sent
from smppcast.client.session import ClientSession, Statistics
from smppcast.client.wording import Options

__all__ = [
    "NO_RESPONSE",
    "BindKind",
    "ClientSession",
    "Options",
    "Sent",
    "Source",
    "Statistics",
    "Submitted",
    "connect",
]
