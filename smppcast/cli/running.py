"""A campaign run to its end, or to the user's: engine, progress, signals and exit code together."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio

from smppcast.campaign.campaign import Campaign
from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.cli.commands import ExitCode
from smppcast.cli.progress import show_progress
from smppcast.cli.signals import Interrupt, interruptible
from smppcast.errors import SmppcastError
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import CampaignState
from smppcast.report.account import as_json, as_text

__all__ = ["Begin", "Casting", "ended"]

WATCH_S = 0.2

Begin = Callable[[Engine], Awaitable[Campaign]]


@dataclass(frozen=True, slots=True)
class Casting:
    """How campaigns are cast from the command line.

    Args:
        as_json: the account as one JSON line instead of a table.
        resumable: whether the same command would go on with the same ledger.
        durability: of the ledger, see `SqliteStore`.
    """

    settings: EngineSettings
    ledger: Path
    as_json: bool = False
    resumable: bool = True
    durability: Literal["full", "relaxed"] = "full"

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        """The ledger, for writing.

        Raises:
            LedgerError: it cannot be had; LedgerBusy: another process has it.
        """
        store = SqliteStore(self.ledger, durability=self.durability)
        try:
            yield store
        finally:
            store.close()

    async def account(self, store: SqliteStore, begin: Begin) -> ExitCode:
        """Runs a campaign, and prints its account.

        Raises:
            SmppcastError: as `run`.
        """
        campaign = await self.run(store, begin)
        if campaign is not None:
            self.print(campaign)
        return ended(campaign)

    async def run(self, store: SqliteStore, begin: Begin) -> Campaign | None:
        """Runs what `begin` gives until the campaign's end or the user's; None where the user's came
        first of all.

        Raises:
            SmppcastError: as `begin` and `Campaign.wait`.
        """
        campaign: Campaign | None = None
        async with interruptible() as interrupt, Engine.open(self.settings, store) as engine:
            campaign = await begin(engine)
            if campaign.ended:
                print(f"campaign {campaign.name} was finished before: nothing was sent", file=sys.stderr)
            await _to_its_end(engine, campaign, interrupt)
        return campaign

    def print(self, campaign: Campaign) -> None:
        """The account, as it is once nothing is in flight any more."""
        account = campaign.account()
        if self.as_json:
            print(as_json(account), flush=True)
        else:
            print(as_text(account, campaign.by_operator()), flush=True)
        if account.invalid:
            rejects = self.settings.rejects / f"{campaign.name}.rejects.csv"
            print(f"rows without a message, and why: {rejects}", file=sys.stderr)
        if self.resumable and campaign.state is not CampaignState.FINISHED:
            print("stopped before the end: the same command resumes", file=sys.stderr)


def ended(campaign: Campaign | None) -> ExitCode:
    """What the process says of a campaign that is not in work any more."""
    finished = campaign is not None and campaign.state is CampaignState.FINISHED
    return ExitCode.FINISHED if finished else ExitCode.STOPPED


async def _to_its_end(engine: Engine, campaign: Campaign, interrupt: Interrupt) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_drain_when_asked, engine, interrupt)
        tasks.start_soon(show_progress, engine, campaign, interrupt.asked)
        tasks.start_soon(_watch_refusals, engine, campaign)
        try:
            await campaign.wait()
        finally:
            tasks.cancel_scope.cancel()


async def _drain_when_asked(engine: Engine, interrupt: Interrupt) -> None:
    await interrupt.asked.wait()
    print("stopping: waiting for answers; another Ctrl-C stops at once", file=sys.stderr, flush=True)
    await engine.drain()


async def _watch_refusals(engine: Engine, campaign: Campaign) -> None:
    """Fails a campaign that waits for nothing but operators which refuse our credentials."""
    while True:
        await anyio.sleep(WATCH_S)
        refused = {name: lane.refused for name, lane in engine.lanes.items()}
        if not any(refused.values()):
            continue
        needed = set(engine.lanes)
        if campaign.taken_in:
            parts = campaign.by_operator()
            needed = {name for name, part in parts.items() if part.not_sent + part.in_flight}
        if needed and all(refused[name] for name in needed):
            whys = (f"{name}: {refused[name]}" for name in sorted(needed))
            campaign.fail(SmppcastError(f"{'; '.join(whys)}: check system_id and password"))
            return
