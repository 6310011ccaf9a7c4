from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Both kinds of ledger: for what must hold whichever keeps the facts."""
    kept: Store = (
        SqliteStore(tmp_path / "ledger.db", durability="relaxed")
        if request.param == "sqlite"
        else MemoryStore()
    )
    yield kept
    kept.close()


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()
