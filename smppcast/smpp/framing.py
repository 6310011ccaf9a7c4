"""Cuts a stream of bytes into whole PDUs, however the bytes arrive."""

from __future__ import annotations

from typing import Final

from smppcast.errors import FramingError
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["HEADER_LENGTH", "MAX_COMMAND_LENGTH", "Framer"]

HEADER_LENGTH: Final = 16
"""Octets of command_length, command_id, command_status and sequence_number; no PDU is shorter."""

MAX_COMMAND_LENGTH: Final = 0x10000
"""The default cap. Four octets could announce 4 GiB, which no peer may make us hold. The largest
PDUs met are a submit_multi to 255 numbers (7 KB) and a message_payload of 255 segments (39 KB);
64 KiB holds both, and refuses at once what a lost stream reads as a length, mostly text."""

_LENGTH: Final = 4


class Framer:
    """Takes bytes in any cuts and hands out whole PDUs.

    Holds at most one incomplete PDU beside what one `feed` brought. Each octet is copied a
    bounded number of times, byte by byte too: nothing is looked at before enough is there.

    Args:
        max_command_length: the longest PDU taken, in octets.
    """

    __slots__ = ("_held", "_wanted", "broken", "max_command_length")

    def __init__(self, max_command_length: int = MAX_COMMAND_LENGTH) -> None:
        self.max_command_length = max_command_length
        self.broken: FramingError | None = None
        """Why nothing more can be cut; None while all is well."""
        self._held = bytearray()
        self._wanted = _LENGTH

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Gives the PDUs that are whole now, in their order.

        Raises:
            FramingError: a command_length under 16 or beyond the cap: the stream is lost and the
                connection must be closed. PDUs that were whole before it are given first, and
                `broken` is set with them; every later call raises.
        """
        if self.broken is not None:
            raise self.broken
        held = self._held
        if held:
            held += data
            if len(held) < self._wanted:
                return []
            data = bytes(held)
            held.clear()
        elif type(data) is not bytes:
            data = bytes(data)
        pdus, self.broken = self._cut(data)
        if self.broken and not pdus:
            raise self.broken
        return pdus

    def _cut(self, data: bytes) -> tuple[list[bytes], FramingError | None]:
        """The whole PDUs in `data`, up to an impossible length; holds back what is not whole."""
        pdus: list[bytes] = []
        at, size, length = 0, len(data), _LENGTH
        while size - at >= _LENGTH:
            length = int.from_bytes(data[at : at + _LENGTH], "big")
            if not HEADER_LENGTH <= length <= self.max_command_length:
                problem = f"command_length {length}: not {HEADER_LENGTH} to {self.max_command_length}"
                return pdus, FramingError(problem, command_status=CommandStatus.ESME_RINVCMDLEN)
            if size - at < length:
                break
            pdus.append(data[at : at + length])
            at += length
        self._held += memoryview(data)[at:]
        self._wanted = length if size - at >= _LENGTH else _LENGTH
        return pdus, None
