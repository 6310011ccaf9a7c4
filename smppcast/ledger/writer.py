"""Puts a store on a thread of its own, and commits what gathers there in groups.

A commit begins as soon as the one before has ended (law 3): there is no timer, so an idle ledger
makes a fact durable in the time of one sync, and a busy one puts more facts into each.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from smppcast.errors import LedgerError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import (
    CampaignChanged,
    Chunk,
    Fact,
    InboundReceived,
    Intent,
    Opened,
    ReceiptsParked,
    TakenIn,
    Unparked,
)

__all__ = ["Writer"]

T = TypeVar("T")

# Half a second of commits at their measured pace, some 15 MB of facts: more gives a commit nothing,
# and delays the acknowledgement of a receipt.
BOUND = 65_536

# Numbers of a chunk that weigh as much as one ref of an answer: 8 octets each, and no message_id.
NUMBERS_A_UNIT = 16


@dataclass(slots=True)
class _Added:
    facts: tuple[Fact, ...]
    then: Callable[[], object] | None
    weight: int


@dataclass(slots=True)
class _Call:
    run: Callable[[], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class _Close:
    """Ends the thread, after all that stands before it."""


class Writer:
    """The only user of a store while it is open; made and used on one event loop.

    Args:
        store: closed by its owner, after `aclose`.
        on_failure: called once, on the loop, when a commit failed: nothing is durable from there.
        bound: of the backlog, above which the writer is `full`; `room` waits above a quarter of it.

    Attributes:
        failed: why a commit failed; from then on facts are dropped and waiters raise it.
        backlog: refs, receipts and other facts added and not durable yet.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_failure: Callable[[LedgerError], object] | None = None,
        bound: int = BOUND,
    ) -> None:
        self.failed: LedgerError | None = None
        self.backlog = 0
        self.commits = 0
        self._store = store
        self._on_failure = on_failure
        self._bound, self._room = bound, bound // 4
        self._queue: SimpleQueue[_Added | _Call | _Close] = SimpleQueue()
        self._ended: deque[list[_Added] | _Call | LedgerError | None] = deque()
        self._added = self._durable = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._crowd: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        state = "failed" if self.failed else "open" if self._loop else "not started"
        return f"<Writer {self._store!r} [{state} | backlog {self.backlog} | {self.commits} commits]>"

    # --- on the loop ---

    def start(self) -> None:
        """Starts the thread; to be called on the loop that will use the writer."""
        self._loop = asyncio.get_running_loop()
        # A daemon: a program that dies without closing must not hang, and a store survives a kill.
        threading.Thread(target=self._run, name="smppcast-ledger", daemon=True).start()

    async def aclose(self) -> None:
        """Makes durable what was added, and ends the thread; cancelled, the thread still does both.

        Raises:
            LedgerError: a commit failed.
        """
        if self._closed is None and self._loop is not None:
            self._closed = self._loop.create_future()
            self._queue.put(_Close())
        if self._closed is not None:
            await asyncio.shield(self._closed)
        self._raise_failure()

    def add(self, fact: Fact, then: Callable[[], object] | None = None) -> None:
        """Adds a fact to the next commit, in the order of the calls; never blocks.

        Args:
            fact: what happened.
            then: called on the loop when it is durable; never, if its commit fails.
        """
        self.add_together((fact,), then)

    def add_together(self, facts: Sequence[Fact], then: Callable[[], object] | None = None) -> None:
        """As `add`, for facts that say something only together: one commit holds them all."""
        if self.failed is not None:
            return
        added = _Added(tuple(facts), then, sum(map(_weight, facts)))
        self.backlog += added.weight
        self._added += 1
        self._queue.put(added)

    async def durable(self) -> None:
        """Waits until all that was added so far is durable.

        Raises:
            LedgerError: it will not be.
        """
        self._raise_failure()
        if self._durable < self._added:
            future = self._own_loop().create_future()
            self._waiting.append((self._added, future))
            await future

    @property
    def full(self) -> bool:
        """Whether the backlog is above the bound: whoever can wait should."""
        return self.backlog > self._bound

    async def room(self) -> None:
        """Waits while the backlog is above a quarter of the bound.

        For who reads ahead, as a feed does: it must not make the writer full for those who answer a
        peer, nor stand before them in the queue for long.

        Raises:
            LedgerError: it will never shrink.
        """
        self._raise_failure()
        while self.backlog > self._room:
            future = self._own_loop().create_future()
            self._crowd.append(future)
            await future

    async def call(self, fn: Callable[..., T], *args: Any) -> T:
        """Runs a function of the store on its thread, after the facts added so far are durable.

        Cancelled, it may still run. What it raises is raised here and fails nothing else.

        Raises:
            LedgerError: a commit failed.
        """
        return await self.submit(fn, *args)

    def submit(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """As `call`, for who does not wait: its place among the facts is taken at once."""
        future: asyncio.Future[T] = self._own_loop().create_future()
        if self._closed is not None:
            future.set_exception(LedgerError("the ledger is closed"))
            return future
        self._queue.put(_Call(lambda: fn(*args), future))
        return future

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the writer is not started")
        return self._loop

    def _raise_failure(self) -> None:
        if self.failed is not None:
            raise self.failed

    # --- on the loop, woken by the thread ---

    def _settle(self) -> None:
        while self._ended:
            match self._ended.popleft():
                case list() as group:
                    self._settle_group(group)
                case _Call(future=future) as call:
                    _resolve(future, call.result, call.error)
                case LedgerError() as error:
                    self._fail(error)
                case None:
                    if self._closed is not None and not self._closed.done():
                        self._closed.set_result(None)

    def _settle_group(self, group: list[_Added]) -> None:
        self.commits += 1
        self._durable += len(group)
        self.backlog -= sum(added.weight for added in group)
        while self._waiting and self._waiting[0][0] <= self._durable:
            _resolve(self._waiting.popleft()[1])
        if self.backlog <= self._room:
            self._let_in()
        for added in group:
            if added.then is not None:
                self._tell(added.then)

    def _let_in(self, error: LedgerError | None = None) -> None:
        while self._crowd:
            _resolve(self._crowd.popleft(), error=error)

    def _fail(self, error: LedgerError) -> None:
        self.failed = error
        while self._waiting:
            _resolve(self._waiting.popleft()[1], error=error)
        self._let_in(error)
        if self._on_failure is not None:
            on_failure = self._on_failure
            self._tell(lambda: on_failure(error))

    def _tell(self, callback: Callable[[], object]) -> None:
        """One that raises must not keep the others from being told."""
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - the loop's handler is where it is told
            context = {"message": "a ledger's callback raised", "exception": error}
            self._own_loop().call_exception_handler(context)

    # --- on the thread ---

    def _run(self) -> None:
        failure: LedgerError | None = None
        running = True
        while running:
            group, end = self._gather()
            if group and failure is None:
                failure = self._commit(group)
                self._report(failure or group)
            if end is None:
                continue
            if isinstance(end, _Call):
                self._answer(end, failure)
                self._report(end)
            else:
                running = False
                self._report(None)

    def _gather(self) -> tuple[list[_Added], _Call | _Close | None]:
        """All facts that wait, up to a call or the end; waits itself when there is nothing."""
        group: list[_Added] = []
        item = self._queue.get()
        while isinstance(item, _Added):
            group.append(item)
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, None
        return group, item

    def _commit(self, group: list[_Added]) -> LedgerError | None:
        try:
            self._store.commit([fact for added in group for fact in added.facts])
        except LedgerError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, what follows must not be committed
            failure = LedgerError(f"a commit failed: {error!r}")
            failure.__cause__ = error
            return failure
        return None

    def _answer(self, call: _Call, failure: LedgerError | None) -> None:
        if failure is not None:
            call.error = failure
            return
        try:
            call.result = call.run()
        except Exception as error:  # noqa: BLE001 - raised again where it was called
            call.error = error

    def _report(self, ended: list[_Added] | _Call | LedgerError | None) -> None:
        self._ended.append(ended)
        try:
            self._own_loop().call_soon_threadsafe(self._settle)
        except RuntimeError:  # the loop is closed: its program has ended without `aclose`
            return


def _resolve(future: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    if future.done():  # who waited was cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _weight(fact: Fact) -> int:
    match fact:
        case TakenIn(chunks=chunks):
            return 1 + sum(map(_chunk_weight, chunks))
        case Opened(chunk=chunk):
            return _chunk_weight(chunk)
        case ReceiptsParked(ids=ids) | Unparked(ids=ids):
            return len(ids)
        case InboundReceived(pdus=pdus):
            return len(pdus)
        case Intent() | CampaignChanged():
            return 1
        case _:
            return len(fact.refs)


def _chunk_weight(chunk: Chunk) -> int:
    return len(chunk.texts) if chunk.texts is not None else 1 + len(chunk.numbers) // NUMBERS_A_UNIT
