"""Prometheus metrics, made when they are asked for: by operator and by campaign, never by number.

Labels are bounded: operators are as many as are configured, campaigns those in memory, routes those there
are.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from smppcast.campaign.engine import Engine
from smppcast.daemon.webhooks.target import HookStatistics
from smppcast.ledger.tail import COUNTED
from smppcast.model import Outcome
from smppcast.operators.statistics import LaneState, LaneStatistics
from smppcast.version import __version__

__all__ = ["Metrics"]

_Value = Callable[[LaneStatistics], float]
_GAUGES: dict[str, tuple[str, _Value]] = {
    "binds_bound": ("Binds that are up.", lambda lane: lane.bound),
    "binds": ("Binds that are asked for.", lambda lane: lane.binds),
    "window": (
        "submit_sm that may await their answer, over the binds that are up.",
        lambda lane: lane.window,
    ),
    "in_flight": ("submit_sm that await their answer.", lambda lane: lane.in_flight),
    "rate_per_second": ("submit_sm in the last second.", lambda lane: lane.rate_now),
    "rate_allowed_per_second": (
        "submit_sm a second that are allowed, -1 for no bound.",
        lambda lane: _or_none(lane.rate),
    ),
    "quota_left": (
        "submit_sm left of today's quota, -1 without one.",
        lambda lane: _or_none(lane.quota_left),
    ),
}
_COUNTERS: dict[str, tuple[str, _Value]] = {
    "submitted": ("submit_sm written.", lambda lane: lane.sent),
    "accepted": ("submit_sm answered ESME_ROK.", lambda lane: lane.accepted),
    "refused": ("submit_sm answered otherwise, throttles included.", lambda lane: lane.refused),
    "throttled": ("submit_sm answered ESME_RTHROTTLED or ESME_RMSGQFUL.", lambda lane: lane.throttled),
    "lost": ("submit_sm never answered.", lambda lane: lane.lost),
    "receipts": ("Receipts taken in.", lambda lane: lane.receipts),
    "receipts_matched": ("Receipts that found their segment.", lambda lane: lane.matched),
    "inbound": ("Segments of users' messages.", lambda lane: lane.inbound),
    "reconnects": ("Binds lost, or not let in, and dialled again.", lambda lane: lane.reconnects),
}

_Told = Callable[[HookStatistics], float]
_HOOK_GAUGES: dict[str, tuple[str, _Told]] = {
    "pending": (
        f"Events that wait, about; {COUNTED + 1} for any more.",
        lambda hook: float(COUNTED + 1 if hook.pending is None else hook.pending),
    ),
    "failing": ("1 while it does not take them.", lambda hook: float(hook.failures > 0)),
    "age_seconds": ("How long the oldest of them has waited.", lambda hook: hook.age_s),
}
_HOOK_COUNTERS: dict[str, tuple[str, _Told]] = {
    "delivered": ("Events that it took.", lambda hook: float(hook.delivered)),
    "dropped": ("Events that became too old.", lambda hook: float(hook.dropped)),
}


def _or_none(value: float | None) -> float:
    return -1.0 if value is None else value


class Metrics(Collector):
    """All of one daemon.

    Attributes:
        requests: by method, route and status.
        took_s: by route.
    """

    def __init__(
        self,
        engine: Engine,
        ledger: Path,
        hooks: Callable[[], list[HookStatistics]] = list,
        keywords: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._engine, self._ledger, self._hooks, self._keywords = engine, ledger, hooks, keywords
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter(
            "smppcast_http_requests", "Requests answered.", labels, registry=self.registry
        )
        self.took_s = Histogram(
            "smppcast_http_request_seconds",
            "From a request to its answer.",
            ("route",),
            registry=self.registry,
        )
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        info = GaugeMetricFamily("smppcast_info", "1; its label is the version.", labels=["version"])
        info.add_metric([__version__], 1.0)
        yield info
        lanes = self._engine.statistics()
        yield from self._of_lanes(lanes)
        yield from self._of_campaigns()
        yield from self._of_webhooks()
        yield _one("smppcast_ledger_backlog", "Facts that wait for a commit.", self._engine.backlog)
        yield _one(
            "smppcast_ledger_failed", "1 once a commit failed.", float(self._engine.failed is not None)
        )
        free = shutil.disk_usage(self._ledger.parent).free
        yield _one("smppcast_ledger_disk_free_bytes", "Free on the ledger's disk.", free)
        files = (self._ledger, self._ledger.with_name(f"{self._ledger.name}-wal"))
        size = sum(path.stat().st_size for path in files if path.exists())
        yield _one("smppcast_ledger_bytes", "The ledger and its log.", size)

    def _of_lanes(self, lanes: list[LaneStatistics]) -> Iterator[Metric]:
        for name, (text, value) in _GAUGES.items():
            gauge = GaugeMetricFamily(f"smppcast_operator_{name}", text, labels=["operator"])
            for lane in lanes:
                gauge.add_metric([lane.name], float(value(lane)))
            yield gauge
        for name, (text, value) in _COUNTERS.items():
            counter = CounterMetricFamily(f"smppcast_operator_{name}", text, labels=["operator"])
            for lane in lanes:
                counter.add_metric([lane.name], float(value(lane)))
            yield counter
        state = GaugeMetricFamily(
            "smppcast_operator_state", "1 for the state it is in.", labels=["operator", "state"]
        )
        for lane in lanes:
            for each in LaneState:
                state.add_metric([lane.name, each.value], float(lane.state is each))
        yield state
        yield from self._latencies(lanes)

    def _latencies(self, lanes: list[LaneStatistics]) -> Iterator[Metric]:
        for name, text in (
            ("latencies", "submit_sm to its answer"),
            ("receipt_latencies", "answer to receipt"),
        ):
            what = "submit" if name == "latencies" else "receipt"
            gauge = GaugeMetricFamily(
                f"smppcast_operator_{what}_latency_seconds",
                f"From {text}, of the last samples.",
                labels=["operator", "quantile"],
            )
            for lane in lanes:
                found = getattr(lane, name)
                if found is not None:
                    for quantile in ("p50", "p90", "p99"):
                        gauge.add_metric([lane.name, f"0.{quantile[1:]}"], float(getattr(found, quantile)))
            yield gauge

    def _of_webhooks(self) -> Iterator[Metric]:
        hooks = self._hooks()
        for name, (text, value) in _HOOK_GAUGES.items():
            gauge = GaugeMetricFamily(f"smppcast_webhook_{name}", text, labels=["target"])
            for hook in hooks:
                gauge.add_metric([hook.name], value(hook))
            yield gauge
        for name, (text, value) in _HOOK_COUNTERS.items():
            counter = CounterMetricFamily(f"smppcast_webhook_{name}", text, labels=["target"])
            for hook in hooks:
                counter.add_metric([hook.name], value(hook))
            yield counter
        asked = CounterMetricFamily(
            "smppcast_keywords", "Messages of users that were a keyword, and answers.", labels=["keyword"]
        )
        for name, count in self._keywords().items():
            asked.add_metric([name], float(count))
        yield asked

    def _of_campaigns(self) -> Iterator[Metric]:
        recipients = GaugeMetricFamily(
            "smppcast_campaign_recipients",
            "Recipients by outcome.",
            labels=["campaign", "operator", "outcome"],
        )
        fed = GaugeMetricFamily("smppcast_campaign_fed", "Rows taken in.", labels=["campaign"])
        state = GaugeMetricFamily(
            "smppcast_campaign_state", "1 for the state it is in.", labels=["campaign", "state"]
        )
        for campaign in self._engine.campaigns.values():
            fed.add_metric([campaign.name], float(campaign.account().fed))
            state.add_metric([campaign.name, campaign.state.value], 1.0)
            for operator, part in campaign.by_operator().items():
                for outcome in Outcome:
                    recipients.add_metric(
                        [campaign.name, operator, outcome.value], float(getattr(part, outcome.value))
                    )
        yield from (recipients, fed, state)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
