"""Submits that come one by one, by the general codec: data_sm, submit_multi, and submit_sm of rare kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from smppcast.model import MessageState
from smppcast.smpp.pdu import AlertNotification, DataSm, DistributionList, SubmitMulti, SubmitSm
from smppcast.smpp.tlv import Tlvs, write_tlvs
from smppcast.smpp.vocabulary import RESPONSE, EsmClass, Npi, Ton
from smppcast.smsc.bulk import Run, Shape
from smppcast.smsc.dialect import network_error
from smppcast.smsc.scenario import Outcome
from smppcast.smsc.timing import timing

__all__ = ["Single", "multi_run", "single"]

_MODE: Final = 0x03
# delivery_failure_reason (SMPP 5.0 section 4.8.4): the destination cannot be reached now; it never will.
_UNAVAILABLE: Final = 0
_PERMANENT: Final = 2
_LIST_TON_NPI: Final = Ton.INTERNATIONAL, Npi.ISDN


@dataclass(frozen=True, slots=True)
class Single:
    """One message as it was asked for.

    Args:
        answer: command_id of its response.
        transaction: the response tells its final state (esm_class, SMPP 5.0 section 4.7.12).
        set_dpf: the sender wants an alert_notification once the handset can be reached again.
    """

    run: Run
    answer: int
    transaction: bool
    set_dpf: bool

    @property
    def special(self) -> bool:
        """Whether its response differs from that of a plain submit."""
        return self.transaction or self.set_dpf

    def tlvs(self, outcome: Outcome) -> bytes:
        """TLVs of its response; in transaction mode a failure has its reasons."""
        failed = outcome.state is not MessageState.DELIVERED
        told = Tlvs(dpf_result=int(failed)) if self.set_dpf else Tlvs()
        if failed and self.transaction:
            reason = _UNAVAILABLE if outcome.state is MessageState.EXPIRED else _PERMANENT
            error = network_error(outcome)
            told = Tlvs(told, delivery_failure_reason=reason)
            told = Tlvs(told, network_error_code=error) if error else told
        return write_tlvs(told)

    def alert(self) -> AlertNotification:
        """What is sent once the destination can be reached."""
        shape = self.run.shape
        ton, npi, *source = shape.source[:-1]
        return AlertNotification(
            source_addr_ton=shape.dest_ton_npi[0],
            source_addr_npi=shape.dest_ton_npi[1],
            source_addr=self.run.destinations[0].decode("latin-1"),
            esme_addr_ton=ton,
            esme_addr_npi=npi,
            esme_addr=bytes(source).decode("latin-1"),
            tlvs=Tlvs(ms_availability_status=0),
        )


def single(pdu: DataSm | SubmitSm) -> Single:
    """A submit of one message."""
    mode = pdu.esm_class & _MODE
    # A datagram is sent once and forgotten: nobody could report on it (SMPP 5.0 section 4.7.12).
    registered = 0 if mode == EsmClass.DATAGRAM else pdu.registered_delivery
    run = Run(
        _shape(pdu, (pdu.dest_addr_ton, pdu.dest_addr_npi), registered),
        [pdu.sequence_number.to_bytes(4, "big")],
        [pdu.destination_addr.encode("latin-1")],
        _references(pdu, 1),
    )
    return Single(run, pdu.command_id | RESPONSE, mode == EsmClass.FORWARD, pdu.tlvs.get("set_dpf") == 1)


def multi_run(pdu: SubmitMulti, lists: Mapping[str, Sequence[str]]) -> Run | None:
    """A run with a message for each number of a submit_multi, all under its sequence_number.

    None where it names a distribution list that is not among `lists`: the response has no place to say
    which, since unsuccess_sme are addresses with TON and NPI (SMPP 5.0 section 4.2.3.2), so that the whole
    is refused. The receipts of all take TON and NPI of the first.
    """
    destinations: list[bytes] = []
    ton_npi: tuple[int, int] = _LIST_TON_NPI
    for address in pdu.dest_address:
        if not isinstance(address, DistributionList):
            ton_npi = ton_npi if destinations else (address.dest_addr_ton, address.dest_addr_npi)
            destinations.append(address.destination_addr.encode("latin-1"))
        elif address.dl_name in lists:
            destinations += [number.encode("latin-1") for number in lists[address.dl_name]]
        else:
            return None
    numbers = [pdu.sequence_number.to_bytes(4, "big")] * len(destinations)
    shape = _shape(pdu, ton_npi, pdu.registered_delivery)
    return Run(shape, numbers, destinations, _references(pdu, len(destinations)))


def _references(pdu: DataSm | SubmitSm | SubmitMulti, count: int) -> list[bytes]:
    reference = pdu.tlvs.octets("user_message_reference")
    return [reference] * count if reference is not None and len(reference) == 2 else []


def _shape(pdu: DataSm | SubmitSm | SubmitMulti, ton_npi: tuple[int, int], registered: int) -> Shape:
    source = bytes((pdu.source_addr_ton, pdu.source_addr_npi)) + pdu.source_addr.encode("latin-1") + b"\0"
    timed = None if isinstance(pdu, DataSm) else timing(pdu.schedule_delivery_time, pdu.validity_period)
    return Shape(b"", b"", pdu.service_type.encode("latin-1"), source, bytes(ton_npi), registered, timed)
