"""Laws 1 and 3 by what the kernel was asked for: the order of writes to disk and to the SMSC, of a real cast.

The files are put together anew from the traced writes, as far as a sync made them durable; that ledger is
what a power cut would have left at the moment when octets went to the SMSC.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smppcast.ledger.facts import Received
from smppcast.ledger.outcomes import outcomes_of
from smppcast.ledger.sqlite import SqliteStore
from smppcast.smpp import DeliverSmResp, SubmitSm, decode
from smppcast.smpp.framing import Framer
from tests.acceptance.driver import Home, csv_feed, environment, numbers, smsc

CALLS = "pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync,unlink"
LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
TARGET = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")
OFFSET = re.compile(r", (\d+)(?:\)| <unfinished)")


class Disk:
    """Files as they are written, and as they are durable."""

    def __init__(self) -> None:
        self.written: dict[str, bytearray] = {}
        self.durable: dict[str, bytes] = {}

    def write(self, name: str, offset: int, octets: bytes) -> None:
        file = self.written.setdefault(name, bytearray())
        file.extend(bytes(max(0, offset - len(file))))
        file[offset : offset + len(octets)] = octets

    def sync(self, name: str) -> None:
        if name in self.written:
            self.durable[name] = bytes(self.written[name])

    def remove(self, name: str) -> None:
        self.written.pop(name, None)
        self.durable.pop(name, None)

    def after_a_power_cut(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, octets in self.durable.items():
            (folder / name).write_bytes(octets)
        return folder / "ledger.db"


def plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def steps(trace: Path, disk: Disk) -> Iterator[bytes]:
    """Plays a trace; gives what is written to a socket, at the moment when it is."""
    syncing: dict[str, str] = {}
    for line in trace.read_text("ascii").splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        task, call, rest = found.groups()
        if call in ("fdatasync", "fsync"):
            target = TARGET.match(rest)
            if target is not None:
                syncing[task] = Path(plain(target[1]).decode()).name
            if rest.endswith("= 0"):
                disk.sync(syncing.pop(task))
            continue
        target, octets = TARGET.match(rest), plain("".join(STRING.findall(rest)))
        if call == "unlink" and octets:
            disk.remove(Path(octets.decode()).name)
        if target is None:
            continue  # the end of a call that was told at its beginning
        name = plain(target[1]).decode("utf-8", "replace")
        if call == "pwrite64":
            offset = OFFSET.findall(rest)
            disk.write(Path(name).name, int(offset[-1]), octets)
        elif name.startswith(("socket:", "TCP:")):
            yield octets


def test_intents_are_durable_before_submits_and_receipts_before_their_answers(
    home: Home, tmp_path: Path
) -> None:
    if shutil.which("strace") is None:
        assert os.environ.get("CI") != "true", "strace belongs to what CI installs"
        pytest.skip("strace, which tells of system calls, is not here")
    everybody, trace, disk = numbers(20), tmp_path / "trace.txt", Disk()
    with smsc() as centre:
        home.configure(further='    prefixes: [""]\n    window: 3\n', orange=centre.port)
        home.write("subscribers.csv", csv_feed(everybody))
        cast = ("cast", "--feed", "subscribers.csv", "--text", "Bonjour", "--name", "alerte")
        tracer = ("strace", "-f", "-xx", "-y", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace))
        command = [*tracer, sys.executable, "-m", "smppcast", *cast]
        ended = subprocess.run(
            command,
            cwd=home.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if "PTRACE" in ended.stderr or "ptrace" in ended.stderr:
        assert os.environ.get("CI") != "true", ended.stderr
        pytest.skip("this machine lets nobody trace")
    assert ended.returncode == 0, ended.stderr

    framer, submitted, answered = Framer(), [], 0
    for octets in steps(trace, disk):
        pdus = [decode(pdu) for pdu in framer.feed(octets)]
        submits = [pdu.destination_addr for pdu in pdus if isinstance(pdu, SubmitSm)]
        answers = sum(isinstance(pdu, DeliverSmResp) for pdu in pdus)
        submitted += submits
        answered += answers
        if not submits and not answers:
            continue
        with closing(SqliteStore(disk.after_a_power_cut(tmp_path / "left"))) as store:
            for number in submits:
                ((_, row),) = outcomes_of(store, int(number))
                assert row.attempts == 1, f"a submit_sm to the {len(submitted)}th left before its intent"
            campaign = store.campaign("alerte")
            assert campaign is not None
            kept = sum(len(fact.refs) for fact in store.facts(campaign.id) if isinstance(fact, Received))
            kept += sum(1 for _ in store.unmatched())
            assert kept >= answered, "a deliver_sm_resp left before its receipt was durable"
    assert sorted(submitted) == everybody
    assert answered == len(everybody)
