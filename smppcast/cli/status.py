"""`smppcast status`: how a running daemon is."""

from __future__ import annotations

import json as codec
from pathlib import Path
from typing import Any

from smppcast.cli.parameters import Config, Debug, Json
from smppcast.cli.remote import Address, TokenFile, remote
from smppcast.report.account import columns

__all__ = ["EXAMPLE", "status"]

EXAMPLE = "Example: smppcast status -c smppcast.yaml"


def status(
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Show a running daemon's operators, campaigns and troubles."""
    found = remote(url, token_file, config).get("/status")
    if json:
        print(codec.dumps(found, ensure_ascii=False))
        return
    for trouble in found["troubles"]:
        print(f"! {trouble}")
    head = ("operator", "state", "binds", "window", "rate", "allowed", "sent", "throttled", "receipts")
    print("\n".join(columns([head, *map(_operator, found["operators"])])))
    campaigns = [_campaign(each) for each in found["campaigns"]]
    if campaigns:
        print()
        print("\n".join(columns([("campaign", "state", "fed", "sent", "delivered", ""), *campaigns])))
    webhooks = [_webhook(each) for each in found.get("webhooks", ())]
    if webhooks:
        print()
        print("\n".join(columns([("webhook", "told", "waiting", "since", "dropped", ""), *webhooks])))


def _operator(lane: dict[str, Any]) -> tuple[str, ...]:
    allowed = lane["rate_allowed"]
    return (
        lane["name"],
        lane["state"],
        f"{lane['bound']}/{lane['binds']}",
        f"{lane['in_flight']}/{lane['window']}",
        f"{lane['rate_now']:,.0f}/s",
        "any" if allowed is None else f"{allowed:,.0f}/s",
        f"{lane['sent']:,}",
        f"{lane['throttled']:,}",
        f"{lane['receipts']:,}",
    )


def _webhook(hook: dict[str, Any]) -> tuple[str, ...]:
    waiting = "many" if hook["pending"] is None else f"{hook['pending']:,}"
    since = f"{hook['age_s']:,.0f} s" if hook["age_s"] else ""
    told = (f"{hook['delivered']:,}", waiting, since, f"{hook['dropped']:,}")
    return (hook["name"], *told, hook["last_error"])


def _campaign(campaign: dict[str, Any]) -> tuple[str, ...]:
    account = campaign.get("account")
    if account is None:
        return (campaign["name"], campaign["state"], "", "", "", campaign["reason"])
    sent = account["fed"] - account["not_sent"]
    figures = (f"{account['fed']:,}", f"{sent:,}", f"{account['delivered']:,}")
    return (campaign["name"], campaign["state"], *figures, campaign["reason"])
