"""The machine's network interfaces, which tests in other processes may change.

Chromium gives up every request under way when an address comes or goes, also another program's: a page that
is just loading its modules stays blank.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["changing", "unchanged"]

_LOCK = Path(tempfile.gettempdir(), "smppcast-tests-interfaces.lock")


@contextmanager
def unchanged() -> Iterator[None]:
    """Waits until nobody changes them, and keeps others from it meanwhile."""
    with _held(fcntl.LOCK_SH):
        yield


@contextmanager
def changing() -> Iterator[None]:
    """Waits until nobody minds."""
    with _held(fcntl.LOCK_EX):
        yield


@contextmanager
def _held(how: int) -> Iterator[None]:
    with _LOCK.open("w") as file:  # closing it lets go
        fcntl.flock(file, how)
        yield
