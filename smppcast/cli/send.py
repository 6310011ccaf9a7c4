"""`smppcast send`: one text to one number, or to some."""

from __future__ import annotations

import json as codec
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from smppcast.campaign.options import CampaignOptions
from smppcast.cli import logs
from smppcast.cli.commands import Command, ExitCode, run
from smppcast.cli.direct import Direct, Message
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.cli.running import Casting, ended
from smppcast.cli.values import duration, source_address
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import UsageError
from smppcast.feed import Item, normalise
from smppcast.ledger.outcomes import outcomes
from smppcast.model import Outcome
from smppcast.report.account import columns

__all__ = ["COMMAND", "EXAMPLE", "SendCommand", "send"]

EXAMPLE = "Example: smppcast send -c smppcast.yaml --to 33612345678 'Bonjour' --wait 30s"

_WAIT = "--wait"
_WAIT_S = "60s"
_TAKEN = (Outcome.AWAITING_RECEIPT, Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.EXPIRED)


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


COMMAND = SendCommand


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
    url: Annotated[
        str | None,
        typer.Option(
            metavar="smpp://SYSTEM_ID:PASSWORD@HOST:PORT",
            help="An SMSC to send by without configuration and ledger, for a first try.",
        ),
    ] = None,
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

    It goes by the ledger, as a campaign of its own; with --url, by nothing but a session. Exit code
    1 where an SMSC did not take it.
    """
    logs.configure(debug=debug)
    if url is not None:
        direct = Direct(url, text, source, flash, wait)
        run(partial(_send_directly, direct, _numbers(to, None), as_json=json))
        return
    settings = load(config)
    base = engine_settings(settings)
    options = replace(base.options, source=source or base.options.source, flash=flash or base.options.flash)
    items: list[Item] = [
        {"msisdn": number, "operator": operator or ""} for number in _numbers(to, base.country)
    ]
    errand = _Errand(text.replace("{", "{{").replace("}", "}}"), items, options)
    casting = Casting(replace(base, settle_s=wait or 0.0), settings.ledger, durability=settings.durability)
    run(partial(_send, casting, errand, as_json=json))


async def _send(casting: Casting, errand: _Errand, *, as_json: bool) -> ExitCode:
    name = f"send-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    with casting.store() as store:
        campaign = await casting.run(
            store,
            lambda engine: engine.cast(errand.text, errand.to, name=name, options=errand.options),
        )
        record = store.campaign(name)
        if campaign is None or record is None:
            return ExitCode.STOPPED
        rows = list(outcomes(store, record.id))
        account = campaign.account()
    messages = [Message(str(row.number), row.state, row.error, row.message_ids) for row in rows]
    for reason, count in account.invalid_reasons.items():
        print(f"not sent: {count} {reason}", file=sys.stderr)
    _print(messages, asdict(account) if as_json else None)
    if ended(campaign) is ExitCode.FINISHED and account.accepted < account.fed - account.duplicate:
        return ExitCode.FAILED
    return ended(campaign)


async def _send_directly(direct: Direct, numbers: list[str], *, as_json: bool) -> ExitCode:
    messages = await direct.send(numbers)
    _print(messages, {} if as_json else None)
    taken = all(message.outcome in _TAKEN for message in messages)
    return ExitCode.FINISHED if taken else ExitCode.FAILED


def _numbers(given: Sequence[str], country: str | None) -> list[str]:
    """The numbers, as they were given.

    Raises:
        UsageError: one of them is none; nothing is sent then.
    """
    numbers = [number for each in given for number in each.split(",") if number.strip()]
    _, bad = normalise(numbers, country)
    if bad or not numbers:
        wrong = ", ".join(f"{numbers[at]} ({reason})" for at, reason in bad.items())
        raise UsageError(f"--to: {wrong or 'expected a number'}")
    return numbers


def _print(messages: Sequence[Message], account: dict[str, Any] | None) -> None:
    """One JSON object with an account, even an empty one; else a line a message."""
    if account is not None:
        print(codec.dumps({**account, "messages": list(map(asdict, messages))}, ensure_ascii=False))
    elif messages:
        rows = [(m.msisdn, m.outcome.replace("_", " "), m.error, " ".join(m.message_ids)) for m in messages]
        print("\n".join(columns(rows)))
