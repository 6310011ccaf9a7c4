"""Single messages through the engine: taken in durably, sent with each its own text, found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppcast.campaign.engine import Engine
from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.posting import Post, Posting
from smppcast.errors import CampaignError
from smppcast.feed import Reason, Suppression, normalise
from smppcast.ledger.contract import Store
from smppcast.ledger.facts import chunk_of
from smppcast.model import CampaignState, Outcome
from smppcast.smsc import serve
from tests.campaign.casts import closed, numbers, opened, operator, rows, until

pytestmark = pytest.mark.anyio


def posts(count: int) -> list[Post]:
    return [Post(number, f"Votre code : {at}") for at, number in enumerate(numbers(count))]


async def office(engine: Engine, name: str = "codes") -> Posting:
    _, posting = await engine.post_office(name, options=CampaignOptions(priority=0))
    return posting


async def test_each_gets_its_own_text_and_its_receipt(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        posting = await office(engine)
        refs = await posting.post(posts(3)) + await posting.post(posts(5)[3:])
        assert len(set(refs)) == 5
        campaign = engine.campaigns["codes"]
        await until(lambda: campaign.account().delivered == 5)
        assert campaign.state is CampaignState.RUNNING
        posting.close()
        account = closed(await campaign.wait())
        assert (account.fed, account.delivered, campaign.state) == (5, 5, CampaignState.FINISHED)
        assert smsc.account.destinations() == dict.fromkeys(numbers(5), 1)
        with pytest.raises(CampaignError, match="no more messages"):
            await posting.post(posts(1))
        engine.forget("codes")
        assert "codes" not in engine.campaigns
    assert [row.state for row in rows(store, "codes")] == [Outcome.DELIVERED] * 5


async def test_what_cannot_be_sent_is_told_and_counted(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc, prefixes=["336"])) as engine:
        posting = await office(engine)
        posting.suppression = Suppression()
        posting.suppression.add(normalise(["33600000002"])[0])
        given = [
            Post("33600000001", "Bonjour"),
            Post("no number", "Bonjour"),
            Post("33600000002", "Bonjour"),
            Post("4917012345678", "Hallo"),
            Post("33600000003", "x" * 40_000),
            Post("33600000004", "Salut", operator="vert"),
        ]
        first, *others = await posting.post(given)
        assert isinstance(first, int)
        assert [str(reason) for reason in others] == [
            str(normalise(["no number"])[1][0]),
            str(Reason.SUPPRESSED),
            "unroutable",
            str(Reason.UNTEXTABLE),
            "unknown_operator",
        ]
        posting.close()
        account = closed(await engine.campaigns["codes"].wait())
    assert (account.fed, account.invalid, account.suppressed, account.delivered) == (6, 4, 1, 1)


async def test_what_was_taken_in_is_sent_after_a_restart(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc:
        lanes = operator(smsc)
        async with opened(tmp_path, store, lanes) as engine:
            engine.halt()
            posting = await office(engine)
            refs = await posting.post(posts(4))
            assert smsc.account.submitted == 0
        async with opened(tmp_path, store, lanes) as engine:
            posting = await office(engine)
            assert posting.fed == 4
            (more,) = await posting.post(posts(5)[4:])
            assert isinstance(refs[0], int)
            assert isinstance(more, int)
            assert chunk_of(more) > chunk_of(refs[0])
            posting.close()
            account = closed(await engine.campaigns["codes"].wait())
        assert (account.fed, account.delivered) == (5, 5)
        assert smsc.account.submitted == 5


async def test_a_campaign_with_a_feed_is_no_post_office(tmp_path: Path, store: Store) -> None:
    async with serve() as smsc, opened(tmp_path, store, operator(smsc)) as engine:
        await (await engine.cast("{text}", [{"msisdn": "33600000001", "text": "a"}], name="codes")).wait()
        with pytest.raises(CampaignError, match="codes is finished: it takes no messages in"):
            await office(engine)
