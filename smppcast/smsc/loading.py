"""Scenarios by name or file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from smppcast.errors import ConfigError
from smppcast.smsc.scenario import Scenario, validated

__all__ = ["load_scenario", "scenario_names"]

_SHIPPED = files("smppcast.smsc") / "scenarios"


def scenario_names() -> list[str]:
    """The scenarios that come with the package."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_scenario(source: Scenario | str | Path) -> Scenario:
    """Reads a scenario by the name of a shipped one or from a YAML file.

    Raises:
        ConfigError: there is none of that name, or it is none.
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, str) and source in scenario_names():
        return _parsed((_SHIPPED / f"{source}.yaml").read_text("utf-8"), f"{source}.yaml")
    try:
        text = Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        expected = f"expected a readable YAML file or one of {', '.join(scenario_names())}"
        raise ConfigError(expected, key="scenario", value=str(source)) from error
    return _parsed(text, str(source))


def _parsed(text: str, file: str) -> Scenario:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise ConfigError("no YAML", file=file, line=line) from error
    return validated({} if content is None else content, file)
