"""Messages, operators, lists and the watch over them, over HTTP."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from smppcast.daemon import messages
from smppcast.daemon.models import MessageBody
from smppcast.daemon.service import Daemon
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.tokens import Person, Role
from smppcast.errors import LedgerError, LedgerVersion
from tests.daemon.served import office

pytestmark = pytest.mark.anyio


async def test_messages_are_taken_in_and_found_by_id_and_number(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        body = {
            "messages": [{"to": "06 00 00 00 01", "text": "Votre code : 1"}, {"to": "x", "text": "a"}],
            "priority": "urgent",
        }
        taken = await desk.sender.post("/messages", body)
        assert (taken["accepted"], taken["refused"]) == (1, 1)
        first, second = taken["messages"]
        assert second["error"] == "not_a_number"
        await desk.until(lambda: desk.smsc.account.receipts_acknowledged == 1)
        found = await desk.viewer.get(f"/messages/{first['id']}")
        assert (found["outcome"], found["operator"], found["msisdn"]) == ("delivered", "orange", "3360…01")
        by_number = await desk.sender.get("/numbers/+33600000001")
        assert [each["outcome"] for each in by_number["messages"]] == ["delivered"]
        for nobody in ("0000000000000000", "zzzz", "f" * 16, "0000c0000000ffff"):
            assert (await desk.viewer.ask("GET", f"/messages/{nobody}")).status_code == 404


async def test_messages_go_on_in_the_same_hour_after_a_restart_and_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = [MessageBody(to="33600000001", text="a")]
    hour = "20200317T10"
    monkeypatch.setattr(messages, "_hour", lambda: hour)
    async with office(tmp_path) as desk:
        await desk.daemon.messages.post(body, "normal")
        config = desk.daemon.config
    async with Daemon.open(config) as again:
        (taken,) = await again.messages.post(body, "normal")
        assert "id" in taken
        assert list(again.engine.campaigns) == ["messages-normal-20200317T10"]
        hour = "20200317T11"
        await again.messages.post(body, "normal")
        assert list(again.engine.campaigns) == ["messages-normal-20200317T10", "messages-normal-20200317T11"]
        closed = [campaign.intake.closed for campaign in again.engine.campaigns.values()]  # type: ignore[union-attr]
        assert closed == [True, False]
        # A clock that is set back finds its hour closed, and opens another beside it.
        hour = "20200317T10"
        await again.messages.post(body, "normal")
        assert list(again.engine.campaigns)[-1] == "messages-normal-20200317T10-2"


async def test_a_number_on_a_list_gets_no_message_from_then_on(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        added = await desk.sender.post("/suppression/stop", {"numbers": ["0600000001", "33600000002"]})
        assert added == {"name": "stop", "numbers": 2}
        body = {"messages": [{"to": "33600000001", "text": "a"}, {"to": "33600000003", "text": "a"}]}
        taken = await desk.sender.post("/messages", body)
        assert [each.get("error") for each in taken["messages"]] == ["suppressed", None]
        answer = await desk.sender.ask("DELETE", "/suppression/stop", {"numbers": ["33600000001"]})
        assert answer.json() == {"name": "stop", "numbers": 1}
        assert (await desk.sender.get("/suppression/stop"))["numbers"] == ["33600000002"]
        taken = await desk.sender.post("/messages", body)
        assert (taken["accepted"], taken["refused"]) == (2, 0)
        answer = await desk.sender.ask("POST", "/suppression/stop", {"numbers": ["33600000009", "nobody"]})
        assert (answer.status_code, "numbers.1" in answer.json()["detail"]) == (422, True)
        await desk.sender.ask("DELETE", "/suppression/stop")
        assert (await desk.viewer.get("/suppression"))["lists"] == []


async def test_everything_stops_stays_so_and_is_released(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        assert await desk.sender.post("/stop") == {"halted": ["person"]}
        await desk.sender.post("/messages", {"messages": [{"to": "33600000001", "text": "a"}]})
        assert (await desk.viewer.ask("GET", "/readyz")).status_code == 503
        assert "halted: person" in (await desk.viewer.get("/status"))["troubles"]
        answer = await desk.admin.ask("POST", "/operators/orange/resume")
        assert answer.status_code == 409
        config = desk.daemon.config
        assert desk.smsc.account.submitted == 0
    # The SMSC is gone too; what a person stopped stays so after a restart.
    async with Daemon.open(config) as again:
        assert again.halted == {"person"}
        assert again.engine.lanes["orange"].held
        again.release("person")
        assert not again.engine.lanes["orange"].held


async def test_operators_are_held_drained_and_changed(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        assert (await desk.admin.post("/operators/orange/pause"))["state"] == "held"
        assert desk.daemon.store.standing("held") == ["orange"]
        await desk.sender.post("/stop")
        await desk.admin.post("/release")  # who was held before stays so
        assert desk.daemon.engine.lanes["orange"].held
        assert (await desk.admin.post("/operators/orange/resume"))["state"] == "up"
        await desk.admin.post("/operators/orange/drain")
        await desk.until(lambda: desk.daemon.engine.lanes["orange"].statistics().bound == 0)
        await desk.admin.post("/operators/orange/resume")
        await desk.until(lambda: desk.daemon.engine.lanes["orange"].statistics().bound == 1)
        answer = await desk.admin.ask("PATCH", "/operators/orange", {"rate": 50, "window": {"ceiling": 20}})
        assert answer.json()["rate_allowed"] == 50
        answer = await desk.admin.ask("PATCH", "/operators/orange", {"window": 0})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "window")
        assert (await desk.admin.ask("PATCH", "/operators/none", {"rate": 1})).status_code == 404


async def test_a_changed_file_is_applied_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        config = desk.daemon.config
        text = config.read_text()
        config.write_text(text.replace("window: 100", "window: 7\n    rate: 33"))
        assert await desk.admin.post("/reload") == {"problems": []}
        assert (await desk.viewer.get("/operators/orange"))["window"] == 7
        config.write_text(text.replace("window: 100", "window: none"))
        answer = await desk.admin.ask("POST", "/reload")
        assert answer.status_code == 422
        assert "operators.orange.window" in answer.json()["detail"]
        assert (await desk.viewer.get("/operators/orange"))["window"] == 7


async def test_a_disk_nearly_full_pauses_all_until_it_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as desk:
        daemon = desk.daemon
        least = 10**9
        daemon.settings = daemon.settings.model_copy(
            update={"daemon": daemon.settings.daemon.model_copy(update={"disk_free": least})}
        )
        for free, halted in ((least - 1, {"disk"}), (least + 1, {"disk"}), (2 * least, set())):
            usage = SimpleNamespace(free=free)
            monkeypatch.setattr("smppcast.daemon.service.shutil.disk_usage", lambda _, usage=usage: usage)
            daemon._look_at_disk()
            assert daemon.halted == halted
            assert daemon.engine.lanes["orange"].held is bool(halted)


async def test_messages_of_users_come_by_pages(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        assert await desk.sender.get("/inbound") == {"messages": [], "next": 0}
        for text in ("STOP", "é" * 200):
            desk.smsc.inject(text, source="33600000001", to="36111")
        await desk.until(lambda: desk.daemon.engine.lanes["orange"].statistics().inbound >= 3)
        await desk.daemon.engine._writer.durable()
        page = await desk.sender.get("/inbound")
        assert [each["text"] for each in page["messages"]] == ["STOP", "é" * 200]
        assert (await desk.sender.get(f"/inbound?after={page['next']}"))["messages"] == []


async def test_metrics_have_bounded_labels_and_no_numbers(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        await desk.draft("alert", 3)
        await desk.sender.post("/campaigns/alert/start")
        await desk.until_state("alert", "finished")
        await desk.viewer.ask("GET", "/campaigns/33600000001")
        text = (await desk.viewer.ask("GET", "/metrics")).text
        assert 'smppcast_operator_submitted_total{operator="orange"} 3.0' in text
        delivered = 'smppcast_campaign_recipients{campaign="alert",operator="orange",outcome="delivered"} 3.0'
        assert delivered in text
        assert 'route="/campaigns/{name}"' in text
        assert "3360000" not in text
        assert "s3cret" not in text


def test_the_audit_log_is_never_changed(tmp_path: Path) -> None:
    store = DaemonStore(tmp_path)
    person = Person("id", "sam", Role.SENDER)
    store.audit(person, "start", "alert", {"a": 1})
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises(LedgerError, match="append-only"), store._writing() as db:
            db.execute(statement)
    (row,) = store.audited(0, 10)
    assert (row.who, row.action, row.about, row.detail) == ("sam", "start", "alert", {"a": 1})
    store.close()


def test_a_store_of_a_later_program_is_refused(tmp_path: Path) -> None:
    store = DaemonStore(tmp_path)
    store._db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(LedgerVersion, match="schema 99"):
        DaemonStore(tmp_path)
