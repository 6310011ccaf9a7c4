"""Campaigns as people make, approve and run them: drafts here, what is sent in the engine."""

from __future__ import annotations

import time
from array import array
from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from anyio import to_thread
from anyio.abc import TaskGroup

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.conductor import Progress, Stage
from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.plan import Plan
from smppcast.campaign.preflight import Count, count_feed, preview, when, wordings_of
from smppcast.campaign.timetable import Timetable
from smppcast.daemon.feeds import Lists, Shelves
from smppcast.daemon.life import Action, Life, NotNow, of_engine, require
from smppcast.daemon.models import iso, options_of
from smppcast.daemon.problems import Problem
from smppcast.daemon.store import DaemonStore, Draft
from smppcast.daemon.tokens import Person
from smppcast.errors import SmppcastError
from smppcast.feed import Suppression, Template, read_list
from smppcast.ledger.board import replay
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account, CampaignState

__all__ = ["Campaigns"]

log = structlog.get_logger("smppcast.daemon")

# Campaigns that have ended and are kept in memory, with their account up to the last receipt.
KEPT = 20


class Campaigns:
    """All that may be done to campaigns.

    Args:
        ledger: the file, for accounts of campaigns that are not in memory.
        approval_above: recipients above which a test and someone else's approval are needed.
        opt_out: the list that holds for all campaigns, where it is there.
    """

    def __init__(
        self,
        engine: Engine,
        store: DaemonStore,
        shelves: Shelves,
        lists: Lists,
        tasks: TaskGroup,
        *,
        ledger: Path,
        approval_above: int,
        opt_out: str = "opt-out",
    ) -> None:
        self._engine, self._store, self._shelves, self._lists = engine, store, shelves, lists
        self._tasks, self._ledger = tasks, ledger
        self.approval_above = approval_above
        self.opt_out = opt_out
        self._casting, self._suppressed = 0, array("q")
        self._counting: set[str] = set()

    # --- what there is ---

    def life(self, draft: Draft) -> tuple[Life, str]:
        """Where it stands, and why, where it is paused."""
        if draft.state != "started":
            return Life(draft.state), ""
        campaign = self._engine.campaigns.get(draft.name)
        if campaign is None:
            ended = draft.facts.get("ended")
            reason = str(draft.facts.get("error", ""))
            return (Life(ended), "") if ended else (Life.PAUSED, reason)
        life = of_engine(campaign.state)
        plan = self._plan(draft)
        if life is Life.RUNNING and plan.not_before and time.time() < plan.not_before.timestamp():
            return Life.SCHEDULED, ""
        why = campaign.pause_reason or (str(campaign.error) if campaign.error else "")
        return life, why or (_waits_for(campaign.progress().values()) if life is Life.RUNNING else "")

    def draft(self, name: str) -> Draft:
        """Raises Problem where there is none of that name."""
        draft = self._store.draft(name)
        if draft is None:
            raise Problem(404, f"there is no campaign {name}", field="name")
        return draft

    def all(self) -> list[dict[str, Any]]:
        """The newest first, in short."""
        return [self._short(draft) for draft in self._store.drafts()]

    def _short(self, draft: Draft) -> dict[str, Any]:
        life, reason = self.life(draft)
        shown: dict[str, Any] = {
            "name": draft.name,
            "state": life,
            "reason": reason,
            "created": iso(draft.created),
            "author": draft.facts.get("author"),
        }
        campaign = self._engine.campaigns.get(draft.name)
        if campaign is not None:
            shown["account"] = brief(campaign.account())
        return shown

    def show(self, name: str) -> dict[str, Any]:
        """All that is known of one, but its outcomes."""
        draft = self.draft(name)
        campaign = self._engine.campaigns.get(name)
        facts = {key: value for key, value in draft.facts.items() if key not in ("author", "ended", "error")}
        return {
            **self._short(draft),
            **{key: value for key, value in draft.body.items() if key != "name"},
            **facts,
            "counting": name in self._counting,
            "needs_approval": self.needs_approval(draft),
            "progress": {}
            if campaign is None
            else {
                operator: {**asdict(part), "until": iso(part.until)}
                for operator, part in campaign.progress().items()
            },
        }

    async def account(self, name: str) -> dict[str, Any]:
        """The account, whole and by operator; of one that is not in memory, from the ledger."""
        draft = self.draft(name)
        campaign = self._engine.campaigns.get(name)
        if campaign is not None:
            whole, parts = campaign.account(), campaign.by_operator()
        else:
            found = await to_thread.run_sync(partial(_from_ledger, self._ledger, name))
            if found is None:
                raise Problem(409, f"campaign {name} was not started: it has no account yet")
            whole, parts = found
        life, _ = self.life(draft)
        operators = {operator: account_of(part) for operator, part in parts.items()}
        return {**account_of(whole), "state": life, "operators": operators}

    # --- drafts ---

    def create(self, body: dict[str, Any], person: Person) -> dict[str, Any]:
        """A draft; its feed is counted meanwhile.

        Raises:
            Problem: the name is taken.
            SmppcastError: the feed is not there, or the text no text.
        """
        name = body["name"]
        path, options, template = self._checked(body)
        facts = {"author": person.name}
        draft = Draft(name, time.time(), person.token, body, Life.DRAFT.value, facts)
        if name in self._engine.campaigns or not self._store.add_draft(draft):
            raise Problem(409, f"there is a campaign {name} already", field="name")
        self._store.tell(name, "created", by=person.name)
        self._counting.add(name)
        self._tasks.start_soon(self._count, name, path, options, template)
        return self.show(name)

    def edit(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Changes a draft; what was counted, tested and approved of it is so no more."""
        draft = self.draft(name)
        require(name, self.life(draft)[0], Action.EDIT)
        body = {**draft.body, **changes}
        path, options, template = self._checked(body)
        self._store.set_draft(name, state=Life.DRAFT.value, body=body)
        self._store.note(name, count=None, approved=None, tested=None)
        self._counting.add(name)
        self._tasks.start_soon(self._count, name, path, options, template)
        return self.show(name)

    def _checked(self, body: Mapping[str, Any]) -> tuple[Path, CampaignOptions, Template]:
        """That a draft can be cast, as far as that can be told at once."""
        path = self._shelves.find(body["feed"])
        template = Template(body["text"])
        options = self._options(body)
        strangers = options.plan.operators.keys() - self._engine.lanes.keys()
        if strangers:
            raise Problem(422, f"{min(strangers)} is no operator", field=f"plan.operators.{min(strangers)}")
        for wording in self._wordings(options).values():
            wording.parts(template.plain or "")
        return path, options, template

    def _options(self, body: Mapping[str, Any]) -> CampaignOptions:
        names = list(body.get("suppress") or ())
        for name in names:
            if name not in self._lists.names():
                raise Problem(422, f"there is no suppression list {name}", field="suppress")
        lists = [self._lists.filled(name) for name in dict.fromkeys((*names, self.opt_out))]
        return options_of(dict(body), self._engine.settings.options, tuple(filter(None, lists)))

    def _wordings(self, options: CampaignOptions) -> dict[str, Any]:
        operators = {name: lane.settings for name, lane in self._engine.lanes.items()}
        return wordings_of(operators, options, time.time())

    def _plan(self, draft: Draft) -> Plan:
        said = draft.body.get("plan")
        return Plan() if said is None else Plan.model_validate(said)

    async def _count(self, name: str, path: Path, options: CampaignOptions, template: Template) -> None:
        try:
            as_counted = _print_of(path)
            suppression = Suppression()
            for each in options.suppress:
                await read_list(suppression, each, self._engine.settings.country)
            operators = {lane: each.settings for lane, each in self._engine.lanes.items()}
            count = await count_feed(
                path,
                template,
                self._wordings(options),
                operators,
                country=self._engine.settings.country,
                suppression=suppression,
            )
            self._store.note(name, count=asdict(count), count_error=None, feed_print=as_counted)
        except SmppcastError as error:
            self._store.note(name, count=None, count_error=str(error))
        finally:
            self._counting.discard(name)

    def preview(self, name: str) -> dict[str, Any]:
        """The text at each operator."""
        return self.preview_of(self.draft(name).body)

    def preview_of(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a campaign that is still being written."""
        return preview(body["text"], self._wordings(self._options(body)))

    def timetable(self, name: str) -> Timetable:
        """When it would be sent, if it were started now.

        Raises:
            NotNow: its feed is not counted yet.
        """
        draft = self.draft(name)
        operators = {lane: each.settings for lane, each in self._engine.lanes.items()}
        return when(self._plan(draft), operators, self._counted(draft), time.time())

    def _counted(self, draft: Draft) -> Count:
        kept = draft.facts.get("count")
        if kept is None:
            why = draft.facts.get("count_error") or "its feed is being counted"
            raise NotNow(f"campaign {draft.name}: {why}")
        # Else who made it could put another feed in the place of the one that someone approved.
        before = draft.facts.get("feed_print")
        if draft.state != "started" and _print_of(self._shelves.find(draft.body["feed"])) != before:
            raise NotNow(f"campaign {draft.name}: its feed was changed since it was counted: edit it anew")
        return Count(**kept)

    def preflight(self, name: str) -> dict[str, Any]:
        """What stands in the way of a start, and what should be looked at before."""
        draft = self.draft(name)
        checks: list[dict[str, Any]] = []

        def check(what: str, good: bool, detail: str) -> None:
            checks.append({"check": what, "good": good, "detail": detail})

        try:
            count = self._counted(draft)
        except NotNow as error:
            check("feed", False, str(error))
            return {"good": False, "checks": checks}
        check("feed", count.total > 0, f"{count.rows:,} rows, {count.total:,} recipients")
        for operator in count.recipients:
            lane = self._engine.lanes.get(operator)
            bound = lane is not None and lane.sending
            state = "is not configured" if lane is None else str(lane.state)
            check(f"operator {operator}", bound, "binds are up" if bound else state)
        table = self.timetable(name)
        late = f"{table.left:,} recipients would get no message before not_after" if table.left else "in time"
        check("time", not table.left, late)
        plan = self._plan(draft)
        over = plan.over_at(time.time())
        check("expiry", not over, "not_after has passed" if over else "may be sent")
        if self.needs_approval(draft):
            above = f"needed above {self.approval_above:,} recipients"
            check("test cast", bool(draft.facts.get("tested")), above)
            check("approval", draft.state == Life.APPROVED, above)
        basis = draft.body.get("lawful_basis")
        check("lawful basis", bool(basis), basis or "none is told")
        needed = [each for each in checks if each["check"] != "lawful basis"]
        return {"good": all(each["good"] for each in needed), "checks": checks, "samples": count.samples}

    def needs_approval(self, draft: Draft) -> bool:
        """Whether somebody else than its author has to approve it, as far as its feed is counted."""
        count = draft.facts.get("count")
        return count is None or sum(count["recipients"].values()) > self.approval_above

    # --- actions ---

    async def act(self, name: str, action: Action, person: Person) -> dict[str, Any]:
        """Does it.

        Raises:
            NotNow, Problem: it may not be done now, or not by this person.
            SmppcastError: it cannot be done.
        """
        draft = self.draft(name)
        life, _ = self.life(draft)
        require(name, life, action)
        match action:
            case Action.TEST:
                return await self._test(draft, person)
            case Action.APPROVE:
                self._approve(draft, person)
            case Action.START:
                await self._start(draft, person)
            case Action.RECALL:
                self._store.note(name, recall={"begun": iso(time.time()), "by": person.name})
                self._store.tell(name, "recalled", by=person.name)
                self._tasks.start_soon(self._recall, name)
            case Action.CANCEL if draft.state != "started":
                self._store.set_draft(name, state=Life.CANCELLED.value)
                self._store.tell(name, "cancelled", by=person.name)
            case Action.CANCEL if self._lost(name):
                self._store.note(name, ended=Life.CANCELLED.value, error=None)
                self._store.tell(name, "cancelled", by=person.name)
            case Action.RESUME if self._lost(name):
                await self._cast(draft, paused=False)
                self._store.tell(name, "resumed", by=person.name)
            case _:
                campaign = self._campaign(name)
                {"pause": campaign.pause, "resume": campaign.resume, "cancel": campaign.cancel}[action]()
                if action is Action.CANCEL:  # told at its end, with the account
                    self._store.note(name, cancelled={"by": person.name, "at": iso(time.time())})
                else:
                    event = "paused" if action is Action.PAUSE else "resumed"
                    self._store.tell(name, event, reason=campaign.pause_reason, by=person.name)
        return self.show(name)

    async def _recall(self, name: str) -> None:
        """Takes as long as the SMSCs do: a campaign of millions is recalled for hours."""
        try:
            found = await self._engine.recall(name)
            self._store.note(name, recall={"ended": iso(time.time()), **asdict(found)})
        except SmppcastError as error:
            self._store.note(name, recall={"ended": iso(time.time()), "error": str(error)})

    def _lost(self, name: str) -> bool:
        """Started, and not in work: it failed, or was not taken up again."""
        campaign = self._engine.campaigns.get(name)
        return campaign is None or campaign.ended

    def _campaign(self, name: str) -> Campaign:
        campaign = self._engine.campaigns.get(name)
        if campaign is None:
            raise NotNow(f"campaign {name} is not in work: resume it first")
        return campaign

    async def _test(self, draft: Draft, person: Person) -> dict[str, Any]:
        """Casts the text to the test numbers, and waits for none of their receipts."""
        numbers = draft.body.get("test_numbers")
        if not numbers:
            raise Problem(422, "the campaign names no test_numbers", field="test_numbers")
        number = 1 + int(draft.facts.get("tests", 0))
        name = f"{draft.name}.test{number}"
        plain = Template(draft.body["text"])
        cells = dict.fromkeys(plain.columns, "…")
        options = self._options({**draft.body, "plan": None, "priority": "urgent"})
        feed = [{"msisdn": each, **cells} for each in numbers]
        await self._engine.cast(draft.body["text"], feed, name=name, options=options)
        self._store.note(
            draft.name, tested={"by": person.name, "at": iso(time.time()), "as": name}, tests=number
        )
        return self.show(draft.name)

    def _approve(self, draft: Draft, person: Person) -> None:
        if person.token == draft.author or person.name == draft.facts.get("author"):
            raise Problem(403, "nobody approves a campaign of their own")
        if self._plan(draft).over_at(time.time()):
            raise NotNow(f"campaign {draft.name}: not_after has passed")
        self._counted(draft)
        if self.needs_approval(draft) and not draft.facts.get("tested"):
            raise NotNow(f"campaign {draft.name} needs a test cast before it is approved")
        self._store.set_draft(draft.name, state=Life.APPROVED.value)
        self._store.note(draft.name, approved={"by": person.name, "at": iso(time.time())})
        self._store.tell(draft.name, "approved", by=person.name)

    async def _start(self, draft: Draft, person: Person) -> None:
        self._counted(draft)
        if draft.state != Life.APPROVED and self.needs_approval(draft):
            raise NotNow(
                f"campaign {draft.name} goes to more than {self.approval_above:,} recipients: "
                "it needs approval by someone else than its author"
            )
        if self._plan(draft).over_at(time.time()):
            raise NotNow(f"campaign {draft.name}: not_after has passed")
        # What is started is in the books before anything leaves: a crash here is taken up again.
        self._store.set_draft(draft.name, state="started")
        self._store.note(draft.name, started={"by": person.name, "at": iso(time.time())})
        self._store.tell(draft.name, "started", by=person.name)
        try:
            await self._cast(draft, paused=False)
        except SmppcastError as error:
            self._store.note(draft.name, error=str(error))
            self._store.tell(draft.name, "failed", reason=str(error))
            raise

    async def _cast(self, draft: Draft, *, paused: bool) -> None:
        path, options, template = self._checked(draft.body)
        kept = {"author": draft.facts.get("author"), "lawful_basis": draft.body.get("lawful_basis")}
        self._casting += 1
        try:
            campaign = await self._engine.cast(
                template.text, path, name=draft.name, options=options, kept=kept, paused=paused
            )
            # Who opted out after its lists were read, and before it could be told.
            campaign.suppress(self._suppressed)
        finally:
            self._casting -= 1
            if not self._casting:
                self._suppressed = array("q")
        self._store.note(draft.name, error=None, ended=None)
        campaign.on_short = partial(self._fell_short, campaign.name)
        self._tasks.start_soon(self._follow, campaign)

    def suppress(self, numbers: array[int]) -> None:
        """Who opted out gets nothing of campaigns that run, where their row is not taken in yet."""
        for campaign in self._engine.campaigns.values():
            if not campaign.ended:
                campaign.suppress(numbers)
        if self._casting:
            self._suppressed.extend(numbers)

    def _fell_short(self, name: str, reason: str) -> None:
        self._store.tell(name, "paused", reason=reason)

    async def _follow(self, campaign: Campaign) -> None:
        """Keeps what came of it, once it has ended."""
        await campaign.over()
        life = of_engine(campaign.state)
        if life in (Life.FINISHED, Life.CANCELLED):
            account = account_of(campaign.account())
            self._store.note(campaign.name, ended=life.value, account=account)
            self._tell_end(campaign.name, life.value)
        elif campaign.error is not None:
            log.error("campaign_failed", name=campaign.name, error=str(campaign.error))
            self._store.note(campaign.name, error=str(campaign.error))
            self._store.tell(campaign.name, "failed", reason=str(campaign.error))
        ended = [each.name for each in self._engine.campaigns.values() if each.ended]
        for name in ended[:-KEPT]:
            self._engine.forget(name)

    def _tell_end(self, name: str, event: str) -> None:
        facts = self.draft(name).facts
        by = (facts.get("cancelled") or {}).get("by") if event == Life.CANCELLED else None
        self._store.tell(name, event, by=by, account=facts.get("account"))

    def _tell_missing(self) -> None:
        """A crash came between what became of a campaign and its event: it is told now."""
        told = self._store.last_events()
        for draft in self._store.drafts():
            last, ended = told.get(draft.name), draft.facts.get("ended")
            if draft.state == "started":
                if ended and last != ended:
                    self._tell_end(draft.name, str(ended))
                elif not ended and last not in ("started", "paused", "resumed", "failed"):
                    self._store.tell(draft.name, "started", by=(draft.facts.get("started") or {}).get("by"))
                continue
            event = "created" if draft.state == Life.DRAFT else draft.state
            by = (draft.facts.get("approved") or {}).get("by") if event == Life.APPROVED else None
            # A draft that was edited once it was approved is told so by nothing: it is as it was made.
            if last != event and not (event == "created" and last == "approved"):
                self._store.tell(draft.name, event, by=by)

    async def take_up(self) -> None:
        """After a start: goes on with what ran, and leaves paused what was."""
        self._tell_missing()
        told = self._store.last_events()
        for draft in reversed(self._store.drafts()):
            if draft.state != "started" or draft.facts.get("ended"):
                continue
            try:
                state = await self._engine.state_of(draft.name)
                if state is CampaignState.CANCELLED:  # it ended while it drained
                    await self._end_cancelled(draft.name)
                    continue
                paused = state is CampaignState.PAUSED
                await self._cast(draft, paused=paused)
                self._tell_state(draft.name, told.get(draft.name), paused=paused)
            except (SmppcastError, Problem) as error:
                log.critical("campaign_not_resumed", name=draft.name, error=str(error))
                self._store.note(draft.name, error=str(error))
                if told.get(draft.name) != "failed":
                    self._store.tell(draft.name, "failed", reason=str(error))

    async def _end_cancelled(self, name: str) -> None:
        found = await to_thread.run_sync(partial(_from_ledger, self._ledger, name))
        account = None if found is None else account_of(found[0])
        self._store.note(name, ended=Life.CANCELLED.value, account=account, error=None)
        self._tell_end(name, Life.CANCELLED.value)

    def _tell_state(self, name: str, last: str | None, *, paused: bool) -> None:
        """What a campaign that goes on is, where its last event says something else."""
        if paused and last != "paused":
            self._store.tell(name, "paused")
        elif not paused and last not in ("started", "resumed"):
            self._store.tell(name, "resumed")


def _print_of(path: Path) -> list[int]:
    """What tells one state of a file from another, without reading it."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _waits_for(parts: Collection[Progress]) -> str:
    """Why a running campaign sends nothing at the moment; "" where one of its operators is sent to."""
    if not parts or any(part.stage is Stage.SENDING for part in parts):
        return ""
    first = min(parts, key=lambda part: part.until or float("inf"))
    return f"{first.stage} until {iso(first.until)}" if first.until else str(first.stage)


def brief(account: Account) -> dict[str, int]:
    """What a list shows of an account."""
    ends = ("delivered", "undelivered", "expired", "rejected", "unknown")
    return {name: getattr(account, name) for name in ("fed", "not_sent", "in_flight", "accepted", *ends)}


def account_of(account: Account) -> dict[str, Any]:
    """An account as JSON has it."""
    return {**asdict(account), "closes": account.closes}


def _from_ledger(ledger: Path, name: str) -> tuple[Account, dict[str, Account]] | None:
    store = SqliteStore(ledger, read_only=True)
    try:
        record = store.campaign(name)
        if record is None:
            return None
        boards = replay(store, record)
        return boards.account(), boards.by_operator()
    finally:
        store.close()
