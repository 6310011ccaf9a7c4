"""One campaign killed several times and resumed, held against what its SMSC accepted.

The SMSC cuts links, throttles, and sends receipts late: many come while the command is dead.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import Any

from smppcast.campaign.sender import AHEAD_FIRST
from tests.acceptance.driver import Home, SimulatedSmsc, closes, csv_feed, numbers, smsc, until

COMMAND = ("cast", "--feed", "feed.csv", "--text", "Restez chez vous", "--name", "chaos", "--json")
KILLS = 5
"""A campaign: each resumes a ledger that the kills before it have marked."""
WINDOW = 100
POLICIES = {"resend": "resend", "hold": "{hold: 1s}"}
# Recipients a kill: at the SMSC's rate a run lasts longer than the latest moment of a kill.
ROWS = 1_500
RATE_PER_S = 1_200
LATEST_S = 1.0
RECEIPTS_WITHIN_S = 4.0
IN_WORK = 0.8
"""Share of the kills that come once something was sent; the others come at any moment of the start."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one campaign, in recipients.

    Args:
        kills: of commands that still ran.
        links: that the SMSC saw; each that was lost may leave a window unanswered.
        lost: not accepted by the SMSC, and not unknown in the ledger.
        repeated: accepted more than once; `silent`: of these, not flagged.
        flagged: as possible duplicates, in all.
        unknown: for good.
        closes: whether each account that was printed added up.
    """

    policy: str
    kills: int
    links: int
    throttled: int
    lost: int
    repeated: int
    silent: int
    flagged: int
    unknown: int
    closes: bool

    @property
    def allowed(self) -> int:
        """Recipients that may have been left unanswered: intents run so far ahead at this rate, twice as far
        if the lane ran dry once."""
        return self.kills * (2 * AHEAD_FIRST + WINDOW) + self.links * WINDOW

    @property
    def held(self) -> bool:
        """Whether nobody was lost, nobody doubled unseen, and few enough left unknown."""
        again, unsettled = (self.allowed, 0) if self.policy == "resend" else (0, self.allowed)
        within = max(self.flagged, self.repeated) <= again and self.unknown <= unsettled
        return self.closes and within and not (self.lost or self.silent)


def play(
    home: Home,
    policy: str,
    kills: int,
    random: Random,
    *,
    rows: int = ROWS,
    receipts_within_s: float = RECEIPTS_WITHIN_S,
) -> Round:
    """Kills one campaign so often, or until it is finished before; then lets it finish."""
    fed = numbers(rows * kills)
    home.write("feed.csv", csv_feed(fed))
    faults = {"cut_every_s": 1.0, "cut_mid_pdu": True}
    latencies: dict[str, Any] = {
        "response_latency": {"uniform": (5, 40)},
        "receipt_latency": {"uniform": (0, receipts_within_s * 1e3)},
    }
    with smsc(
        seed=random.randrange(1 << 30), rate={"per_s": RATE_PER_S}, faults=faults, **latencies
    ) as centre:
        home.configure(orange=centre.port, further=f"    window: {WINDOW}\n    binds: 1\n")
        settings = home.folder / "smppcast.yaml"
        home.write("smppcast.yaml", f"unknowns: {POLICIES[policy]}\n" + settings.read_text("utf-8"))
        killed = sum(_kill(home, centre, random) for _ in range(kills))
        patience_s = receipts_within_s + 60
        done = home.run(*COMMAND, "--settle", f"{patience_s}s", within_s=2 * patience_s)
        assert done.code == 0, done.stderr
        return _judge(home, centre, policy=policy, kills=killed, fed=fed, account=done.json)


def _kill(home: Home, centre: SimulatedSmsc, random: Random) -> bool:
    """Starts the command and kills it, mostly while it sends; False for one that was done before."""
    before, process = centre.submitted(), home.start(*COMMAND)
    if random.random() < IN_WORK:
        until(lambda: centre.submitted() > before or process.poll() is not None, "a submit_sm")
    time.sleep(random.uniform(0, LATEST_S))
    process.kill()
    process.communicate()
    return process.returncode != 0


def _judge(
    home: Home, centre: SimulatedSmsc, *, policy: str, kills: int, fed: list[str], account: dict[str, Any]
) -> Round:
    accepted, rows = centre.destinations(accepted=True), home.outcomes("chaos")
    flagged = {row["msisdn"] for row in rows if row["possible_duplicate"] == "1"}
    unknown = {row["msisdn"] for row in rows if row["outcome"] == "unknown"}
    repeated = {number for number, count in accepted.items() if count > 1}
    return Round(
        policy=policy,
        kills=kills,
        links=centre.links(),
        throttled=centre.refused(),
        lost=len(set(fed) - accepted.keys() - unknown),
        repeated=len(repeated),
        silent=len(repeated - flagged),
        flagged=len(flagged),
        unknown=len(unknown),
        closes=closes(account) and len(rows) == account["fed"] == len(fed),
    )
