"""Who is measured, and how it is started."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.peers.environments import Environments

__all__ = ["CEILING", "OURS", "SIDES", "Side"]

_CLIENTS: Final = Path(__file__).parent / "clients"
ROOT: Final = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Side:
    """One client.

    Args:
        client: its script in `clients/`.
        package: its name on PyPI or npm; none for what comes with this checkout.
        version: the one that is measured.
        on_uvloop: whether its environment needs that too: the very version that smppcast runs on.
        arguments: more for the script, behind the job's.
        receipts: whether it can be measured with receipts.
    """

    name: str
    client: str
    package: str = ""
    version: str = ""
    on_uvloop: bool = True
    arguments: tuple[str, ...] = ()
    receipts: bool = True

    @property
    def script(self) -> Path:
        return _CLIENTS / self.client

    def command(self, environments: Environments) -> list[str]:
        """What starts it, without the job.

        Raises:
            InstallFailed: its environment cannot be made.
        """
        if self.script.suffix == ".js":
            return [*environments.node(self.package, self.version), str(self.script)]
        python = sys.executable
        if self.package:
            python = environments.python(self.package, self.version, on_uvloop=self.on_uvloop)
        return [python, "-m", f"bench.peers.clients.{self.script.stem}"]

    def tuning(self) -> str:
        """How it was tuned, in its script's own words."""
        text = self.script.read_text("utf-8")
        if self.script.suffix == ".js":
            lines = text.partition("'use strict'")[0].splitlines()
            return "\n".join(line.removeprefix("//").strip() for line in lines)
        return ast.get_docstring(ast.parse(text)) or ""


OURS: Final = Side("smppcast, submit_many", "smppcast_client.py")
CEILING: Final = Side("raw ceiling", "ceiling_client.py", receipts=False)
SIDES: Final = (
    CEILING,
    OURS,
    Side("smppcast, submit from 100 tasks", "smppcast_client.py", arguments=("submit",)),
    Side("smpp34", "smpp34_client.py", "smpp34", "1.5.0"),
    Side("rusmppyc", "rusmppyc_client.py", "rusmppyc", "0.4.0a2"),
    Side("naz", "naz_client.py", "naz", "0.8.1"),
    Side("aiosmpplib", "aiosmpplib_client.py", "aiosmpplib", "0.7.4"),
    Side("smpplib", "smpplib_client.py", "smpplib", "2.2.4", on_uvloop=False),
    Side("smpp (Node.js)", "node_client.js", "smpp", "0.5.1"),
)
