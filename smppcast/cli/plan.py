"""`smppcast plan`: what a campaign's plan comes to, before anything is sent."""

from __future__ import annotations

import json as codec
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.engine import EngineSettings
from smppcast.campaign.preflight import Count, count_feed, when, wordings_of
from smppcast.campaign.timetable import Part, Timetable
from smppcast.cli.commands import ExitCode, run
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.config import load
from smppcast.config.campaign_file import CampaignFile, load_campaign
from smppcast.config.engine import engine_settings
from smppcast.errors import ConfigError, UsageError
from smppcast.feed import Suppression, Template, read_list
from smppcast.net.clock import wall
from smppcast.plots import COLOURS, Plot, need_plots, page, plot
from smppcast.report.account import columns
from smppcast.report.files import whole

__all__ = ["EXAMPLE", "plan"]

EXAMPLE = "Example: smppcast plan alert.yaml -c smppcast.yaml --html plan.html"


def plan(
    file: Annotated[Path, typer.Argument(help="The campaign's YAML: name, text, feed, plan.")],
    *,
    config: Config = Path("smppcast.yaml"),
    html: Annotated[
        Path | None, typer.Option(help="Write a page with a picture as well (needs smppcast[report]).")
    ] = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Print a campaign's timetable by operator: start, waves, end, peak rate. Nothing is sent.

    The feed is counted, and the plan simulated as if it were started now; operators are taken to answer
    within 50 ms. Exit code 1 where someone would get no message before the plan's end.
    """
    if html is not None:
        need_plots()
    run(partial(_plan, file, engine_settings(load(config)), html, as_json=json))


async def _plan(file: Path, settings: EngineSettings, html: Path | None, *, as_json: bool) -> ExitCode:
    written = load_campaign(file)
    strangers = written.plan.operators.keys() - settings.operators.keys()
    if strangers:
        key = f"plan.operators.{min(strangers)}"
        raise ConfigError("is no operator of the configuration", file=str(file), key=key)
    count = await _count(written, settings)
    table = when(written.plan, settings.operators, count, wall())
    print(codec.dumps(_as_json(table, count)) if as_json else _as_text(table, count))
    if html is not None:
        try:
            with whole(html) as unfinished:
                unfinished.write_text(_page(written.name, table, count), "utf-8")
        except OSError as error:
            raise UsageError(f"{html}: cannot be written: {error.strerror or error}") from error
    return ExitCode.FAILED if table.left else ExitCode.FINISHED


async def _count(written: CampaignFile, settings: EngineSettings) -> Count:
    options = written.options(settings.options)
    suppression = Suppression()
    for path in options.suppress:
        await read_list(suppression, path, settings.country)
    return await count_feed(
        written.feed,
        Template(written.wording),
        wordings_of(settings.operators, options, wall()),
        settings.operators,
        country=settings.country,
        suppression=suppression,
    )


def _time(moment: float | None) -> str:
    return "never" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _rows(table: Timetable) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("operator", "recipients", "starts", "ends", "submit_sm/s", "left out")]
    for part in table.parts:
        rows.append(
            (
                part.operator,
                f"{part.recipients:,}",
                _time(part.starts),
                _time(part.ends),
                f"{part.peak_per_s:,.0f}",
                f"{part.left:,}" if part.left else "",
            )
        )
        if len(part.waves) > 1:
            rows += [
                (f"  wave {wave.wave}", f"{wave.recipients:,}", _time(wave.began), _time(wave.ended), "", "")
                for wave in part.waves
            ]
    return rows


def _as_text(table: Timetable, count: Count) -> str:
    lines = columns(_rows(table))
    rows = f"{count.rows:,} rows: {count.total:,} recipients, {count.duplicate:,} duplicates"
    lines += ["", f"{rows}, {count.suppressed:,} suppressed, {sum(count.invalid.values()):,} invalid"]
    lines.append(f"from {_time(table.starts)} to {_time(table.ends)}, started now")
    if table.left:
        lines.append(f"{table.left:,} recipients would get no message before not_after")
    return "\n".join(lines)


def _as_json(table: Timetable, count: Count) -> dict[str, Any]:
    return {
        "starts": table.starts,
        "ends": table.ends,
        "left": table.left,
        "rows": count.rows,
        "recipients": count.total,
        "operators": [_part(part) for part in table.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    waves = [
        {"wave": wave.wave, "starts": wave.began, "ends": wave.ended, "recipients": wave.recipients}
        for wave in part.waves
    ]
    return {
        "operator": part.operator,
        "recipients": part.recipients,
        "segments": part.segments,
        "starts": part.starts,
        "ends": part.ends,
        "peak_per_s": part.peak_per_s,
        "left": part.left,
        "waves": waves,
    }


def _page(name: str, table: Timetable, count: Count) -> str:
    note = f"{count.rows:,} rows, {count.total:,} recipients; started now. Times are UTC."
    return page(f"Plan of {name}", [_rows(table)], [_picture(table)], notes=[note])


def _picture(table: Timetable) -> Plot:
    """Recipients sent to by time, a line an operator: flat in gaps and outside the hours."""
    data = []
    for at, part in enumerate(table.parts):
        times: list[str | None] = []
        sent: list[int | None] = []
        total = 0
        for span in part.spans:
            times += [_time(span.began), _time(span.ended)]
            sent += [total, total := total + span.recipients]
        line = {"color": COLOURS[at % len(COLOURS)], "width": 2}
        data.append(
            {"type": "scatter", "mode": "lines", "name": part.operator, "x": times, "y": sent, "line": line}
        )
    return plot("Recipients sent to", {"type": "date"}, {"title": {"text": "recipients"}}, data)
