"""The lanes of one engine, with what belongs to them: resolvers, quotas, routes. They come and go here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import anyio
from anyio.abc import TaskGroup

from smppcast.errors import SmppcastError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Received
from smppcast.ledger.resolver import Resolver
from smppcast.ledger.spent import spent, unanswered
from smppcast.ledger.writer import Writer
from smppcast.net.clock import Clock
from smppcast.operators.lane import Lane
from smppcast.operators.routes import Routes
from smppcast.operators.routing import Router
from smppcast.operators.settings import OperatorSettings
from smppcast.receipts.batch import fold_all

__all__ = ["Fleet"]

# message_ids that all lanes together keep in each of their two dicts: some 30 MB at the most, and
# seconds of receipts at the highest rates.
HOT_IDS, HOT_LEAST = 65_536, 8_192


class Fleet:
    """The lanes by operator.

    Args:
        tasks: of the engine; each lane runs in it.
        reported: told of every receipt that found its segment.

    Attributes:
        routes, router: for campaigns that are cast from now on.
    """

    def __init__(
        self,
        operators: Mapping[str, OperatorSettings],
        writer: Writer,
        store: Store,
        tasks: TaskGroup,
        reported: Callable[[Received], None],
        *,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self.routes = Routes(operators)
        self.router = Router(self.routes.prefixes, self.routes.others)
        self._writer, self._store, self._tasks, self._reported = writer, store, tasks, reported
        self._clock, self._wall = clock, wall
        self._resolvers: dict[str, Resolver] = {}
        for name, operator in operators.items():
            self._make(name, operator, len(operators))

    def __repr__(self) -> str:
        return f"<Fleet {' '.join(map(repr, self.lanes.values()))}>"

    def _make(self, name: str, operator: OperatorSettings, of: int) -> None:
        hot = max(HOT_LEAST, HOT_IDS // of)
        resolver = Resolver(name, self._writer, self._store, capacity=hot)
        lane = Lane(
            name, operator, resolver, self._writer, self._reported, clock=self._clock, wall=self._wall
        )
        self._resolvers[name], self.lanes[name] = resolver, lane

    async def start(self) -> None:
        """Reads what the ledger has for them, and has them bind.

        Raises:
            LedgerError: it cannot be read.
        """
        await self._count_quotas()
        for name in self.lanes:
            await self._start(name)

    async def _count_quotas(self) -> None:
        """Of today's quotas, what earlier runs used, or may have used."""
        quotas = {name: lane.quota for name, lane in self.lanes.items() if lane.quota is not None}
        if not quotas:
            return
        open_pdus = await self._writer.call(unanswered, self._store)
        for name, quota in quotas.items():
            quota.spend(await self._writer.call(spent, self._store, name, quota.since, open_pdus))

    async def _start(self, name: str) -> None:
        lane = self.lanes[name]
        await self._resolvers[name].restore(fold_all)
        lane.inbox.restore(await self._writer.call(lambda: list(self._store.parked(name))))
        self._tasks.start_soon(lane.run)

    async def reload(self, operators: Mapping[str, OperatorSettings], *, in_work: bool) -> list[str]:
        """Takes other settings on, lane by lane.

        Args:
            in_work: a campaign is, and may need a lane that is gone.

        Returns:
            What could not be done, a sentence each.
        """
        problems = []
        for name, operator in operators.items():
            if name not in self.lanes:
                self._make(name, operator, 1 + len(self.lanes))
                await self._start(name)
            elif operator != self.lanes[name].settings:
                try:
                    await self.lanes[name].reconfigure(operator)
                except SmppcastError as error:
                    problems.append(f"{name}: {error}")
        for name in self.lanes.keys() - operators.keys():
            if in_work:
                problems.append(f"{name}: a campaign in work may need it, so it stays until the next reload")
            else:
                await self._retire(name)
        self.routes = Routes({name: lane.settings for name, lane in self.lanes.items()})
        self.router = Router(self.routes.prefixes, self.routes.others)
        return problems

    async def _retire(self, name: str) -> None:
        lane = self.lanes[name]
        await lane.drain()
        await lane.close(lane.settings.timers.unbind)
        await self._resolvers[name].aclose()
        del self.lanes[name], self._resolvers[name]

    def stop(self) -> None:
        """Nothing is submitted any more: they are about to close."""
        for lane in self.lanes.values():
            lane.stopped = True

    async def close(self) -> None:
        """Unbinds all, each within its time."""
        async with anyio.create_task_group() as closing:
            for lane in self.lanes.values():
                closing.start_soon(lane.close, lane.settings.timers.unbind)

    async def settle(self) -> None:
        """After `close`: writes down what the resolvers have not got to yet."""
        for resolver in self._resolvers.values():
            await resolver.aclose()

    @property
    def response_s(self) -> float:
        """As long as a response may take, at the slowest of them."""
        return max(lane.settings.timers.response for lane in self.lanes.values())
