"""smppcast beside the peers and the raw ceiling, against one simulated SMSC; writes RESULTS.md.

Submits of 160 characters, windows of 10, 100 and 1,000, receipts off and on: messages a second, and
the client's CPU for one. Then the same over a link with 50 ms of latency, and the latency of `submit`.
Each peer has an environment of its own in a cache folder, and a client script that serves it as well as
we know; all take turns within each round.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    # Clients are modules of this package, and run where nothing of ours is installed.
    from bench.peers.driver import main as drive  # noqa: PLC0415

    return drive(argv)
