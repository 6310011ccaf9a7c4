"""The configuration file: YAML, checked whole before anything connects.

`load` finds all faults at once and names file, line, key, value and what was expected of each.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from smppcast.config.settings import CampaignDefaults, OperatorEntry, Settings, Unknowns
from smppcast.documents import Document, faults_of, parse, together
from smppcast.errors import ConfigError
from smppcast.operators.routes import Routes
from smppcast.operators.routing import Router

__all__ = ["CampaignDefaults", "OperatorEntry", "Settings", "Unknowns", "json_schema", "load"]


def load(path: str | Path, env: Mapping[str, str] = os.environ) -> Settings:
    """Read and check a configuration file.

    ``${NAME}`` and ``${NAME:-default}`` stand for variables of the environment; paths are relative
    to the file's folder. Secrets appear neither in the settings' repr nor in an error.

    Args:
        path: of the file.
        env: the environment.

    Raises:
        ConfigError: the file's only fault.
        ConfigFaults: all of them, where it has several; it is a ConfigError too.
    """
    document = parse(str(path), _text(Path(path)), env)
    folder = Path(path).parent
    faults = document.faults
    _read_secret_files(document, folder)
    settings = None
    try:
        settings = Settings.model_validate(
            {} if document.data is None else document.data, context={"folder": folder}
        )
        Router(Routes(settings.operators).prefixes)
    except ValidationError as error:
        known = {fault.key for fault in faults}  # what a broken value breaks further is no news
        faults += [fault for fault in faults_of(error, document, Settings) if fault.key not in known]
    except ConfigError as error:
        faults.append(_placed(error, document))
    if faults or settings is None:
        raise together(faults)
    return settings


def json_schema() -> dict[str, Any]:
    """The file's JSON Schema, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8", file=str(path), line=line) from None


def _read_secret_files(document: Document, folder: Path) -> None:
    """Put what the files named by `password_file` and `secret_file` hold where the secret would stand."""
    _read_files(document, folder, ("operators",), "password")
    _read_files(document, folder, ("daemon", "webhooks"), "secret")


def _read_files(document: Document, folder: Path, within: tuple[str, ...], secret: str) -> None:
    found = document.data
    for key in within:
        found = found.get(key) if isinstance(found, dict) else None
    for name, entry in (found if isinstance(found, dict) else {}).items():
        file = entry.get(f"{secret}_file") if isinstance(entry, dict) else None
        if not isinstance(file, str):
            continue
        path = (*within, name, f"{secret}_file")
        place = document.place(path)[1]
        try:
            if secret in entry:
                raise ValueError(f"expected {secret} or {secret}_file, not both")
            entry[secret] = (folder / file).read_text("utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
            document.faults.append(
                ConfigError(
                    problem, file=document.file, line=place.line, key=".".join(path), value=place.written
                )
            )


def _placed(error: ConfigError, document: Document) -> ConfigError:
    """The error of a lower room, which knows the key but no file."""
    keys = tuple((error.key or "").split("."))
    line = document.place(keys)[1].line
    return ConfigError(error.problem, file=document.file, line=line, key=error.key, value=error.value)
