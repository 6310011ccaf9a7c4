"""tshark as a decoder of SMPP: octets go in as a capture of TCP, rows of its packet tree come out.

Starting it costs a quarter of a second, a PDU a fraction of a millisecond: one run takes many.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

_PORT = 2775
_FIRST_CLIENT_PORT = 10_000
_MOST_CONVERSATIONS = 50_000
_MAX_SEGMENT = 65_495  # what an IPv4 packet leaves beside two headers of 20 octets
_LINKTYPE_RAW = 101  # a packet starts with its IP header
_PCAP_MAGIC, _PCAP_VERSION = 0xA1B2C3D4, (2, 4)
_PSH_ACK = 0x18
_OPENING = bytes.fromhex("00000010 00000015 00000000 00000001")  # enquire_link

# A tree's containers, what it computes from other rows, and its opinions: none is a field of ours.
_NO_FIELDS = re.compile(r"smpp\.(opt_params|dcs\..*|message_text|message_payload\.duplicate)|_ws\..*")

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A field as tshark places it: its name there without ``smpp.``, where in the PDU, how long, its octets.

    A field that it marks and does not read has no octets. `number` is what it reads in them.
    """

    name: str
    at: int
    size: int
    octets: bytes
    number: int | None = None
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """One PDU as tshark reads it; `malformed` where its reader ran against the PDU's end, or left some."""

    rows: tuple[Row, ...]
    malformed: bool


@dataclass(frozen=True, slots=True)
class Tshark:
    """The program, with an empty folder in the place of its user's preferences."""

    program: str
    settings: Path

    def read_pdus(self, pdus: Sequence[bytes]) -> list[Reading]:
        """Each PDU in a conversation of its own, so that none that is misread takes others along.

        The conversation opens with an enquire_link: tshark takes the octets for SMPP by command_id and
        command_status of the first PDU, and would not read one with a status of a vendor's.
        """
        readings: list[list[Reading]] = [[] for _ in pdus]
        for owner, reading in self._read([_OPENING + pdu for pdu in pdus], _MAX_SEGMENT):
            readings[owner].append(reading)
        assert all(len(found) == 2 for found in readings), "a PDU that is none to it, or several"
        return [found[1] for found in readings]

    def read_stream(self, stream: bytes, segment: int) -> list[Reading]:
        """PDUs back to back in one conversation, cut into TCP segments of `segment` octets."""
        return [reading for _, reading in self._read([stream], segment)]

    def _read(self, streams: Sequence[bytes], segment: int) -> Iterator[tuple[int, Reading]]:
        owners: list[int] = []
        done = subprocess.run(
            [self.program, "-n", "-r", "-", "-d", f"tcp.port=={_PORT},smpp", "-T", "pdml", "-J", "smpp"],
            input=_capture(streams, segment, owners),
            capture_output=True,
            check=False,
            env={**os.environ, "WIRESHARK_CONFIG_DIR": str(self.settings), "TZ": "UTC", "LC_ALL": "C"},
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        # It copies some octets of strings as they are; XML has none of these.
        tree = _NO_XML.sub("?", done.stdout.decode(errors="replace"))
        packets = ET.fromstring(tree).findall("packet")
        for owner, packet in zip(owners, packets, strict=True):
            for reading in _readings(packet):
                yield owner, reading


def _capture(streams: Sequence[bytes], segment: int, owners: list[int]) -> bytes:
    """A pcap of the streams; `owners` takes, for each of its packets, the stream it is of."""
    assert len(streams) <= _MOST_CONVERSATIONS
    parts = [struct.pack("<IHHiIII", _PCAP_MAGIC, *_PCAP_VERSION, 0, 0, 0x40000, _LINKTYPE_RAW)]
    for owner, stream in enumerate(streams):
        for at in range(0, len(stream), segment):
            data = stream[at : at + segment]
            ports = _FIRST_CLIENT_PORT + owner, _PORT
            tcp = struct.pack(">HHIIBBHHH", *ports, 1 + at, 1, 5 << 4, _PSH_ACK, 0xFFFF, 0, 0)
            total = 20 + len(tcp) + len(data)
            ends = bytes([127, 0, 0, 1, 127, 0, 0, 2])
            ip = struct.pack(">BBHHHBBH8s", 0x45, 0, total, 0, 0, 64, 6, 0, ends)
            parts += struct.pack("<IIII", len(owners), 0, total, total), ip, tcp, data
            owners.append(owner)
    return b"".join(parts)


def _readings(packet: ET.Element) -> Iterator[Reading]:
    """The PDUs that end in this packet."""
    protocols = packet.findall("proto")
    for index, protocol in enumerate(protocols):
        if protocol.get("name") != "smpp" or protocol.find("field") is None:
            continue
        # What follows is of this PDU, down to the next: also what other dissectors say of its text.
        faults = []
        for other in protocols[index + 1 :]:
            if other.get("name") == "smpp":
                break
            faults.append(other.get("showname", ""))
        yield Reading(tuple(_rows(protocol)), any("Malformed Packet: SMPP" in fault for fault in faults))


def _rows(protocol: ET.Element) -> Iterator[Row]:
    start = int(protocol.get("pos", "0"))
    for item in protocol.iter("field"):
        name = item.get("name", "")
        if _NO_FIELDS.fullmatch(name):
            continue
        shown = item.get("show", "")
        # Of a masked field, `value` is the part and `unmaskedvalue` the octet.
        octets = bytes.fromhex(item.get("unmaskedvalue") or item.get("value") or "")
        number = int(shown, 0) if re.fullmatch(r"0x[0-9a-f]+|0|[1-9][0-9]*", shown) else None
        at, size = int(item.get("pos", "0")) - start, int(item.get("size", "0"))
        yield Row(name.removeprefix("smpp."), at, size, octets, number, item.get("showname", ""))
