"""The daemon's middle: one engine, what people keep beside it, and the watch over disk and hours."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread

from smppcast.campaign.engine import Engine
from smppcast.config import Settings, load
from smppcast.config.engine import engine_settings
from smppcast.config.hooks import KeywordSettings
from smppcast.daemon.campaigns import Campaigns
from smppcast.daemon.feeds import Lists, Shelves
from smppcast.daemon.live import History
from smppcast.daemon.messages import Messages
from smppcast.daemon.metrics import Metrics
from smppcast.daemon.opting import Opting, Parts
from smppcast.daemon.places import data_folder
from smppcast.daemon.reader import Reader
from smppcast.daemon.reports import Reports
from smppcast.daemon.sessions import Sessions
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.webhooks.hooks import Hooks, hook_of
from smppcast.errors import CampaignError
from smppcast.ledger.sqlite import SqliteStore
from smppcast.net.clock import wall
from smppcast.operators.statistics import LaneState

__all__ = ["Daemon", "operator_of"]

log = structlog.get_logger("smppcast.daemon")

WATCH_S = 2.0
# Answers to requests with a key are kept so long.
ANSWERS_S = 7 * 86_400.0
# Free again by so much more than the bound, before sending goes on.
FREE_AGAIN = 1.2


class Daemon:
    """What the HTTP API works on; use `Daemon.open`.

    Attributes:
        halted: why nothing is sent at all; empty while all is well.
        held: the operators that a person paused or drained.
    """

    def __init__(
        self, config: Path, settings: Settings, engine: Engine, store: DaemonStore, tasks: anyio.abc.TaskGroup
    ) -> None:
        self.config, self.settings, self.engine, self.store = config, settings, engine, store
        self._tasks = tasks
        folder = data_folder(settings)
        self.shelves = Shelves(folder / "uploads", settings.daemon.feeds)
        self.lists = Lists(folder / "suppression", settings.country)
        self.halted: set[str] = set()
        self.held: set[str] = set()
        self.ledger = settings.ledger
        self.campaigns = Campaigns(
            engine,
            store,
            self.shelves,
            self.lists,
            tasks,
            ledger=settings.ledger,
            approval_above=settings.daemon.approval_above,
            opt_out=_opt_out(settings),
        )
        self.messages = Messages(engine, self.lists, settings.ledger)
        self.reader = Reader(settings.ledger, self._busy)
        self.hooks = Hooks(self.reader, store, tasks)
        self.opting = Opting(
            settings.daemon.keywords,
            Parts(self.reader, store, self.lists, self.messages, self.campaigns),
        )
        self.metrics = Metrics(engine, settings.ledger, self.hooks.statistics, lambda: self.opting.counts)
        self.sessions = Sessions(store)
        self.reports = Reports(folder / "reports", config)
        self.history = History(engine.statistics)
        self.ready = False

    @classmethod
    @asynccontextmanager
    async def open(cls, config: Path) -> AsyncIterator[Daemon]:
        """Opens ledger, lanes and store, and goes on with what ran; drains on leaving, within its bound.

        Raises:
            ConfigError: the file is wrong.
            LedgerError: ledger or store cannot be had.
        """
        settings = load(config)
        ledger = SqliteStore(settings.ledger, durability=settings.durability)
        try:
            store = DaemonStore(data_folder(settings))
            try:
                async with (
                    Engine.open(engine_settings(settings), ledger, drain_s=settings.daemon.drain) as engine,
                    anyio.create_task_group() as tasks,
                ):
                    daemon = cls(config, settings, engine, store, tasks)
                    tasks.start_soon(daemon.watch)
                    tasks.start_soon(daemon.hooks.watch)
                    tasks.start_soon(daemon.history.run)
                    try:
                        await daemon.take_up()
                        yield daemon
                    finally:
                        daemon.ready = False
                        await daemon.hooks.close()
                        await daemon.opting.close()
                        await daemon.reader.close()
                        tasks.cancel_scope.cancel()
            finally:
                store.close()
        finally:
            ledger.close()

    async def take_up(self) -> None:
        """Goes on with what earlier runs left; what a person stopped stays so."""
        self.halted.update(self.store.standing("halted") or ())
        self.held.update(self.store.standing("held") or ())
        if self.halted:
            self.engine.halt()
        for name in self.held & self.engine.lanes.keys():
            self.engine.lanes[name].hold()
        await self.messages.load_lists()
        await self.messages.take_up()
        await self.campaigns.take_up()
        await self.hooks.apply(self.settings.daemon.webhooks)
        await self.opting.apply(self.settings.daemon.keywords)
        self._tasks.start_soon(self.opting.run)
        self.ready = True

    def _busy(self) -> bool:
        """Whether the lanes work: what else needs the interpreter then waits."""
        return self.engine.backlog > 0 or any(lane.in_flight for lane in self.engine.lanes.values())

    # --- all lanes ---

    def stop(self, why: str) -> None:
        """Nothing is sent from here on, until `release` for the same reason."""
        self.halted.add(why)
        self.engine.halt()
        self.store.keep("halted", sorted(self.halted))
        log.warning("halted", why=why)

    def release(self, why: str) -> None:
        """Goes on, unless something else stands in the way."""
        self.halted.discard(why)
        self.store.keep("halted", sorted(self.halted))
        if not self.halted:
            for name, lane in self.engine.lanes.items():
                if name not in self.held:
                    lane.release()
            log.warning("released", why=why)

    async def operate(self, name: str, action: str) -> None:
        """Pauses, drains or resumes one operator; a restart leaves it so.

        Raises:
            CampaignError: all are halted, and it is to be resumed.
        """
        if action == "resume":
            if self.halted:
                why = ", ".join(sorted(self.halted))
                raise CampaignError(f"all operators are halted ({why}): release them first")
            self.held.discard(name)
            self.engine.lanes[name].release()
        else:
            self.held.add(name)
            self.engine.lanes[name].hold()
        self.store.keep("held", sorted(self.held))
        if action == "drain":
            await self.engine.lanes[name].drain()

    async def watch(self) -> None:
        """Looks after disk and memory, until cancelled."""
        while True:
            self._look_at_disk()
            self.messages.forget_ended()
            await to_thread.run_sync(self.store.forget_answers, wall() - ANSWERS_S)
            await anyio.sleep(WATCH_S)

    def _look_at_disk(self) -> None:
        """A ledger that fails for want of room ends all; a pause ends nothing."""
        free, least = shutil.disk_usage(self.ledger.parent).free, self.settings.daemon.disk_free
        if free < least and "disk" not in self.halted:
            log.critical("disk_nearly_full", free=free, least=least)
            self.stop("disk")
        elif free >= least * FREE_AGAIN and "disk" in self.halted:
            self.release("disk")

    # --- configuration ---

    async def reload(self) -> list[str]:
        """Applies the file as it is now; returns what of it could not be.

        Raises:
            ConfigError: the file is wrong; nothing is changed.
        """
        settings = load(self.config)
        problems = await self.engine.reload(engine_settings(settings))
        problems += [
            f"{name}: takes effect at the next start"
            for name in ("ledger", "durability")
            if getattr(settings, name) != getattr(self.settings, name)
        ]
        self.settings = settings
        self.campaigns.approval_above = settings.daemon.approval_above
        await self.messages.load_lists()
        await self.hooks.apply(settings.daemon.webhooks)
        self.campaigns.opt_out = _opt_out(settings)
        await self.opting.apply(settings.daemon.keywords)
        log.info("reloaded", problems=problems)
        return problems

    # --- how it is ---

    def troubles(self) -> list[str]:
        """What keeps messages from being sent, a sentence each."""
        found = [f"halted: {why}" for why in sorted(self.halted)]
        if self.engine.failed is not None:
            found.append(f"ledger: {self.engine.failed}")
        if not self.ready:
            found.append("starting")
        found += [f"operator {name} is held by a person" for name in sorted(self.held)]
        down = (LaneState.DOWN, LaneState.REFUSED)
        found += [
            f"operator {name} is {lane.state}"
            for name, lane in self.engine.lanes.items()
            if lane.state in down
        ]
        if self.opting.problem:
            found.append(f"keywords: {self.opting.problem}")
        return found + self.hooks.troubles()

    def status(self) -> dict[str, Any]:
        """What `smppcast status` shows."""
        return {
            "troubles": self.troubles(),
            "halted": sorted(self.halted),
            "operators": [operator_of(lane.statistics()) for lane in self.engine.lanes.values()],
            "campaigns": self.campaigns.all()[:50],
            "keywords": dict(self.opting.counts),
            "webhooks": [hook_of(each) for each in self.hooks.statistics()],
        }


def _opt_out(settings: Settings) -> str:
    keywords = settings.daemon.keywords or KeywordSettings()
    return keywords.list


def operator_of(lane: Any) -> dict[str, Any]:
    """An operator as JSON has it."""
    latencies = None if lane.latencies is None else lane.latencies._asdict()
    receipts = None if lane.receipt_latencies is None else lane.receipt_latencies._asdict()
    return {
        "name": lane.name,
        "state": lane.state,
        "pause": None if lane.pause is None else str(lane.pause),
        "binds": lane.binds,
        "bound": lane.bound,
        "window": lane.window,
        "in_flight": lane.in_flight,
        "rate_now": lane.rate_now,
        "rate_allowed": lane.rate,
        "quota_left": lane.quota_left,
        "sent": lane.sent,
        "accepted": lane.accepted,
        "refused": lane.refused,
        "throttled": lane.throttled,
        "lost": lane.lost,
        "receipts": lane.receipts,
        "receipts_matched": lane.matched,
        "inbound": lane.inbound,
        "reconnects": lane.reconnects,
        "latency_s": latencies,
        "receipt_latency_s": receipts,
        "last_error": lane.last_error,
    }
