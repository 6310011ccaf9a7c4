"""What the campaign's tests are made of: engines on simulated SMSCs, and stores that misbehave on purpose."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.campaign.options import CampaignOptions
from smppcast.errors import LedgerError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Fact
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.outcomes import OutcomeRow, outcomes
from smppcast.model import Account
from smppcast.net.clock import Clock, monotonic, wall
from smppcast.operators.lane import Lane
from smppcast.operators.settings import OperatorSettings
from smppcast.smsc import Smsc

PATIENCE_S = 30.0
TEXT = "Restez chez vous"
TWO_SEGMENTS = "Écoutez la radio, restez chez vous. " * 6
FIRST = 33_600_000_000


def numbers(count: int, first: int = FIRST) -> list[str]:
    return [str(first + at) for at in range(count)]


def operator(smsc: Smsc | str, **changes: Any) -> OperatorSettings:
    url = smsc if isinstance(smsc, str) else smsc.url
    return OperatorSettings.model_validate({"url": url, "prefixes": [""], **changes})


@asynccontextmanager
async def opened(
    folder: Path,
    store: Store,
    operators: OperatorSettings | Mapping[str, OperatorSettings],
    *,
    settle_s: float = PATIENCE_S,
    clock: Clock = monotonic,
    wall: Clock = wall,
) -> AsyncIterator[Engine]:
    """An engine that fails the test rather than hang; an operator alone is named orange."""
    lanes = {"orange": operators} if isinstance(operators, OperatorSettings) else operators
    settings = EngineSettings(lanes, settle_s=settle_s, rejects=folder)
    with anyio.fail_after(2 * PATIENCE_S):
        async with Engine.open(settings, store, clock=clock, wall=wall) as engine:
            yield engine


async def cast(engine: Engine, feed: Any, text: str = TEXT, name: str = "alert", **options: Any) -> Account:
    """Casts and waits; the account closes."""
    campaign = await engine.cast(text, feed, name=name, options=CampaignOptions(**options))
    return closed(await campaign.wait())


def closed(account: Account) -> Account:
    """The account, which closes: in recipients, and in PDUs of a campaign where nothing is in flight."""
    assert account.closes, account
    segments = account.segments
    answered = segments.accepted + segments.rejected + segments.throttled + segments.unknown
    assert segments.submitted == answered, account
    receipts = account.receipts
    assert receipts.received == receipts.matched + receipts.unmatched + receipts.repeated, account
    return account


async def until(holds: Callable[[], object]) -> None:
    """Lets the loop turn until it holds."""
    with anyio.fail_after(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what a peer or a thread does sets no event of ours
            await anyio.sleep(0.001)


async def until_submitted(smsc: Smsc, least: int) -> None:
    await until(lambda: smsc.account.submitted >= least)


async def until_full(smsc: Smsc, lane: Lane) -> None:
    """Waits until the windows are full and nothing is under way: a cut link loses answers alone then.

    What lies unread in the kernel's buffers is in flight at one end only.
    """
    await until(
        lambda: lane.in_flight == lane.window == sum(link.statistics().unanswered for link in smsc.links)
    )


def rows(store: Store, name: str = "alert") -> list[OutcomeRow]:
    """What became of each recipient of a campaign, as the ledger alone tells it."""
    record = store.campaign(name)
    assert record is not None
    return list(outcomes(store, record.id))


def doubled(smsc: Smsc) -> set[int]:
    """Destinations that the SMSC took more than once."""
    return {int(number) for number, count in smsc.account.destinations(accepted=True).items() if count > 1}


def first_attempts(smsc: Smsc) -> list[str]:
    return list(dict.fromkeys(smsc.account.order()))


class GatedStore(MemoryStore):
    """Holds back the commit that has a fact of one kind, until it is released."""

    def __init__(self, *kinds: type[Fact]) -> None:
        super().__init__()
        self.kinds = kinds
        self.held, self.released = threading.Event(), threading.Event()

    def commit(self, facts: Sequence[Fact]) -> None:
        if isinstance_of(facts, self.kinds) and not self.released.is_set():
            self.held.set()
            assert self.released.wait(2 * PATIENCE_S)
        super().commit(facts)


class FailingStore(MemoryStore):
    """Has a full disk from the `last`th commit on, until `last` is raised."""

    def __init__(self, last: float) -> None:
        super().__init__()
        self.last, self.commits = last, 0

    def commit(self, facts: Sequence[Fact]) -> None:
        self.commits += 1
        if self.commits > self.last:
            raise LedgerError("no space left on device")
        super().commit(facts)


def isinstance_of(facts: Iterable[Fact], kinds: tuple[type[Fact], ...]) -> bool:
    return any(isinstance(fact, kinds) for fact in facts)
