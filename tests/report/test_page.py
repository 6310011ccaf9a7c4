"""The page of a campaign's report: pictures of what there is, no network, no subscriber's number."""

from __future__ import annotations

import re

from smppcast.ledger.board import replay
from smppcast.ledger.facts import Accepted, Deferred, Intent, Received, Rejected, chunk_key
from smppcast.ledger.memory import MemoryStore
from smppcast.ledger.timeline import timeline
from smppcast.report.page import report_page
from tests.ledger.casting import FIRST_NUMBER, campaign_with, refs

TITLES = re.compile(r"<h2>([^<]*)</h2>")


def test_a_page_of_everything() -> None:
    store = MemoryStore()
    campaign = campaign_with(store, (20, 1))
    named = refs(campaign.id, 0, *range(20))
    store.commit(
        [
            Intent(chunk_key(campaign.id, 0), 20),
            Deferred("orange", 99.0, named[:2], [0x58, 0x58]),
            Accepted("orange", 100.0, named[:18], [str(at) for at in range(18)], ()),
            Rejected("orange", 100.0, named[18:], [0x0B, 0x0B]),
            Received(
                "orange", 130.0, named[:10], bytes([2] * 8 + [5, 3]), ["000"] * 8 + ["<0A1>", ""], [0] * 10
            ),
        ]
    )
    text = report_page(campaign, replay(store, campaign), timeline(store, campaign.id), live=False)
    assert TITLES.findall(text) == [
        "Accepted and delivered",
        "Outcomes by operator",
        "Receipt latency",
        "Throttled, and sent again",
        "Refusals by status",
        "Errors of receipts",
    ]
    assert "ESME_RTHROTTLED" in text
    assert "<0A1>" not in text.replace("\\u003c", "<").split("Errors of receipts")[0]
    assert str(FIRST_NUMBER)[:9] not in text
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", text)


def test_a_campaign_of_which_nothing_was_sent() -> None:
    store = MemoryStore()
    campaign = campaign_with(store, (3, 1))
    text = report_page(campaign, replay(store, campaign), timeline(store, campaign.id), live=False)
    assert TITLES.findall(text) == ["Accepted and delivered", "Outcomes by operator"]
