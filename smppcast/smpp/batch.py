"""The batch codec: submit_sm out, responses and receipts in, a whole buffer at a time.

It may break the house's rule of small functions for speed. Measured on one core of Python 3.11
(``python -m bench codec`` prints it against the general codec and smpplib): a submit_sm costs
0.1 µs here among others that differ in their destinations alone, else 0.2 to 0.3 µs, and a submit_sm_resp
0.1 µs among a hundred, 0.3 µs among ten: a tenth of the general path and less. The general codec
(`codec.py`) is its plain twin, and property tests hold this file to it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct, pack
from typing import Any

from smppcast.errors import FramingError

__all__ = [
    "Cut",
    "around_destination",
    "congestion_state",
    "cut",
    "deliver_sm_resps",
    "submit_sms",
    "submit_sms_alike",
]

SUBMIT_SM, SUBMIT_SM_RESP = 0x00000004, 0x80000004
DELIVER_SM, DELIVER_SM_RESP = 0x00000005, 0x80000005
CONGESTION_STATE = 0x0428
HEADER_LENGTH = 16
_RESP_LENGTH = HEADER_LENGTH + 1

_ACCEPTANCE = SUBMIT_SM_RESP.to_bytes(4, "big") + bytes(4)
_WHOLE_MAX = HEADER_LENGTH + 65  # message_id has at most 65 octets (SMPP 5.0 section 4.7.14)

_header = Struct(">IIII").unpack_from

# Where the octets of an integer of the wire stand in one of this machine.
_PLACES = (3, 2, 1, 0) if sys.byteorder == "little" else (0, 1, 2, 3)

# As much is written by columns as lies in the processor's nearest cache: of more an octet costs thrice that.
_WRITTEN_MAX = 24_000

# Up to so many PDUs are quicker put together by pieces.
_JOINED_MAX = 24

# Responses of one length are cut together, if there are as many: fewer are as quick one by one. From
# some number on, and up to some length, their columns are; and beyond the last number their octets no
# longer lie in the processor's cache.
_RUN_MIN, _RUN_COLUMNS, _RUN_MAX = 4, 128, 4096
_COLUMNS_MAX = 24
# Else one unpacker takes them, of some 10 KB. Windows that are answered at once have few numbers.
_UNPACKERS_KEPT = 256
# One that only cuts takes 34 octets a piece.
_PIECES_MAX = 128


def around_destination(submit_sm: bytes) -> tuple[bytes, bytes]:
    """Cuts the body of a submit_sm whose destination_addr is empty where the digits belong.

    `prefix + digits + suffix` is then the body for any destination: a text is encoded once.
    """
    # service_type NUL, ton, npi, source_addr NUL, ton, npi; then the empty destination's NUL.
    start = submit_sm.index(0, HEADER_LENGTH) + 3
    start = submit_sm.index(0, start) + 3
    return submit_sm[HEADER_LENGTH:start], submit_sm[start:]


def submit_sms(sequence_number: int, bodies: Sequence[bytes]) -> bytes:
    """Encodes submit_sm PDUs with consecutive sequence_numbers.

    Args:
        sequence_number: of the first; the last must not pass 0x7FFFFFFF.
        bodies: mandatory parameters and TLVs of each, as they follow the header.
    """
    count = len(bodies)
    numbers = pack(f">{count}I", *range(sequence_number, sequence_number + count))
    parts: list[bytes] = [b""] * (3 * count)
    lengths = list(map(len, bodies))
    first = lengths[0] if lengths else 0
    if lengths.count(first) == count:
        parts[0::3] = [pack(">III", first + HEADER_LENGTH, SUBMIT_SM, 0)] * count
    else:
        parts[0::3] = [pack(">III", length + HEADER_LENGTH, SUBMIT_SM, 0) for length in lengths]
    if count <= _PIECES_MAX:
        parts[1::3] = _pieces(4, count)(numbers)
    else:
        parts[1::3] = [numbers[at : at + 4] for at in range(0, 4 * count, 4)]
    parts[2::3] = bodies
    return b"".join(parts)


def submit_sms_alike(sequence_number: int, prefix: bytes, digits: bytes, width: int, suffix: bytes) -> bytes:
    """As `submit_sms`, of PDUs that differ in their destinations alone, and these have one length.

    One PDU is repeated, and written over by columns: an octet of each is one strided slice.

    Args:
        prefix, suffix: what stands around the destination, see `around_destination`.
        digits: of all destinations, `width` of each.
    """
    length, whole = HEADER_LENGTH + len(prefix) + width + len(suffix), len(digits) // width
    if whole <= _JOINED_MAX:
        return _alike_joined(sequence_number, prefix, digits, width, suffix)
    pdu = pack(">IIII", length, SUBMIT_SM, 0, 0) + prefix + bytes(width) + suffix
    step, columns = max(1, _WRITTEN_MAX // length), bytearray(digits)
    if whole <= step:
        return bytes(_alike_written(sequence_number, pdu, columns, width, len(prefix)))
    return b"".join(
        _alike_written(
            sequence_number + at, pdu, columns[at * width : (at + step) * width], width, len(prefix)
        )
        for at in range(0, whole, step)
    )


def _alike_joined(sequence_number: int, prefix: bytes, digits: bytes, width: int, suffix: bytes) -> bytes:
    count = len(digits) // width
    head = pack(">III", HEADER_LENGTH + len(prefix) + width + len(suffix), SUBMIT_SM, 0)
    numbers = pack(f">{count}I", *range(sequence_number, sequence_number + count))
    # From one destination to the next sequence_number all PDUs are the same.
    parts: list[bytes] = [b"", prefix, b"", suffix + head] * count
    parts[0::4] = _pieces(4, count)(numbers)
    parts[2::4] = _pieces(width, count)(digits)
    parts[-1] = suffix
    return head + b"".join(parts)


@lru_cache(maxsize=_UNPACKERS_KEPT)
def _pieces(width: int, count: int) -> Callable[[bytes], tuple[Any, ...]]:
    return Struct(f"{width}s" * count).unpack


def _alike_written(sequence_number: int, pdu: bytes, digits: bytearray, width: int, before: int) -> bytearray:
    count, length, start = len(digits) // width, len(pdu), HEADER_LENGTH + before
    pdus = bytearray(pdu * count)
    numbers = array("I", range(sequence_number, sequence_number + count)).tobytes()
    for at, place in enumerate(_PLACES):
        pdus[12 + at :: length] = numbers[place::4]
    for at in range(width):
        pdus[start + at :: length] = digits[at::width]
    return pdus


def deliver_sm_resps(sequence_numbers: Sequence[int], command_status: int = 0) -> bytes:
    """Encodes a deliver_sm_resp for each sequence_number; its message_id is unused and empty."""
    head, count = pack(">III", _RESP_LENGTH, DELIVER_SM_RESP, command_status), len(sequence_numbers)
    if count <= _JOINED_MAX:
        each = _pieces(4, count)(pack(f">{count}I", *sequence_numbers))
        return head + (b"\0" + head).join(each) + b"\0" if count else b""
    resps = bytearray((head + bytes(5)) * count)
    numbers = array("I", sequence_numbers).tobytes()
    for at, place in enumerate(_PLACES):
        resps[12 + at :: _RESP_LENGTH] = numbers[place::4]
    return bytes(resps)


class Cut:
    """What one pass over a receive buffer found, by kind and within a kind in order.

    Attributes:
        sequence_numbers: of the submit_sm_resp PDUs.
        statuses: their command_status; empty when all are ESME_ROK, the common case.
        message_ids: theirs, "" where there is none.
        deliveries: deliver_sm PDUs, whole.
        others: every other PDU, whole, in order.
        tlvs: of the last submit_sm_resp that has any, as they came.
        consumed: octets of the buffer that were whole PDUs.
    """

    __slots__ = ("consumed", "deliveries", "message_ids", "others", "sequence_numbers", "statuses", "tlvs")

    def __init__(self) -> None:
        self.sequence_numbers: list[int] = []
        self.statuses: list[int] = []
        self.message_ids: list[str] = []
        self.deliveries: list[bytes] = []
        self.others: list[bytes] = []
        self.tlvs = b""
        self.consumed = 0


def cut(buffer: bytes, max_command_length: int) -> Cut:  # noqa: C901, PLR0912 - the hot loop: calls cost a tenth
    """Cuts all whole PDUs at the start of `buffer`.

    Raises:
        FramingError: a command_length below 16 or above `max_command_length`; PDUs before it
            are lost with the link, as SMPP 5.0 section 3.2.4 has no way to resynchronise.
    """
    found, startswith = Cut(), buffer.startswith
    if _cut_whole(buffer, found, max_command_length):
        return found
    position, end = 0, len(buffer)
    singly = 0  # up to there, responses that cannot be cut together
    while end - position >= HEADER_LENGTH:
        length, command_id, status, sequence_number = _header(buffer, position)
        if not HEADER_LENGTH <= length <= max_command_length:
            raise FramingError(f"command_length {length} is impossible here")
        if end - position < length:
            break
        # The next and the last of a shortest run tell at once that there is none, as among receipts.
        alike = buffer[position : position + 8]
        several = (
            position >= singly
            and startswith(alike, position + length)
            and startswith(alike, position + (_RUN_MIN - 1) * length)
        )
        if command_id == SUBMIT_SM_RESP:
            if several:
                whole = (end - position) // length
                run, taken = _cut_run(buffer, position, length, min(whole, _RUN_MAX), found)
                if taken:
                    position += run * length
                    continue
                singly = position + run * length
            if status:
                _note(found, (status,))
            found.sequence_numbers.append(sequence_number)
            body = buffer[position + HEADER_LENGTH : position + length]
            message_id, _, tlvs = body.partition(b"\0")
            found.message_ids.append(message_id.decode("latin-1"))
            if tlvs:
                found.tlvs = tlvs
        elif command_id == DELIVER_SM:
            if several:
                run = _alike(buffer, position, length, min((end - position) // length, _RUN_MAX))
                singly = position + run * length
                found.deliveries += [buffer[at : at + length] for at in range(position, singly, length)]
                position = singly
                continue
            found.deliveries.append(buffer[position : position + length])
        else:
            found.others.append(buffer[position : position + length])
        position += length
    found.consumed = position
    if found.statuses:
        _note(found, ())
    _refuse_impossible(buffer, position, max_command_length)
    return found


def _cut_whole(buffer: bytes, found: Cut, max_command_length: int) -> bool:
    """Cuts a buffer that holds acceptances of one length and nothing else, as that of a small window does;
    False where it holds something else."""
    length = int.from_bytes(buffer[:4], "big")
    if not HEADER_LENGTH < length <= min(_WHOLE_MAX, max_command_length):
        return False
    run, rest = divmod(len(buffer), length)
    if rest or not 1 < run < _RUN_COLUMNS or not buffer.startswith(_ACCEPTANCE, 4):
        return False
    values, width = _whole_unpacker(length, run)(buffer), length - HEADER_LENGTH
    text = b"".join(values[2::3])
    if (
        values[0::3].count(buffer[:12]) != run
        or text.count(0) != run
        or text[width - 1 :: width] != bytes(run)
    ):
        return False
    found.sequence_numbers = list(values[1::3])
    found.message_ids = text[:-1].decode("latin-1").split("\0")
    found.consumed = len(buffer)
    return True


def congestion_state(tlvs: bytes) -> int:
    """congestion_state among a response's TLVs, 0 to 100; -1 where there is none (SMPP 5.0, 4.8.4.18)."""
    at = 0
    while len(tlvs) - at >= 5:
        tag, length = int.from_bytes(tlvs[at : at + 2], "big"), int.from_bytes(tlvs[at + 2 : at + 4], "big")
        if tag == CONGESTION_STATE and length == 1:
            return min(tlvs[at + 4], 100)
        at += 4 + length
    return -1


def _refuse_impossible(buffer: bytes, position: int, max_command_length: int) -> None:
    """FramingError for the length of a PDU that is not whole yet, as soon as that length is there."""
    if len(buffer) - position >= 4:
        length = int.from_bytes(buffer[position : position + 4], "big")
        if not HEADER_LENGTH <= length <= max_command_length:
            raise FramingError(f"command_length {length} is impossible here")


def _note(found: Cut, statuses: Sequence[int]) -> None:
    """Adds command_statuses of the next PDUs, behind those of the accepted ones that were not noted."""
    found.statuses += [0] * (len(found.sequence_numbers) - len(found.statuses))
    found.statuses += statuses


def _cut_run(buffer: bytes, position: int, length: int, limit: int, found: Cut) -> tuple[int, bool]:
    """Cuts submit_sm_resp PDUs of one length that follow one another, at most `limit`.

    Returns how many there were, and whether they were taken: they are not where they are few, or where
    one of their identifiers has a NUL inside or none at its end.
    """
    width, alike = length - HEADER_LENGTH, buffer[position : position + 8]
    asked = min(limit, _RUN_COLUMNS)
    if not buffer.startswith(alike, position + (asked - 1) * length):
        asked = _alike(buffer, position, length, asked)
        if asked < _RUN_MIN:
            return asked, False
    if not width or (asked == _RUN_COLUMNS and width <= _COLUMNS_MAX):
        run = _alike(buffer, position, length, limit)
        if run < _RUN_MIN:
            return run, False
        span = bytearray(buffer[position : position + run * length])  # whose slices need no conversion
        numbers, text = _integers(span, 12, length, run), _columns(span, length, run)
        statuses = b"".join(span[at::length] for at in range(8, 12))
    else:
        run = asked
        values = _unpacker(length, run)(buffer, position)
        heads = values[0::4]
        if heads.count(heads[0]) != run:
            run = next(at for at, head in enumerate(heads) if head != heads[0])
            if run < _RUN_MIN:
                return run, False
            values = values[: 4 * run]
        numbers, text = list(values[2::4]), bytearray().join(values[3::4])
        statuses = b"".join(values[1::4])
    # Each identifier brings its own NUL, and no other.
    if width and (text[width - 1 :: width] != bytes(run) or text.count(0) != run):
        return run, False
    message_ids = text[:-1].decode("latin-1").split("\0") if width else [""] * run
    if statuses != bytes(4 * run):
        _note(found, _integers(buffer[position : position + run * length], 8, length, run))
    if found.sequence_numbers:
        found.sequence_numbers += numbers
        found.message_ids += message_ids
    else:  # the usual buffer is one run: no copies
        found.sequence_numbers, found.message_ids = numbers, message_ids
    return run, True


def _columns(span: bytearray, length: int, run: int) -> bytearray:
    """The bodies of `run` PDUs one behind the other, put together from their columns: the same octet of
    each PDU is one strided slice, at half a nanosecond an octet."""
    width = length - HEADER_LENGTH
    octets = bytearray(run * width)
    for at in range(width):
        octets[at::width] = span[HEADER_LENGTH + at :: length]
    return octets


def _integers(span: bytes | bytearray, first: int, length: int, run: int) -> list[int]:
    """The integers of four octets that stand in each PDU from `first` on."""
    octets = bytearray(4 * run)
    for at, place in enumerate(_PLACES):
        octets[place::4] = span[first + at :: length]
    return memoryview(octets).cast("I").tolist()


@lru_cache(maxsize=_UNPACKERS_KEPT)
def _unpacker(length: int, run: int) -> Callable[[bytes, int], tuple[Any, ...]]:
    return Struct(">" + f"8s4sI{length - HEADER_LENGTH}s" * run).unpack_from


@lru_cache(maxsize=_UNPACKERS_KEPT)
def _heads(length: int, count: int) -> Callable[[bytes, int], tuple[bytes, ...]]:
    return Struct(f"8s{length - 8}x" * count).unpack_from


@lru_cache(maxsize=_UNPACKERS_KEPT)
def _whole_unpacker(length: int, run: int) -> Callable[[bytes], tuple[Any, ...]]:
    return Struct(">" + f"12sI{length - HEADER_LENGTH}s" * run).unpack


def _alike(buffer: bytes, position: int, length: int, limit: int) -> int:
    """How many PDUs from `position` on share its command_length and command_id.

    The first are cut by one unpacker. Of the others the columns of those eight octets are compared whole;
    the look-ahead starts small and grows, so that short runs among other PDUs stay linear.
    """
    few = min(limit, _JOINED_MAX)
    heads = _heads(length, few)(buffer, position)
    run = heads.count(heads[0])
    if run < few:
        return list(map(heads[0].__eq__, heads)).index(False)
    if run == limit:
        return run
    start, ahead = position + run * length, min(limit - run, 64)
    while True:
        asked = ahead
        for at in range(8):
            column, first = buffer[start + at : start + ahead * length : length], buffer[position + at]
            if column != first.to_bytes() * ahead:
                ahead -= len(column.lstrip(first.to_bytes()))
        run += ahead
        if ahead < asked or run == limit:
            return run
        start += ahead * length
        ahead = min(limit - run, run * 15)
