"""Campaigns over HTTP: every state with every action, two people, plans, accounts, what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smppcast.daemon.life import ALLOWED, Action, Life
from smppcast.daemon.service import Daemon
from smppcast.daemon.tokens import Person, Role
from smppcast.errors import FeedError
from tests.daemon.served import Office, office

pytestmark = pytest.mark.anyio

LATER = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def bring(desk: Office, name: str, life: Life) -> None:
    """A campaign in a state."""
    more: dict[str, Any] = {"test_numbers": ["33699999999"]}
    if life is Life.SCHEDULED:
        more["plan"] = {"not_before": LATER}
    count = 3
    if life in (Life.RUNNING, Life.PAUSED, Life.CANCELLED, Life.DRAINING):
        more["plan"] = {"rate": 1}
        count = 1_000  # which does not end by itself meanwhile
    await desk.draft(name, count, **more)
    if life is Life.DRAFT:
        return
    if life is Life.APPROVED:
        await desk.sender.post(f"/campaigns/{name}/test")
        await desk.approver.post(f"/campaigns/{name}/approve")
        return
    if life is Life.DRAINING:
        desk.smsc.change(response_latency=60_000)
    if life is Life.SETTLING:
        desk.smsc.change(receipt_latency=60_000)
    before = desk.smsc.account.submitted
    await desk.sender.post(f"/campaigns/{name}/start")
    if life is Life.DRAINING:
        await desk.until(lambda: desk.smsc.account.submitted > before)
    if life is Life.PAUSED:
        await desk.sender.post(f"/campaigns/{name}/pause")
    if life in (Life.CANCELLED, Life.DRAINING):
        await desk.sender.post(f"/campaigns/{name}/cancel")
    await desk.until_state(name, life)


@pytest.mark.parametrize("life", Life)
async def test_every_state_with_every_action(tmp_path: Path, life: Life) -> None:
    async with office(tmp_path, settle="10m") as desk:
        for action in Action:
            name = f"{life}.{action}"
            await bring(desk, name, life)
            desk.smsc.change(response_latency=0)
            if action is Action.EDIT:
                answer = await desk.sender.ask("PATCH", f"/campaigns/{name}", {"text": "Sortez"})
            else:
                someone = desk.approver if action is Action.APPROVE else desk.sender
                if life is Life.DRAFT and action is Action.APPROVE:
                    await desk.sender.post(f"/campaigns/{name}/test")
                answer = await someone.ask("POST", f"/campaigns/{name}/{action}")
            allowed = action in ALLOWED[life]
            assert answer.status_code == (200 if allowed else 409), (life, action, answer.text)
            if not allowed:
                assert f"is {life}" in answer.json()["detail"]
            desk.smsc.change(receipt_latency=0)


async def test_nobody_approves_their_own_and_large_ones_need_it(tmp_path: Path) -> None:
    async with office(tmp_path, daemon="  approval_above: 10\n") as desk:
        await desk.draft("alert", 11, test_numbers=["33699999999"])
        answer = await desk.sender.ask("POST", "/campaigns/alert/start")
        assert (answer.status_code, "needs approval" in answer.json()["detail"]) == (409, True)
        answer = await desk.approver.ask("POST", "/campaigns/alert/approve")
        assert (answer.status_code, "needs a test cast" in answer.json()["detail"]) == (409, True)
        await desk.sender.post("/campaigns/alert/test")
        await desk.until(lambda: "33699999999" in desk.smsc.account.destinations())
        # Who made it does not approve it, with this token or with another.
        own = desk.person("sam", desk.daemon.store.tokens()[3].role)
        answer = await own.ask("POST", "/campaigns/alert/approve")
        assert answer.status_code == 403
        assert not (await desk.viewer.get("/campaigns/alert/preflight"))["good"]
        await desk.approver.post("/campaigns/alert/approve")
        assert (await desk.viewer.get("/campaigns/alert/preflight"))["good"]
        # Changed, it has to be approved anew.
        await desk.sender.ask("PATCH", "/campaigns/alert", {"text": "Restez chez vous !"})
        assert (await desk.viewer.get("/campaigns/alert"))["state"] == "draft"
        await desk.until(lambda: not desk.daemon.campaigns._counting)
        await desk.sender.post("/campaigns/alert/test")
        await desk.approver.post("/campaigns/alert/approve")
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        account = await desk.viewer.get("/campaigns/alert/account")
        assert (account["delivered"], account["closes"], account["state"]) == (11, True, "finished")
        shown = await desk.viewer.get("/campaigns/alert")
        assert (shown["author"], shown["approved"]["by"], shown["started"]["by"]) == ("sam", "ann", "sam")


async def test_what_was_approved_is_what_is_sent(tmp_path: Path) -> None:
    """Another feed in the place of the one that was counted has to be counted, and approved, anew."""
    async with office(tmp_path, daemon="  approval_above: 2\n") as desk:
        await desk.draft("alert", 3, test_numbers=["33699999999"])
        await desk.sender.post("/campaigns/alert/test")
        await desk.approver.post("/campaigns/alert/approve")
        await desk.upload(3, "alert", first=33_611_000_000)
        answer = await desk.sender.ask("POST", "/campaigns/alert/start")
        assert (answer.status_code, "its feed was changed" in answer.json()["detail"]) == (409, True)
        await desk.sender.ask("PATCH", "/campaigns/alert", {"lawful_basis": "decree"})
        await desk.until(lambda: not desk.daemon.campaigns._counting)
        answer = await desk.sender.ask("POST", "/campaigns/alert/start")
        assert (answer.status_code, "needs approval" in answer.json()["detail"]) == (409, True)


async def test_one_that_waits_for_its_hours_says_until_when(tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    hours = {"from": f"{later:%H:%M}", "to": f"{later + timedelta(hours=1):%H:%M}"}
    async with office(tmp_path) as desk:
        await desk.draft("nightly", 1, plan={"hours": hours})
        await desk.sender.post("/campaigns/nightly/start")
        await desk.until(lambda: desk.daemon.engine.campaigns["nightly"].progress()["orange"].until)
        shown = await desk.viewer.get("/campaigns/nightly")
        assert (shown["state"], shown["reason"]) == (
            "running",
            f"closed until {later:%Y-%m-%dT%H:%M}:00.000+00:00",
        )
        assert desk.smsc.account.submitted == 0


async def test_a_small_one_goes_without(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.draft("small", 3)
        await desk.sender.post("/campaigns/small/start")
        await desk.until_state("small", "finished")
        assert desk.smsc.account.submitted == 3


async def test_outcomes_and_rejects_are_streamed_and_audited(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        feed = "msisdn\n33600000001\nnobody\n33600000002\n"
        await desk.sender.ask("PUT", "/feeds/mixed", content=feed.encode())
        await desk.sender.post("/campaigns", {"name": "mixed", "text": "Bonjour", "feed": "upload:mixed"})
        await desk.until(lambda: not desk.daemon.campaigns._counting)
        count = (await desk.viewer.get("/campaigns/mixed"))["count"]
        assert (count["rows"], count["recipients"], count["invalid"]) == (
            3,
            {"orange": 2},
            {"not_a_number": 1},
        )
        await desk.sender.post("/campaigns/mixed/start")
        await desk.until_state("mixed", "finished")
        answer = await desk.sender.ask("GET", "/campaigns/mixed/outcomes")
        rows = [json.loads(line) for line in answer.text.splitlines()]
        assert [(row["msisdn"], row["outcome"]) for row in rows] == [
            ("33600000001", "delivered"),
            ("33600000002", "delivered"),
        ]
        answer = await desk.sender.ask("GET", "/campaigns/mixed/rejects")
        assert "nobody" in answer.text
        entries = (await desk.admin.get("/audit"))["entries"]
        assert [each["action"] for each in entries] == ["upload", "create", "start", "outcomes", "rejects"]
        assert {each["who"] for each in entries} == {"sam"}


async def test_the_plan_is_shown_before_and_kept_to(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        plan = {"rate": 200, "waves": {"sizes": [20], "gap": "300ms"}}
        desk.smsc.change(response_latency=3_600_000)
        await desk.draft("waves", 60, plan=plan)
        table = await desk.viewer.get("/campaigns/waves/plan")
        (part,) = table["operators"]
        assert [wave["recipients"] for wave in part["waves"]] == [20, 40]
        assert (part["peak_per_s"], table["left"]) == (200, 0)
        await desk.sender.post("/campaigns/waves/start")
        await desk.until(lambda: desk.smsc.account.submitted >= 20)
        progress = (await desk.viewer.get("/campaigns/waves"))["progress"]["orange"]
        assert (progress["wave"], progress["waves"], progress["bound"]) == (1, 2, 20)
        assert desk.smsc.account.submitted == 20
        # Its answers, all at once: the gap begins with the last of them.
        desk.smsc.change(response_latency=0)
        desk.smsc.center.wheel.run(float("inf"))
        desk.smsc.turn()
        await desk.until_state("waves", "finished")
        assert desk.smsc.account.submitted == 60


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "../etc"}, "name"),
        ({"text": ""}, "text"),
        ({"feed": "upload:../../daemon.db"}, None),
        ({"feed": "elsewhere/file.csv"}, None),
        ({"text": "{"}, None),
        ({"plan": {"hours": {"from": "08:00"}}}, "plan.hours.to"),
        ({"plan": {"waves": {"sizes": [0]}}}, "plan.waves.sizes.0"),
        ({"plan": {"operators": {"vert": {"rate": 1}}}}, "plan.operators.vert"),
        ({"suppress": ["nolist"]}, "suppress"),
        ({"validity_period": "soon"}, "validity_period"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_campaign_is_told_by_field(
    tmp_path: Path, changes: dict[str, Any], field: str | None
) -> None:
    async with office(tmp_path) as desk:
        feed = await desk.upload(1)
        body = {"name": "alert", "text": "Bonjour", "feed": feed, **changes}
        answer = await desk.sender.ask("POST", "/campaigns", body)
        assert answer.status_code == 422, answer.text
        found = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert found["status"] == 422
        if field is not None:
            assert field in [each["field"] for each in found["errors"]]
        assert (await desk.viewer.get("/campaigns"))["campaigns"] == []


async def test_a_name_is_given_once(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        body = await desk.draft("alert", 1)
        answer = await desk.sender.ask("POST", "/campaigns", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "name")


async def test_after_its_end_nothing_is_approved_or_started(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        over = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        await desk.draft("late", 1, plan={"not_after": over}, test_numbers=["33699999999"])
        for someone, action in ((desk.sender, "start"), (desk.approver, "approve")):
            answer = await someone.ask("POST", f"/campaigns/late/{action}")
            assert (answer.status_code, "has passed" in answer.json()["detail"]) == (409, True)


async def test_a_recall_goes_on_by_itself_and_its_answers_are_counted(tmp_path: Path) -> None:
    scenario = {"receipt_latency": 60_000}
    async with office(tmp_path, scenario=scenario, settle="10m") as desk:
        await desk.draft("alert", 30)
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "settling")
        await desk.sender.post("/campaigns/alert/recall")
        await desk.until(lambda: "ended" in desk.daemon.campaigns.draft("alert").facts["recall"])
        recall = (await desk.viewer.get("/campaigns/alert"))["recall"]
        assert (recall["asked"], recall["cancelled"], recall["unanswered"]) == (30, 30, 0)


async def test_one_whose_feed_is_gone_is_paused_with_the_reason_and_can_be_cancelled(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.draft("alert", 50, plan={"rate": 1})
        await desk.sender.post("/campaigns/alert/start")
        config = desk.daemon.config
        assert desk.daemon.shelves.remove("alert")
    async with Daemon.open(config) as again:
        life, reason = again.campaigns.life(again.campaigns.draft("alert"))
        assert (life, "is not there" in reason) == (Life.PAUSED, True)
        person = Person("id", "sam", Role.SENDER)
        with pytest.raises(FeedError):
            await again.campaigns.act("alert", Action.RESUME, person)
        await again.campaigns.act("alert", Action.CANCEL, person)
        assert again.campaigns.life(again.campaigns.draft("alert"))[0] is Life.CANCELLED
