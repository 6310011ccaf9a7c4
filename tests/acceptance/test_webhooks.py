"""Webhooks through kill -9, with a real program that is told and one that never answers."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from smppcast.daemon.tokens import Role
from smppcast.ledger.tail import Position, TailReader
from tests.acceptance.driver import Home, smsc, until
from tests.acceptance.test_daemon import ALONE, Served, beyond, campaign, state
from tests.daemon.told import SECRET, Receiver, receiver

COUNT = 900
FIRST = 33_600_000_000


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


def hook(url: str, name: str = "shop", **more: Any) -> str:
    settings = {"url": url, "secret": SECRET, "linger": "50ms", "batch": 100, **more}
    return f"    {name}: {json.dumps(settings)}\n"


def told(shop: Receiver) -> dict[str, dict[str, Any]]:
    """Receipts by their ids; one that came again is the same."""
    found: dict[str, dict[str, Any]] = {}
    for event in shop.of("receipt"):
        assert found.setdefault(event["id"], event) == event
    return found


def in_the_ledger(home: Home) -> set[str]:
    """The ids of all its receipts: those that an SMSC sent again, unanswered before a kill, among them."""
    tail = TailReader(home.folder / "ledger.db")
    found, after = set[str](), Position()
    while True:
        rows, last = tail.received(after, 1_000)
        found |= {f"r-{row.campaign}-{row.seq}-{at}" for row in rows for at in range(len(row.fact.refs))}
        if last == after.row:
            tail.close()
            return found
        after = Position(last)


def test_killed_while_receipts_are_owed_to_a_program_each_is_told_at_least_once(home: Home) -> None:
    with smsc() as centre, receiver() as shop:
        shop.answer = lambda: (503, {})
        further = "    rate: 1500\n    window: 100\n"
        served = Served(home, centre, further=further, daemon=f"{ALONE}  webhooks:\n{hook(shop.url)}")
        http = served.start()
        campaign(http, "alert", COUNT, FIRST)
        until(lambda: shop.refused and beyond(centre, COUNT // 3), "a program that fails, and submits")
        served.end(signal.SIGKILL)
        assert shop.events == []
        answers = iter(range(1_000))
        # From here on every other request is refused: what is refused comes again.
        shop.answer = lambda: (204, {}) if next(answers) % 2 else (500, {})
        http = served.start()
        until(lambda: told(shop), "the first events")
        served.end(signal.SIGKILL)
        shop.answer = lambda: (200, {})
        http = served.start()
        until(lambda: state(http, "alert") == "finished", "the campaign's end")
        until(lambda: any(event["event"] == "finished" for event in shop.of("campaign")), "its event")
        wanted = {str(FIRST + at) for at in range(COUNT)}
        until(lambda: {event["to"] for event in told(shop).values()} == wanted, "every receipt")
        until(lambda: http.get("/webhooks").json()["webhooks"][0]["pending"] == 0, "nothing that waits")
        receipts = told(shop)
        assert len({event["message"] for event in receipts.values()}) == COUNT
        assert {event["state"] for event in receipts.values()} == {"DELIVRD"}
        (account,) = (event["account"] for event in shop.of("campaign") if event["event"] == "finished")
        assert (account["fed"], account["delivered"], account["closes"]) == (COUNT, COUNT, True)
        assert served.end() == 0
        assert set(receipts) == in_the_ledger(home)
        assert SECRET not in served.log
        assert SECRET.removeprefix("whsec_") not in served.log


def test_a_program_that_never_answers_does_not_slow_a_campaign(home: Home) -> None:
    with smsc() as centre, socket.create_server(("127.0.0.1", 0)) as silent:
        dead = hook(f"http://127.0.0.1:{silent.getsockname()[1]}/x?token=hidden", "dead", timeout="1s")
        served = Served(home, centre, further="    window: 500\n", daemon=f"{ALONE}  webhooks:\n{dead}")
        http = served.start()
        campaign(http, "alert", 20_000, FIRST)
        until(lambda: state(http, "alert") == "finished", "the end")
        account = http.get("/campaigns/alert/account").json()
        assert (account["delivered"], account["closes"]) == (20_000, True)
        # At a tenth of a core, and no more, for whom nobody reads: thousands a second are no feat.
        assert account["seconds"] < 20
        until(partial(failing, http), "a failed request")
        shown = served.run("status", role=Role.VIEWER).stdout
        assert "dead" in shown
        assert "no answer within 1 s" in shown
        assert served.end() == 0
        assert "hidden" not in served.log
        assert "webhook_failing" in served.log


def failing(http: httpx.Client) -> bool:
    (found,) = http.get("/webhooks").json()["webhooks"]
    return bool(found["failures"])


def test_who_opted_out_stays_so_through_a_kill(home: Home) -> None:
    with smsc() as centre:
        keywords = "  keywords: {languages: [fr], answers: {stop: Au revoir}}\n"
        served = Served(home, centre, daemon=ALONE + keywords)
        http = served.start()
        centre.inject("Stop", source=str(FIRST), to="36000")
        until(lambda: http.get("/status").json()["keywords"].get("stop"), "the keyword")
        served.end(signal.SIGKILL)
        http = served.start()
        body = {"messages": [{"to": str(FIRST), "text": "a"}]}
        (refused,) = http.post("/messages", json=body).json()["messages"]
        assert refused["error"] == "suppressed"
        campaign(http, "alert", 10, FIRST)
        until(lambda: state(http, "alert") == "finished", "the end")
        assert http.get("/campaigns/alert/account").json()["suppressed"] == 1
        # It was answered once; killed between that and the SMSC's word, it was sent again, flagged.
        told = json.loads(served.run("find", f"+{FIRST}", "--json").stdout)["messages"]
        assert len(told) <= 1
        flagged = sum(each["possible_duplicate"] for each in told)
        assert centre.destinations().get(str(FIRST), 0) <= len(told) + flagged
        assert served.end() == 0
