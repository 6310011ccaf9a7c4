"""Single messages: taken in by class of priority, found again by id or by number."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread

from smppcast.campaign.engine import Engine
from smppcast.campaign.posting import Post, Posting
from smppcast.config.campaign_file import PRIORITIES
from smppcast.daemon.feeds import Lists
from smppcast.daemon.models import MessageBody, PriorityName
from smppcast.daemon.problems import Problem
from smppcast.errors import CampaignError, SmppcastError
from smppcast.feed import Reason, Suppression, normalise, read_list
from smppcast.ledger.facts import CAMPAIGN_SHIFT
from smppcast.ledger.outcomes import as_dict, outcome_at, outcomes_of
from smppcast.ledger.sqlite import SqliteStore
from smppcast.operators.settings import SourceAddress

__all__ = ["Messages"]

log = structlog.get_logger("smppcast.daemon")

_PREFIX = "messages"
_FROM = re.compile(r"\.from\.(?P<addr>\+?[0-9A-Za-z]{1,20})\.(?P<ton>[0-9]+)\.(?P<npi>[0-9]+)")
# Offices of an hour that send from numbers of their own, each with some kB for every operator.
SENDERS = 50


class Messages:
    """Post offices, one a class of priority and hour: so each ends, settles, and can be purged by itself.

    Args:
        ledger: the file, which is read beside its writer.
    """

    def __init__(self, engine: Engine, lists: Lists, ledger: Path) -> None:
        self._engine, self._lists, self._ledger = engine, lists, ledger
        self._open: dict[str, Posting] = {}  # by class
        self._hours: dict[str, str] = {}  # of these
        self._opening = anyio.Lock()
        self._suppression = Suppression()
        self._listing = anyio.Lock()

    async def load_lists(self) -> None:
        """Reads the suppression lists anew, those of the configuration and those that people keep.

        Raises:
            FeedError: one of them cannot be read.
        """
        async with self._listing:
            suppression = Suppression()
            own = [self._lists.filled(name) for name in self._lists.names()]
            for path in (*self._engine.settings.options.suppress, *filter(None, own)):
                await read_list(suppression, path, self._engine.settings.country)
            self._suppression = suppression
            for posting in self._open.values():
                posting.suppression = suppression

    async def suppress(self, numbers: array[int]) -> None:
        """Numbers that a list has from now on, without reading all lists anew."""
        async with self._listing:  # a reading that began before would not have them
            self._suppression.add(numbers)

    async def take_up(self) -> None:
        """After a start: opens again what earlier runs left open; hours that are over end in order."""
        now = _hour()
        for name in await to_thread.run_sync(_unfinished, self._ledger):
            try:
                posting = await self._open_office(name)
            except SmppcastError as error:
                log.critical("messages_not_resumed", name=name, error=str(error))
                continue
            if now in name:
                self._open[_class_of(name)] = posting
            else:
                posting.close()

    async def post(self, bodies: Sequence[MessageBody], priority: PriorityName) -> list[dict[str, Any]]:
        """Takes messages in; returns once they are durable.

        Returns:
            For each its id, or why it is not sent.

        Raises:
            SmppcastError: they cannot be taken in at the moment; none of them is sent.
        """
        posting = await self._posting(priority)
        refs = await posting.post([Post(each.to, each.text, each.operator) for each in bodies])
        return [
            {"to": body.to, "error": ref.value}
            if isinstance(ref, Reason)
            else {"to": body.to, "id": f"{ref:016x}"}
            for body, ref in zip(bodies, refs, strict=True)
        ]

    async def answer(self, number: int, text: str, *, operator: str, source: tuple[str, int, int]) -> bool:
        """Sends what someone is answered who wrote to us, though they get no other messages.

        Args:
            operator: by which they wrote.
            source: to what they wrote, with its TON and NPI: the answer comes from there.

        Returns:
            Whether it is taken in.

        Raises:
            SmppcastError: nothing can be taken in at the moment.
        """
        posting = await self._posting("urgent", self._sender(operator, *source))
        (ref,) = await posting.post([Post(f"+{number}", text, operator)], suppressed_too=True)
        return not isinstance(ref, Reason)

    def _sender(self, operator: str, addr: str, ton: int, npi: int) -> str:
        """How the name of an office says from where it sends; "" for the operators' own sources.

        An office has one source. They are as many as our numbers that people write to, and bounded: what
        people wrote to is the SMSC's word.
        """
        lane = self._engine.lanes.get(operator)
        own = lane is not None and lane.settings.source.addr == addr
        found = f".from.{addr}.{ton}.{npi}"
        known = f"urgent{found}" in self._open
        senders = sum("." in key for key in self._open)
        if own or not _FROM.fullmatch(found) or not (known or senders < SENDERS):
            return ""
        try:
            SourceAddress(addr=addr, ton=ton, npi=npi)
        except ValueError:
            return ""
        return found

    async def _posting(self, priority: PriorityName, sender: str = "") -> Posting:
        key = priority + sender
        posting = self._open.get(key)
        if posting is not None and self._hours.get(key) == _hour():
            return posting
        async with self._opening:
            hour, posting = _hour(), self._open.get(key)
            if posting is not None and self._hours.get(key, hour) == hour:
                self._hours[key] = hour
                return posting
            found = await self._open_new(f"{_PREFIX}-{priority}-{hour}{sender}")
            if posting is not None:
                posting.close()
            self._open[key], self._hours[key] = found, hour
            return found

    async def _open_new(self, name: str) -> Posting:
        """The hour's, or one beside it: a clock that was set back must not keep messages from being sent."""
        for beside in ("", *(f"-{number}" for number in range(2, 100))):
            with suppress(CampaignError):
                return await self._open_office(name + beside)
        raise CampaignError(f"no campaign can be opened for {name}")

    async def _open_office(self, name: str) -> Posting:
        priority = PRIORITIES[name.split("-")[1]]
        options = replace(self._engine.settings.options, priority=priority)
        if (found := _FROM.search(name)) is not None:
            source = SourceAddress(addr=found["addr"], ton=int(found["ton"]), npi=int(found["npi"]))
            options = replace(options, source=source)
        _, posting = await self._engine.post_office(name, options=options)
        posting.suppression = self._suppression
        return posting

    def owns(self, campaign: str) -> bool:
        """Whether a campaign of the engine's is an hour of single messages."""
        return campaign.startswith(f"{_PREFIX}-")

    def forget_ended(self) -> None:
        """Drops from memory the hours whose messages are all settled."""
        for campaign in list(self._engine.campaigns.values()):
            if self.owns(campaign.name) and campaign.ended:
                self._engine.forget(campaign.name)

    async def find(self, given: str) -> dict[str, Any]:
        """What became of a message, by its id.

        Raises:
            Problem: there is none.
        """
        try:
            ref = int(given, 16) if len(given) == 16 else -1
        except ValueError:
            ref = -1
        found = None
        if 0 <= ref < 1 << 63:
            found = await to_thread.run_sync(partial(_by_ref, self._ledger, ref))
        if found is None:
            raise Problem(404, f"there is no message {given}", field="id")
        return {"id": given, **found}

    async def to(self, number: str) -> dict[str, Any]:
        """All that a number was sent, by any campaign.

        Raises:
            Problem: it is no number.
        """
        (wanted,), bad = normalise([number], self._engine.settings.country)
        if bad:
            raise Problem(422, f"is no number ({bad[0].value})", field="msisdn")
        found = await to_thread.run_sync(partial(_by_number, self._ledger, wanted))
        return {"msisdn": str(wanted), "messages": found}


def _class_of(name: str) -> str:
    """The class of priority of an office, and from where it sends, if not from the operators' sources."""
    found = _FROM.search(name)
    return name.split("-")[1] + ("" if found is None else found[0])


def _hour() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H}"


def _by_ref(ledger: Path, ref: int) -> dict[str, Any] | None:
    store = SqliteStore(ledger, read_only=True)
    try:
        names = {campaign.id: campaign.name for campaign in store.campaigns()}
        name = names.get(ref >> CAMPAIGN_SHIFT)
        if name is None:
            return None
        try:
            row = outcome_at(store, ref, live=True)
        except SmppcastError:  # no such chunk
            return None
        return None if row is None else {"campaign": name, **as_dict(row)}
    finally:
        store.close()


def _by_number(ledger: Path, number: int) -> list[dict[str, Any]]:
    store = SqliteStore(ledger, read_only=True)
    try:
        return [
            {"campaign": campaign.name, **as_dict(row)}
            for campaign, row in outcomes_of(store, number, live=True)
        ]
    finally:
        store.close()


def _unfinished(ledger: Path) -> list[str]:
    store = SqliteStore(ledger, read_only=True)
    try:
        return [
            campaign.name
            for campaign in store.campaigns()
            if not campaign.state.ended and json.loads(campaign.settings).get("posted")
        ]
    finally:
        store.close()
