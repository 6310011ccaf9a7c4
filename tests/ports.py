"""Ports for programs that cannot take one and say which, or that must be found again on theirs."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

__all__ = ["free_port"]

# Below those that kernels give to whoever asks for any, which may be taken again before the program comes.
PORTS = range(15_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
