"""The clocks: one for intervals, one for dates. Whoever needs time is given one."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock", "monotonic", "wall"]

Clock = Callable[[], float]

monotonic: Clock = time.monotonic
wall: Clock = time.time
