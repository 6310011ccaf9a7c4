"""What an operator's account looks like at one moment, as values; their `repr` is the line that one reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from smppcast.operators.latencies import Percentiles

__all__ = ["BindStatistics", "LaneState", "LaneStatistics", "PauseReason", "Paused"]


class LaneState(StrEnum):
    """Whether a lane can submit."""

    UP = "up"
    """A bind is up that may submit, and nothing keeps it from it."""
    PAUSED = "paused"
    """Likewise, but nothing is written for some time: see `LaneStatistics.pause`."""
    DOWN = "down"
    """No bind is up that may submit."""
    REFUSED = "refused"
    """Nor will be: every bind is refused for its credentials."""
    HELD = "held"
    """By a person: nothing is submitted, receipts are taken in; drained, its binds are down as well."""
    STOPPED = "stopped"
    """It drains, or has closed."""


class PauseReason(StrEnum):
    """Why a lane writes nothing for some time."""

    THROTTLED = "throttled"
    """ESME_RTHROTTLED: a moment's rest, and a lower rate."""
    QUEUE_FULL = "queue full"
    """ESME_RMSGQFUL, whatever the destination."""
    TROUBLE = "trouble"
    """ESME_RSYSERR or the like: the SMSC, or the account, is out of order."""
    QUOTA = "quota"
    """As much as may be was sent today."""
    LEDGER = "ledger"
    """What came in is not written down yet."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The last pause of a lane, over or not.

    Args:
        until: unix seconds; sooner, where the reason goes away.
    """

    reason: PauseReason
    until: float

    def __str__(self) -> str:
        return f"{self.reason}, until {datetime.fromtimestamp(self.until, UTC):%Y-%m-%d %H:%M:%SZ}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BindStatistics:
    """A bind at one moment; counts are PDUs since the lane was opened, over all its links.

    Args:
        number: from 1, within its lane.
        kind: transmitter, receiver or transceiver.
        state: of its link: see `BindState`.
        host: where it was dialled last, "" before.
        smsc: system_id of the SMSC that it is, or was, bound to.
        window: submits that it may leave unanswered; 0 for a receiver.
        in_flight: how many are.
        rate_now: submit_sm a second, over the last second.
        sent: submit_sm written.
        accepted: answered ESME_ROK.
        refused: answered otherwise, throttles included.
        throttled: answered ESME_RTHROTTLED or ESME_RMSGQFUL.
        lost: unanswered when the link ended, or past the response timeout.
        latencies: submit_sm to submit_sm_resp, of the last thousand samples, in seconds; None without any.
        reconnects: how often it was lost, or not let in, and dialled again.
        last_error: why it last was, None for never.
    """

    number: int
    kind: str
    state: str
    host: str
    smsc: str
    window: int
    in_flight: int
    rate_now: float
    sent: int
    accepted: int
    refused: int
    throttled: int
    lost: int
    latencies: Percentiles | None
    reconnects: int
    last_error: str | None

    def __repr__(self) -> str:
        at = f" at {self.host}" if self.host else ""
        parts = [f"{self.kind} {self.state}{at}"]
        if self.window:
            parts += [f"window {self.in_flight}/{self.window}", f"{self.rate_now:,.0f}/s"]
        if self.latencies is not None:
            parts.append(f"responses {_spread(self.latencies)}")
        parts += _counts(self)
        return f"<Bind {self.number} [{' | '.join(parts)}]>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LaneStatistics:
    """A lane at one moment; counts are PDUs since the lane was opened.

    Args:
        name: the operator's.
        state: whether it can submit.
        pause: the last one, None before the first; `state` tells whether it lasts.
        binds: how many are asked for.
        bound: how many are up.
        window: submits that all bound transmitters together may leave unanswered.
        in_flight: how many are.
        rate_now: submit_sm a second, over the last second.
        rate: allowed submit_sm a second; None for no limit.
        quota: allowed submit_sm a day; None for no limit.
        quota_left: of these, until midnight.
        sent: submit_sm written.
        accepted: answered ESME_ROK.
        refused: answered with any other status, throttles included.
        throttled: answered ESME_RTHROTTLED or ESME_RMSGQFUL.
        lost: unanswered when their link ended, or past the response timeout.
        receipts: receipts taken in.
        matched: of those, how many found their segment.
        inbound: messages of users, in segments.
        latency_s: submit_sm to submit_sm_resp in seconds, a running mean of samples; None without any.
        latencies: of these, the last thousand samples, in seconds.
        receipt_latencies: from acceptance to receipt, likewise; over all binds, since receipts come on any.
        reconnects: of all binds.
        error: the last one of any bind that is down.
        last_error: the last one of any bind, over or not.
        by_bind: each by itself, in the order of their numbers.
    """

    name: str
    state: LaneState
    pause: Paused | None
    binds: int
    bound: int
    window: int
    in_flight: int
    rate_now: float
    rate: float | None
    quota: int | None
    quota_left: int | None
    sent: int
    accepted: int
    refused: int
    throttled: int
    lost: int
    receipts: int
    matched: int
    inbound: int
    latency_s: float | None
    latencies: Percentiles | None
    receipt_latencies: Percentiles | None
    reconnects: int
    error: str | None
    last_error: str | None
    by_bind: tuple[BindStatistics, ...]

    def __repr__(self) -> str:
        paused = self.state is LaneState.PAUSED and self.pause is not None
        rate = "" if self.rate is None else f" of {self.rate:g}/s"
        parts = [
            f"{self.state}: {self.pause}" if paused else f"{self.state}",
            f"{self.bound}/{self.binds} bound",
            f"window {self.in_flight}/{self.window}",
            f"{self.rate_now:,.0f}/s{rate}",
        ]
        if self.quota is not None:
            parts.append(f"{self.quota_left:,} of {self.quota:,} left today")
        if self.latencies is not None:
            parts.append(f"responses {_spread(self.latencies)}")
        if self.receipt_latencies is not None:
            parts.append(f"receipts {_spread(self.receipt_latencies)}")
        parts += _counts(self)
        return f"<Lane {self.name} [{' | '.join(parts)}]>"


def _counts(of: BindStatistics | LaneStatistics) -> Iterator[str]:
    """What was sent, and what went wrong if anything did."""
    yield f"{of.sent:,} sent"
    for name in ("refused", "throttled", "lost", "reconnects"):
        if count := getattr(of, name):
            yield f"{count:,} {name}"
    if of.last_error is not None:
        yield f"last error: {of.last_error}"


def _spread(latencies: Percentiles) -> str:
    return f"p50 {_seconds(latencies.p50)} p99 {_seconds(latencies.p99)}"


def _seconds(seconds: float) -> str:
    """In the unit that one reads it in: responses take milliseconds, and receipts hours."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:,.1f} s"
