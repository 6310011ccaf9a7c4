"""What a dashboard shows, section by section: what goes on in all lanes and campaigns, and for how long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.plan import Plan
from smppcast.campaign.preflight import Count, when
from smppcast.daemon.campaigns import account_of
from smppcast.daemon.life import ALLOWED, Life
from smppcast.daemon.models import iso
from smppcast.daemon.service import Daemon, operator_of
from smppcast.daemon.store import Draft
from smppcast.daemon.webhooks.hooks import hook_of
from smppcast.model import Account
from smppcast.net.clock import Clock, wall
from smppcast.version import __version__

__all__ = ["Scene"]

# Ended campaigns that are shown: all others are found by their name.
ENDED_MOST = 30
# A rate is measured over so long at least, and counts as much as all that were measured before.
MEASURED_S = 5.0
_OVER = frozenset((Life.FINISHED, Life.CANCELLED))
_SENDING = frozenset((Life.RUNNING, Life.SCHEDULED))


class Scene:
    """Looks at a daemon; each call of `sections` is one look."""

    def __init__(self, daemon: Daemon, clock: Clock = wall) -> None:
        self._daemon, self._clock = daemon, clock
        self._edition, self._drafts = -1, list[Draft]()
        self._paces: dict[tuple[str, str], _Pace] = {}

    def sections(self) -> dict[str, bytes]:
        """Each section's JSON, by its name."""
        daemon, now = self._daemon, self._clock()
        if self._edition != (edition := daemon.store.edition):
            self._edition, self._drafts = edition, daemon.store.drafts()
            self._paces = {
                key: pace for key, pace in self._paces.items() if key[0] in daemon.engine.campaigns
            }
        shown = [(draft, daemon.campaigns.life(draft)) for draft in self._drafts]
        under_way = [
            self._campaign(draft, life, why, now) for draft, (life, why) in shown if life not in _OVER
        ]
        ended = [self._campaign(draft, life, why, now) for draft, (life, why) in shown if life in _OVER]
        health = {
            "troubles": daemon.troubles(),
            "halted": sorted(daemon.halted),
            "ready": daemon.ready,
            "version": __version__,
        }
        operators = [operator_of(lane) for lane in daemon.engine.statistics()]
        found: dict[str, Any] = {
            "health": health,
            "operators": operators,
            "campaigns": under_way,
            "ended": ended[:ENDED_MOST],
            "messages": self._messages(),
            "webhooks": [hook_of(each) for each in daemon.hooks.statistics()],
            "clock": {"at": iso(now)},
        }
        return {name: _json(section) for name, section in found.items()}

    def _campaign(self, draft: Draft, life: Life, why: str, now: float) -> dict[str, Any]:
        campaign, facts = self._daemon.engine.campaigns.get(draft.name), draft.facts
        count = facts.get("count")
        account = facts.get("account") if campaign is None else account_of(campaign.account())
        return {
            "name": draft.name,
            "state": life,
            "reason": why,
            "created": iso(draft.created),
            "author": facts.get("author"),
            "approved": facts.get("approved"),
            "tested": facts.get("tested"),
            "actions": sorted(ALLOWED[life]),
            "needs_approval": self._daemon.campaigns.needs_approval(draft),
            "total": None if count is None else sum(count["recipients"].values()),
            "account": account,
            "operators": {} if campaign is None else _parts(campaign, count),
            "ends": iso(self._ends(draft, campaign, life, now)),
        }

    def _ends(self, draft: Draft, campaign: Campaign | None, life: Life, now: float) -> float | None:
        """When the last message will be sent, by the plan and by what the lanes were measured to bear."""
        count = draft.facts.get("count")
        if campaign is None or count is None or life not in _SENDING:
            return None
        lanes = self._daemon.engine.lanes
        parts = campaign.by_operator()
        done = {name: _gone(part) for name, part in parts.items()}
        measured = {}
        for name, recipients in done.items():
            pace = self._paces.setdefault((draft.name, name), _Pace())
            each = count["segments"].get(name, 0) / (count["recipients"].get(name) or 1)
            measured[name] = pace.per_s(recipients, now) * each
        plan = Plan.model_validate(draft.body.get("plan") or {})
        settings = {name: lane.settings for name, lane in lanes.items()}
        known = {name: number for name, number in count["recipients"].items() if name in settings}
        counted = Count(**{**count, "recipients": known})
        return when(plan, settings, counted, now, done=done, measured=measured).ends

    def _messages(self) -> dict[str, int]:
        """Single messages of the hours that are in memory, all in one."""
        names = ("fed", "accepted", "delivered", "in_flight", "not_sent", "rejected", "unknown")
        sums = dict.fromkeys(names, 0)
        for campaign in self._daemon.engine.campaigns.values():
            if self._daemon.messages.owns(campaign.name):
                account = campaign.account()
                for name in names:
                    sums[name] += getattr(account, name)
        return sums


class _Pace:
    """Recipients a second of one operator's part of a campaign."""

    def __init__(self) -> None:
        self._gone, self._at, self._per_s = 0, 0.0, 0.0

    def per_s(self, gone: int, now: float) -> float:
        """0 while nothing was measured."""
        if not self._at:
            self._gone, self._at = gone, now
        elif now - self._at >= MEASURED_S:
            # A pause measures nothing: the plan tells how long it takes.
            if fresh := (gone - self._gone) / (now - self._at):
                self._per_s = (self._per_s + fresh) / 2 if self._per_s else fresh
            self._gone, self._at = gone, now
        return self._per_s


def _gone(account: Account) -> int:
    """Recipients whose message was sent and answered."""
    return account.fed - account.not_sent - account.in_flight


def _parts(campaign: Campaign, count: Mapping[str, Any] | None) -> dict[str, Any]:
    """Each operator's part: its account, and where it stands in its plan."""
    progress, accounts = campaign.progress(), campaign.by_operator()
    totals = {} if count is None else count["recipients"]
    return {
        name: {
            "total": totals.get(name),
            "account": None if name not in accounts else _counts(accounts[name]),
            "progress": None
            if name not in progress
            else {**asdict(progress[name]), "until": iso(progress[name].until)},
        }
        for name in sorted({*progress, *accounts, *totals})
    }


def _counts(account: Account) -> dict[str, int]:
    return {name: value for name, value in asdict(account).items() if isinstance(value, int)}


def _json(section: Any) -> bytes:
    return json.dumps(section, ensure_ascii=False, separators=(",", ":")).encode()
