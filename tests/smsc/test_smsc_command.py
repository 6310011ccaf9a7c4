"""`smppcast smsc` as a user runs it."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import pytest
from rich.console import Console

from smppcast.cli.smsc_watch import ROWS_MAX, View
from smppcast.errors import UsageError
from smppcast.smsc import scenario_names, serve
from smppcast.smsc.tls import server_tls
from tests.smsc.made import made, until
from tests.smsc.raw_esme import RawEsme, bound_esme

COMMAND = [sys.executable, "-m", "smppcast", "smsc"]


@contextmanager
def running(*arguments: str, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def submitted(port: int, count: int) -> None:
    async def submit() -> None:
        async with bound_esme(port) as esme:
            await esme.submit(*["33600001"] * count, registered=0)
            await esme.read_many(count)

    anyio.run(submit)


def test_it_is_controlled_and_recorded_and_ends_with_its_account(tmp_path: Path) -> None:
    file = tmp_path / "smsc.pcap"
    with running("--port", "0", "--control", "0", "--record", str(file), "--seed", "9", "--json") as process:
        port = urlsplit(line(process)).port or 0
        control = urlsplit(line(process))
        assert (control.scheme, control.hostname) == ("http", "127.0.0.1")
        submitted(port, 2)
        connection = HTTPConnection("127.0.0.1", control.port, timeout=60)
        connection.request("PATCH", "/scenario", json.dumps({"name": "mine"}))
        scenario = json.loads(connection.getresponse().read())
        assert (scenario["name"], scenario["seed"]) == ("mine", 9)
        connection.close()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    account = json.loads(rest.splitlines()[-1])
    assert (account["submitted"], account["distinct_destinations"], account["inbound_owed"]) == (2, 1, 0)
    assert file.read_bytes().count(b"GOUV") == 2


def test_told_to_it_stays_awake_between_submits() -> None:
    with running("--port", "0", "--control", "0", "--busy-poll", "--json") as smsc:
        port = urlsplit(line(smsc)).port
        control = urlsplit(line(smsc))
        assert port is not None
        client = HTTPConnection(control.hostname or "", control.port, timeout=60)
        client.request("GET", "/scenario")
        assert json.loads(client.getresponse().read())["busy_poll"] is True
        client.close()
        submitted(port, 3)


def test_watched_on_a_terminal_it_shows_its_binds() -> None:
    ours, theirs = pty.openpty()
    try:
        with running("--port", "0", "--watch", stderr=theirs) as process:
            os.close(theirs)
            submitted(urlsplit(line(process)).port or 0, 3)
            seen = b""
            while b"3 accepted" not in seen:
                seen += os.read(ours, 65536)
            process.send_signal(signal.SIGTERM)
            with suppress(OSError):  # the end of a terminal that nobody writes to any more
                while data := os.read(ours, 65536):
                    seen += data
            assert process.wait(timeout=60) == 0
            assert b"ideal: smpp://esme@127.0.0.1" in seen
            assert all(name in seen for name in (b"submits", b"window", b"delivered", b"owed"))
    finally:
        os.close(ours)


def test_a_signal_right_after_the_url_ends_it_with_its_account() -> None:
    with running("--port", "0", "--json") as process:
        line(process)
        process.terminate()
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(rest)["submitted"] == 0


def test_the_shipped_scenarios_are_listed() -> None:
    done = told("--list")
    assert [row.split()[0] for row in done.stdout.splitlines()] == scenario_names()
    described = json.loads(told("--list", "--json").stdout)
    assert list(described) == scenario_names()
    assert described["ideal"] in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--control", "here"], "expected [HOST:]PORT"),
        (["--control", "1.2.3.4:99999"], "expected [HOST:]PORT"),
        (["--port", "0", "--control", "203.0.113.1:0"], "--control 203.0.113.1:0"),
        (["--tls-key", "key.pem"], "needs --tls-cert"),
        (["--tls-cert", "/nowhere/cert.pem"], "no certificate"),
        (["--port", "0", "--record", "/nowhere/smsc.pcap"], "/nowhere/smsc.pcap: No such file"),
        (["--scenario", "nonsense"], "slow-operator"),
    ],
)
def test_wrong_use_is_told_in_one_line(arguments: list[str], problem: str) -> None:
    done = told(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- tls ----------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command, which makes the certificate, is not on this machine")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [openssl, *new, *named, "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return cert, key


def test_clients_come_by_tls(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate

    async def submit(port: int) -> None:
        trusted = ssl.create_default_context(cafile=str(cert))
        async with await anyio.connect_tcp(
            "127.0.0.1", port, ssl_context=trusted, tls_hostname="localhost", tls_standard_compatible=False
        ) as stream:
            esme = RawEsme(stream)  # type: ignore[arg-type]
            assert (await esme.bind()).status == 0
            await esme.submit("33600001", registered=0)
            assert (await esme.read()).text == "1"

    with running("--port", "0", "--tls-cert", str(cert), "--tls-key", str(key)) as process:
        url = line(process)
        assert url.startswith("smpps://")
        anyio.run(submit, urlsplit(url).port or 0)


def test_a_certificate_without_its_key_is_told(certificate: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match=r"cert\.pem"):
        server_tls(certificate[0])


# --- what is shown ------------------------------------------------------------------------


def shown(view: View, now: float, *, wide: bool = True) -> str:
    out = io.StringIO()
    Console(width=160 if wide else 80, file=out).print(view.table(now, wide=wide))
    return out.getvalue()


def cells(text: str, first: str) -> list[str]:
    """The row that begins so."""
    rows = [row.replace("│", " ").split() for row in text.splitlines()]
    return next(row for row in rows if row[:1] == [first])


@pytest.mark.anyio
async def test_the_table_has_a_row_a_bind_and_the_sums() -> None:
    refuse = [{"suffix": "9", "status": "ESME_RINVDSTADR"}]
    async with (
        serve(made(numbers=refuse)) as smsc,
        bound_esme(smsc.port, system_id="[red]a") as one,
        bound_esme(smsc.port, system_id="b"),
    ):
        view = View(smsc)
        view.table(10.0)
        await one.submit(*["33600001"] * 7, "33600009")
        await one.read_many(15)
        smsc.inject("STOP", source="336", to="36105", system_id="b")
        text = shown(view, 12.0)
        a = cells(text, "[red]a")
        assert [a[1], *a[3:]] == ["trx", "8", "4", "0", "8", "7", "4", "7"]
        assert cells(text, "b")[3:] == ["0", "0", "0", "0", "1", "0", "1"]
        assert cells(text, "2") == ["2", "binds", "8", "4", "0", "8", "8", "4", "8", "8"]
        assert "7 accepted, 7 receipts owed, 1 inbound owed" in text
        assert "refused 1 ESME_RINVDSTADR" in text
        line = view.line(14.0)
        assert line.startswith("ideal: 2 binds, 8 submits, 2/s in, 8 delivered, 2/s out, 7 receipts owed")
        assert line.endswith("refused 1 ESME_RINVDSTADR")


@pytest.mark.anyio
async def test_sums_are_those_of_the_rows_whenever_links_come_and_go() -> None:
    async with serve(made(receipt_latency=60_000)) as smsc, bound_esme(smsc.port, system_id="a") as one:
        view = View(smsc)
        view.table(10.0)
        async with bound_esme(smsc.port, system_id="b") as two:
            for esme, count in ((one, 8), (two, 16)):
                await esme.submit(*["33600001"] * count)
                await esme.read_many(count)
            text = shown(view, 12.0)
            assert [cells(text, name)[3:] for name in "ab"] == [
                ["8", "4", "0", "8", "0", "0", "0"],
                ["16", "8", "0", "16", "0", "0", "0"],
            ]
            assert cells(text, "2")[2:] == ["24", "12", "0", "16", "0", "0", "0", "24"]
            assert not any("ended" in row for row in text.splitlines())
        await until(lambda: len(smsc.links) == 1)
        await one.submit(*["33600001"] * 8)
        await one.read_many(8)
        text = shown(view, 14.0)
        assert cells(text, "a")[3:5] == ["16", "4"]
        assert cells(text, "ended")[1:] == ["16", "4", "0", "0"]
        assert cells(text, "1")[2:] == ["32", "8", "0", "16", "0", "0", "0", "32"]


@pytest.mark.anyio
async def test_many_binds_are_summed() -> None:
    async with serve("ideal") as smsc, AsyncExitStack() as esmes:
        for _ in range(ROWS_MAX + 2):
            await esmes.enter_async_context(bound_esme(smsc.port))
        text = shown(View(smsc), 0.0)
        assert text.count("127.0.0.1:") == ROWS_MAX + 1  # and the url
        assert f"{ROWS_MAX + 2} binds, 2 not shown" in text


@pytest.mark.anyio
async def test_a_narrow_terminal_holds_the_table() -> None:
    async with serve("ideal") as smsc, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", registered=0)
        await esme.read()
        text = shown(View(smsc), 0.0, wide=False)
        assert cells(text, "esme") == ["esme", "trx", "1", "0", "0", "1", "0", "0", "0"]
        assert "…" not in text
