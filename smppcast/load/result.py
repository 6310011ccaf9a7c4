"""What a run came to, as values and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smppcast.load.histogram import PERCENTILES, Histogram
from smppcast.load.measured import Measured
from smppcast.smpp.vocabulary import StatusClass, classify, status_name

__all__ = ["Result", "latencies"]

_THROTTLES = (StatusClass.THROTTLE, StatusClass.QUEUE_FULL)


@dataclass(frozen=True)
class Result:
    """One run.

    Args:
        per_s: the rate that was asked for; None for as many as go.
        window: of each bind; `window_mean` is the mean number of unanswered submits of a bind over the
            run, `window_highest` the most that any had.
        unsent: messages that were due in the run's time and not sent, for want of room or of a link.
        ended: when the last message might have been sent, on the clock of `measured`.
        cpu_s: CPU time of this process during the run.
        stopped: why it was not finished: ended before its time, or links were down; "" where it was.
    """

    measured: Measured
    per_s: float | None
    binds: int
    window: int
    window_mean: float
    window_highest: int
    unsent: int
    ended: float
    cpu_s: float
    stopped: str = ""

    @property
    def seconds(self) -> float:
        """From the first message until sending ended, or until the last answer, if later."""
        return max(self.measured.last, self.ended) - self.measured.schedule.began

    @property
    def rate_per_s(self) -> float:
        """Answers a second."""
        return self.measured.acknowledged / self.seconds if self.seconds > 0 else 0.0

    @property
    def accepted(self) -> int:
        return self.measured.statuses[0]

    @property
    def throttled(self) -> int:
        """ESME_RTHROTTLED and ESME_RMSGQFUL: nothing is sent again."""
        statuses = self.measured.statuses.items()
        return sum(count for status, count in statuses if classify(status) in _THROTTLES)

    @property
    def unknown(self) -> int:
        """Sent, perhaps, and unanswered: links that were lost, or no answer in time."""
        return self.measured.sent - self.measured.acknowledged

    @property
    def errors(self) -> float:
        """The share of what was sent that was not accepted."""
        sent = self.measured.sent
        return (sent - self.accepted) / sent if sent else 0.0

    @cached_property
    def statuses(self) -> Mapping[str, int]:
        """Answers by the name of their command_status, most first."""
        return {status_name(status): count for status, count in self.measured.statuses.most_common()}

    @property
    def service_time(self) -> bool:
        """Whether latencies count from the write, since there was no rate that would tell when a message
        was due: a stall then holds back what would have measured it (coordinated omission)."""
        return self.per_s is None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: times in ms but where the name says otherwise, None for what there is none of."""
        measured = self.measured
        per_message = self.cpu_s * 1e6 / measured.sent if measured.sent else None
        return {
            "sent": measured.sent,
            "acknowledged": measured.acknowledged,
            "accepted": self.accepted,
            "throttled": self.throttled,
            "unknown": self.unknown,
            "unsent": self.unsent,
            "receipts": measured.receipts,
            "receipts_matched": measured.matched,
            "inbound": measured.inbound,
            "rate_per_s": round(self.rate_per_s, 3),
            "rate_asked_per_s": self.per_s,
            "seconds": round(self.seconds, 3),
            "cpu_us_per_message": None if per_message is None else round(per_message, 3),
            "latency_from": "write" if self.service_time else "schedule",
            "latency_ms": latencies(measured.latency),
            "late_ms": None if self.service_time else latencies(measured.late),
            "receipt_latency_ms": latencies(measured.receipt_latency),
            "statuses": dict(self.statuses),
            "congestion_state": None
            if measured.congestion is None
            else {"last": measured.congestion, "highest": measured.congestion_highest},
            "window": self.window,
            "window_mean": round(self.window_mean, 3),
            "window_highest": self.window_highest,
            "binds": self.binds,
            "links_lost": measured.links_lost,
            "link_error": measured.link_error,
            "stopped": self.stopped,
        }


def latencies(histogram: Histogram) -> dict[str, float] | None:
    """Percentiles in ms, None where nothing was counted."""
    if not histogram.count:
        return None
    names = (f"p{percent:g}".replace(".", "_") for percent in PERCENTILES)
    values = dict(zip(names, histogram.percentiles(PERCENTILES), strict=True))
    return {
        name: round(seconds * 1e3, 3)
        for name, seconds in {**values, "max": histogram.max_s, "mean": histogram.mean_s}.items()
    }
