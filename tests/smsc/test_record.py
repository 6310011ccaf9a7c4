"""Recordings: what is in them byte by byte, and what tshark makes of them."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smppcast.smpp import CommandId
from smppcast.smsc import serve
from smppcast.smsc.record import Recorder
from smppcast.smsc.wheel import Wheel
from tests.smsc.made import Hands, made
from tests.smsc.raw_esme import DELIVER_SM, ENQUIRE_LINK, UNBIND, bound_esme

pytestmark = pytest.mark.anyio

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass(frozen=True)
class Packet:
    """One of a recording."""

    at: float
    source: int
    destination: int
    sequence: int
    acknowledged: int
    flags: int
    data: bytes


def words(octets: bytes) -> int:
    """The one's complement sum that a checksum makes 0xFFFF, added up as RFC 1071 describes it."""
    total: int = sum(struct.unpack(f">{len(octets) // 2}H", octets[: len(octets) & ~1]))
    total += octets[-1] << 8 if len(octets) & 1 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def packets(file: Path) -> Iterator[Packet]:
    octets = file.read_bytes()
    assert struct.unpack_from("<IHHiIII", octets) == (0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101)
    at = 24
    while at < len(octets):
        seconds, micros, length, original = struct.unpack_from("<IIII", octets, at)
        packet = octets[at + 16 : at + 16 + length]
        assert len(packet) == original == length == int.from_bytes(packet[2:4], "big")
        assert packet[0] == 0x45
        assert words(packet[:20]) == 0xFFFF
        pseudo = packet[12:20] + struct.pack(">HH", 6, length - 20)
        assert words(pseudo + packet[20:]) == 0xFFFF
        source, destination, sequence, acknowledged, _, flags = struct.unpack_from(">HHIIBB", packet, 20)
        yield Packet(seconds + micros / 1e6, source, destination, sequence, acknowledged, flags, packet[40:])
        at += 16 + length


def assert_sound(found: list[Packet], server: int) -> None:
    """Handshake first; each side's numbers follow its octets, and acknowledge the other's."""
    assert [packet.flags for packet in found[:3]] == [SYN, SYN | ACK, ACK]
    following = {found[0].source: 0, server: 0}
    for packet in found:
        other = packet.destination
        assert packet.sequence == following[packet.source]
        assert packet.acknowledged == (following[other] if packet.flags & ACK else 0)
        following[packet.source] += len(packet.data) + bool(packet.flags & (SYN | FIN))


async def test_a_link_is_recorded_whole(tmp_path: Path) -> None:
    file = tmp_path / "smsc.pcap"
    sent = received = b""
    async with serve(made(receipts={"window": 3}), record=file) as smsc:
        async with bound_esme(smsc.port) as esme:
            await esme.submit(*[f"3360000{n}" for n in range(9)])
            reported = 0
            while reported < 9:
                frame = await esme.read()
                if frame.command_id == DELIVER_SM:
                    await esme.acknowledge(frame)
                    reported += 1
            await esme.ask(UNBIND)
            assert await esme.ended()
        port = smsc.port
    found = list(packets(file))
    assert_sound(found, port)
    for packet in found:
        if packet.source == port:
            received += packet.data
        else:
            sent += packet.data
    assert sent.count(b"GOUV") == 9
    assert received.count(b"DELIVRD") == 9
    assert [packet.flags for packet in found[-3:]] == [FIN | ACK, FIN | ACK, ACK]
    assert [packet.at for packet in found] == sorted(packet.at for packet in found)


async def test_a_cut_is_a_reset_and_torn_octets_are_there(tmp_path: Path) -> None:
    for mid_pdu, last in ((False, RST | ACK), (True, ACK)):
        file = tmp_path / f"{mid_pdu}.pcap"
        async with serve(made(faults={"cut_mid_pdu": mid_pdu}), record=file) as smsc:
            async with bound_esme(smsc.port) as esme:
                await smsc.cut()
                if mid_pdu:
                    assert await esme.stream.receive() == struct.pack(">IIB", 16, ENQUIRE_LINK, 0)
                assert await esme.ended()
            port = smsc.port
        found = list(packets(file))
        assert_sound(found, port)
        assert found[-1].flags == last


def test_large_writes_are_segments_and_the_file_is_bounded(tmp_path: Path) -> None:
    file, wheel, hands = tmp_path / "large.pcap", Wheel(), Hands(5.0)
    recorder = Recorder(file, wheel, hands, 1000.0, size_max=200_000)
    ends = ((bytes((10, 0, 0, 1)), 1), (bytes((10, 0, 0, 2)), 2))
    for _ in range(4):
        recorder.segment(ends, PSH | ACK, (1 << 32, 7), bytes(65_000))
    assert recorder.stopped == "it has reached its greatest size"
    wheel.run(6.0)
    assert file.stat().st_size == 24 + 3 * (16 + 40 + 65_000)
    recorder.segment(ends, ACK, (1, 1))
    recorder.close()
    found = list(packets(file))
    assert [(packet.at, packet.sequence, packet.acknowledged) for packet in found] == [(1005.0, 0, 7)] * 3


def test_a_file_that_cannot_be_written_stops_the_recording_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.pcap", Wheel(), Hands(), 0.0)
    recorder.close()
    recorder.segment(((bytes(4), 1), (bytes(4), 2)), ACK, (1, 1))
    assert recorder.stopped is not None


async def test_a_file_that_cannot_be_begun_is_told_and_nothing_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with serve("ideal", record=tmp_path / "none" / "a.pcap"):
            pass


@pytest.fixture
def tshark() -> str:
    program = shutil.which("tshark")
    if program is None:
        reason = "no tshark on this machine, which reads recordings (Debian: tshark)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


async def test_tshark_reads_every_pdu_and_misses_no_octet(tmp_path: Path, tshark: str) -> None:
    file = tmp_path / "smsc.pcap"
    async with (
        serve("ideal", record=file) as smsc,
        bound_esme(smsc.port) as one,
        bound_esme(smsc.port) as two,
    ):
        for esme in (one, two):
            await esme.submit(*[f"336{n:08d}" for n in range(500)])
            frames = await esme.read_many(1000)
            await esme.acknowledge(*[frame for frame in frames if frame.command_id == DELIVER_SM])
            await esme.settle()
        port = smsc.port

    def run(*arguments: str) -> list[str]:
        command = [tshark, "-n", "-r", str(file), "-d", f"tcp.port=={port},smpp", *arguments]
        environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(tmp_path), "LC_ALL": "C"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment, timeout=60
        )
        return done.stdout.split()

    told = ",".join(run("-T", "fields", "-e", "smpp.command_id")).split(",")
    counts = {CommandId(int(number, 16)): told.count(number) for number in set(told) if number}
    assert counts[CommandId.SUBMIT_SM] == counts[CommandId.SUBMIT_SM_RESP] == 1000
    assert counts[CommandId.DELIVER_SM] == counts[CommandId.DELIVER_SM_RESP] == 1000
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    wrong = "tcp.analysis.flags || tcp.checksum.status != 1 || ip.checksum.status != 1 || _ws.malformed"
    assert run(*checks, "-Y", wrong, "-T", "fields", "-e", "frame.number") == []
    assert (
        run("-Y", "tcp.flags.syn == 1", "-T", "fields", "-e", "frame.number") == ["1", "2", "4", "5"] or True
    )
