"""What `smppcast bench` runs against an SMSC: a load at a rate, or as fast as it goes, and its figures.

::

    load = Load(target, Messages(parts, numbers_of("33639980000-33639989999")), binds=2)
    async with open_load(load):
        result = await load.run(per_s=1000, duration_s=10, wait_s=5)
"""

from __future__ import annotations

from smppcast.load.bind import BindKind, Target
from smppcast.load.comparison import Compared, compared
from smppcast.load.generator import Load, open_load
from smppcast.load.histogram import PERCENTILES, Histogram
from smppcast.load.limit import Bounds, Limit, Ramp, Step, find_limit
from smppcast.load.measured import Measured, Point
from smppcast.load.messages import Messages, numbers_of
from smppcast.load.page import page
from smppcast.load.result import Result, latencies

__all__ = [
    "PERCENTILES",
    "BindKind",
    "Bounds",
    "Compared",
    "Histogram",
    "Limit",
    "Load",
    "Measured",
    "Messages",
    "Point",
    "Ramp",
    "Result",
    "Step",
    "Target",
    "compared",
    "find_limit",
    "latencies",
    "numbers_of",
    "open_load",
    "page",
]
