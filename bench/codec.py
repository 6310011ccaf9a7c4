"""Encoding and decoding: the general codec and the batch path beside smpplib's.

Every row is the best of some repetitions over the same PDUs, the three sides in turns. A receipt is
only decoded by smpplib and by the general codec, while the batch path also reads its text.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import smpplib.smpp

from bench._common import FIRST_NUMBER, machine, table
from smppcast.receipts import batch as receipts
from smppcast.smpp import DeliverSm, SubmitSm, SubmitSmResp, Tlvs, batch, decode, encode

COUNT, REPEATS, QUICK_REPEATS = 1000, 20, 2
MAX_COMMAND_LENGTH = 65_536
TEXT = b"x" * 160


@dataclass(slots=True)
class Row:
    """One thing done `COUNT` times by each side; None where a side has no such path."""

    name: str
    smpplib: Callable[[], object]
    general: Callable[[], object]
    batch: Callable[[], object] | None = None
    best_us: dict[str, float] = field(default_factory=dict)

    def measure(self) -> None:
        """Runs each side once, and keeps its time for one PDU where it is the best so far."""
        for side in ("smpplib", "general", "batch"):
            work = getattr(self, side)
            if work is None:
                continue
            began = time.perf_counter()
            work()
            took_us = (time.perf_counter() - began) / COUNT * 1e6
            self.best_us[side] = min(took_us, self.best_us.get(side, took_us))

    def cells(self) -> list[str]:
        theirs, ours = self.best_us["smpplib"], self.best_us["general"]
        fast = self.best_us.get("batch")
        ends = [f"{fast:.2f}", f"{theirs / fast:.0f}"] if fast else ["", ""]
        return [self.name, f"{theirs:.2f}", f"{ours:.2f}", f"{theirs / ours:.1f}", *ends]


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench codec", description=__doc__)
    parser.add_argument("--repeats", type=int, help=f"default {REPEATS}; {QUICK_REPEATS} with --quick")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    repeats = options.repeats or (QUICK_REPEATS if options.quick else REPEATS)
    print(machine())
    print(f"setup: {COUNT:,} PDUs of 160 characters, best of {repeats}, us a PDU on one core")
    rows = [_encode_submit(), _decode_submit(), _decode_response(), _encode_deliver(), _decode_deliver()]
    for _ in range(repeats):
        for row in rows:
            row.measure()
    head = ["", "smpplib", "general", "times faster", "batch", "times faster"]
    print(table([head, *(row.cells() for row in rows)]))
    return 0


# --- submit_sm -------------------------------------------------------------------------------


def _submits(numbers: Sequence[str]) -> list[SubmitSm]:
    return [
        SubmitSm(
            sequence_number=sequence_number,
            source_addr_ton=5,
            source_addr="GOUV",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=number,
            registered_delivery=1,
            short_message=TEXT,
        )
        for sequence_number, number in enumerate(numbers, 1)
    ]


def _numbers() -> list[str]:
    return [str(FIRST_NUMBER + index) for index in range(COUNT)]


def _encode_submit() -> Row:
    numbers = _numbers()
    submits = _submits(numbers)
    prefix, suffix = batch.around_destination(encode(_submits([""])[0]))
    digits = [number.encode() for number in numbers]

    def in_batch() -> bytes:
        return batch.submit_sms_alike(1, prefix, b"".join(digits), len(digits[0]), suffix)

    def general() -> list[bytes]:
        # Made anew, as for smpplib: building the PDU is part of its cost on either side.
        return list(map(encode, _submits(numbers)))

    def theirs() -> list[bytes]:
        return [
            _theirs("submit_sm", _SUBMIT, sequence, destination_addr=number)
            for sequence, number in enumerate(numbers, 1)
        ]

    assert in_batch() == b"".join(map(encode, submits)) == b"".join(theirs())
    return Row("submit_sm: build and encode", theirs, general, in_batch)


def _decode_submit() -> Row:
    pdus = list(map(encode, _submits(_numbers())))
    return Row("submit_sm: decode", lambda: _parse_all(pdus), lambda: list(map(decode, pdus)))


def _decode_response() -> Row:
    ids = [f"{number:016}" for number in range(1, COUNT + 1)]
    pdus = [encode(SubmitSmResp(sequence_number=at, message_id=each)) for at, each in enumerate(ids, 1)]
    buffer = b"".join(pdus)
    found = batch.cut(buffer, MAX_COMMAND_LENGTH)
    assert found.consumed == len(buffer), found.consumed
    assert found.message_ids == ids
    return Row(
        "submit_sm_resp: cut and decode",
        lambda: _parse_all(pdus),
        lambda: list(map(decode, pdus)),
        lambda: batch.cut(buffer, MAX_COMMAND_LENGTH),
    )


# --- deliver_sm ------------------------------------------------------------------------------


def _receipts() -> list[DeliverSm]:
    return [
        DeliverSm(
            sequence_number=sequence_number,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=number,
            dest_addr_ton=5,
            destination_addr="GOUV",
            esm_class=4,
            short_message=_receipt_text(sequence_number),
            tlvs=Tlvs({"receipted_message_id": f"{sequence_number:010}", "message_state": 2}),
        )
        for sequence_number, number in enumerate(_numbers(), 1)
    ]


def _receipt_text(number: int) -> bytes:
    return (
        f"id:{number:010} sub:001 dlvrd:001 submit date:2611231905 done date:2611231906 "
        "stat:DELIVRD err:000 text:Bonjour"
    ).encode()


def _encode_deliver() -> Row:
    numbers = _numbers()

    def theirs() -> list[bytes]:
        return [
            _theirs(
                "deliver_sm",
                _RECEIPT,
                sequence,
                source_addr=number,
                short_message=_receipt_text(sequence),
                receipted_message_id=f"{sequence:010}",
            )
            for sequence, number in enumerate(numbers, 1)
        ]

    return Row("deliver_sm: build and encode", theirs, lambda: list(map(encode, _receipts())))


def _decode_deliver() -> Row:
    pdus = list(map(encode, _receipts()))
    found, rest = receipts.read(pdus)
    assert not rest, f"{len(rest)} receipts were left to the plain path"
    assert found.message_ids == [f"{number:010}" for number in range(1, COUNT + 1)]
    return Row(
        "deliver_sm, a receipt: decode",
        lambda: _parse_all(pdus),
        lambda: list(map(decode, pdus)),
        lambda: receipts.read(pdus),
    )


# --- smpplib ---------------------------------------------------------------------------------


class _Numbering:
    """What smpplib's PDUs ask of their client."""

    def __init__(self, number: int) -> None:
        self.number = number

    def next_sequence(self) -> int:
        return self.number


_SUBMIT = {
    "source_addr_ton": 5,
    "source_addr": "GOUV",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "registered_delivery": 1,
    "short_message": TEXT,
}
_RECEIPT = {
    "source_addr_ton": 1,
    "source_addr_npi": 1,
    "dest_addr_ton": 5,
    "destination_addr": "GOUV",
    "esm_class": 4,
    "message_state": 2,
}


def _theirs(command: str, common: dict[str, Any], sequence: int, **own: Any) -> bytes:
    pdu = smpplib.smpp.make_pdu(command, client=_Numbering(sequence), **common, **own)
    encoded: bytes = pdu.generate()
    return encoded


def _parse_all(pdus: Sequence[bytes]) -> list[Any]:
    parse, client = smpplib.smpp.parse_pdu, _Numbering(1)
    return [parse(pdu, client=client, allow_unknown_opt_params=True) for pdu in pdus]
