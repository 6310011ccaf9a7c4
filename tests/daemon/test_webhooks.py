"""Webhooks: what is told, how it is signed, and what becomes of it while nobody takes it."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from smppcast.config.hooks import WebhookSettings
from smppcast.daemon.cursors import Cursors
from smppcast.daemon.reader import Reader
from smppcast.daemon.service import Daemon
from smppcast.daemon.store import DaemonStore
from smppcast.daemon.webhooks import hooks
from smppcast.daemon.webhooks.batches import Batch
from smppcast.daemon.webhooks.post import client, post
from smppcast.daemon.webhooks.signature import signed
from smppcast.daemon.webhooks.streams import STREAMS, Inbound, Piece, Receipts
from smppcast.daemon.webhooks.target import LONGEST_S, Means, Target
from smppcast.ledger.facts import Chunk, InboundReceived, Received, TakenIn, chunk_key, make_ref
from smppcast.ledger.sqlite import SqliteStore
from smppcast.ledger.tail import Position, TailReader
from smppcast.smpp import DeliverSm, encode
from tests.daemon.served import office
from tests.daemon.told import SECRET, configured, nobody, receiver

pytestmark = pytest.mark.anyio


# --- signature ----------------------------------------------------------------------------------


@given(st.binary(min_size=24, max_size=64), st.text(min_size=1, max_size=40), st.text())
def test_the_signature_is_that_of_the_specifications_own_library(key: bytes, name: str, body: str) -> None:
    name = name.encode("utf-8", "ignore").decode() or "b-1"
    octets = body.encode("utf-8", "ignore")
    now = datetime.now(UTC).timestamp()
    headers = signed(key, name, now, octets)
    verifier = Webhook(key)
    verifier.verify(octets, headers, json_parse=False)
    assert headers["webhook-signature"] == verifier.sign(
        name, datetime.fromtimestamp(int(now), UTC), octets.decode()
    )


def test_a_secret_is_a_text_or_the_base64_of_octets() -> None:
    octets = bytes(range(24))
    encoded = f"whsec_{base64.b64encode(octets).decode()}"
    assert WebhookSettings(url="https://a.example/", secret=encoded).key == octets  # type: ignore[arg-type]
    plain = WebhookSettings(url="https://a.example/x?token=hidden", secret="é" * 12)  # type: ignore[arg-type]
    assert plain.key == ("é" * 12).encode()
    assert "é" not in repr(plain)
    assert "hidden" not in repr(plain)
    assert plain.shown == "https://a.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "x" * 23},
        {"secret": "whsec_***"},
        {"secret": f"whsec_{base64.b64encode(bytes(23)).decode()}"},
        {"url": "http://a.example/"},
        {"url": "ftp://a.example/"},
        {"url": "https://user:pass@a.example/"},
        {"url": "https:///x"},
        {"url": "https://[::1/"},
        {"batch": 5_001},
        {"events": []},
        {"linger": 0},
    ],
)
def test_what_is_no_target_is_refused(changes: dict[str, Any]) -> None:
    good = {"url": "https://a.example/", "secret": "x" * 24}
    WebhookSettings(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected|should"):
        WebhookSettings(**{**good, **changes})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/x"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert WebhookSettings(url=url, secret="x" * 24).url == url  # type: ignore[arg-type]
    far = WebhookSettings(url="http://a.example", secret="x" * 24, insecure=True)  # type: ignore[arg-type]
    assert far.insecure


# --- reading ------------------------------------------------------------------------------------


class Book:
    """A ledger that facts are written to by hand."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "ledger.db", durability="relaxed")
        self.tail = TailReader(folder / "ledger.db")
        self.campaign = self.store.create_campaign("alert", 0.0, "", '{"text": "a"}')
        numbers = array("q", range(33_600_000_000, 33_600_000_010))
        chunk = Chunk(chunk_key(self.campaign.id, 0), "orange", numbers, 2)
        self.store.commit([TakenIn(self.campaign.id, 1.0, 10, b"", 10, {}, 0, 0, True, (chunk,))])

    def close(self) -> None:
        self.tail.close()
        self.store.close()

    def receive(self, *offsets: int, at: float = 1.0, segment: int = 0) -> None:
        refs = [make_ref(chunk_key(self.campaign.id, 0), offset, segment) for offset in offsets]
        states, errors = bytes([2, 5] * len(refs))[: len(refs)], ["", "0é1"] * len(refs)
        done = [1_584_432_000, 0] * len(refs)
        self.store.commit([Received("orange", at, refs, states, errors[: len(refs)], done[: len(refs)])])

    def write(self, text: str, at: float = 1.0, udh: bytes = b"") -> None:
        octets = udh + text.encode("latin-1")
        pdu = DeliverSm(
            source_addr="33600000001",
            destination_addr="36000",
            esm_class=0x40 if udh else 0,
            data_coding=3,
            short_message=octets,
        )
        self.store.commit([InboundReceived("orange", at, ("33600000001",), ("36000",), (encode(pdu),))])


@pytest.fixture
def book(tmp_path: Path) -> Any:
    found = Book(tmp_path)
    yield found
    found.close()


def all_of(stream: Any, book: Book, after: Position, most: int) -> tuple[list[dict[str, Any]], Position]:
    found: list[dict[str, Any]] = []
    while True:
        pieces, then = stream.read(book.tail, after, most)
        assert sum(len(piece.events) for piece in pieces) <= most
        found += [json.loads(event) for piece in pieces for event in piece.events]
        if then == after:
            return found, after
        after = then


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_receipts_are_told_once_each_however_they_are_cut(book: Book, most: int) -> None:
    book.receive(0, 1, 2)
    book.receive(3, segment=1)
    book.receive(4, 5)
    found, _ = all_of(Receipts(), book, Position(), most)
    assert [event["to"] for event in found] == [str(33_600_000_000 + at) for at in range(6)]
    assert len({event["id"] for event in found}) == 6
    second = dict(found[1])
    assert second.pop("id").startswith(f"r-{book.campaign.id}-")
    ref = make_ref(chunk_key(book.campaign.id, 0), 1)
    assert second == {
        "type": "receipt",
        "at": "1970-01-01T00:00:01.000+00:00",
        "campaign": "alert",
        "operator": "orange",
        "message": f"{ref:016x}",
        "segment": 1,
        "to": "33600000001",
        "state": "UNDELIV",
        "error": "0é1",
        "done": None,
    }
    assert found[0]["done"] == "2020-03-17T08:00:00.000+00:00"
    assert found[3]["segment"] == 2
    assert found[3]["message"] == f"{make_ref(chunk_key(book.campaign.id, 0), 3):016x}"


def test_a_receipt_of_a_body_that_was_purged_has_no_number(book: Book) -> None:
    book.receive(0)
    book.store._db.execute("DELETE FROM body")
    found, _ = all_of(Receipts(), book, Position(), 10)
    assert [event["to"] for event in found] == [None]


def test_what_waits_is_counted(book: Book) -> None:
    assert Receipts().waiting(book.tail, Position()) == (0, 0.0)
    book.receive(0, 1, 2, at=5.0)
    book.receive(3, at=6.0)
    assert Receipts().waiting(book.tail, Position()) == (4, 5.0)
    pieces, then = Receipts().read(book.tail, Position(), 2)
    assert (len(pieces[0].events), then.part) == (2, 2)
    assert Receipts().waiting(book.tail, then) == (2, 5.0)


def test_after_a_purge_numbers_of_rows_come_again_and_nothing_is_missed(book: Book) -> None:
    receipts, inbound = Receipts(), Inbound()
    for at in range(5):
        book.receive(at, at=float(at))
        book.write("a", at=float(at))
    places = receipts.end(book.tail), inbound.end(book.tail)
    assert (receipts.settled(book.tail, places[0]), inbound.settled(book.tail, places[1])) == places
    book.store._db.execute("DELETE FROM fact")
    book.store._db.execute("DELETE FROM inbound")
    for at in range(7):
        book.receive(at, at=10.0 + at)
        book.write("b", at=10.0 + at)
    for stream, place in ((receipts, places[0]), (inbound, places[1])):
        found, _ = all_of(stream, book, stream.settled(book.tail, place), 100)
        assert len(found) == 7


def test_a_purge_of_what_was_told_changes_nothing(book: Book) -> None:
    for at in range(5):
        book.receive(at, at=float(at))
    _, place = Receipts().read(book.tail, Position(), 3)
    book.store._db.execute("DELETE FROM fact WHERE seq <= ?", (place.row,))
    found, _ = all_of(Receipts(), book, Receipts().settled(book.tail, place), 100)
    assert [event["to"] for event in found] == ["33600000003", "33600000004"]


def test_a_users_message_is_told_whole_and_a_segment_of_it_may_be_of_an_earlier_run(
    book: Book,
) -> None:
    book.write("bon", udh=b"\5\0\3\7\2\1")
    book.write("x")
    first, place = all_of(Inbound(), book, Position(), 100)
    assert [event["text"] for event in first] == ["x"]
    book.write("jour", udh=b"\5\0\3\7\2\2")
    ((event,), _) = all_of(Inbound(), book, Inbound().settled(book.tail, place), 100)
    assert (event["text"], event["from"], event["to"]) == ("bonjour", "33600000001", "36000")
    assert event["id"].startswith("i-3-")


# --- batches ------------------------------------------------------------------------------------


def test_a_batch_has_the_same_id_for_the_same_events_and_drops_what_is_old() -> None:
    pieces = [Piece(float(at), [f'{{"id":"r-{at}"}}'], Position(at + 1, 0, float(at))) for at in range(4)]
    after = {"receipts": Position(), "inbound": Position(7)}
    batch = Batch("shop", after, {"inbound": [], "receipts": pieces})
    again = Batch("shop", dict(after), {"receipts": list(pieces), "inbound": []})
    assert (batch.id, batch.body, batch.count) == (again.id, again.body, 4)
    said = json.loads(batch.body)
    assert (said["id"], said["target"], len(said["events"])) == (batch.id, "shop", 4)
    assert batch.then == {"receipts": pieces[-1].after}
    old, rest = batch.without(2.0)
    assert (old.count, rest.count) == (2, 2)
    assert rest.id not in (batch.id, old.id)
    assert Batch("other", after, batch.pieces).id != batch.id
    assert batch.without(100.0)[1].count == 0


# --- one target, with a clock of the test's ------------------------------------------------------


class Bench:
    """A target whose sleeps take no time and are written down."""

    def __init__(self, folder: Path, book: Book, url: str, **changes: Any) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []
        self.store = DaemonStore(folder / "daemon")
        self.cursors = Cursors(self.store.path)
        self.reader = Reader(folder / "ledger.db", lambda: False)
        settings = WebhookSettings(url=url, secret=SECRET, **{"batch": 2, **changes})  # type: ignore[arg-type]
        streams = {"receipts": Receipts()}
        means = Means(self.reader, self.cursors, lambda: self.now, self.sleep)
        self.target = Target("shop", settings, streams, {"receipts": Position()}, means)
        self.http = client(settings)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def turns(self, count: int) -> None:
        for _ in range(count):
            await self.target._turn(self.http)

    async def close(self) -> None:
        await self.http.aclose()
        await self.reader.close()
        self.cursors.close()
        self.store.close()


async def test_a_target_that_fails_is_tried_less_and_less_often_and_misses_nothing(
    tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        book.receive(at, at=1_000.0)
    with receiver() as shop:
        bench = Bench(tmp_path, book, shop.url)
        # Signatures of a made-up time are refused by the library: they are looked at elsewhere.
        monkeypatch.setattr("smppcast.daemon.webhooks.target.signed", real_time(signed))
        shop.answer = lambda: (500, {})
        await bench.turns(12)
        assert len(set(shop.refused)) == 1
        assert all(1.0 <= wait <= LONGEST_S for wait in bench.slept)
        assert bench.slept[-1] >= LONGEST_S / 2
        hook = bench.target.statistics()
        assert (hook.failures, hook.last_error) == (12, "answered 500")
        assert hook.failing_s > 60
        await bench.reader.read(bench.target.measure)
        assert bench.target.statistics().pending == 5
        assert bench.cursors.of("shop") == {}
        shop.answer = lambda: (200, {})
        await bench.turns(4)
        assert shop.batches[0]["id"] == shop.refused[0]
        assert [event["to"][-1] for event in shop.events] == list("01234")
        hook = bench.target.statistics()
        assert (hook.failures, hook.delivered, hook.pending, hook.next_try) == (0, 5, 0, None)
        assert bench.cursors.of("shop")["receipts"].row == book.tail.end("fact").row
        await bench.close()


def real_time(sign: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    def signs(key: bytes, name: str, _: float, body: bytes) -> dict[str, str]:
        return sign(key, name, datetime.now(UTC).timestamp(), body)

    return signs


async def test_what_nobody_takes_for_too_long_is_dropped_and_counted(
    tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smppcast.daemon.webhooks.target.signed", real_time(signed))
    for at in range(5):
        book.receive(at, at=1_000.0 if at < 3 else 90_000.0)
    with receiver() as shop:
        bench = Bench(tmp_path, book, shop.url, keep=3_600.0)
        shop.answer = lambda: (410, {})
        await bench.turns(1)
        assert bench.target.statistics().last_error == "answered 410"
        bench.now = 90_000.0
        shop.answer = lambda: (204, {})
        await bench.turns(4)
        assert bench.target.statistics().dropped == 3
        assert [event["to"][-1] for event in shop.events] == ["3", "4"]
        await bench.close()


async def test_an_answer_says_how_long_to_wait_and_a_redirect_is_not_followed() -> None:
    with receiver() as shop, receiver() as other:
        settings = WebhookSettings(url=f"{shop.url}?token=hidden", secret=SECRET)  # type: ignore[arg-type]
        async with client(settings) as http:
            body = b'{"id": "b-1"}'

            async def answer(status: int, **headers: str) -> tuple[str, float]:
                shop.answer = lambda: (status, headers)
                now = datetime.now(UTC).timestamp()
                return await post(http, settings, body, signed(settings.key, "b-1", now, body), lambda: now)

            assert await answer(204) == ("", 0.0)
            assert await answer(429, **{"Retry-After": "17"}) == ("answered 429", 17.0)
            assert await answer(503, **{"Retry-After": "soon"}) == ("answered 503", 0.0)
            assert await answer(302, Location=other.url) == ("answered 302", 0.0)
            assert (other.refused, other.batches) == ([], [])
            settings = settings.model_copy(update={"timeout": 0.3})
            shop.held = threading.Event()
            assert await answer(204) == ("no answer within 0.3 s", 0.0)
            shop.held.set()
    with nobody() as url:
        absent = WebhookSettings(url=f"{url}/hidden?x=hidden", secret=SECRET)  # type: ignore[arg-type]
        async with client(absent) as http:
            problem, _ = await post(http, absent, b"{}", {})
            assert problem.startswith("ConnectError")
            assert "hidden" not in problem


async def test_reading_takes_a_tenth_of_a_core_while_the_lanes_work(tmp_path: Path, book: Book) -> None:
    now, slept, busy = 0.0, list[float](), True

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    cpu = iter(range(100))
    reader = Reader(
        tmp_path / "ledger.db", lambda: busy, clock=lambda: now, cpu=lambda: float(next(cpu)), sleep=sleep
    )
    for _ in range(3):
        await reader.read(lambda _: None)
    # Each read took a second by the thread's own clock: two of them are rested from, nine seconds each.
    assert sum(slept) == pytest.approx(18)
    busy = False
    await reader.read(lambda _: None)
    assert sum(slept) == pytest.approx(18)
    await reader.close()


# --- the daemon ---------------------------------------------------------------------------------


async def test_a_campaign_is_told_from_its_draft_to_its_last_receipt(tmp_path: Path) -> None:
    with receiver() as shop:
        async with office(tmp_path, daemon=configured(shop.url)) as desk:
            await desk.draft(count=7)
            await desk.sender.post("/campaigns/alert/start")
            await desk.until_state("alert", "finished")
            desk.smsc.inject("Merci é", source="33600000001", to="36000")
            await desk.until(lambda: len(shop.of("inbound")) == 1 and len(shop.of("receipt")) == 7)
            await desk.until(lambda: shop.of("campaign")[-1]["event"] == "finished")
            assert {event["to"] for event in shop.of("receipt")} == {f"3360000000{at}" for at in range(7)}
            assert {event["state"] for event in shop.of("receipt")} == {"DELIVRD"}
            assert [event["event"] for event in shop.of("campaign")] == ["created", "started", "finished"]
            assert shop.of("campaign")[0]["by"] == "sam"
            assert shop.of("campaign")[-1]["account"]["delivered"] == 7
            assert shop.of("inbound")[0]["text"] == "Merci é"
            message = await desk.viewer.get(f"/messages/{shop.of('receipt')[0]['message']}")
            assert message["campaign"] == "alert"
            await desk.until(lambda: desk.daemon.hooks.statistics()[0].delivered == 11)
            (hook,) = (await desk.viewer.get("/webhooks"))["webhooks"]
            assert (hook["name"], hook["pending"], hook["dropped"], hook["last_error"]) == ("shop", 0, 0, "")
            assert shop.url not in json.dumps(hook)
            assert (await desk.viewer.get("/status"))["webhooks"] == [hook]
            metrics = (await desk.viewer.ask("GET", "/metrics")).text
            assert 'smppcast_webhook_delivered_total{target="shop"} 11.0' in metrics
            assert 'smppcast_webhook_failing{target="shop"} 0.0' in metrics
            config = desk.daemon.config
        told = len(shop.events)
        async with Daemon.open(config) as again:
            assert again.hooks.statistics()[0].pending == 0
        assert len(shop.events) == told


async def test_a_wave_that_fell_short_and_each_action_of_people_is_told(tmp_path: Path) -> None:
    with receiver() as shop:
        slow = {"response_latency": 20}
        hook = configured(shop.url, further=", events: [campaigns]")
        async with office(tmp_path, scenario=slow, operator="    rate: 1\n", daemon=hook) as desk:
            await desk.draft(count=200)
            for action in ("start", "pause", "resume", "pause", "cancel"):
                await desk.sender.post(f"/campaigns/alert/{action}")
                if action == "start":
                    await desk.until_state("alert", "running")
            await desk.until_state("alert", "cancelled")
            await desk.draft("other")
            await desk.sender.post("/campaigns/other/cancel")
            wanted = [
                "created",
                "started",
                "paused",
                "resumed",
                "paused",
                "cancelled",
                "created",
                "cancelled",
            ]
            await desk.until(lambda: len(shop.of("campaign")) == len(wanted))
            assert [event["event"] for event in shop.of("campaign")] == wanted
            assert shop.of("campaign")[5]["by"] == "sam"
            assert shop.of("campaign")[5]["account"]["fed"] == 200
            assert shop.of("receipt") == []
            desk.daemon.campaigns._fell_short("alert", "too few arrived")
            await desk.until(lambda: shop.of("campaign")[-1]["reason"] == "too few arrived")


async def test_what_a_crash_kept_from_being_told_is_told_at_the_next_start(tmp_path: Path) -> None:
    with receiver() as shop:
        async with office(tmp_path, daemon=configured(shop.url)) as desk:
            await desk.draft()
            await desk.sender.post("/campaigns/alert/start")
            await desk.until_state("alert", "finished")
            await desk.until(lambda: [e["event"] for e in shop.of("campaign")][-1:] == ["finished"])
            with desk.daemon.store._writing() as db:
                db.execute("DELETE FROM event WHERE event = 'finished'")
            config = desk.daemon.config
        async with Daemon.open(config) as again:
            assert again.store.last_events() == {"alert": "finished"}
            await desk.until(lambda: [e["event"] for e in shop.of("campaign")].count("finished") == 2)


async def test_targets_come_change_and_go_with_the_configuration(tmp_path: Path) -> None:
    with receiver() as shop, receiver() as bank:
        async with office(tmp_path, daemon=configured(shop.url)) as desk:
            await desk.draft("one")
            await desk.until(lambda: shop.of("campaign"))
            config, own = desk.daemon.config, configured(shop.url)
            text = config.read_text()
            config.write_text(text.replace(own, own + configured(bank.url, "bank").split("\n", 1)[1]))
            assert await desk.daemon.reload() == []
            await desk.draft("two")
            await desk.until(lambda: len(shop.of("campaign")) == 2 and bank.of("campaign"))
            # An answer that was not taken in when a target moves is none.
            await desk.until(lambda: [hook.delivered for hook in desk.daemon.hooks.statistics()] == [2, 1])
            assert [event["campaign"] for event in bank.of("campaign")] == ["two"]
            # A target that moved goes on where it was; one that is gone is forgotten.
            config.write_text(text.replace(shop.url, bank.url))
            await desk.daemon.reload()
            assert set(desk.daemon.hooks._cursors.of("bank")) == set()
            assert set(desk.daemon.hooks._cursors.of("shop")) == set(STREAMS)
            await desk.draft("three")
            await desk.until(lambda: len(bank.of("campaign")) == 2)
            (hook,) = desk.daemon.hooks.statistics()
            assert hook.name == "shop"
            await desk.until(lambda: desk.daemon.hooks.statistics()[0].delivered == 3)
            config.write_text(text.replace(own, ""))
            await desk.daemon.reload()
            assert desk.daemon.hooks.statistics() == []


async def test_a_dead_target_is_a_trouble_after_a_minute_and_never_of_the_others(tmp_path: Path) -> None:
    with receiver() as shop, nobody() as dead:
        both = configured(shop.url) + configured(f"{dead}/x?token=hidden", "dead").split("\n", 1)[1]
        async with office(tmp_path, daemon=both) as desk:
            await desk.draft("one")
            await desk.until(lambda: shop.of("campaign"))
            await desk.until(lambda: desk.daemon.hooks.statistics()[1].failures)
            assert desk.daemon.troubles() == []
            desk.daemon.hooks._entries["dead"].target._failing_since -= 61
            (trouble,) = desk.daemon.troubles()
            assert trouble.startswith("webhook dead fails for 1 min: ConnectError")
            assert "hidden" not in trouble
            assert (await desk.viewer.ask("GET", "/readyz")).status_code == 200


async def test_a_request_under_way_is_given_a_moment_when_the_daemon_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "GRACE_S", 30.0)
    with receiver() as shop:
        async with office(tmp_path, daemon=configured(shop.url)) as desk:
            held = shop.held = threading.Event()
            await desk.draft("one")
            await desk.until(lambda: desk.daemon.hooks._entries["shop"].target.posting)
            path = desk.daemon.store.path
            end = desk.daemon.hooks.close

            async def ending() -> None:
                asyncio.get_running_loop().call_soon(held.set)
                await end()

            monkeypatch.setattr(desk.daemon.hooks, "close", ending)
        assert len(shop.events) == 1
        kept = Cursors(path)
        assert kept.of("shop")["campaigns"].row == 1
        kept.close()


async def test_a_store_of_version_1_is_brought_forward(tmp_path: Path) -> None:
    store = DaemonStore(tmp_path)
    store.keep("halted", ["person"])
    with store._writing() as db:
        for table in ("event", "hook", "session"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    store.close()
    again = DaemonStore(tmp_path)
    again.tell("alert", "created", by="sam")
    assert (again.standing("halted"), again.last_events()) == (["person"], {"alert": "created"})
    again.close()


def test_ids_of_batches_tell_positions_apart() -> None:
    pieces = {"receipts": [Piece(1.0, ["{}"], Position(5, 2, 1.0))]}
    seen = {Batch("shop", {"receipts": Position(4, part, 1.0)}, pieces).id for part in range(50)}
    assert len(seen) == 50
