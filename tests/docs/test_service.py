"""The example of docs/embedding.md: this very file as a process, on a port, against a simulated SMSC."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from smppcast import SqliteStore, account_of
from smppcast.smsc import SmscThread
from tests.acceptance.driver import ROOT, closes, environment, numbers, until
from tests.ports import free_port

SERVICE = ROOT / "docs/examples/service.py"
COUNT, WINDOW = 4_000, 50
CODE, NUMBER = "271828", "33699999999"


class Service:
    """A process of the example, in a folder of its own."""

    def __init__(self, folder: Path, smsc_url: str) -> None:
        port = free_port()
        self.log = folder / "service.log"
        self.environment = {**environment(), "SMPP_URL": smsc_url, "PORT": str(port)}
        self.folder = folder
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVICE)],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until(self.answers, "an answer")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.http.get("/campaigns/none").status_code == 404
        except httpx.TransportError:
            return False

    def end(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)

    def close(self) -> None:
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)

    def post(self, path: str, **more: Any) -> dict[str, Any]:
        answer = self.http.post(path, **more)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def outcome(self, code: str) -> str:
        return str(self.http.get(f"/codes/{code}").json()["outcome"])

    def account(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/campaigns/{name}").json()
        assert found["closes"]
        assert closes(found)
        return found

    def durably_accepted(self, name: str) -> int:
        with closing(SqliteStore(self.folder / "service.db", read_only=True)) as store:
            account = account_of(store, name, live=True)
        assert account is not None
        return account.accepted


@pytest.fixture
def service(tmp_path: Path, smsc: SmscThread) -> Iterator[Service]:
    service = Service(tmp_path, smsc.url)
    yield service
    service.close()


def csv_body(fed: list[str]) -> Iterator[bytes]:
    """Pieces that end anywhere."""
    octets = "".join(["msisdn,name\r\n", *(f"{number},Ada\r\n" for number in fed)]).encode()
    return (octets[at : at + 10_007] for at in range(0, len(octets), 10_007))


def test_codes_and_campaigns_until_the_next_run(service: Service, smsc: SmscThread) -> None:
    service.start()
    code = service.post("/codes", json={"to": f"+{NUMBER}", "code": CODE})["id"]
    until(lambda: service.outcome(code) == "delivered", "the code's receipt")
    assert smsc.messages()[0].text == f"Your code: {CODE}"
    wrong = service.http.post("/codes", json={"to": "nobody", "code": CODE})
    assert (wrong.status_code, wrong.json()) == (422, {"detail": "not sent: not_a_number"})
    for nothing, status in (("0" * 16, 404), ("7" * 16, 404), ("f" * 16, 422), ("zzz", 422)):
        assert service.http.get(f"/codes/{nothing}").status_code == status

    hello = {"name": "hello", "text": "Bonjour {name}"}
    fed = numbers(COUNT)
    assert service.post("/campaigns", params=hello, content=csv_body(fed))["name"] == "hello"
    rows = "".join(json.dumps({"msisdn": number, "name": "Łukasz"}) + "\n" for number in fed[:3])
    service.post("/campaigns", params={**hello, "name": "few"}, content=rows.rstrip().encode())
    until(lambda: service.account("hello")["delivered"] == COUNT, "all receipts")
    until(lambda: service.account("few")["delivered"] == 3, "the receipts of a few")
    other = service.http.post("/campaigns", params={**hello, "text": "Bonsoir"}, content=csv_body(fed))
    assert (other.status_code, "another text" in other.text) == (409, True)
    assert service.end() == 0, service.log.read_text()

    service.start()
    assert service.outcome(code) == "delivered"
    assert service.account("hello")["delivered"] == COUNT
    again = service.post("/campaigns", params=hello, content=csv_body(fed))
    assert again["state"] == "finished"
    second = service.post("/codes", json={"to": NUMBER, "code": CODE})["id"]
    until(lambda: service.outcome(second) == "delivered", "the second code's receipt")
    assert service.end() == 0, service.log.read_text()
    reached = smsc.account.destinations()
    assert reached == {NUMBER: 2, **dict.fromkeys(fed, 1), **dict.fromkeys(fed[:3], 2)}
    told = service.log.read_text()
    assert CODE not in told
    assert NUMBER not in told


@pytest.mark.smsc(response_latency=20)
def test_killed_and_told_again_it_goes_on(service: Service, smsc: SmscThread) -> None:
    fed, alert = numbers(COUNT), {"name": "alert", "text": "Restez chez vous"}
    service.start()
    service.post("/campaigns", params=alert, content=csv_body(fed))
    until(lambda: smsc.account.submitted > COUNT / 10, "submits")
    smsc.change(response_latency=10**7)  # one more window comes then, and is not answered
    until(lambda: service.durably_accepted("alert") == smsc.account.submitted - WINDOW, "its answers")
    service.end(signal.SIGKILL)
    smsc.change(response_latency=0)

    service.start()
    service.post("/campaigns", params=alert, content=csv_body(fed))
    until(lambda: service.account("alert")["delivered"] == COUNT, "all receipts")
    assert service.end() == 0, service.log.read_text()
    reached = smsc.account.destinations()
    assert set(reached) == set(fed)
    # What nobody knows the outcome of is sent again: the window, and one whose answers were on their way.
    assert sum(reached.values()) <= COUNT + 2 * WINDOW
