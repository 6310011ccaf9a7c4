"""The engine for those who embed it: from a file, or from settings made in Python."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.config import load
from smppcast.config.engine import engine_settings
from smppcast.errors import UsageError
from smppcast.ledger.contract import Store
from smppcast.ledger.sqlite import SqliteStore

__all__ = ["open_engine"]


@asynccontextmanager
async def open_engine(
    settings: str | Path | EngineSettings, *, store: Store | None = None
) -> AsyncIterator[Engine]:
    """Opens lanes to every operator and the ledger; drains, unbinds and closes them on leaving.

    Args:
        settings: a configuration file, or settings made in Python.
        store: the ledger; needed where settings come without a file, and closed by its owner. Of a
            file, the one that it names.

    Raises:
        ConfigError: the file is wrong; all its faults are told.
        LedgerError: the ledger cannot be had; LedgerBusy where another process writes to it.
        UsageError: settings without a file, and no store.
    """
    opened: SqliteStore | None = None
    if isinstance(settings, str | Path):
        loaded = load(settings)
        settings = engine_settings(loaded)
        if store is None:
            store = opened = SqliteStore(loaded.ledger, durability=loaded.durability)
    if store is None:
        raise UsageError("settings without a file need a store, such as SqliteStore(path)")
    try:
        async with Engine.open(settings, store) as engine:
            yield engine
    finally:
        if opened is not None:
            opened.close()
