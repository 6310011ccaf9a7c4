"""Links that misbehave: torn PDUs, half-open links, odd responses, garbage."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from smppcast.errors import ConfigError
from smppcast.smsc import Scenario, link, serve
from smppcast.smsc.habits import Habits
from smppcast.smsc.mishaps import Mishap, happening
from tests.smsc.made import made, timed
from tests.smsc.raw_esme import (
    DELIVER_SM,
    PATIENCE_S,
    RESPONSE,
    SUBMIT_SM,
    RawEsme,
    bound_esme,
    raw_esme,
    read_receipt,
)

pytestmark = pytest.mark.anyio

SUBMIT_SM_RESP = SUBMIT_SM | RESPONSE


async def rest(esme: RawEsme) -> bytes:
    """All octets to the end of the stream."""
    found = b""
    with anyio.fail_after(PATIENCE_S):
        while True:
            try:
                found += await esme.stream.receive()
            except anyio.EndOfStream:
                return found


def cut(octets: bytes) -> tuple[list[int], int]:
    """command_ids of the whole PDUs, and how many octets are left of a last one."""
    commands, at = [], 0
    while len(octets) - at >= 4 and at + int.from_bytes(octets[at : at + 4], "big") <= len(octets):
        commands.append(int.from_bytes(octets[at + 4 : at + 8], "big"))
        at += int.from_bytes(octets[at : at + 4], "big")
    return commands, len(octets) - at


async def test_a_link_is_cut_in_the_middle_of_a_pdu() -> None:
    faults = {"cut_after": 3, "cut_mid_pdu": True}
    async with serve(made(faults=faults)) as smsc:
        async with bound_esme(smsc.port) as esme:
            await esme.submit("33600001", "33600002", "33600003", "33600004", registered=0)
            commands, left = cut(await rest(esme))
            assert commands == [SUBMIT_SM_RESP] * 2
            assert 0 < left < 16
        assert smsc.account.submitted == smsc.account.accepted == 3


async def test_a_link_that_has_nothing_to_say_is_torn_as_well() -> None:
    async with serve(made(faults={"cut_mid_pdu": True})) as smsc, bound_esme(smsc.port) as esme:
        assert await smsc.cut() == 1
        assert cut(await rest(esme)) == ([], 9)


async def test_a_torn_link_whose_client_does_not_read_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "TORN_S", 0.02)
    async with serve(made(faults={"cut_mid_pdu": True})) as smsc, bound_esme(smsc.port):
        smsc.links[0].send(bytes(1 << 24))  # more than sockets hold
        smsc.turn()
        with anyio.fail_after(PATIENCE_S):
            assert await smsc.cut() == 1


async def test_a_half_open_link_says_nothing_until_it_is_given_up() -> None:
    faults = {"half_open_after": 2, "half_open_s": 60}
    async with timed(faults=faults, binds={"max_per_account": 1}) as made:
        async with bound_esme(made.smsc.port) as esme:
            await esme.submit("33600001", registered=0)
            assert (await esme.read()).status == 0
            await esme.submit("33600002", "33600003")
            await esme.send(0x15)
            async with raw_esme(made.smsc.port) as other:
                assert (await other.bind()).status == 5  # the SMSC still holds the dead one
            made.passes(59.9)
            assert made.smsc.account.order() == ["33600001", "33600002"]
            assert len(made.smsc.links) >= 1
            made.passes(0.2)
            assert await esme.ended()  # and not a word before
        async with bound_esme(made.smsc.port) as again:
            assert read_receipt(await again.read()).source == "33600002"


@pytest.mark.parametrize(
    ("fault", "commands"),
    [
        ("repeat", [SUBMIT_SM_RESP, SUBMIT_SM_RESP, DELIVER_SM]),
        ("stray", [SUBMIT_SM_RESP, SUBMIT_SM_RESP, DELIVER_SM]),
        ("bodyless", [SUBMIT_SM_RESP, DELIVER_SM]),
    ],
)
async def test_odd_responses(fault: str, commands: list[int]) -> None:
    async with serve(made(faults={fault: 1.0})) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001")
        frames = await esme.read_many(len(commands))
        assert [frame.command_id for frame in frames] == commands
        assert [frame.status for frame in frames] == [0] * len(commands)
        numbers = [frame.number for frame in frames[:-1]]
        assert numbers == {"repeat": [2, 2], "stray": [2, 0x7FFFFFFF], "bodyless": [2]}[fault]
        assert (frames[0].body == b"") == (fault == "bodyless")
        await esme.settle()


async def test_garbage_stands_before_a_response_and_is_the_same_by_seed() -> None:
    seen = []
    for seed in (1, 1, 2):
        async with serve(made(faults={"garbage": 1.0}, seed=seed)) as smsc, bound_esme(smsc.port) as esme:
            await esme.submit("33600001", registered=0)
            with anyio.fail_after(PATIENCE_S):
                seen.append(await esme._buffered.receive_exactly(64))
                response = await esme.read()
            assert (response.command_id, response.text) == (SUBMIT_SM_RESP, "1")
    assert seen[0] == seen[1] != seen[2]
    assert seen[0][0] == 0xFF


async def test_shares_mix_and_withheld_ones_are_counted() -> None:
    faults = {"withhold": 0.2, "repeat": 0.2, "stray": 0.2, "bodyless": 0.2}
    async with serve(made(faults=faults)) as smsc, bound_esme(smsc.port) as esme:
        await esme.submit(*["33600001"] * 200, registered=0)
        expected = 200 - smsc_withheld(smsc.scenario, 200)
        numbers: set[int] = set()
        while len(numbers - {0x7FFFFFFF}) < expected:
            numbers.add((await esme.read()).number)
        assert smsc.account.withheld == 200 - expected
        assert 20 <= smsc.account.withheld <= 60


def smsc_withheld(scenario: Scenario, count: int) -> int:
    return Habits(scenario).answers.slice(0, count).count(1)


def test_shares_of_responses_are_shares_of_one_whole() -> None:
    with pytest.raises(ConfigError, match="one whole"):
        made(faults={"withhold": 0.6, "garbage": 0.6})


@pytest.mark.parametrize(
    ("faults", "before", "expected"),
    [
        ({}, 0, (5, Mishap.NONE)),
        ({"cut_after": 3}, 0, (3, Mishap.CUT)),
        ({"cut_after": 3}, 9, (1, Mishap.CUT)),  # set while the link had more already
        ({"cut_after": 6}, 0, (5, Mishap.NONE)),
        ({"cut_after": 4, "half_open_after": 3}, 0, (3, Mishap.HALF_OPEN)),
        ({"cut_share": 1.0, "half_open_after": 3}, 0, (1, Mishap.CUT)),
        ({"unbind_after": 2}, 0, (5, Mishap.UNBIND)),
        ({"unbind_after": 2}, 2, (5, Mishap.NONE)),
        ({"stall_after": 5}, 0, (5, Mishap.STALL)),
        ({"stall_after": 5, "cut_after": 5}, 0, (5, Mishap.CUT)),
    ],
)
def test_what_happens_when(faults: dict[str, Any], before: int, expected: tuple[int, Mishap]) -> None:
    assert happening(Habits(made(faults=faults)), before, 5, 0) == expected
