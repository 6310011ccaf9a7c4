"""The simulated SMSC: a product of its own, for demonstrations, tests and measurements.

Inside an asyncio program::

    async with smppcast.smsc.serve("throttling") as smsc:
        ...connect to smsc.url...
    assert smsc.account.destinations()["33612345678"] == 1

From a program without an event loop, or in a test by pytest (`smppcast.pytest_plugin`)::

    with smppcast.smsc.serve_in_thread("throttling") as smsc:
        ...connect to smsc.url...

As a process of its own, on another core::

    async with smppcast.smsc.spawn("ideal") as smsc:
        ...connect to smsc.url...
        account = await smsc.account()
"""

from __future__ import annotations

from smppcast.smsc.account import SmscAccount
from smppcast.smsc.control import serve_control
from smppcast.smsc.loading import load_scenario, scenario_names
from smppcast.smsc.process import SmscProcess, run, spawn
from smppcast.smsc.scenario import Scenario
from smppcast.smsc.server import Smsc, serve
from smppcast.smsc.threaded import SmscThread, serve_in_thread

__all__ = [
    "Scenario",
    "Smsc",
    "SmscAccount",
    "SmscProcess",
    "SmscThread",
    "load_scenario",
    "run",
    "scenario_names",
    "serve",
    "serve_control",
    "serve_in_thread",
    "spawn",
]
