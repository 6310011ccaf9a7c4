"""Sets of numbers: the memory and time of dedupe and suppression, for numbers of national plans.

Four plans of mobile numbers, 25 million each (or as many as `--count` makes), drawn without order from
ranges twice as dense as they are full, in batches as a feed brings them. Each set has a process of its own.
"""

from __future__ import annotations

import json
import random
import time
from argparse import ArgumentParser
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice

from bench._common import child, machine, rss_mb, table
from smppcast.feed import Seen, Suppression

COUNT, QUICK_COUNT = 100_000_000, 400_000
# What mobile numbers begin with in France, the United Kingdom, Spain and Germany.
PLANS = (33_600_000_000, 447_400_000_000, 34_600_000_000, 491_510_000_000)
BATCH = 1_000
LIMIT_MB = 400.0


def main(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m bench numbers", description=__doc__)
    parser.add_argument("--count", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--inside", choices=("dedupe", "suppression"))
    options = parser.parse_args(argv)
    count = options.count or (QUICK_COUNT if options.quick else COUNT)
    if options.inside:
        print(json.dumps(_measure(options.inside, count)))
        return 0
    print(machine())
    rows, failed = [["", "numbers", "MB", "octets each", "us a number to add", "us to ask"]], False
    for kind in ("dedupe", "suppression"):
        found = child("numbers", "--inside", kind, "--count", count)
        each = found["mb"] * 1e6 / count
        failed = failed or found["mb"] > LIMIT_MB
        rows.append(
            [
                kind,
                f"{count:,}",
                f"{found['mb']:.0f}",
                f"{each:.2f}",
                f"{found['add_us']:.2f}",
                f"{found['ask_us']:.2f}",
            ]
        )
    print(table(rows))
    return 1 if failed else 0


def _measure(kind: str, count: int) -> dict[str, float]:
    before, seen, left_out = rss_mb(), Seen(), Suppression()
    took = 0.0
    for numbers in _batches(count):
        began = time.perf_counter()
        if kind == "dedupe":
            assert not seen.duplicates(numbers)
        else:
            left_out.add(numbers)
        took += time.perf_counter() - began
    used = rss_mb() - before
    asked, ask_s = 0, 0.0
    for numbers in islice(_batches(count), 1_000):
        probe = array(
            "q", [*numbers[: BATCH // 100], *(number + 10**11 for number in numbers[BATCH // 100 :])]
        )
        began = time.perf_counter()
        hits = seen.duplicates(probe) if kind == "dedupe" else left_out.positions(probe)
        ask_s += time.perf_counter() - began
        asked += len(probe)
        assert len(hits) == len(numbers[: BATCH // 100])
    return {"mb": used, "add_us": took / count * 1e6, "ask_us": ask_s / asked * 1e6}


def _batches(count: int) -> Iterator[array[int]]:
    """Each number once, without order within a plan: a step coprime to the span walks all of it."""
    draw = random.Random(2020)
    each = count // len(PLANS)
    span = 2 * each + 1
    step = next(
        step for step in iter(lambda: draw.randrange(span // 3, span // 2), 0) if _coprime(step, span)
    )
    at, taken = [0] * len(PLANS), [0] * len(PLANS)
    while sum(taken) < each * len(PLANS):
        plan = draw.choice([plan for plan in range(len(PLANS)) if taken[plan] < each])
        size = min(BATCH, each - taken[plan])
        numbers = array("q", [PLANS[plan] + (at[plan] + step * index) % span for index in range(size)])
        at[plan] = (at[plan] + step * size) % span
        taken[plan] += size
        yield numbers


def _coprime(a: int, b: int) -> bool:
    while b:
        a, b = b, a % b
    return a == 1
