"""`python -m tests.chaos --kills N --seed S`: so many kills, policies in turn, and what came of them.

Seeded are the moments of the kills and the SMSC's faults; what a kill finds in flight is not.
Exit status: 0 all held; 1 something did not.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.acceptance.driver import Home
from tests.chaos.rounds import KILLS, POLICIES, RECEIPTS_WITHIN_S, Round, play


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--receipts-within", type=float, default=RECEIPTS_WITHIN_S, metavar="S", help="default: %(default)s"
    )
    options = parser.parse_args(argv)
    random, rounds = Random(options.seed), list[Round]()
    while (left := options.kills - sum(each.kills for each in rounds)) > 0:
        policy = list(POLICIES)[len(rounds) % len(POLICIES)]
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder))
            try:
                kills, latest_s = min(left, KILLS), options.receipts_within
                rounds.append(play(home, policy, kills, random, receipts_within_s=latest_s))
            finally:
                home.close()
        sys.stdout.write(f"{'held' if rounds[-1].held else 'VIOLATED'}: {rounds[-1]}\n")
        sys.stdout.flush()
    sys.stdout.write(_summary(rounds) + "\n")
    return 0 if all(each.held for each in rounds) else 1


def _summary(rounds: Sequence[Round]) -> str:
    def total(name: str) -> int:
        return sum(getattr(each, name) for each in rounds)

    names = ("kills", "links", "throttled", "lost", "repeated", "silent", "flagged", "unknown")
    figures = ", ".join(f"{name} {total(name):,}" for name in names)
    return f"campaigns {len(rounds)}, held {total('held')}: {figures}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
