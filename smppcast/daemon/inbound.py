"""Messages of users, read from the ledger and put together from their segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smppcast.daemon.models import iso
from smppcast.errors import SmppcastError
from smppcast.ledger.sqlite import SqliteStore
from smppcast.receipts.inbound import Reassembler
from smppcast.smpp import DataSm, DeliverSm, decode

__all__ = ["inbound"]

# Segments a page, and as many before it are read again for the first segments of messages that end in it.
PAGE = 1_000


def inbound(ledger: Path, after: int) -> dict[str, Any]:
    """The messages that became whole behind an id, and the `next` such id.

    A message of which a segment never comes is not shown; the ledger has what came of it.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    store = SqliteStore(ledger, read_only=True)
    try:
        rows = store.inbound(max(0, after - PAGE), 2 * PAGE)
    finally:
        store.close()
    parts = Reassembler()
    found: list[dict[str, Any]] = []
    for number, operator, at, _, _, octets in rows:
        try:
            pdu = decode(octets)
        except SmppcastError:
            continue
        message = parts.add(pdu, at) if isinstance(pdu, DeliverSm | DataSm) else None
        if message is not None and number > after:
            shown = {"from": message.source_addr, "to": message.destination_addr, "text": message.text}
            found.append({"id": number, "operator": operator, "at": iso(at), **shown})
    return {"messages": found, "next": max(after, rows[-1][0] if rows else 0)}
