"""The daemon as people run it: a process, its signals, its API on a port, and the commands that drive it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from typer.testing import CliRunner

from smppcast.cli.app import app
from smppcast.daemon.tokens import Role
from tests.acceptance.driver import (
    Done,
    Home,
    SimulatedSmsc,
    csv_feed,
    environment,
    numbers,
    smsc,
    until,
)

SECRET = "s3cr3t.."
ALONE = "  approval_above: 100000\n"
ALERT = """
name: alert
text: Bonjour
test_numbers: ["33699999999"]
plan: {rate: 500}
"""


class Served:
    """A daemon's process, asked with tokens of all roles."""

    def __init__(self, home: Home, centre: SimulatedSmsc, *, further: str = "", daemon: str = "") -> None:
        self.home = home
        self.config = home.write(
            "smppcast.yaml",
            "ledger: sqlite:///ledger.db\nsettle: 20s\noperators:\n  orange:\n"
            f"    url: smpp://user@127.0.0.1:{centre.port}\n    password: {SECRET}\n    prefixes: ['']\n"
            f"{further}daemon:\n  listen: 127.0.0.1:0\n  disk_free: 0\n  drain: 5s\n{daemon}",
        )
        self.url, self.tokens = "", dict[Role, str]()
        self.process: subprocess.Popen[str] | None = None
        self._open = ExitStack()
        for role in Role:
            made = self.run("token", "create", role.value, "--role", role.value)
            assert made.code == 0, made.stderr
            self.tokens[role] = made.stdout.strip()

    def start(self) -> httpx.Client:
        self.process = self.home.start("daemon")
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().removeprefix("smppcast daemon: ")
        assert self.url, self.log
        return self.client(Role.ADMIN)

    def client(self, role: Role, **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        made = httpx.Client(base_url=self.url, headers=headers, timeout=20, **more)
        return self._open.enter_context(closing(made))

    def run(self, *args: str, role: Role = Role.ADMIN) -> Done:
        """A command that drives it, in this process: an interpreter's start is most of what one takes."""
        env = {**environment(), "SMPPCAST_TOKEN": self.tokens.get(role, "")}
        if self.url:
            env["SMPPCAST_URL"] = self.url
        with chdir(self.home.folder):
            result = CliRunner().invoke(app, list(args), env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def end(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self._open.close()
        self.process.send_signal(how)
        self.process.communicate(timeout=30)
        return self.process.returncode

    @property
    def log(self) -> str:
        assert self.process is not None
        return self.home.log(self.process)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


def campaign(http: httpx.Client, name: str, count: int, first: int, **more: Any) -> None:
    """Made and started, its feed counted."""
    feed = http.put(f"/feeds/{name}", content=csv_feed(numbers(count, first)).encode()).json()["feed"]
    body = {"name": name, "text": "Restez chez vous", "feed": feed, **more}
    made = http.post("/campaigns", json=body)
    assert made.status_code == 201, made.text
    until(lambda: not http.get(f"/campaigns/{name}").json()["counting"], "a counted feed")
    started = http.post(f"/campaigns/{name}/start")
    assert started.status_code == 200, started.text


def state(http: httpx.Client, name: str) -> str:
    return str(http.get(f"/campaigns/{name}").json()["state"])


def beyond(centre: SimulatedSmsc, goal: int) -> bool:
    return centre.submitted() > goal


def test_killed_while_two_campaigns_run_both_finish_and_their_accounts_close(home: Home) -> None:
    with smsc() as centre:
        served = Served(home, centre, further="    rate: 1000\n    window: 50\n", daemon=ALONE)
        http = served.start()
        campaign(http, "one", 800, 33_600_000_000)
        campaign(http, "two", 800, 33_700_000_000)
        posted = http.post("/messages", json={"messages": [{"to": "33800000001", "text": "a"}]})
        assert posted.status_code == 202
        for _ in range(2):
            until(partial(beyond, centre, centre.submitted() + 200), "submits")
            served.end(signal.SIGKILL)
            http = served.start()
        until(lambda: state(http, "one") == state(http, "two") == "finished", "both to finish")
        flagged = set[str]()
        for name in ("one", "two"):
            account = http.get(f"/campaigns/{name}/account").json()
            assert account["closes"]
            assert (account["fed"], account["delivered"]) == (800, 800)
            with http.stream("GET", f"/campaigns/{name}/outcomes") as lines:
                rows = list(map(json.loads, lines.iter_lines()))
            flagged |= {row["msisdn"] for row in rows if row["possible_duplicate"]}
        message = http.get(f"/messages/{posted.json()['messages'][0]['id']}").json()
        assert message["outcome"] == "delivered"
        accepted = centre.destinations(accepted=True)
        assert len(accepted) == 1_601
        assert {number for number, count in accepted.items() if count > 1} <= flagged | {"33800000001"}
        assert served.end() == 0


def test_the_commands_drive_it_with_the_apis_words(home: Home) -> None:
    with smsc() as centre:
        served = Served(home, centre, daemon="  approval_above: 5\n")
        served.start()
        home.write("feed.csv", csv_feed(numbers(20)))
        home.write("alert.yaml", ALERT)
        create = ("campaign", "create", "alert.yaml", "--feed", "feed.csv", "--json")
        made = served.run(*create, role=Role.SENDER)
        assert made.code == 0, made.stderr
        assert made.json["state"] == "draft"
        refused = served.run("campaign", "do", "start", "alert", role=Role.SENDER)
        assert (refused.code, "needs approval" in refused.stderr) == (2, True)
        assert served.run("campaign", "do", "test", "alert", role=Role.SENDER).code == 0
        approve = ("campaign", "do", "approve", "alert")
        until(lambda: served.run(*approve, role=Role.APPROVER).code == 0, "approval")
        assert served.run("campaign", "show", "alert", "--what", "plan", "--json").json["left"] == 0
        assert served.run("campaign", "do", "start", "alert", role=Role.SENDER).code == 0
        show = ("campaign", "show", "alert", "--json")
        until(lambda: served.run(*show).json["state"] == "finished", "the end")
        assert len(served.run("campaign", "outcomes", "alert").stdout.splitlines()) == 20
        assert "alert" in served.run("campaign", "list").stdout
        assert served.run("stop", "--json", role=Role.SENDER).json == {"halted": ["person"]}
        assert "! halted: person" in served.run("status").stdout
        assert served.run("stop", "--release", "--json").json == {"halted": []}
        assert served.run("operator", "set", "orange", "--rate", "77", "--json").json["rate_allowed"] == 77
        assert served.run("operator", "do", "pause", "orange", "--json").json["state"] == "held"
        assert "held" in served.run("operator", "show", "orange").stdout
        listed = served.run("token", "list", "--json").json["tokens"]
        assert {row["role"] for row in listed} == set(Role)
        viewer = next(row["id"] for row in listed if row["role"] == "viewer")
        assert served.run("token", "revoke", viewer).code == 0
        denied = served.run("status", role=Role.VIEWER)
        assert (denied.code, "bearer token" in denied.stderr) == (2, True)
        assert served.end() == 0


def test_signals_reload_and_drain(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with smsc(response_latency=300) as centre, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        served = Served(home, centre, further="    window: 20\n", daemon=ALONE)
        notices.bind(str(home.folder / "notify"))
        notices.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(home.folder / "notify"))
        http = served.start()
        monkeypatch.delenv("NOTIFY_SOCKET")
        assert notices.recv(100) == b"READY=1"
        campaign(http, "alert", 10_000, 33_600_000_000)
        until(partial(beyond, centre, 20), "submits")
        served.config.write_text(served.config.read_text().replace("window: 20", "window: 40"))
        assert served.process is not None
        served.process.send_signal(signal.SIGHUP)
        assert notices.recv(100).startswith(b"RELOADING=1")
        assert notices.recv(100) == b"READY=1"
        assert http.get("/operators/orange").json()["window"] == 40
        assert served.end() == 0
        assert notices.recv(100) == b"STOPPING=1"
        sent = centre.submitted()
        report = home.run("report", "alert", "--json").json
        # All that was in flight was answered before it ended: nothing is unknown.
        assert (report["unknown"], report["accepted"], report["state"]) == (0, sent, "stopped")
        served.config.write_text(served.config.read_text().replace("window: 40", "window: many"))
        broken = home.run("daemon")
        assert (broken.code, "operators.orange.window" in broken.stderr) == (2, True)


def test_secrets_and_numbers_appear_in_no_log_error_or_metric(home: Home) -> None:
    with smsc(accounts=[{"system_id": "user", "password": "another"}]) as centre:
        served = Served(home, centre)
        http = served.start()
        until(lambda: "ESME_RINVPASWD" in served.log, "the refused password")
        pages = ("status", "metrics", "operators", "audit", "readyz", "openapi.json")
        seen = [http.get(f"/{page}").text for page in pages]
        http.post("/messages", json={"messages": [{"to": "33612345678", "text": "Code 1234"}]})
        seen.append(http.post("/campaigns", json={"name": "x", "text": "y", "feed": "upload:none"}).text)
        served.config.write_text(served.config.read_text() + "  drian: 5s\n")
        seen.append(http.post("/reload").text)
        assert "drian" in seen[-1]
        assert served.end() == 0
        told = "\n".join([*seen, served.log])
        parts = [token.split("_", 2)[2] for token in served.tokens.values()]
        for secret in (SECRET, "33612345678", "Code 1234", *parts):
            assert secret not in told
        kept = [path for path in (home.folder / "ledger.db.daemon").rglob("*") if path.is_file()]
        octets = b"".join(path.read_bytes() for path in kept)
        assert not any(part.encode() in octets for part in parts)


def test_it_serves_tls_and_refuses_to_listen_in_the_clear_beyond_this_machine(home: Home) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(home.folder / "api.pem"))
    with smsc() as centre:
        served = Served(home, centre, daemon="  tls: {cert: api.pem}\n")
        served.start()
        assert served.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context()
        authority.configure_trust(context)
        assert served.client(Role.VIEWER, verify=context).get("/status").status_code == 200
        stranger = served.client(Role.VIEWER)
        with pytest.raises(httpx.ConnectError):
            stranger.get("/status")
        assert served.end() == 0
        clear = served.config.read_text().replace("  tls: {cert: api.pem}\n", "")
        served.config.write_text(clear.replace("127.0.0.1:0", "0.0.0.0:0"))
        refused = home.run("daemon")
        assert (refused.code, "tokens would go in the clear" in refused.stderr) == (2, True)


def test_what_its_openapi_allows_and_what_it_does_not_is_never_an_error_of_ours(home: Home) -> None:
    """schemathesis makes requests from the description, good and bad; no answer may be 500."""
    with smsc() as centre:
        served = Served(home, centre, daemon="  requests: 100000\n")
        campaign(served.start(), "alert", 5, 33_600_000_000)
        command = Path(sys.executable).with_name("schemathesis")
        done = subprocess.run(
            [
                *(str(command), "run", f"{served.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {served.tokens[Role.ADMIN]}"),
                *("--checks", "not_a_server_error", "--phases", "examples,fuzzing"),
                *("--max-examples", "20", "--seed", "1", "--generation-database", "none", "--no-color"),
                *("--exclude-path", "/readyz"),  # 503 is what it says once all is stopped
            ],
            cwd=home.folder,
            env={**os.environ, "CI": "true"},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
        assert "Traceback" not in served.log
        assert served.end() == 0
