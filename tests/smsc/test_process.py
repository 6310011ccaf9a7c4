"""The simulated SMSC as a child process."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys

import anyio
import pytest

from smppcast.errors import ConfigError, SmppcastError
from smppcast.smsc import Scenario, spawn
from tests.smsc.raw_esme import bound_esme, read_receipt

PARENT = """
import os, sys, anyio
from smppcast.smsc import spawn

async def main():
    async with spawn("ideal") as smsc:
        print(smsc.pid, flush=True)
        os._exit(1)  # dies without a word, as by kill -9

anyio.run(main)
"""


@pytest.mark.anyio
async def test_a_child_serves_tells_changes_and_ends() -> None:
    async with spawn(Scenario().changed(message_ids={"start": 42})) as smsc:
        async with bound_esme(smsc.port) as esme:
            await esme.submit("33612345678", "33612345678")
            frames = await esme.read_many(4)
            assert frames[0].text == "42"
            await esme.acknowledge(*frames[2:])
            await esme.settle()
            account = await smsc.account(destinations=True)
            assert account["destinations"] == {"33612345678": 2}
            assert account["receipts_owed"] == 0
            totals = await smsc.totals()
            assert (totals["submitted"], "rates" in totals, "distinct_destinations" in totals) == (
                2,
                False,
                False,
            )
            assert await smsc.do("inject", text="STOP", source="336", to="36105") == {"segments": 1}
            assert read_receipt(await esme.read()).text == "STOP"
            with pytest.raises(SmppcastError, match="expected one of"):
                await smsc.do("nonsense")
            await smsc.change(rate={"per_s": 0.001, "burst": 1, "status": 0x58})
            await esme.submit("33612345678", "33612345678", registered=0)
            assert sorted(frame.status for frame in await esme.read_many(2)) == [0, 0x58]
            with pytest.raises(SmppcastError, match=r"rate\.per_s"):
                await smsc.change(rate={"per_s": -1})
            await smsc.cut()
            assert await esme.ended()
        pid = smsc.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.anyio
async def test_a_scenario_that_is_none_starts_nothing() -> None:
    with pytest.raises(ConfigError):
        async with spawn("no-such-scenario"):
            pass


@pytest.mark.anyio
async def test_a_port_that_is_taken_is_told() -> None:
    async with spawn("ideal") as smsc:
        with pytest.raises(SmppcastError, match="did not start"):
            async with spawn("ideal", port=smsc.port):
                pass


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a stranger's end by Linux's pidfd")
def test_the_child_dies_with_its_parent() -> None:
    parent = subprocess.run([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, check=False, timeout=60)
    assert parent.returncode == 1
    try:
        child = os.pidfd_open(int(parent.stdout))
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([child], [], [], 60)
    finally:
        os.close(child)
    assert ended


@pytest.mark.anyio
async def test_by_itself_it_prints_where_it_listens_and_what_it_took_in() -> None:
    arguments = ["--scenario", "ideal", "--port", "0", "--json-account-on-exit"]
    async with await anyio.open_process([sys.executable, "-m", "smppcast.smsc", *arguments]) as process:
        assert process.stdout is not None
        with anyio.fail_after(60):
            said = await process.stdout.receive()
            port = json.loads(said)["port"]
            async with bound_esme(port) as esme:
                await esme.submit("33612345678", registered=0)
                await esme.read()
            process.send_signal(signal.SIGTERM)
            account = json.loads(await process.stdout.receive())
            assert await process.wait() == 0
    assert account["submitted"] == account["distinct_destinations"] == 1


def test_a_wrong_scenario_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "smppcast.smsc", "--scenario", "no-such-scenario"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "slow-operator" in ended.stderr
