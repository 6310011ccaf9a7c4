"""Follow-up campaigns: to whom, with which text, and the same however often they are resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppcast.campaign.engine import Engine
from smppcast.errors import CampaignError
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import Received, make_ref
from smppcast.ledger.memory import MemoryStore
from smppcast.model import Account, MessageState, Outcome
from smppcast.smsc import serve
from tests.campaign.casts import TEXT, cast, closed, numbers, opened, operator

pytestmark = pytest.mark.anyio

EXPIRED = {Outcome.EXPIRED}


async def retried(engine: Engine, outcomes: set[Outcome], **more: str) -> Account:
    campaign = await engine.retry("alert", outcomes, **more)  # type: ignore[arg-type]
    return closed(await campaign.wait())


async def test_who_was_not_reached_gets_the_text_once_more(tmp_path: Path, store: Store) -> None:
    everybody = numbers(100)
    async with serve(keep=1_000_000) as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        smsc.change(numbers=[{"suffix": "7", "state": "expired"}, {"suffix": "3", "status": 0x0B}])
        first = await cast(engine, everybody)
        assert (first.expired, first.rejected) == (10, 10)
        smsc.change(numbers=[])
        account = await retried(engine, EXPIRED)
        assert (account.campaign, account.fed, account.delivered) == ("alert-retry", 10, 10)
        counts = smsc.account.destinations()
        assert {number for number, count in counts.items() if count == 2} == set(everybody[7::10])
        assert {message.text for message in smsc.messages()} == {TEXT}
        again = await retried(engine, EXPIRED)  # the same command finds it finished
        assert (again.fed, smsc.account.submitted) == (10, 110)
        other = await retried(engine, {Outcome.REJECTED}, name="wrong numbers", text="Encore")
        assert (other.fed, other.delivered) == (10, 10)
        assert smsc.messages()[-1].text == "Encore"


async def test_each_gets_their_own_text_once_more(tmp_path: Path) -> None:
    rows = [{"msisdn": number, "name": f"{{{at}}}"} for at, number in enumerate(numbers(20))]
    async with serve(keep=1_000_000) as smsc, opened(tmp_path, MemoryStore(), operator(smsc)) as engine:
        smsc.change(numbers=[{"suffix": "5", "state": "expired"}])
        await cast(engine, rows, "Bonjour {name}")
        assert (await retried(engine, EXPIRED)).fed == 2
        assert [message.text for message in smsc.messages()[-2:]] == ["Bonjour {5}", "Bonjour {15}"]


async def test_receipts_that_come_meanwhile_change_nothing(tmp_path: Path) -> None:
    """A resumed follow-up asks for the same recipients as when it began."""
    store, everybody = MemoryStore(), numbers(2_000)
    async with serve() as smsc:
        smsc.change(numbers=[{"match": ".*", "state": "expired"}])
        async with opened(tmp_path, store, operator(smsc)) as engine:
            await cast(engine, everybody)
            smsc.change(response_latency=20, numbers=[])
            campaign = await engine.retry("alert", EXPIRED)
            campaign.stop()
            await campaign.over()
        first = store.campaign("alert")
        assert first is not None
        refs = [make_ref(info.key, 0) for info in store.chunks(first.id)]
        late = Received(
            "orange",
            1e12,
            refs,
            bytes([MessageState.DELIVERED]) * len(refs),
            ["000"] * len(refs),
            [1] * len(refs),
        )
        store.commit([late])
        async with opened(tmp_path, store, operator(smsc)) as engine:
            smsc.change(response_latency=0)
            account = await retried(engine, EXPIRED)
        assert (account.fed, account.delivered) == (2_000, 2_000)


async def test_what_cannot_be_followed_up_is_told(tmp_path: Path) -> None:
    store = MemoryStore()
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        with pytest.raises(CampaignError, match="no campaign alert"):
            await engine.retry("alert", EXPIRED)
        await cast(engine, numbers(10))
        assert (await retried(engine, EXPIRED)).fed == 0
        with pytest.raises(CampaignError, match="does not follow up alert for unknown"):
            await engine.retry("alert", {Outcome.UNKNOWN})
        with pytest.raises(CampaignError, match="another name"):
            await engine.retry("alert-retry", EXPIRED, name="alert")
        older = store.create_campaign("older", 1.0, "print", "{}")
        store._set_campaign_state("finished", older.id)
        with pytest.raises(CampaignError, match="does not hold the text of campaign older"):
            await engine.retry("older", EXPIRED)
        store.create_campaign("begun", 1.0, "print", "{}")
        with pytest.raises(CampaignError, match="begun is running"):
            await engine.retry("begun", EXPIRED)
