"""What a run brought: counts and latencies, taken a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from smppcast.load.histogram import Histogram
from smppcast.load.schedule import Schedule
from smppcast.smpp.vocabulary import CommandStatus

__all__ = ["Measured", "Point"]

# Into how many steps the waiting times of unsent messages are cut: they rise evenly, and some may
# be millions.
_UNSENT_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Point:
    """How far a run was at one moment; counts since it began.

    Args:
        at_s: seconds since then.
        in_flight: submits without an answer, of all binds.
    """

    at_s: float
    sent: int
    acknowledged: int
    receipts: int
    in_flight: int


class Measured:
    """Takes what the binds of one run tell.

    Attributes:
        latency: of responses: from when a message was due, or where there is no rate, from its write.
        late: how long after it was due a message was written, or waited that never was.
        receipt_latency: as `latency`, to the receipt.
        statuses: of responses, by command_status.
        receipts: all that came; `matched` those of this run's messages.
        inbound: messages that are no receipts.
        links_lost: and `link_error`, why the last one was.
        congestion, congestion_highest: congestion_state of the SMSC, 0 to 100, as the last read told it and
            the most that any did; None where none does (SMPP 5.0, 4.8.4.18).
        last: when the last answer came.
        points: how the run went, see `reach`.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.latency, self.late, self.receipt_latency = Histogram(), Histogram(), Histogram()
        self.statuses: Counter[int] = Counter()
        self.sent = self.acknowledged = self.receipts = self.matched = self.inbound = 0
        self.links_lost, self.link_error = 0, ""
        self.congestion: int | None = None
        self.congestion_highest: int | None = None
        self.last = schedule.began
        self.points: list[Point] = []

    def __repr__(self) -> str:
        return f"<Measured [{self.sent} sent | {self.acknowledged} acknowledged | {self.receipts} receipts]>"

    def wrote(self, times: Sequence[float], now: float) -> None:
        """Messages were written whose latency counts from `times`."""
        self.sent += len(times)
        if self.schedule.per_s is not None:
            _record(self.late, times, now)

    def answered(self, times: Sequence[float], statuses: Sequence[int], now: float) -> None:
        """Answers came; no statuses where all are ESME_ROK."""
        if not times:
            return
        self.last = now
        self.acknowledged += len(times)
        if statuses:
            self.statuses.update(statuses)
        else:
            self.statuses[CommandStatus.ESME_ROK] += len(times)
        _record(self.latency, times, now)

    def congested(self, state: int) -> None:
        """Answers told a congestion_state."""
        self.congestion, self.congestion_highest = state, max(state, self.congestion_highest or 0)

    def reported(self, times: Sequence[float], now: float) -> None:
        """Receipts came for messages whose latency counts from `times`."""
        self.matched += len(times)
        _record(self.receipt_latency, times, now)

    def reach(self, now: float, in_flight: int) -> None:
        """Notes how far it is."""
        at = now - self.schedule.began
        self.points.append(Point(at, self.sent, self.acknowledged, self.receipts, in_flight))

    def left_unsent(self, count: int, now: float) -> None:
        """Messages stayed unsent that were due: counted with the time that they had waited by `now`.

        Left out, they would hide the very stall that held them back.
        """
        step = -(-count // _UNSENT_STEPS)
        for at in range(0, count, step or 1):
            waited_s, alike = now - self.schedule.time(self.sent + at), min(step, count - at)
            self.latency.record(waited_s, alike)
            self.late.record(waited_s, alike)


def _record(histogram: Histogram, times: Sequence[float], now: float) -> None:
    if not times:
        return
    # What was written at once mostly comes back at once: one time throughout, found in 1 ns each.
    first = times[0]
    if times.count(first) == len(times):
        histogram.record(now - first, len(times))
        return
    for time, count in Counter(times).items():
        histogram.record(now - time, count)
