"""What a parent process and the control port may ask for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from smppcast.errors import ConfigError, ConnectFailed, UsageError
from smppcast.smsc import serve
from smppcast.smsc.commands import COMMANDS, perform
from tests.smsc.raw_esme import UNBIND, bound_esme, read_receipt

pytestmark = pytest.mark.anyio


async def test_each_command_is_done_and_answers_in_json() -> None:
    async with (
        serve("ideal") as smsc,
        bound_esme(smsc.port) as esme,
        bound_esme(smsc.port, system_id="b") as b,
    ):
        await esme.submit("33600001", "33600002", "33600001", registered=0)
        await esme.read_many(3)

        told = await perform(smsc, "account", {"destinations": True})
        assert told["destinations"] == {"33600001": 2, "33600002": 1}
        assert told["windows"] == {"esme": 3}
        totals = await perform(smsc, "totals", {})
        assert (totals["submitted"], totals["receipts_owed"], totals["inbound_owed"]) == (3, 0, 0)
        assert 0 < totals["work_s"] <= time.process_time()

        binds = (await perform(smsc, "binds", {}))["binds"]
        assert [bind["system_id"] for bind in binds] == ["esme", "b"]
        assert (binds[0]["submitted"], binds[0]["window"], binds[0]["state"]) == (3, 3, "bound_trx")
        assert binds[0]["peer"].startswith("127.0.0.1:")

        changed = await perform(smsc, "change", {"changes": {"receipts": {"lost": 0.5}}})
        assert changed == await perform(smsc, "scenario", {})
        assert changed["receipts"]["lost"] == smsc.scenario.receipts.lost == 0.5

        asked = {"source": "33612345678", "to": "36105"}
        assert await perform(smsc, "inject", {"text": "x" * 161, **asked}) == {"segments": 2}
        assert await perform(smsc, "inject", {"octets": "53544F50", "system_id": "b", **asked}) == {
            "segments": 1
        }
        assert read_receipt(await b.read()).text == "STOP"
        assert await perform(smsc, "alert", {"system_id": "b", **asked}) == {"sent": True}
        assert (await b.read()).command_id == 0x102
        assert await perform(smsc, "unbind", {"system_id": "b"}) == {"unbound": 1}
        assert (await b.read()).command_id == UNBIND
        assert await perform(smsc, "cut", {"system_id": "esme"}) == {"cut": 1}
        assert await perform(smsc, "cut", {}) == {"cut": 1}
        assert smsc.links == ()


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("nonsense", {}, "expected one of account, totals"),
        ("totals", {"destinations": True}, "destinations: unknown key"),
        ("inject", {"text": "x", "to": "36105"}, "source: is missing"),
        ("inject", {"source": "336", "to": "36105"}, "either text or octets"),
        ("inject", {"source": "336", "to": "36105", "octets": "zz"}, "hexadecimal"),
        ("inject", {"source": "336", "to": "36105", "text": "x"}, "no account is known"),
        ("alert", {"source": "336", "to": "1", "ms_availability_status": 256}, "ms_availability_status"),
        ("outbind", {"host": "127.0.0.1", "port": 0}, "port"),
    ],
)
async def test_what_is_wrong_is_told_and_changes_nothing(
    name: str, arguments: dict[str, Any], problem: str
) -> None:
    async with serve("ideal") as smsc:
        with pytest.raises(UsageError, match=problem):
            await perform(smsc, name, arguments)
        assert (smsc.inbound_owed, smsc.center.clients) == (0, {})


async def test_a_change_that_is_none_is_a_configuration_error() -> None:
    async with serve("ideal") as smsc:
        with pytest.raises(ConfigError, match=r"receipts\.window"):
            await perform(smsc, "change", {"changes": {"receipts": {"window": 0}}})


async def test_dialling_nobody_fails() -> None:
    assert "outbind" in COMMANDS
    async with serve("ideal") as smsc:
        port = smsc.port
        with pytest.raises(ConnectFailed):
            await perform(smsc, "outbind", {"host": "127.0.0.2", "port": port})
