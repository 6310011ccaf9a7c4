"""The commands, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from smppcast import __version__
from smppcast.cli import cast, check, demo, listen, report, schema, segments, send, smsc
from smppcast.cli.commands import Command

__all__ = ["app", "main"]

app = typer.Typer(
    name="smppcast",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"smppcast {__version__}")
        raise typer.Exit


@app.callback()
def smppcast(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Cast one text to a feed of subscribers over SMPP, and account for every message."""


app.command(cls=Command, epilog=demo.EXAMPLE)(demo.demo)
app.command(cls=Command, epilog=cast.EXAMPLE)(cast.cast)
app.command(cls=Command, epilog=report.EXAMPLE)(report.report)
app.command(cls=Command, epilog=listen.EXAMPLE)(listen.listen)
app.command(cls=send.SendCommand, epilog=send.EXAMPLE)(send.send)
app.command(cls=Command, epilog=segments.EXAMPLE)(segments.segments)
app.command(cls=Command, epilog=check.EXAMPLE)(check.check)
app.command(cls=Command, epilog=smsc.EXAMPLE)(smsc.smsc)
app.command(cls=Command, epilog=schema.EXAMPLE)(schema.config_schema)


def main() -> None:
    """The console script."""
    app(prog_name="smppcast")
