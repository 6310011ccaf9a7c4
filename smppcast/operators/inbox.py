"""What an operator's SMSC reports: receipts matched to segments, and inbound messages.

Nothing is acknowledged here before the ledger holds it (law 3). A receipt that matches nothing is
parked, durably, and tried again when its segment is accepted: it may have overtaken its response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
import structlog

from smppcast.errors import DecodeError, LedgerError
from smppcast.ledger.facts import (
    CAMPAIGN_SHIFT,
    InboundReceived,
    ParkedReceipt,
    ReceiptsParked,
    Received,
    Unparked,
)
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.writer import Writer
from smppcast.model import MessageState
from smppcast.net.clock import Clock
from smppcast.operators.addresses import agrees
from smppcast.operators.latencies import ReceiptSamples
from smppcast.operators.matching import Matching
from smppcast.operators.parked import Parked
from smppcast.operators.settings import OperatorSettings
from smppcast.receipts import MessageIdMapping, parse
from smppcast.receipts.batch import ReceiptBatch, fold_all, read
from smppcast.smpp import DataSm, DeliverSm, decode, encode
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["Acknowledge", "Inbox", "InboxTally"]

log = structlog.get_logger("smppcast.inbox")

# Receipts that may wait for a commit or a search before the SMSC is told to come again later. Some
# seconds of the highest rates, some tens of megabytes.
UNCOMMITTED_MAX = 100_000

# Receipts unacknowledged beyond which a lane sends nothing new: half the largest window that SMSCs are
# known to give, and the receipts of 5 ms at the highest rates. At three quarters of it receipts came to
# lag 50,000 behind their responses, all of them had to be indexed, and a segment cost half as much again.
OWED_MAX = 500

# Parked receipts of earlier runs that are looked for in the durable index at once.
SEARCHED_AT_ONCE = 1_000

_INTERMEDIATE = frozenset(int(state) for state in MessageState if not state.final)

_Inbound = tuple[DeliverSm | DataSm, bytes]
_Unparked = tuple[int, ParkedReceipt, int]  # the ledger's key of it, and the ref it belongs to

Acknowledge = Callable[[Sequence[int], int], None]
"""Answers deliver_sm PDUs by their sequence_numbers with a command_status."""

Claim = Callable[[ParkedReceipt], tuple[int, int] | None]
"""The ref and number of the unknown segment that an orphan settles, if it is certain (law 2)."""


@dataclass(slots=True)
class InboxTally:
    """Counts since the start.

    Attributes:
        receipts: receipts taken in.
        matched: of those, how many found their segment.
        inbound: messages of users (segments).
        malformed: deliver_sm that could not be read, answered with the status that fits.
        postponed: answered ESME_RX_T_APPN, to come again.
    """

    receipts: int = 0
    matched: int = 0
    inbound: int = 0
    malformed: int = 0
    postponed: int = 0


@dataclass(slots=True)
class _Search:
    """Receipts that the hot index does not know, with what is owed for them."""

    batch: ReceiptBatch
    keys: dict[int, str]  # the likeliest key of each row
    acknowledge: Acknowledge

    @property
    def numbers(self) -> list[int]:
        return [self.batch.sequence_numbers[row] for row in self.keys]


class Inbox:
    """Takes in deliver_sm and data_sm PDUs of one operator, from whichever bind brings them.

    Args:
        reported: told of every matched receipt, before it is durable.
        claim: asked for the unknown segment that a receipt settles whose message_id nobody knows.
    """

    def __init__(  # noqa: PLR0917 - a lane's parts, each of its own type
        self,
        name: str,
        settings: OperatorSettings,
        resolver: Resolver,
        writer: Writer,
        reported: Callable[[Received], None],
        claim: Claim,
        wall: Clock,
    ) -> None:
        self.tally = InboxTally()
        self._name = name
        self._matching = Matching(name, MessageIdMapping(settings.message_ids), resolver)
        self._time_zone = settings.time_zone
        self._resolver, self._writer = resolver, writer
        self._reported, self._claim, self._wall = reported, claim, wall
        self.latencies = ReceiptSamples()
        self._parked = Parked()
        self._searches: list[_Search] = []
        self._searching = 0
        self._owed = 0
        self._more = anyio.Event()
        self._next_parked = 1
        self._restored: list[tuple[int, ParkedReceipt]] = []
        self._warned = False

    @property
    def behind(self) -> bool:
        """Whether receipts come faster than they are made durable: then nothing new should be sent.

        Else the SMSC's receipts fall ever further behind its responses, out of what is hot, and each
        costs a search.
        """
        return self._owed > OWED_MAX

    @property
    def unmatched(self) -> int:
        """Receipts that belong to no message known so far."""
        return self._parked.count

    def restore(self, parked: Iterable[tuple[int, ParkedReceipt]]) -> None:
        """Takes up what earlier runs parked, oldest first; `run` looks for their messages.

        A crash may have come between the commit of a response and that of the receipt which had
        overtaken it: no response will come again for it.
        """
        for key, receipt in parked:
            self._next_parked = max(self._next_parked, key + 1)
            self._restored.append((key, receipt))
            self._parked.add(key, receipt, self._matching.all_keys(receipt.message_id))

    # --- from the link ---------------------------------------------------------------------

    def deliver(self, pdus: Sequence[bytes], acknowledge: Acknowledge) -> None:
        """Takes in deliver_sm PDUs; `acknowledge` is called on the loop once they are durable."""
        if self._writer.backlog + self._searching > UNCOMMITTED_MAX:
            self._postpone(acknowledge, [int.from_bytes(pdu[12:16], "big") for pdu in pdus])
            return
        batch, rest = read(pdus, time_zone=self._time_zone)
        inbound: list[_Inbound] = []
        for octets in rest:
            try:
                pdu = decode(octets)
            except DecodeError as error:
                self.tally.malformed += 1
                acknowledge([error.sequence_number], error.command_status)
                continue
            if isinstance(pdu, DeliverSm):
                self._sort(pdu, octets, batch, inbound)
        self._take(batch, inbound, acknowledge)

    def _postpone(self, acknowledge: Acknowledge, sequence_numbers: Sequence[int]) -> None:
        """Has these come again: what cannot be kept is not acknowledged (law 3)."""
        self.tally.postponed += len(sequence_numbers)
        acknowledge(sequence_numbers, CommandStatus.ESME_RX_T_APPN)

    def data(self, pdu: DataSm, acknowledge: Acknowledge) -> None:
        """Takes in a data_sm, which carries receipts and messages as a deliver_sm does."""
        batch, inbound = ReceiptBatch(), list[_Inbound]()
        self._sort(pdu, encode(pdu), batch, inbound)
        self._take(batch, inbound, acknowledge)

    def _sort(
        self, pdu: DeliverSm | DataSm, octets: bytes, batch: ReceiptBatch, inbound: list[_Inbound]
    ) -> None:
        receipt = parse(pdu, time_zone=self._time_zone)
        if receipt is None:
            inbound.append((pdu, octets))
        else:
            batch.add(receipt, pdu.sequence_number)

    def _take(self, batch: ReceiptBatch, inbound: Sequence[_Inbound], acknowledge: Acknowledge) -> None:
        if batch.sequence_numbers:
            self.tally.receipts += len(batch)
            self._owed += len(batch)
            self._match(batch, partial(self._answer, acknowledge))
        if inbound:
            self.tally.inbound += len(inbound)
            fact = InboundReceived(
                self._name,
                self._wall(),
                [pdu.source_addr for pdu, _ in inbound],
                [pdu.destination_addr for pdu, _ in inbound],
                # Whole: the text may lie in a TLV, and without data_coding and esm_class is no text.
                [octets for _, octets in inbound],
            )
            numbers = [pdu.sequence_number for pdu, _ in inbound]
            self._writer.add(fact, lambda: acknowledge(numbers, 0))

    def _answer(self, acknowledge: Acknowledge, sequence_numbers: Sequence[int], status: int) -> None:
        self._owed -= len(sequence_numbers)
        acknowledge(sequence_numbers, status)

    # --- receipts --------------------------------------------------------------------------

    def _match(self, batch: ReceiptBatch, acknowledge: Acknowledge) -> None:
        """Matches by the hot index; what it does not know goes to the search."""
        keys = self._matching.keys(batch)
        self.latencies.received(keys, self._wall())
        refs = self._matching.hot(batch, keys)
        if -1 not in refs:
            self._settle(batch, range(len(batch)), refs, acknowledge)
            return
        matched = [row for row, ref in enumerate(refs) if ref >= 0]
        missed = {row: keys[row] for row, ref in enumerate(refs) if ref < 0}
        self._settle(batch, matched, [refs[row] for row in matched], acknowledge)
        self._searches.append(_Search(batch, missed, acknowledge))
        self._searching += len(missed)
        self._more.set()

    def _settle(
        self,
        batch: ReceiptBatch,
        rows: Sequence[int],
        refs: Sequence[int],
        acknowledge: Acknowledge | None,
        *also: Unparked,
    ) -> None:
        """Writes matched receipts to the ledger, a fact a campaign, and answers them after that."""
        if not rows:
            return
        self.tally.matched += len(rows)
        if rows != range(len(batch)):
            batch = batch.rows(rows)
        if _INTERMEDIATE.isdisjoint(batch.states):
            self._resolver.settled(refs)
        else:
            states = zip(refs, batch.states, strict=True)
            self._resolver.settled([ref for ref, state in states if state not in _INTERMEDIATE])
        numbers = batch.sequence_numbers
        facts = [
            Received(self._name, self._wall(), named, bytes(part.states), part.errors, part.done)
            for named, part in _by_campaign(batch, refs)
        ]
        for fact in facts:
            self._reported(fact)
        self._writer.add_together(
            (*facts, *also), None if acknowledge is None else partial(acknowledge, numbers, 0)
        )

    # --- the durable index, and parking -----------------------------------------------------

    async def run(self) -> None:
        """Searches for what the hot index did not know, until cancelled."""
        await self._search_restored()
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            searches, self._searches = self._searches, []
            for search in searches:
                try:
                    await self._search(search)
                except LedgerError as error:
                    log.warning("receipts_postponed", operator=self._name, error=str(error))
                    self._postpone(search.acknowledge, search.numbers)
                self._searching -= len(search.keys)

    async def _search_restored(self) -> None:
        restored, self._restored = self._restored, []
        for start in range(0, len(restored), SEARCHED_AT_ONCE):
            page = restored[start : start + SEARCHED_AT_ONCE]
            keys = {key: self._matching.all_keys(receipt.message_id) for key, receipt in page}
            try:
                found = await self._resolver.find_durable(
                    [each for of_one in keys.values() for each in of_one]
                )
            except LedgerError as error:
                log.warning("parked_receipts_not_searched", operator=self._name, error=str(error))
                return
            known: list[_Unparked] = []
            for key, receipt in page:
                hits = (hit for each in keys[key] for hit in found.get(each, ()))
                ref = next((ref for ref, number in hits if agrees(number, receipt.source_addr)), None)
                # A response that came meanwhile has found it, perhaps.
                if ref is not None and key in self._parked:
                    known.append((key, receipt, ref))
            self._settle_parked(known)

    async def _search(self, search: _Search) -> None:
        batch = search.batch
        refs = await self._matching.durable(batch, search.keys)
        orphans: dict[int, ParkedReceipt] = {}
        for row in search.keys:
            if row not in refs:
                # The response may have come while the ledger was searched.
                ref = self._matching.hot_under_any(batch, row)
                if ref < 0:
                    orphans[row] = self._orphan(batch, row)
                else:
                    refs[row] = ref
        for row, orphan in list(orphans.items()):
            claimed = self._claimed(orphan)
            if claimed is not None:
                refs[row] = claimed
                del orphans[row]
        self._settle(batch, list(refs), list(refs.values()), search.acknowledge)
        self._park(batch, orphans, search.acknowledge)

    def _claimed(self, orphan: ParkedReceipt) -> int | None:
        """The unknown segment that it settles; its message_id is known from here on."""
        keys = self._matching.all_keys(orphan.message_id)
        for key in keys:
            # It came twice before the first of the two settled anything: it has no second segment.
            known = self._resolver.get(key)
            if known is not None and agrees(known[1], orphan.source_addr):
                return known[0]
        claimed = self._claim(orphan)
        if claimed is None:
            return None
        ref, number = claimed
        if keys:
            # Should it come again, it is a repeated one. As the receipt has it: no response gave another.
            self._resolver.add(keys[:1], [ref], [number])
        return ref

    def _orphan(self, batch: ReceiptBatch, row: int) -> ParkedReceipt:
        return ParkedReceipt(
            batch.message_ids[row] or batch.other_ids[row],
            batch.sources[row],
            batch.destinations[row],
            batch.states[row],
            batch.errors[row],
            batch.done[row],
            self._wall(),
            batch.submitted[row],
            batch.references[row],
        )

    def _park(
        self, batch: ReceiptBatch, orphans: Mapping[int, ParkedReceipt], acknowledge: Acknowledge
    ) -> None:
        if not orphans:
            return
        receipts = list(orphans.values())
        keys = range(self._next_parked, self._next_parked + len(receipts))
        self._next_parked = keys.stop
        numbers = [batch.sequence_numbers[row] for row in orphans]
        self._writer.add(
            ReceiptsParked(self._name, keys, receipts), lambda: acknowledge(numbers, CommandStatus.ESME_ROK)
        )
        for key, receipt in zip(keys, receipts, strict=True):
            self._parked.add(key, receipt, self._matching.all_keys(receipt.message_id))
        self._warn()

    def _warn(self) -> None:
        """Receipts that do not match are the commonest misconfiguration there is: say it once."""
        unmatched = self.tally.receipts - self.tally.matched - self._searching
        if not self._warned and unmatched > 100 and unmatched > self.tally.matched:
            self._warned = True
            log.warning(
                "receipts_do_not_match",
                operator=self._name,
                unmatched=unmatched,
                matched=self.tally.matched,
                message_ids=str(self._matching.mapping),
            )

    # --- from the lane ---------------------------------------------------------------------

    def accepted(self, message_ids: Sequence[str], refs: Sequence[int], numbers: Sequence[int]) -> None:
        """Indexes message_ids of accepted segments, and settles receipts that came before."""
        keys = fold_all(message_ids)
        self._resolver.add(keys, refs, numbers)
        self.latencies.accepted(keys, self._wall())
        found: dict[int, _Unparked] = {}  # by the ledger's key: one receipt may wait under several ids
        rows: dict[str, int] = {}
        for key, parked_key, receipt in self._parked.early(keys):
            rows = rows or {each: row for row, each in enumerate(keys)}
            if agrees(numbers[rows[key]], receipt.source_addr):
                found[parked_key] = (parked_key, receipt, refs[rows[key]])
                self._matching.learn((receipt.message_id,), key)
        self._settle_parked(list(found.values()))

    def reconsider(self) -> None:
        """Tries parked receipts on the segments that have become unknown since they came."""
        claimed = ((key, receipt, self._claimed(receipt)) for key, receipt in list(self._parked))
        self._settle_parked([(key, receipt, ref) for key, receipt, ref in claimed if ref is not None])

    def _settle_parked(self, found: Sequence[_Unparked]) -> None:
        if not found:
            return
        batch = ReceiptBatch()
        for parked_key, receipt, _ in found:
            _append(batch, receipt)
            self._parked.remove(parked_key)
        unparked = Unparked(self._name, [parked_key for parked_key, _, _ in found])
        self._settle(batch, range(len(batch)), [ref for _, _, ref in found], None, unparked)


def _by_campaign(batch: ReceiptBatch, refs: Sequence[int]) -> Iterator[tuple[Sequence[int], ReceiptBatch]]:
    """The refs of each campaign, and their receipts."""
    if min(refs) >> CAMPAIGN_SHIFT == max(refs) >> CAMPAIGN_SHIFT:
        yield refs, batch
        return
    for campaign in {ref >> CAMPAIGN_SHIFT for ref in refs}:
        rows = [row for row, ref in enumerate(refs) if ref >> CAMPAIGN_SHIFT == campaign]
        yield [refs[row] for row in rows], batch.rows(rows)


def _append(batch: ReceiptBatch, receipt: ParkedReceipt) -> None:
    batch.sequence_numbers.append(0)
    batch.message_ids.append(receipt.message_id)
    batch.other_ids.append("")
    batch.sources.append(receipt.source_addr)
    batch.destinations.append(receipt.destination_addr)
    batch.states.append(receipt.state)
    batch.errors.append(receipt.error)
    batch.done.append(receipt.done)
    batch.submitted.append(receipt.submitted)
    batch.references.append(receipt.reference)
