"""`smppcast send`: one text to one number, or to some."""

from __future__ import annotations

import json as codec
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.options import CampaignOptions
from smppcast.cli import logs
from smppcast.cli.account import columns
from smppcast.cli.commands import Command, ExitCode, run
from smppcast.cli.parameters import Config, Debug, Json, duration, source_address
from smppcast.cli.running import Casting, ended
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import UsageError
from smppcast.feed import Item, normalise
from smppcast.ledger.outcomes import OutcomeRow, outcomes
from smppcast.ledger.sqlite import SqliteStore
from smppcast.model import Account

__all__ = ["EXAMPLE", "SendCommand", "send"]

EXAMPLE = "Example: smppcast send -c smppcast.yaml --to 33612345678 'Bonjour' --wait 30s"

_WAIT = "--wait"
_WAIT_S = "60s"


class SendCommand(Command):
    """`--wait` may stand without its duration."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Gives `--wait` its default where no duration follows."""
        full: list[str] = []
        for at, arg in enumerate(args):
            full.append(arg)
            if arg == "--":
                full += args[at + 1 :]
                break
            if arg == _WAIT and not _is_duration(args[at + 1 : at + 2]):
                full.append(_WAIT_S)
        return super().parse_args(ctx, full)


def _is_duration(following: Sequence[str]) -> bool:
    try:
        return bool(following) and duration(following[0]) >= 0
    except typer.BadParameter:
        return False


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is sent to whom."""

    text: str
    to: list[Item]
    options: CampaignOptions


def send(
    text: Annotated[str, typer.Argument(help="The text.")],
    *,
    to: Annotated[list[str], typer.Option("--to", metavar="NUMBER[,NUMBER…]", help="To whom.")],
    config: Config = Path("smppcast.yaml"),
    wait: Annotated[
        Any,
        typer.Option(
            _WAIT,
            parser=duration,
            metavar="[DURATION]",
            help=f"Wait so long for the receipts, {_WAIT_S} where no duration is given.",
            show_default="do not wait",
        ),
    ] = None,
    operator: Annotated[
        str | None, typer.Option(help="By which one; by default the numbers' prefixes tell.")
    ] = None,
    source: Annotated[
        Any,
        typer.Option(
            parser=source_address,
            metavar="ADDR",
            help="The sender: GOUV, +33123456789, 36111, or ADDR:TON:NPI.",
            show_default="the operator's",
        ),
    ] = None,
    flash: Annotated[bool, typer.Option("--flash", help="Show the text at once, keep it not.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Send one text to one number, or to some.

    It goes by the ledger, as a campaign of its own. Exit code 1 where an SMSC did not take it.
    """
    logs.configure(debug=debug)
    settings = load(config)
    base = engine_settings(settings)
    options = replace(
        base.options,
        source=source or base.options.source,
        flash=flash or base.options.flash,
    )
    errand = _Errand(text.replace("{", "{{").replace("}", "}}"), _items(to, base.country, operator), options)
    casting = Casting(replace(base, settle_s=wait or 0.0), settings.ledger)
    run(partial(_send, casting, errand, as_json=json))


async def _send(casting: Casting, errand: _Errand, *, as_json: bool) -> ExitCode:
    name = f"send-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    with casting.store() as store:
        campaign = await casting.run(store, errand.text, errand.to, name, errand.options)
        if campaign is None:
            return ExitCode.STOPPED
        rows = _rows(store, name)
        account = campaign.account()
    print(_as_json(account, rows) if as_json else _as_text(account, rows))
    if account.accepted < account.fed - account.duplicate and ended(campaign) is ExitCode.FINISHED:
        return ExitCode.FAILED
    return ended(campaign)


def _items(given: Sequence[str], country: str | None, operator: str | None) -> list[Item]:
    """The numbers as a feed.

    Raises:
        UsageError: one of them is none; nothing is sent then.
    """
    numbers = [number for each in given for number in each.split(",") if number.strip()]
    _, bad = normalise(numbers, country)
    if bad or not numbers:
        wrong = ", ".join(f"{numbers[at]} ({reason})" for at, reason in bad.items())
        raise UsageError(f"--to: {wrong or 'expected a number'}")
    return [{"msisdn": number, "operator": operator or ""} for number in numbers]


def _rows(store: SqliteStore, name: str) -> list[OutcomeRow]:
    record = store.campaign(name)
    return list(outcomes(store, record.id)) if record is not None else []


def _as_json(account: Account, rows: Sequence[OutcomeRow]) -> str:
    messages = [
        {
            "msisdn": str(row.number),
            "operator": row.operator,
            "outcome": row.state,
            "error": row.error,
            "message_ids": list(row.message_ids),
        }
        for row in rows
    ]
    return codec.dumps({**asdict(account), "messages": messages}, ensure_ascii=False)


def _as_text(account: Account, rows: Sequence[OutcomeRow]) -> str:
    lines = columns(
        [
            (str(row.number), row.operator, row.state.replace("_", " "), row.error, " ".join(row.message_ids))
            for row in rows
        ]
    )
    lines += [f"{count} {reason}" for reason, count in account.invalid_reasons.items()]
    return "\n".join(lines)
