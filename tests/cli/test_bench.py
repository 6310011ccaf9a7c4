"""`smppcast bench` as users run it, against a simulated SMSC of this process."""

from __future__ import annotations

import re
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
import typer
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from smppcast.cli import bench, bench_progress
from smppcast.cli.app import app
from smppcast.cli.bench_values import rate, seconds, share, some_seconds, version
from smppcast.load import Limit, Load, Result
from smppcast.net.dialling import Address
from smppcast.smsc import serve
from smppcast.smsc.tls import server_tls
from tests.acceptance.driver import Done, Home, smsc, until

KEYS = {
    *("sent", "acknowledged", "receipts", "rate_per_s", "cpu_us_per_message", "latency_ms"),
    *("receipt_latency_ms", "statuses", "window", "binds", "seconds", "latency_from", "unknown", "unsent"),
}
PERCENTILES = {"p50", "p90", "p99", "p99_9", "p99_99", "max"}


@pytest.fixture
def home(tmp_path: Path) -> Any:
    home = Home(tmp_path)
    yield home
    home.close()


def invoke(*args: str) -> Done:
    """Runs it in this process, which spares an interpreter's start."""
    result = CliRunner().invoke(app, ["bench", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


# --- what it prints -----------------------------------------------------------------------


def test_json_html_and_the_comparison(tmp_path: Path) -> None:
    old, page = tmp_path / "old.json", tmp_path / "page.html"
    with smsc() as centre:
        url = f"smpp://user:secret@127.0.0.1:{centre.port}"
        # Its windows hold all of a run: what fell due while nobody was awake has room at the end.
        common = (url, "--binds", "2", "--window", "100", "--duration", "0.2", "--receipts")

        first = invoke(*common, "--rate", "200", "--json")
        old.write_text(first.stdout)
        second = invoke(*common, "--rate", "400", "--compare", str(old), "--html", str(page))
        third = invoke(*common, "--rate", "400", "--compare", str(old), "--json")

        assert (first.code, second.code, third.code) == (0, 0, 0)
        assert centre.submitted() == 40 + 80 + 80
        assert min(centre.destinations()) == "33639980000"
    figures = first.json
    assert figures.keys() >= KEYS
    assert figures["latency_ms"].keys() >= PERCENTILES <= figures["receipt_latency_ms"].keys()
    assert (figures["sent"], figures["acknowledged"], figures["receipts"]) == (40, 40, 40)
    assert (figures["statuses"], figures["binds"], figures["window"]) == ({"ESME_ROK": 40}, 2, 100)
    assert figures["latency_from"] == "schedule"
    assert "400/s, 2 binds, window 100" in second.stdout
    assert "due to response" in second.stdout
    assert re.search(r"^sent +40 +80 ", second.stdout, re.MULTILINE)
    assert "set differently: rate_asked_per_s: 200.0 before, 400.0 now" in second.stdout
    assert "secret" not in page.read_text() + second.stdout + second.stderr
    assert third.json["ratios"]["sent"] == 2.0


def test_as_fast_as_it_goes_is_labelled_as_service_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_progress, "PLAIN_S", 0.05)
    with smsc() as centre:
        url = f"smpp://user@127.0.0.1:{centre.port}"
        said = invoke(url, "--rate", "max", "--duration", "200ms")
        figures = invoke(url, "--duration", "200ms", "--json").json

    assert "write to response" in said.stdout
    assert re.search(r"^\d+ of 0.2 s, [\d,]+/s, [\d,]+ sent", said.stderr, re.MULTILINE)
    assert "latencies are service times" in said.stdout
    assert (figures["latency_from"], figures["late_ms"], figures["receipt_latency_ms"]) == (
        "write",
        None,
        None,
    )


def test_the_limit_and_why_the_next_rate_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PRECISION", 2.0)
    monkeypatch.setattr(bench, "LEAD_S", 0.3)
    bounds = ("--latency-bound", "10m", "--error-bound", "5%", "--duration", "0.1", "--find-limit")
    run, few = Load.run, {"per_s": 0.001, "burst": 1.0}
    with smsc() as centre:

        async def refused_above_300(load: Load, per_s: float, duration_s: float, wait_s: float) -> Result:
            # A bucket would be filled again by whatever time a busy machine takes.
            centre.change(rate=few if per_s > 300 else None)
            return await run(load, per_s, duration_s, wait_s)

        url = f"smpp://user@127.0.0.1:{centre.port}"
        with monkeypatch.context() as patched:
            patched.setattr(Load, "run", refused_above_300)
            found = invoke(url, *bounds, "--rate", "200", "--window", "1000", "--json")
        centre.change(rate=few)
        none = invoke(url, *bounds, "--rate", "0.2")

    figures = found.json
    assert (found.code, figures["limit_per_s"], figures["sent"]) == (0, 200.0, 20)
    assert [(step["per_s"], step["held"]) for step in figures["steps"]] == [
        (200.0, True),
        (400.0, False),
        (200.0, True),
    ]
    assert figures["stopped"] == ""
    assert "ESME_RTHROTTLED" in figures["limit_broken"]
    assert none.code == 1
    assert "held: no rate that was tried" in none.stdout
    assert "0.1/s was not: 100% errors (ESME_RTHROTTLED 100%), above 5%" in none.stdout
    assert re.search(r"^0.2 .* no  100% errors", none.stdout, re.MULTILINE)


# --- what it refuses ----------------------------------------------------------------------


def test_another_machine_needs_numbers_and_a_yes() -> None:
    url = "smpp://user@192.0.2.1:2775"

    without_numbers = invoke(url)
    without_yes = invoke(url, "--numbers", "33639980000-33639980009")

    assert (without_numbers.code, "--numbers" in without_numbers.stderr) == (2, True)
    assert (without_yes.code, "--yes confirms it" in without_yes.stderr) == (2, True)


def test_the_user_is_asked_and_may_say_no(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(what: str, **_: Any) -> bool:
        asked.append(what)
        return False

    monkeypatch.setattr(bench, "_is_local", lambda _: False)
    with smsc() as centre:
        args = (f"smpp://user@127.0.0.1:{centre.port}", "--numbers", "33639980000", "--duration", "0.1")
        monkeypatch.setattr(bench, "_someone_is_there", lambda: True)
        monkeypatch.setattr(typer, "confirm", refuse)
        refused = invoke(*args, "--rate", "50")
        sent_before = centre.submitted()
        allowed = invoke(*args, "--rate", "50", "--yes")

        assert (refused.code, sent_before) == (3, 0)
        (question,) = asked
        assert f"Send 50 messages a second for 0.1 s as user at 127.0.0.1:{centre.port} to" in question
        assert "to the numbers 33639980000 to 33639980000?" in question
        assert (allowed.code, centre.destinations()) == (0, {"33639980000": 5})


@pytest.mark.parametrize(
    ("found", "local"),
    [
        (["127.0.0.1"], True),
        (["127.0.0.1", "::1"], True),
        (["127.0.0.1", "192.0.2.1"], False),
        (["2001:db8::1"], False),
        ([], False),
    ],
)
def test_a_name_is_local_if_all_its_addresses_are(
    found: list[str], local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        if not found:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, 2775)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    assert bench._is_local(Address("smsc.example", 2775)) is local


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--numbers", "12-34"), "expected FIRST-LAST"),
        (("--compare", "{tmp}/none.json"), "--compare {tmp}/none.json: No such file"),
        (("--compare", "{tmp}/true.json"), "rate_per_s: true: expected a number"),
        (("--compare", "{tmp}/bad.json"), "that --json printed"),
        (("--html", "{tmp}/none/page.html"), "there is no such folder"),
        (("--text", "x" * 50_000), "segments"),
        (("--rate", "fast"), "or max"),
        (("--rate", "inf"), "or max"),
        (("--rate", "nan"), "or max"),
        (("--duration", "0"), "more than 0"),
        (("--error-bound", "0.001"), "percentage"),
        (("--smpp", "4.0"), "3.3, 3.4, 5.0"),
    ],
)
def test_bad_usage(args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"a": 1}')
    (tmp_path / "true.json").write_text('{"rate_per_s": true}')
    given = [arg.replace("{tmp}", str(tmp_path)) for arg in args]

    done = invoke("smpp://user@127.0.0.1:1", *given)

    assert done.code == 2
    assert said.replace("{tmp}", str(tmp_path)) in " ".join(done.stderr.replace("│", " ").split())


def test_an_smsc_that_is_not_there_or_refuses() -> None:
    with smsc(accounts=[{"system_id": "x", "password": "y"}]) as centre:
        refused = invoke(f"smpp://user@127.0.0.1:{centre.port}")
    absent = invoke(f"smpp://user@127.0.0.1:{centre.port}")

    assert (refused.code, "bind_transceiver refused: ESME_RINV" in refused.stderr) == (1, True)
    assert (absent.code, "refused" in absent.stderr) == (1, True)


def test_an_smsc_that_wants_tls_is_told_with_what_may_help(tmp_path: Path) -> None:
    pem = tmp_path / "smsc.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with start_blocking_portal() as portal:
        served = serve(tls=server_tls(pem))
        with portal.wrap_async_context_manager(served) as running:
            unverified = invoke(f"smpps://user@127.0.0.1:{running.port}")
            plain = invoke(f"smpp://user@127.0.0.1:{running.port}")

    assert (unverified.code, plain.code) == (1, 1)
    assert "(--tls-ca FILE trusts its authority, --no-tls-verify any)" in unverified.stderr
    assert "no answer to the bind: " in plain.stderr
    assert "(it may want TLS: smpps://)" in plain.stderr


def test_an_smsc_that_goes_is_no_success() -> None:
    with smsc(faults={"cut_after": 5}, binds={"max_per_account": 1, "linger_s": 60}) as centre:
        # The cut has to be noticed before the end.
        cut = invoke(f"smpp://user@127.0.0.1:{centre.port}", "--rate", "100", "--duration", "4")

    assert cut.code == 1
    assert "not finished: " in cut.stdout
    assert "messages that were due were never sent, since a link was down: " in cut.stdout


def test_values() -> None:
    assert (rate("max"), rate("1e3")) == (float("inf"), 1000.0)
    assert (seconds("3"), seconds("0"), some_seconds("1.5"), some_seconds("1m30s")) == (3, 0, 1.5, 90)
    assert share("0.1%") == pytest.approx(0.001)
    assert version("5.0") == 0x50


# --- Ctrl-C -------------------------------------------------------------------------------


def until_sent(centre: Any) -> None:
    deadline = time.monotonic() + 60
    while not centre.submitted():
        assert time.monotonic() < deadline, "nothing was ever sent"
        time.sleep(0.02)


def test_ctrl_c_ends_it_with_what_was_measured(home: Home) -> None:
    with smsc() as centre:
        args = ("--rate", "100", "--duration", "600", "--json")
        process = home.start("bench", f"smpp://user@127.0.0.1:{centre.port}", *args)
        until_sent(centre)

        process.send_signal(signal.SIGINT)
        done = home.finish(process)

        assert done.code == 3, done.stderr
        assert done.json["sent"] == done.json["acknowledged"] == centre.submitted() > 0
        assert done.json["stopped"] == "stopped by the user"


def test_a_search_that_is_stopped_says_that_it_was_not_finished(home: Home) -> None:
    with smsc() as centre:
        args = ("--find-limit", "--rate", "20", "--duration", "0.1", "--latency-bound", "10m")
        process = home.start("bench", f"smpp://user@127.0.0.1:{centre.port}", *args)
        until(lambda: "/s: held" in home.log(process), "a step")

        process.send_signal(signal.SIGINT)
        done = home.finish(process)

    assert done.code == 3, done.stderr
    assert re.search(r"the search was not finished: at least [\d,.]+/s \(stopped by the user\)", done.stdout)
    assert "held: " not in done.stdout
    assert bench._limit(Limit([], "stopped by the user"))["stopped"] == "stopped by the user"


@pytest.mark.parametrize(
    ("scenario", "awaited"),
    [
        ({"faults": {"withhold": 1.0}}, r"\d+ answers"),
        # An answer may be under way at any moment.
        ({"receipt_latency": 600_000}, r"(?:\d+ answers and )?\d+ receipts"),
    ],
    ids=["answers", "receipts"],
)
def test_a_second_ctrl_c_ends_it_at_once(home: Home, scenario: dict[str, Any], awaited: str) -> None:
    with smsc(**scenario) as centre:
        args = ("--rate", "100", "--duration", "600", "--wait", "10m", "--receipts", "--json")
        process = home.start("bench", f"smpp://user@127.0.0.1:{centre.port}", *args)
        until(lambda: centre.submitted() >= 5, "five messages")

        process.send_signal(signal.SIGINT)
        until(lambda: "Ctrl-C again" in home.log(process), "the first is noticed")
        process.send_signal(signal.SIGINT)
        done = home.finish(process, within_s=30)  # and not the 10 minutes of --wait

    assert done.code == 3, done.stderr
    assert re.search(
        rf"stopping: waiting up to 600 s for {awaited}.*; Ctrl-C again ends at once", done.stderr
    )
    assert done.json["sent"] >= 5
    assert done.json["stopped"] == "stopped by the user"
