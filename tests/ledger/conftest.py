from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smppcast.ledger.contract import Store
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.sqlite import SqliteStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, file: Path) -> Iterator[Store]:
    kept: Store = SqliteStore(file, durability="relaxed") if request.param == "sqlite" else MemoryStore()
    yield kept
    kept.close()
