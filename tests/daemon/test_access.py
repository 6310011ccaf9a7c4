"""Every route with every role; what a request may be, and how often; what is asked twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppcast.daemon.access import Limits
from smppcast.daemon.tokens import Role, TokenRow, new_token, parse, verified
from tests.daemon.served import Office, Someone, office

pytestmark = pytest.mark.anyio

# The least role for each; None: nobody has to say who they are.
LEAST: dict[tuple[str, str], Role | None] = {
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/metrics"): Role.VIEWER,
    ("GET", "/status"): Role.VIEWER,
    ("POST", "/session"): None,
    ("GET", "/session"): None,
    ("DELETE", "/session"): Role.VIEWER,
    ("GET", "/live"): Role.VIEWER,
    ("GET", "/history"): Role.VIEWER,
    ("POST", "/preview"): Role.SENDER,
    ("POST", "/numbers"): Role.SENDER,
    ("GET", "/campaigns/{name}/report"): Role.VIEWER,
    ("GET", "/campaigns"): Role.VIEWER,
    ("POST", "/campaigns"): Role.SENDER,
    ("GET", "/campaigns/{name}"): Role.VIEWER,
    ("PATCH", "/campaigns/{name}"): Role.SENDER,
    ("GET", "/campaigns/{name}/preview"): Role.VIEWER,
    ("GET", "/campaigns/{name}/preflight"): Role.VIEWER,
    ("GET", "/campaigns/{name}/plan"): Role.VIEWER,
    ("GET", "/campaigns/{name}/account"): Role.VIEWER,
    ("GET", "/campaigns/{name}/outcomes"): Role.SENDER,
    ("GET", "/campaigns/{name}/rejects"): Role.SENDER,
    ("POST", "/campaigns/{name}/test"): Role.SENDER,
    ("POST", "/campaigns/{name}/approve"): Role.APPROVER,
    ("POST", "/campaigns/{name}/start"): Role.SENDER,
    ("POST", "/campaigns/{name}/pause"): Role.SENDER,
    ("POST", "/campaigns/{name}/resume"): Role.SENDER,
    ("POST", "/campaigns/{name}/cancel"): Role.SENDER,
    ("POST", "/campaigns/{name}/recall"): Role.SENDER,
    ("GET", "/feeds"): Role.VIEWER,
    ("PUT", "/feeds/{name}"): Role.SENDER,
    ("DELETE", "/feeds/{name}"): Role.SENDER,
    ("POST", "/messages"): Role.SENDER,
    ("GET", "/messages/{id}"): Role.VIEWER,
    ("GET", "/numbers/{msisdn}"): Role.SENDER,
    ("GET", "/inbound"): Role.SENDER,
    ("GET", "/operators"): Role.VIEWER,
    ("GET", "/webhooks"): Role.VIEWER,
    ("GET", "/operators/{name}"): Role.VIEWER,
    ("POST", "/operators/{name}/pause"): Role.ADMIN,
    ("POST", "/operators/{name}/resume"): Role.ADMIN,
    ("POST", "/operators/{name}/drain"): Role.ADMIN,
    ("PATCH", "/operators/{name}"): Role.ADMIN,
    ("POST", "/stop"): Role.SENDER,
    ("POST", "/release"): Role.ADMIN,
    ("POST", "/reload"): Role.ADMIN,
    ("GET", "/suppression"): Role.VIEWER,
    ("GET", "/suppression/{name}"): Role.SENDER,
    ("POST", "/suppression/{name}"): Role.SENDER,
    ("DELETE", "/suppression/{name}"): Role.SENDER,
    ("GET", "/audit"): Role.ADMIN,
}
ACTIONS = {"/campaigns/{name}/{action}", "/operators/{name}/{action}"}


def routes(desk: Office) -> Iterator[tuple[str, str]]:
    for path, methods in desk.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


async def test_every_route_with_every_role(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        people: dict[Role | None, Someone] = {
            None: Someone(desk.app, None),
            Role.VIEWER: desk.viewer,
            Role.SENDER: desk.sender,
            Role.APPROVER: desk.approver,
            Role.ADMIN: desk.admin,
        }
        known = {(method, path) for method, path in routes(desk) if path not in ACTIONS}
        assert known <= LEAST.keys()
        assert {path for _, path in routes(desk)} >= ACTIONS
        for (method, path), least in LEAST.items():
            at = path.format(name="nobody", id="0" * 16, msisdn="33600000000")
            for role, someone in people.items():
                if path == "/live" and role is not None:
                    continue  # it goes on for as long as one listens
                answer = await someone.ask(method, at)
                said = (method, path, role, answer.status_code, answer.text)
                assert answer.status_code < 500 or path == "/readyz", said
                if least is None or (role is not None and role.rank >= least.rank):
                    assert answer.status_code not in (401, 403), said
                else:
                    assert answer.status_code == (401 if role is None else 403), said
                    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_revoked_a_foreign_and_a_broken_token_are_nobodys(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        told, row = new_token("sam", Role.SENDER, 1.0)
        stranger, _ = new_token("sam", Role.SENDER, 1.0)
        desk.daemon.store.add_token(row)
        for token in (stranger, told[:-1], told + "x", "Bearer", f"smppcast_{row.id}_{'A' * 43}"):
            assert (await Someone(desk.app, token).ask("GET", "/status")).status_code == 401
        assert (await Someone(desk.app, told).ask("GET", "/status")).status_code == 200
        assert desk.daemon.store.revoke(row.id, time.time())
        assert not desk.daemon.store.revoke(row.id, time.time())
        answer = await Someone(desk.app, told).ask("GET", "/status")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_of_a_token_only_a_hash_is_kept() -> None:
    told, row = new_token("sam", Role.ADMIN, 1.0)
    parts = parse(told)
    assert parts is not None
    public, secret = parts
    assert public == row.id
    assert secret not in repr(row)
    assert secret.encode() not in row.hashed
    person = verified(row, secret)
    assert person is not None
    assert (person.name, person.role) == ("sam", Role.ADMIN)
    assert verified(row, secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    assert verified(TokenRow(row.id, "sam", Role.ADMIN, row.hashed, 1.0, revoked=2.0), secret) is None


async def test_a_body_beyond_its_bound_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with office(tmp_path, daemon="  body: 1KB\n  upload: 2KB\n") as desk:
        large = {"messages": [{"to": "33600000001", "text": "x" * 2_000}]}
        answer = await desk.sender.ask("POST", "/messages", large)
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "a request may have at most 1,000 octets here",
        )
        answer = await desk.sender.ask("PUT", "/feeds/big", content=b"msisdn\n" + b"33600000001\n" * 300)
        assert answer.status_code == 413
        assert await desk.viewer.get("/feeds") == {"uploads": []}


async def test_requests_beyond_a_tokens_rate_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, daemon="") as desk:
        limits = desk.app.state.limits = Limits(2.0)
        take = limits.take
        # The requests of one moment, however long they take.
        monkeypatch.setattr(limits, "take", lambda token, _: take(token, 0.0))
        codes = [(await desk.viewer.ask("GET", "/campaigns")).status_code for _ in range(4)]
        assert codes == [200, 200, 429, 429]
        answer = await desk.viewer.ask("GET", "/campaigns")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await desk.sender.ask("GET", "/campaigns")).status_code == 200  # another's is another's


def test_limits_fill_up_to_a_seconds_worth() -> None:
    limits = Limits(10.0)
    assert sum(not limits.take("a", 0.0) for _ in range(20)) == 10
    assert limits.take("a", 0.0) == pytest.approx(0.1)
    assert not limits.take("a", 0.11)
    assert sum(not limits.take("a", 60.0) for _ in range(20)) == 10


async def test_a_request_with_a_key_is_done_once(tmp_path: Path) -> None:
    async with office(tmp_path) as desk:
        body = {"messages": [{"to": "33600000001", "text": "Votre code : 1"}]}
        key = {"Idempotency-Key": "one"}
        first = await desk.sender.ask("POST", "/messages", body, headers=key)
        again = await desk.sender.ask("POST", "/messages", body, headers=key)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        await desk.until(lambda: desk.smsc.account.submitted)
        other = {"messages": [{"to": "33600000002", "text": "Votre code : 2"}]}
        answer = await desk.sender.ask("POST", "/messages", other, headers=key)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
        # Someone else's key is another one; a request that failed leaves its key free.
        assert (await desk.admin.ask("POST", "/messages", other, headers=key)).status_code == 202
        await desk.until(lambda: desk.smsc.account.submitted == 2)
        missing = await desk.sender.ask("POST", "/campaigns/none/start", headers={"Idempotency-Key": "two"})
        assert missing.status_code == 404
        assert (await desk.sender.ask("POST", "/stop", headers={"Idempotency-Key": "two"})).status_code == 200
        # One that was begun and never ended, as by a crash.
        token = json.loads(json.dumps(desk.daemon.store.tokens()[1].id))
        desk.daemon.store.begin_answer(token, "three", b"", time.time())
        answer = await desk.sender.ask("POST", "/stop", headers={"Idempotency-Key": "three"})
        assert answer.status_code in (409, 422)
        assert desk.smsc.account.submitted == 2
