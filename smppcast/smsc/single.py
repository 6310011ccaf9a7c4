"""data_sm and submit_multi as the runs of submits that the centre takes in."""

from __future__ import annotations

from smppcast.smpp.pdu import DataSm, SmeAddress, SubmitMulti
from smppcast.smsc.bulk import Run, Shape

__all__ = ["data_run", "multi_run"]


def data_run(pdu: DataSm) -> Run:
    """A run of the one message of a data_sm."""
    shape = _shape(pdu, pdu.dest_addr_ton, pdu.dest_addr_npi)
    reference = pdu.tlvs.octets("user_message_reference")
    return Run(
        shape,
        [pdu.sequence_number.to_bytes(4, "big")],
        [pdu.destination_addr.encode("latin-1")],
        [reference] if reference is not None and len(reference) == 2 else [],
    )


def multi_run(pdu: SubmitMulti) -> Run | None:
    """A run with a message for each number of a submit_multi, all under its sequence_number.

    None where it names a distribution list, which this SMSC keeps none of. The receipts of all
    take TON and NPI of the first.
    """
    numbers = [address for address in pdu.dest_address if isinstance(address, SmeAddress)]
    if len(numbers) != len(pdu.dest_address) or not numbers:
        return None
    shape = _shape(pdu, numbers[0].dest_addr_ton, numbers[0].dest_addr_npi)
    sequence_number = pdu.sequence_number.to_bytes(4, "big")
    destinations = [address.destination_addr.encode("latin-1") for address in numbers]
    return Run(shape, [sequence_number] * len(numbers), destinations)


def _shape(pdu: DataSm | SubmitMulti, ton: int, npi: int) -> Shape:
    source = bytes((pdu.source_addr_ton, pdu.source_addr_npi)) + pdu.source_addr.encode("latin-1") + b"\0"
    service_type = pdu.service_type.encode("latin-1")
    return Shape(b"", b"", service_type, source, bytes((ton, npi)), pdu.registered_delivery)
