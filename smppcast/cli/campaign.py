"""`smppcast campaign`: the campaigns of a running daemon."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from smppcast.cli.commands import Command
from smppcast.cli.parameters import Config, Debug, Json
from smppcast.cli.remote import Address, TokenFile, remote, shown
from smppcast.errors import UsageError
from smppcast.report.account import columns

__all__ = ["EXAMPLE", "campaign"]

EXAMPLE = "Example: smppcast campaign create alert.yaml --feed subscribers.csv"

campaign = typer.Typer(
    name="campaign",
    no_args_is_help=True,
    add_completion=False,
    help="Make a running daemon's campaigns, approve them, run them, look at them.",
    epilog=EXAMPLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(help="The campaign's name.")]


class What(StrEnum):
    """What can be done to one, as its state and the token's role allow."""

    TEST = "test"
    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RECALL = "recall"


class View(StrEnum):
    """What can be seen of one."""

    ALL = "all"
    PREVIEW = "preview"
    PREFLIGHT = "preflight"
    PLAN = "plan"
    ACCOUNT = "account"


@campaign.command("list", cls=Command, epilog="Example: smppcast campaign list -c smppcast.yaml")
def list_campaigns(
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """List all, the newest first."""
    found = remote(url, token_file, config).get("/campaigns")
    if json:
        print(shown(found, as_json=True))
        return
    rows = [
        (each["name"], each["state"], each["created"], each["author"], each["reason"])
        for each in found["campaigns"]
    ]
    if rows:
        print("\n".join(columns([("name", "state", "created", "author", ""), *rows])))


@campaign.command(cls=Command, epilog=EXAMPLE)
def create(
    file: Annotated[
        Path, typer.Argument(help="YAML or JSON: name, text, feed, plan and so on, as the API has them.")
    ],
    *,
    feed: Annotated[
        Path | None, typer.Option(help="A feed to upload, instead of one that FILE names.")
    ] = None,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Make a draft: nothing is sent before it is started."""
    body = _read(file)
    asked = remote(url, token_file, config)
    if feed is not None:
        name = str(body.get("name", feed.stem))
        body["feed"] = asked.upload(f"/feeds/{name}", feed)["feed"]
    print(shown(asked.post("/campaigns", body), as_json=json))


@campaign.command(cls=Command, epilog="Example: smppcast campaign show alert --what plan -c smppcast.yaml")
def show(
    name: Name,
    *,
    what: Annotated[View, typer.Option(help="Which side of it.")] = View.ALL,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Show one: all of it, its texts, what stands in its way, its timetable, or its account."""
    path = f"/campaigns/{name}" if what is View.ALL else f"/campaigns/{name}/{what}"
    print(shown(remote(url, token_file, config).get(path), as_json=json))


@campaign.command(cls=Command, epilog="Example: smppcast campaign do start alert -c smppcast.yaml")
def do(
    what: Annotated[What, typer.Argument(help="What is done to it.")],
    name: Name,
    *,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    json: Json = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Test, approve, start, pause, resume, cancel or recall one."""
    print(shown(remote(url, token_file, config).post(f"/campaigns/{name}/{what}"), as_json=json))


@campaign.command(
    cls=Command, epilog="Example: smppcast campaign outcomes alert -c smppcast.yaml > alert.ndjson"
)
def outcomes(
    name: Name,
    *,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Instead, the rows without a message, as CSV.")
    ] = False,
    config: Config = Path("smppcast.yaml"),
    url: Address = None,
    token_file: TokenFile = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are told
) -> None:
    """Write what became of each recipient to standard output, a JSON object a line."""
    side = "rejects" if rejects else "outcomes"
    for piece in remote(url, token_file, config).lines(f"/campaigns/{name}/{side}"):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _read(file: Path) -> dict[str, Any]:
    """A campaign as people write it; the daemon checks it.

    Raises:
        UsageError: the file cannot be read, or is no mapping.
    """
    try:
        # Scalars stay text, as in the configuration: 0336 keeps its 0.
        said = yaml.load(file.read_text("utf-8-sig"), yaml.BaseLoader)  # noqa: S506 - it makes texts only
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: is no YAML: {error}") from error
    if not isinstance(said, dict):
        raise UsageError(f"{file}: expected a mapping of keys to values")
    return said
