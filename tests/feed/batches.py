"""What the tests of a feed share."""

from __future__ import annotations

from smppcast.feed.batch import Batch
from smppcast.feed.reasons import Reason


def joined(batches: list[Batch]) -> Batch:
    """The rows of several batches as one."""
    rows: list[str] = []
    bad: dict[int, Reason] = {}
    for batch in batches:
        bad |= {len(rows) + at: reason for at, reason in batch.bad.items()}
        rows += batch.rows
    return Batch(
        rows,
        [line for batch in batches for line in batch.lines],
        [msisdn for batch in batches for msisdn in batch.msisdns],
        [name for batch in batches for name in batch.operators or [""] * len(batch)],
        {name: [cell for batch in batches for cell in batch.columns[name]] for name in batches[0].columns},
        bad,
    )
