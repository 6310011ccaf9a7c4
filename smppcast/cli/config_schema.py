"""`smppcast config-schema`: for editors."""

from __future__ import annotations

import json

from smppcast.cli.parameters import Debug
from smppcast.config import json_schema

__all__ = ["EXAMPLE", "config_schema"]

EXAMPLE = "Example: smppcast config-schema > smppcast.schema.json"


def config_schema(*, debug: Debug = False) -> None:  # noqa: ARG001 - read where errors are told
    """Print the configuration file's JSON Schema, by which editors complete and check it."""
    print(json.dumps(json_schema(), indent=2))
