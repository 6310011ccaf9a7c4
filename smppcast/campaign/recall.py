"""Recall: asks the SMSCs not to deliver what they accepted and have not delivered yet (cancel_sm).

An SMSC may have delivered meanwhile, or not know cancel_sm at all: what it answers is counted, and what
became of each message its receipt tells, as ever. So a recall changes no outcome by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import anyio

from smppcast.errors import SmppcastError
from smppcast.ledger.contract import Store
from smppcast.ledger.outcomes import OutcomeRow, outcomes
from smppcast.ledger.writer import Writer
from smppcast.model import Outcome
from smppcast.operators.lane import Lane
from smppcast.operators.settings import SourceAddress
from smppcast.smpp import CancelSm
from smppcast.smpp.vocabulary import status_name

__all__ = ["Recall", "recall"]

# Unanswered cancel_sm of one lane: a window of its own, of the size that SMPP 3.4 suggests.
WINDOW = 10
ROWS = 1_000


@dataclass(slots=True)
class Recall:
    """What came of it, in segments.

    Args:
        asked: cancel_sm sent.
        cancelled: answered ESME_ROK.
        refused: answered otherwise, by the name of the status.
        unanswered: lost with their link, or too late.
    """

    asked: int = 0
    cancelled: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    operator: str
    number: int
    message_id: str


async def recall(
    campaign: int, store: Store, writer: Writer, lanes: Mapping[str, Lane], source: SourceAddress | None
) -> Recall:
    """Asks for every accepted segment of a campaign without a final receipt.

    Args:
        source: the campaign's sender; None for each operator's own.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    found = Recall()
    rows = outcomes(store, campaign, live=True)
    while batch := await writer.call(_next, rows):
        for start in range(0, len(batch), WINDOW):
            async with anyio.create_task_group() as tasks:
                for wanted in batch[start : start + WINDOW]:
                    lane = lanes.get(wanted.operator)
                    if lane is not None:
                        tasks.start_soon(
                            partial(_cancel, wanted, lane, source or lane.settings.source, found)
                        )
    return found


def _next(rows: Iterator[OutcomeRow]) -> list[_Wanted]:
    """Some of whom an SMSC holds a message for; empty at the end."""
    found: list[_Wanted] = []
    for row in rows:
        if row.state is Outcome.AWAITING_RECEIPT:
            found += [_Wanted(row.operator, row.number, each) for each in row.message_ids if each]
        if len(found) >= ROWS:
            break
    return found


async def _cancel(wanted: _Wanted, lane: Lane, source: SourceAddress, found: Recall) -> None:
    dest = lane.settings.dest
    found.asked += 1
    try:
        answer = await lane.request(
            CancelSm(
                service_type=lane.settings.service_type,
                message_id=wanted.message_id,
                source_addr_ton=source.ton,
                source_addr_npi=source.npi,
                source_addr=source.addr,
                dest_addr_ton=dest.ton,
                dest_addr_npi=dest.npi,
                destination_addr=str(wanted.number),
            )
        )
    except SmppcastError:
        found.unanswered += 1
        return
    if answer.command_status:
        found.refused[status_name(answer.command_status)] += 1
    else:
        found.cancelled += 1
