"""What every test may use: the shared vectors, and the event loop that anyio's tests run on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A deadline of an example is an assertion on time: beside another busy process it fails.
settings.register_profile("smppcast", settings(), deadline=None)
settings.load_profile("smppcast")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], list[dict[str, Any]]]:
    """Reads a file of the shared vectors: real PDUs, receipts and texts with what they mean."""
    folder = os.environ.get("SMPPCAST_VECTORS")
    if not folder:
        pytest.skip("SMPPCAST_VECTORS is not set: the shared vectors are not on this machine")

    def read(name: str) -> list[dict[str, Any]]:
        text = Path(folder, name).read_text("utf-8")
        if name.endswith(".json"):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    return read
