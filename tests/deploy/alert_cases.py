"""What each alert fires for, and what it does not: a sample a minute, and the minute looked at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CASES", "Case"]

_TARGET = 'job="smppcast",instance="a:8080"'


@dataclass(frozen=True)
class Case:
    """One situation.

    Args:
        alert: its name without the prefix.
        series: values in promtool's notation, by series; `:` stands for the target's labels, `@` for those of
            an operator of it, in braces.
        fires: how often: once, or not at all.
    """

    alert: str
    series: dict[str, str]
    minute: int
    fires: int = 1

    @property
    def input_series(self) -> list[dict[str, str]]:
        return [{"series": _spelled(name), "values": values} for name, values in self.series.items()]


def _spelled(name: str) -> str:
    operator = f'{_TARGET},operator="orange"'
    for short, long in (("{@", operator), ("{:", _TARGET)):
        name = name.replace(short, f"{{{long}")
    return name


def _state(state: str, values: str = "1x2000") -> dict[str, str]:
    return {f'smppcast_operator_state{{@,state="{state}"}}': values}


def _op(**series: str) -> dict[str, str]:
    return {f"smppcast_operator_{name}{{@}}": values for name, values in series.items()}


_UP = {"up{:}": "1x2000", 'smppcast_info{:,version="1"}': "1x2000"}
_DISK = "smppcast_ledger_disk_free_bytes{:}"


def _requests(status: str, route: str) -> dict[str, str]:
    return {f'smppcast_http_requests_total{{:,method="GET",route="{route}",status="{status}"}}': "0+5x60"}


def _campaign(state: str, values: str) -> dict[str, str]:
    return {f'smppcast_campaign_state{{:,campaign="alert",state="{state}"}}': values}


def _median(seconds: int) -> dict[str, str]:
    return {'smppcast_operator_receipt_latency_seconds{@,quantile="0.50"}': f"{seconds}x60"}


def _webhook(name: str, values: str) -> dict[str, str]:
    return {f'smppcast_webhook_{name}{{:,target="crm"}}': values}


CASES = (
    Case("Down", {"up{:}": "0x30", 'smppcast_info{:,version="1"}': "1x5 stale"}, 20),
    Case("Down", {'up{job="another",instance="b"}': "1x30"}, 20),
    Case("Down", _UP, 20, 0),
    Case("Down", {"up{:}": "1x10 0 1x20", 'smppcast_info{:,version="1"}': "1x40"}, 12, 0),
    Case("ApiErrors", _requests("500", "/messages"), 30),
    Case("ApiErrors", _requests("503", "/readyz"), 30, 0),
    Case("ApiErrors", _requests("401", "/messages"), 30, 0),
    Case("OperatorDown", _state("down"), 5),
    Case("OperatorDown", _state("down", "0x3 1 0x30"), 5, 0),
    Case("OperatorDown", _state("held") | _state("down", "0x60"), 30, 0),
    Case("OperatorRefused", _state("refused"), 5),
    Case("OperatorRefused", _state("refused", "0x60"), 30, 0),
    Case("BindsMissing", _op(binds_bound="1x60", binds="2x60") | _state("up"), 15),
    Case("BindsMissing", _op(binds_bound="2x60", binds="2x60") | _state("up"), 15, 0),
    Case("BindsMissing", _op(binds_bound="0x60", binds="2x60") | _state("down"), 15, 0),
    Case("BindsMissing", _op(binds_bound="0x60", binds="2x60") | _state("held"), 15, 0),
    Case("Reconnects", _op(reconnects_total="0+1x60", binds="2x60", binds_bound="1 0 1 0 2x60"), 30),
    Case("Reconnects", _op(reconnects_total="0+1x60", binds="2x60", binds_bound="0x60"), 30, 0),
    Case("Reconnects", _op(reconnects_total="0 2 4x60", binds="2x60", binds_bound="2x60"), 30, 0),
    Case("OperatorHeld", _state("held"), 70),
    Case("OperatorHeld", _state("held"), 30, 0),
    Case("Throttled", _op(throttled_total="0+60x60", submitted_total="0+600x60"), 30),
    Case("Throttled", _op(throttled_total="0+6x60", submitted_total="0+600x60"), 30, 0),
    Case("Throttled", _op(throttled_total="0+1x60", submitted_total="0+2x60"), 30, 0),
    Case(
        "SubmitsRefused",
        _op(refused_total="0+300x60", throttled_total="0x60", submitted_total="0+600x60"),
        30,
    ),
    Case(
        "SubmitsRefused",
        _op(refused_total="0+300x60", throttled_total="0+290x60", submitted_total="0+600x60"),
        30,
        0,
    ),
    Case("NoAnswers", _op(submitted_total="0+10x60", accepted_total="7x60", refused_total="0x60"), 20),
    Case("NoAnswers", _op(submitted_total="9x60", accepted_total="9x60", refused_total="0x60"), 20, 0),
    Case("NoAnswers", _op(submitted_total="0+10x60", accepted_total="7x60", refused_total="0+9x60"), 20, 0),
    Case("Lost", _op(lost_total="0+10x60", submitted_total="0+600x60"), 30),
    Case("Lost", _op(lost_total="0x10 3x60", submitted_total="0+10x60"), 20, 0),
    Case("Lost", _op(lost_total="0+1x60", submitted_total="0+600x60"), 30, 0),
    Case("NoReceipts", _op(accepted_total="0+60x90", receipts_total="0x90"), 80),
    Case("NoReceipts", _op(accepted_total="0x60 0+60x20", receipts_total="0x90"), 80, 0),
    Case("NoReceipts", _op(accepted_total="0+60x90", receipts_total="0+1x90"), 80, 0),
    Case("ReceiptsUnmatched", _op(receipts_total="0+60x90", receipts_matched_total="0+6x90"), 80),
    Case("ReceiptsUnmatched", _op(receipts_total="0+60x90", receipts_matched_total="0+59x90"), 80, 0),
    Case("ReceiptsSlow", _median(400) | _op(receipts_total="0+60x60"), 40),
    Case("ReceiptsSlow", _median(400) | _op(receipts_total="900x60"), 40, 0),
    Case("ReceiptsSlow", _median(4) | _op(receipts_total="0+60x60"), 40, 0),
    Case("QuotaNearlyUsed", _op(quota_left="1000 900 800 99x60"), 20),
    Case("QuotaNearlyUsed", _op(quota_left="0x60"), 20),
    Case("QuotaNearlyUsed", _op(quota_left="1000 900x60"), 20, 0),
    Case("QuotaNearlyUsed", _op(quota_left="-1x60"), 20, 0),
    Case("CampaignPaused", _campaign("paused", "1x60"), 40),
    Case("CampaignPaused", _campaign("paused", "1x10") | _campaign("running", "_x11 1x50"), 40, 0),
    Case("CampaignFailed", _campaign("stopped", "1x60"), 10),
    Case("CampaignFailed", _campaign("finished", "1x60"), 10, 0),
    Case("LedgerFailed", {"smppcast_ledger_failed{:}": "0x5 1x60"}, 7),
    Case("LedgerFailed", {"smppcast_ledger_failed{:}": "0x60"}, 7, 0),
    Case("LedgerBacklog", {"smppcast_ledger_backlog{:}": "40000x60"}, 20),
    Case("LedgerBacklog", {"smppcast_ledger_backlog{:}": "16000x60"}, 20, 0),
    Case("DiskNearlyFull", {_DISK: "1900000000x60"}, 20),
    Case("DiskNearlyFull", {_DISK: "3000000000x60"}, 20, 0),
    Case("DiskFillsUp", {_DISK: "20000000000-20000000x700"}, 600),
    Case("DiskFillsUp", {_DISK: "20000000000-1000000x700"}, 600, 0),
    Case("WebhookFailing", _webhook("failing", "1x60"), 20),
    Case("WebhookFailing", _webhook("failing", "1x5 0x60"), 20, 0),
    Case("WebhookLate", _webhook("age_seconds", "0+60x60"), 30),
    Case("WebhookLate", _webhook("age_seconds", "5x60"), 30, 0),
    Case("WebhookDropped", _webhook("dropped_total", "0x5 3x60"), 8),
    Case("WebhookDropped", _webhook("dropped_total", "3x60"), 8, 0),
)
