"""What a number was sent: `smppcast find` in a ledger of ten million recipients, all delivered.

The ledger is written through the store, as a campaign of one operator leaves it; then the command runs as
its users run it, a process of its own each time, for numbers all over the ledger and for one that is not in
it. Seconds contain the start of Python and all imports.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from array import array
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from bench._common import FIRST_NUMBER, machine, table
from smppcast.ledger.facts import (
    CHUNK_SIZE,
    Accepted,
    CampaignChanged,
    Chunk,
    Fact,
    Intent,
    Received,
    TakenIn,
    chunk_key,
    make_ref,
)
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState, MessageState

COUNT, QUICK_COUNT = 10_000_000, 50_000
BATCH = 500
LOOKS = 5
LIMIT_S = 2.0


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench find", description=__doc__)
    parser.add_argument("--count", type=int, help=f"recipients (default {COUNT:,})")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(argv)
    count = options.count or (QUICK_COUNT if options.quick else COUNT)
    count -= count % CHUNK_SIZE
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, count)
        size = (folder / "ledger.db").stat().st_size
        print(
            f"setup: {count:,} recipients of one campaign, all delivered; the ledger has {size / 1e6:,.0f} MB"
        )
        there = [_look(folder, FIRST_NUMBER + at * (count - 1) // LOOKS, found=True) for at in range(LOOKS)]
        nowhere = [_look(folder, FIRST_NUMBER - 1, found=False) for _ in range(LOOKS)]
    rows = [["", "median s", "worst s"]]
    rows += [
        [label, f"{median(took):.2f}", f"{max(took):.2f}"]
        for label, took in (("a number that was sent a message", there), ("one that was not", nowhere))
    ]
    print(table(rows))
    return 0 if options.quick or max(*there, *nowhere) < LIMIT_S else 1


def _look(folder: Path, number: int, *, found: bool) -> float:
    command = [sys.executable, "-m", "smppcast", "find", str(number), "--json"]
    began = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    assert ended.returncode == (0 if found else 1), ended.stderr
    assert ('"delivered"' in ended.stdout) is found, ended.stdout
    return took


def _write(folder: Path, count: int) -> None:
    (folder / "smppcast.yaml").write_text(
        "ledger: sqlite:///ledger.db\noperators: {orange: {url: 'smpp://user@127.0.0.1', prefixes: ['']}}\n"
    )
    with closing(SqliteStore(folder / "ledger.db", durability="relaxed")) as store:
        campaign = store.create_campaign("alert", 1.0, "print", "{}").id
        for no in range(count // CHUNK_SIZE):
            numbers = array("q", range(FIRST_NUMBER + no * CHUNK_SIZE, FIRST_NUMBER + (no + 1) * CHUNK_SIZE))
            chunk, fed = Chunk(chunk_key(campaign, no), "orange", numbers, 1), (no + 1) * CHUNK_SIZE
            store.commit([TakenIn(campaign, 1.0, fed, b"", fed, {}, 0, 0, complete=True, chunks=(chunk,))])
            facts: list[Fact] = [Intent(chunk.key, CHUNK_SIZE, 1.0)]
            for start in range(0, CHUNK_SIZE, BATCH):
                refs = [make_ref(chunk.key, offset) for offset in range(start, start + BATCH)]
                ids = [f"{ref * 2654435761 % 10**16:016}" for ref in refs]
                facts.append(Accepted("orange", 2.0, refs, ids, ()))
                states = bytes((MessageState.DELIVERED,)) * BATCH
                facts.append(Received("orange", 3.0, refs, states, ["000"] * BATCH, [3] * BATCH))
            store.commit(facts)
        store.commit([CampaignChanged(campaign, 4.0, CampaignState.FINISHED)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
