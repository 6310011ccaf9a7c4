"""A fuzzer's octets as a stream of PDUs that mostly have the right lengths, and back for the seeds.

A fuzzer does not guess command_length. So its input is read as records: a control octet, a length,
and as many octets. A control octet from 0x80 on puts them into the stream as they are; one below
makes a PDU of them, whose command it picks, whose status and sequence_number are the first two of
them, and whose body is the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack, unpack_from
from typing import Final

from smppcast.smpp import CommandId

RAW: Final = 0x80
COMMANDS: Final = [*map(int, CommandId), 0x00000022, 0x80000022, 0x00010200, 0xFFFFFFFF]
STATUSES: Final = [0, 0, 0, 1, 3, 8, 0x14, 0x58, 0x64, 0xFFFFFFFF]


def pdus(data: bytes) -> Iterator[bytes]:
    """The pieces of the stream: PDUs, and octets that are none."""
    at = 0
    while at + 2 <= len(data):
        control, length = data[at], data[at + 1]
        octets = data[at + 2 : at + 2 + length]
        at += 2 + length
        if control >= RAW or len(octets) < 2:
            yield octets
            continue
        command_id = COMMANDS[control % len(COMMANDS)]
        status = STATUSES[octets[0] % len(STATUSES)]
        yield pack(">IIII", 14 + len(octets), command_id, status, octets[1]) + octets[2:]


def record(pdu: bytes) -> bytes:
    """The record that makes `pdu`, whose status and sequence_number are small and whose body is short."""
    _, command_id, status, sequence_number = unpack_from(">IIII", pdu)
    octets = bytes((STATUSES.index(status), sequence_number)) + pdu[16:]
    return bytes((COMMANDS.index(command_id), len(octets))) + octets


def cuts(octets: bytes, sizes: bytes) -> Iterator[bytes]:
    """`octets` as TCP may bring them: in pieces of 1 to 64, as `sizes` say, or whole without any."""
    at, turn = 0, 0
    while at < len(octets):
        size = 1 + sizes[turn % len(sizes)] % 64 if sizes else len(octets)
        yield octets[at : at + size]
        at, turn = at + size, turn + 1
