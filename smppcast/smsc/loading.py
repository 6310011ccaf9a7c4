"""Scenarios by name or file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from smppcast.documents import checked, parse_typed
from smppcast.errors import ConfigError
from smppcast.smsc.scenario import Scenario

__all__ = ["load_scenario", "scenario_names"]

_SHIPPED = files("smppcast.smsc") / "scenarios"


def scenario_names() -> list[str]:
    """The scenarios that come with the package."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_scenario(source: Scenario | str | Path) -> Scenario:
    """Reads a scenario by the name of a shipped one or from a YAML file.

    Raises:
        ConfigError: there is none of that name, or it is none: its only fault.
        ConfigFaults: all of them, where it has several.
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, str) and source in scenario_names():
        text, file = (_SHIPPED / f"{source}.yaml").read_text("utf-8"), f"{source}.yaml"
        return checked(Scenario, parse_typed(file, text))
    try:
        text = Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        expected = f"expected a readable YAML file or one of {', '.join(scenario_names())}"
        raise ConfigError(expected, key="scenario", value=str(source)) from None
    return checked(Scenario, parse_typed(str(source), text))
