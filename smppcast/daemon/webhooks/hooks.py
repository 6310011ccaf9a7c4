"""All targets of the configuration: begun, changed, forgotten and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog
from anyio import to_thread
from anyio.abc import TaskGroup

from smppcast.config.hooks import WebhookSettings
from smppcast.daemon.cursors import Cursors
from smppcast.daemon.models import iso
from smppcast.daemon.reader import Reader, Sleep
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.webhooks.streams import STREAMS, Stream
from smppcast.daemon.webhooks.target import HookStatistics, Means, Target
from smppcast.errors import LedgerError
from smppcast.ledger.tail import Position, TailReader
from smppcast.net.clock import Clock, wall

__all__ = ["Hooks", "hook_of"]

log = structlog.get_logger("smppcast.webhooks")

# What waits is counted so often, where something does.
MEASURE_S = 5.0
# Requests under way have so long to end when the daemon does, or their target changes.
GRACE_S = 1.5
# A target that fails for less is no trouble: programs are started anew every day.
TROUBLE_S = 60.0


@dataclass(slots=True)
class _Entry:
    target: Target
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class Hooks:
    """The webhooks of one daemon.

    Args:
        reader: of the ledger, shared with others who follow it.
        tasks: where each target has a task.
    """

    def __init__(
        self,
        reader: Reader,
        store: DaemonStore,
        tasks: TaskGroup,
        *,
        wall: Clock = wall,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._store, self._tasks = store, tasks
        self._cursors = Cursors(store.path)
        self._means = Means(reader, self._cursors, wall, sleep)
        self._entries: dict[str, _Entry] = {}

    def __repr__(self) -> str:
        return f"<Hooks {' '.join(self._entries)}>"

    async def apply(self, wanted: Mapping[str, WebhookSettings]) -> None:
        """Begins the targets that are new, ends those that are gone, and changes those that changed.

        A new one begins at what happens from now on; one that is gone is forgotten, and begins anew if it
        comes again.

        Raises:
            LedgerError: their places cannot be read or kept.
        """
        changed = [
            entry for name, entry in self._entries.items() if wanted.get(name) != entry.target.settings
        ]
        await self._end(changed)
        before = {entry.target.name: self._entries.pop(entry.target.name).target for entry in changed}
        followed = {name: settings.events for name, settings in wanted.items()}
        await to_thread.run_sync(self._cursors.forget_others, followed)
        for name, settings in wanted.items():
            if name not in self._entries:
                await self._begin(name, settings, before.get(name))

    async def _begin(self, name: str, settings: WebhookSettings, before: Target | None) -> None:
        streams: dict[str, Stream] = {
            key: make(self._store) for key, make in STREAMS.items() if key in settings.events
        }

        def places(tail: TailReader) -> dict[str, Position]:
            kept = self._cursors.of(name)
            found = {key: _place(tail, stream, kept.get(key)) for key, stream in streams.items()}
            self._cursors.move(name, found)
            return found

        positions = await self._means.reader.read(places)
        target = Target(name, settings, streams, positions, self._means)
        if before is not None:
            target.delivered, target.dropped = before.delivered, before.dropped
        entry = self._entries[name] = _Entry(target)
        self._tasks.start_soon(self._run, entry)

    async def _run(self, entry: _Entry) -> None:
        try:
            with entry.scope:
                await entry.target.run()
        except Exception:  # as a file of authorities that is gone: the daemon goes on without this one
            log.exception("webhook_ended", target=entry.target.name)
        finally:
            entry.ended.set()

    async def watch(self) -> None:
        """Counts what waits, until cancelled."""
        while True:
            await self._means.sleep(MEASURE_S)
            for target in [entry.target for entry in self._entries.values()]:
                if target.behind:
                    try:
                        await self._means.reader.read(target.measure)
                    except LedgerError:
                        break  # its own task says so

    async def close(self) -> None:
        """Gives requests under way a moment, and ends; what was not answered is told again."""
        with anyio.CancelScope(shield=True):
            await self._end(list(self._entries.values()))
            self._cursors.close()

    async def _end(self, entries: list[_Entry]) -> None:
        for entry in entries:
            entry.target.closing = True
        with anyio.move_on_after(GRACE_S):
            while any(entry.target.posting for entry in entries):  # noqa: ASYNC110 - it sets no event
                await anyio.sleep(0.02)
        for entry in entries:
            entry.scope.cancel()
        for entry in entries:
            await entry.ended.wait()

    # --- how they are ---

    def statistics(self) -> list[HookStatistics]:
        """Each target at this moment."""
        return [entry.target.statistics() for entry in self._entries.values()]

    def troubles(self) -> list[str]:
        """A sentence for each that has failed for more than a minute."""
        return [
            f"webhook {each.name} fails for {each.failing_s / 60:.0f} min: {each.last_error}"
            for each in self.statistics()
            if each.failing_s >= TROUBLE_S
        ]


def _place(tail: TailReader, stream: Stream, kept: Position | None) -> Position:
    return stream.end(tail) if kept is None else stream.settled(tail, kept)


def hook_of(hook: HookStatistics) -> dict[str, Any]:
    """A target as JSON has it."""
    return {**hook._asdict(), "age_s": round(hook.age_s, 1), "next_try": iso(hook.next_try)}
