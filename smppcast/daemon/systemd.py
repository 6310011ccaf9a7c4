"""What systemd is told of a service of `Type=notify`: ready, reloading, stopping, alive (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time

import anyio

__all__ = ["notify", "watchdog"]


def notify(state: str) -> bool:
    """Tells the service manager, where there is one; whether there is."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # of the abstract namespace
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def reloading() -> bool:
    """That a reload has begun; `READY=1` ends it."""
    return notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


async def watchdog() -> None:
    """Says that the event loop turns, twice as often as is asked for; until cancelled."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    if not wanted.isdigit() or not int(wanted):
        return
    while notify("WATCHDOG=1"):  # noqa: ASYNC110 - what it tells is that time passes here
        await anyio.sleep(int(wanted) / 2e6)
