"""Messages of users, read from the ledger and put together from their segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from smppcast.daemon.models import iso
from smppcast.errors import SmppcastError
from smppcast.ledger.sqlite import SqliteStore
from smppcast.receipts.inbound import Reassembler
from smppcast.smpp import DataSm, DeliverSm, decode
from smppcast.smpp.vocabulary import Ton

__all__ = ["PAGE", "Joiner", "Whole", "inbound"]

# Segments a page, and as many before it are read again for the first segments of messages that end in it.
PAGE = 1_000


class Whole(NamedTuple):
    """A message of a user.

    Args:
        id: of the segment that made it whole, as `at` is.
        source_ton: of `source`.
        ton, npi: of `destination`, what the user wrote to.
    """

    id: int
    operator: str
    at: float
    source: str
    destination: str
    ton: int
    npi: int
    text: str
    source_ton: int = Ton.UNKNOWN

    @property
    def sender(self) -> str:
        """Who wrote, as a list of numbers has it."""
        international = self.source_ton == Ton.INTERNATIONAL and self.source.isdigit()
        return f"+{self.source}" if international else self.source


class Joiner:
    """Puts messages together from the ledger's rows; a message of which a segment never comes is not told."""

    def __init__(self) -> None:
        self._parts = Reassembler()

    def add(self, rows: Iterable[tuple[int, str, float, str, str, bytes]]) -> Iterator[Whole]:
        """Those that these segments make whole."""
        for number, operator, at, _, _, octets in rows:
            try:
                pdu = decode(octets)
            except SmppcastError:
                continue
            message = self._parts.add(pdu, at) if isinstance(pdu, DeliverSm | DataSm) else None
            if message is not None and isinstance(pdu, DeliverSm | DataSm):
                to = message.destination_addr
                ton, npi = pdu.dest_addr_ton, pdu.dest_addr_npi
                source, source_ton = message.source_addr, pdu.source_addr_ton
                yield Whole(number, operator, at, source, to, ton, npi, message.text, source_ton)


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
    found = [
        {
            "id": message.id,
            "operator": message.operator,
            "at": iso(message.at),
            "from": message.source,
            "to": message.destination,
            "text": message.text,
        }
        for message in Joiner().add(rows)
        if message.id > after
    ]
    return {"messages": found, "next": max(after, rows[-1][0] if rows else 0)}
