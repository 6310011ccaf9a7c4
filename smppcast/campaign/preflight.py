"""What can be known of a campaign before anything is sent: its feed counted, its text written, its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio

from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.plan import Plan
from smppcast.campaign.timetable import Timetable, timetable
from smppcast.campaign.wording import Wording
from smppcast.errors import TextError
from smppcast.feed import Batch, Seen, Suppression, Template, normalise, open_feed
from smppcast.model import masked
from smppcast.operators.routes import Routes
from smppcast.operators.routing import Router
from smppcast.operators.settings import OperatorSettings

__all__ = ["Count", "count_feed", "preview", "when", "wordings_of"]

SAMPLES = 5
# Lanes go before: some batches of some milliseconds, and a rest as long.
REST_BATCHES, REST_S = 4, 0.01


@dataclass(slots=True)
class Count:
    """A feed, counted.

    Args:
        recipients: by operator, each number once.
        segments: of all their messages, by operator.
        invalid: rows that get no message, by reason.
        samples: texts as some of the first recipients will read them, with their numbers masked.
    """

    rows: int = 0
    recipients: dict[str, int] = field(default_factory=dict)
    segments: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    duplicate: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.recipients.values())


class _Counting:
    """Sorts rows as a campaign's intake would, and counts where they would go."""

    def __init__(
        self,
        template: Template,
        wordings: Mapping[str, Wording],
        operators: Mapping[str, OperatorSettings],
        country: str | None,
        suppression: Suppression,
    ) -> None:
        self.found, self.invalid = Count(), Counter[str]()
        self._template, self._wordings, self._country = template, wordings, country
        self._routes = Routes(operators)
        self._router = Router(self._routes.prefixes, self._routes.others)
        self._suppression, self._seen = suppression, Seen()
        plain = template.plain
        self._fixed = {} if plain is None else {name: each.count(plain) for name, each in wordings.items()}

    def take(self, batch: Batch) -> None:
        numbers, bad = normalise(batch.msisdns, self._country)
        for at in batch.bad:
            numbers[at] = 0
        routes, unrouted = self._router.route(batch.operators, numbers)
        bad = {**bad, **batch.bad, **unrouted}
        suppressed = self._suppression.positions(numbers)
        for at in (*bad, *suppressed):
            numbers[at] = 0
        duplicates = self._seen.duplicates(numbers)
        for at in duplicates:
            numbers[at] = 0
        self.found.rows += len(batch)
        self.found.suppressed += len(suppressed)
        self.found.duplicate += len(duplicates)
        self.invalid.update(reason.value for reason in bad.values())
        own = self._template.render_batch(batch.columns, len(batch)) if self._template.columns else None
        for at, number in enumerate(numbers):
            route = routes[at]
            if number and route is not None:
                self._count(number, self._routes.choose(route, _any), None if own is None else own[at])

    def _count(self, number: int, name: str, own: str | None) -> None:
        found = self.found
        try:
            count = self._fixed[name] if own is None else self._wordings[name].count(own)
        except TextError:
            self.invalid["untextable"] += 1
            return
        found.recipients[name] = found.recipients.get(name, 0) + 1
        found.segments[name] = found.segments.get(name, 0) + count
        if len(found.samples) < SAMPLES:
            text = self._template.plain if own is None else own
            sample = {"msisdn": masked(str(number)), "operator": name, "text": text, "segments": count}
            found.samples.append(sample)


def _any(_: str) -> bool:
    return True


async def count_feed(
    path: Path,
    template: Template,
    wordings: Mapping[str, Wording],
    operators: Mapping[str, OperatorSettings],
    *,
    country: str | None,
    suppression: Suppression,
) -> Count:
    """Reads a feed to its end as a campaign would, and sends nothing.

    Raises:
        FeedError: it cannot be read.
        TextError: an operator's dialect cannot carry the text.
    """
    counting, batches = _Counting(template, wordings, operators, country, suppression), 0
    async with open_feed(path, text_columns=template.columns) as feed:
        async for batch in feed:
            counting.take(batch)
            batches += 1
            await anyio.sleep(REST_S if batches % REST_BATCHES == 0 else 0)
    counting.found.invalid = dict(counting.invalid)
    return counting.found


def preview(text: str, wordings: Mapping[str, Wording]) -> dict[str, dict[str, Any]]:
    """The segments that a text takes at each operator, or why it cannot be written there."""
    template = Template(text)
    shown: dict[str, dict[str, Any]] = {}
    for name, wording in wordings.items():
        try:
            shown[name] = {"segments": wording.count(template.plain or text)}
        except TextError as error:
            shown[name] = {"error": str(error)}
    return shown


def when(
    plan: Plan,
    operators: Mapping[str, OperatorSettings],
    count: Count,
    now: float,
    *,
    done: Mapping[str, int] = MappingProxyType({}),
    measured: Mapping[str, float] = MappingProxyType({}),
) -> Timetable:
    """The plan's timetable for a counted feed; see `timetable` for what is done and measured."""
    segments = {name: -(-count.segments[name] // recipients) for name, recipients in count.recipients.items()}
    return timetable(plan, operators, count.recipients, segments, now, done=done, measured=measured)


def wordings_of(
    operators: Mapping[str, OperatorSettings], options: CampaignOptions, now: float
) -> dict[str, Wording]:
    """Each operator's way to write a campaign's texts."""
    return {name: Wording(settings, options, 1, now) for name, settings in operators.items()}
