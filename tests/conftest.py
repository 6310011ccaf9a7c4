"""What every test may use: the shared vectors, a port, and the event loop that anyio's tests run on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
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


@pytest.fixture
def reserved_port() -> Iterator[int]:
    """A port that refuses whoever dials, until the test listens there.

    One that was merely free before may be another process's by then, or that of the dialling socket itself.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


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
