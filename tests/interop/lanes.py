"""The engine with one lane, to the SMSC that a peer plays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from smppcast.campaign.engine import Engine, EngineSettings
from smppcast.config.opening import open_engine
from smppcast.ledger.memory import MemoryStore
from smppcast.operators.settings import OperatorSettings


@asynccontextmanager
async def lane(folder: Path, store: MemoryStore, url: str, **operator: Any) -> AsyncIterator[Engine]:
    """An engine whose lane takes every number."""
    account = OperatorSettings.model_validate({"url": url, "prefixes": [""], **operator})
    async with open_engine(EngineSettings({"peer": account}, rejects=folder), store=store) as engine:
        yield engine


def template(text: str) -> str:
    """A text as the engine's template of it, without columns."""
    return text.replace("{", "{{").replace("}", "}}")
