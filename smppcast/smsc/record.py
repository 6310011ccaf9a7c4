"""Traffic as a pcap file that Wireshark and tshark open: links as TCP conversations over IPv4.

What the kernel did is not known here, so packets are made up around the octets: a handshake, segments with
true sequence numbers both ways and checksums, an end. Of a TLS link it has what was inside.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from struct import Struct
from typing import Any, Final

from smppcast.net.clock import Clock
from smppcast.smsc.wheel import Wheel

__all__ = ["Conversation", "Recorder", "address"]

# A recording that nobody ends may not fill the disk.
SIZE_MAX: Final = 1 << 30
BUFFER: Final = 1 << 20
# Who looks at the file while it grows sees what is older.
FLUSH_S: Final = 1.0

# https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html: magic number and version; link type RAW,
# a packet begins with its IP header.
_FILE: Final = Struct("<IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101)
_packet: Final = Struct("<IIII").pack
_ip: Final = Struct(">BBHHHBBH4s4s").pack
_tcp: Final = Struct(">HHIIBBHHH").pack
_pseudo: Final = Struct(">4s4sBBH").pack

_FIN, _SYN, _RST, _PSH, _ACK = 1, 2, 4, 8, 16
_HEADERS: Final = 40
# An IPv4 packet has 65,535 octets at most.
_SEGMENT: Final = 65_000
_NOWHERE: Final = IPv4Address("127.0.0.1").packed

Address = tuple[bytes, int]


class Recorder:
    """Writes packets to a file.

    Attributes:
        stopped: why it records no more, once it does not.
    """

    def __init__(self, file: Path, wheel: Wheel, clock: Clock, wall: float, size_max: int = SIZE_MAX) -> None:
        """Begins the file. `wall` is unix time at the zero of `clock`.

        Raises:
            OSError: it cannot be written.
        """
        self._wheel, self._clock, self._wall = wheel, clock, wall
        self._file = file.open("wb", buffering=BUFFER)
        self._left = size_max - self._file.write(_FILE)
        self._flushing = False
        self.stopped: str | None = None

    def segment(
        self, ends: tuple[Address, Address], flags: int, numbers: tuple[int, int], data: bytes = b""
    ) -> None:
        """Adds a packet.

        Args:
            ends: from, to.
            numbers: sequence and acknowledgement.
        """
        if self.stopped is not None:
            return
        now = self._clock()
        packet = _segment(ends, flags, numbers, data)
        seconds, part = divmod(self._wall + now, 1)
        try:
            self._left -= 16 + len(packet)
            if self._left < 0:
                raise OSError("it has reached its greatest size")
            self._file.write(_packet(int(seconds), int(part * 1e6), len(packet), len(packet)) + packet)
        except (OSError, ValueError) as error:  # a file that is closed is a ValueError
            self.stopped = str(error)
            return
        if not self._flushing:
            self._flushing = True
            self._wheel.push(now + FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        try:
            self._file.flush()
        except (OSError, ValueError) as error:
            self.stopped = str(error)

    def close(self) -> None:
        """Ends the file; what cannot be written any more is `stopped`."""
        try:
            self._file.close()
        except OSError as error:
            self.stopped = error.strerror or str(error)


def _segment(ends: tuple[Address, Address], flags: int, numbers: tuple[int, int], data: bytes) -> bytes:
    (source, source_port), (destination, destination_port) = ends
    sequence, acknowledged = (number & 0xFFFFFFFF for number in numbers)
    head = (source_port, destination_port, sequence, acknowledged, 5 << 4, flags, 0xFFFF)
    pseudo = _pseudo(source, destination, 0, 6, _HEADERS - 20 + len(data))
    tcp = _tcp(*head, _checksum(pseudo + _tcp(*head, 0, 0) + data), 0)
    ip = (0x45, 0, _HEADERS + len(data), 0, 0x4000, 64, 6)  # do not fragment; TCP
    return _ip(*ip, _checksum(_ip(*ip, 0, source, destination)), source, destination) + tcp + data


def _checksum(octets: bytes) -> int:
    """RFC 1071: to add 16-bit words, a carry coming round again, is to take a number modulo 0xFFFF."""
    padded = octets + b"\0" * (len(octets) & 1)
    return -int.from_bytes(padded, "big") % 0xFFFF


class Conversation:
    """One link's packets."""

    def __init__(self, recorder: Recorder, client: Address, server: Address, *, dialled: bool) -> None:
        self._recorder, self._ends = recorder, (client, server)
        # Octets of the client and of the server, each with the one that SYN counts for.
        self._numbers = [0, 0]
        first = int(dialled)
        self._add(first, _SYN)
        self._numbers[first] += 1
        self._add(1 - first, _SYN | _ACK)
        self._numbers[1 - first] += 1
        self._add(first, _ACK)

    def came(self, data: bytes) -> None:
        """From the client."""
        self._data(0, data)

    def went(self, data: bytes) -> None:
        """To the client."""
        self._data(1, data)

    def ended(self, *, reset: bool) -> None:
        """Who ended it is not known here: it is told as the server's doing."""
        self._add(1, (_RST if reset else _FIN) | _ACK)
        if not reset:
            self._numbers[1] += 1
            self._add(0, _FIN | _ACK)
            self._numbers[0] += 1
            self._add(1, _ACK)

    def _data(self, side: int, data: bytes) -> None:
        for at in range(0, len(data), _SEGMENT):
            part = data[at : at + _SEGMENT]
            self._add(side, _PSH | _ACK, part)
            self._numbers[side] += len(part)

    def _add(self, side: int, flags: int, data: bytes = b"") -> None:
        ends = self._ends if side == 0 else self._ends[::-1]
        acknowledged = self._numbers[1 - side] if flags & _ACK else 0
        self._recorder.segment(ends, flags, (self._numbers[side], acknowledged), data)


def address(name: Any) -> Address:
    """Host and port as asyncio names them; a host that is not of IPv4 is written as 127.0.0.1."""
    host, port = name[:2] if isinstance(name, tuple | list) and len(name) >= 2 else ("", 0)
    try:
        return IPv4Address(host).packed, port
    except AddressValueError:
        return _NOWHERE, port
