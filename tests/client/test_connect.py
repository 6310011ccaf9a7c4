"""From a url to a bound session and back, over real TCP."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from smppcast.client import BindKind, ClientSession, connect
from smppcast.client.addresses import login_of
from smppcast.errors import BindRefused, ConnectFailed, FieldError, LinkLost, UsageError
from smppcast.net.dialling import Tls
from smppcast.smpp.states import State
from smppcast.smsc import Scenario, serve

pytestmark = pytest.mark.anyio

SCENARIO = Scenario()


@pytest.mark.parametrize("bind", ["transceiver", "transmitter", "receiver"])
async def test_it_binds_and_unbinds_in_order(bind: BindKind) -> None:
    def state(session: ClientSession) -> str:
        return str(session.state)

    async with serve() as smsc:
        async with connect(smsc.url, bind=bind) as session:
            assert session.smsc == "smppcast"
            assert state(session) in ("bound_trx", "bound_tx", "bound_rx")
            assert "window 0/10" in repr(session)
            assert "esme@127.0.0.1" in repr(session)
        assert state(session) == "closed"
        assert session.error is None
        assert smsc.account.other_requests == {f"bind_{bind}": 1, "unbind": 1}
        assert not smsc.links


async def test_the_password_may_stand_in_the_url_or_beside_it() -> None:
    scenario = SCENARIO.changed(accounts=[{"system_id": "gouv", "password": "s@cret"}])
    async with serve(scenario) as smsc:
        async with connect(smsc.url):
            pass
        async with connect(f"smpp://gouv@127.0.0.1:{smsc.port}", password="s@cret"):
            pass
        with pytest.raises(BindRefused) as caught:
            async with connect(f"smpp://gouv@127.0.0.1:{smsc.port}", password="wrong"):
                pass
        assert caught.value.name == "ESME_RINVPASWD"


async def test_nobody_listens(reserved_port: int) -> None:
    with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1"):
        async with connect(f"smpp://esme@127.0.0.1:{reserved_port}"):
            pass


async def test_nobody_answers_the_bind() -> None:
    async def mute(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await anyio.sleep_forever()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, mute)
            with pytest.raises(ConnectFailed, match="no answer to bind_transceiver"):
                async with connect(f"smpp://esme@127.0.0.1:{port}", bind_timeout_s=0.5):
                    pass
            tasks.cancel_scope.cancel()


async def test_the_link_ends_instead_of_an_answer_to_the_bind() -> None:
    async def rude(stream: SocketStream) -> None:
        await stream.receive()
        await stream.aclose()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, rude)
            with pytest.raises(ConnectFailed, match="before bind_transceiver was answered"):
                async with connect(f"smpp://esme@127.0.0.1:{port}"):
                    pass
            tasks.cancel_scope.cancel()


async def test_an_error_of_the_block_comes_out_as_it_is_and_the_session_unbinds() -> None:
    class OwnError(Exception):
        pass

    async with serve() as smsc:
        with pytest.raises(OwnError):
            async with connect(smsc.url):
                raise OwnError
        assert smsc.account.other_requests["unbind"] == 1


async def test_cancelling_the_block_unbinds() -> None:
    async with serve() as smsc:
        with anyio.CancelScope() as scope:
            async with connect(smsc.url):
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert smsc.account.other_requests["unbind"] == 1


async def test_an_smsc_that_does_not_answer_unbind_delays_nobody() -> None:
    async with serve(SCENARIO.changed(faults={"stall_after": 1, "stall_s": 3600})) as smsc:
        async with connect(smsc.url, unbind_timeout_s=0.5) as session:
            await session.submit("33612345678", "Bonjour")
        assert session.state is State.CLOSED
        await smsc.cut()


async def test_after_its_end_a_session_says_so() -> None:
    async with serve() as smsc, connect(smsc.url) as session:
        await smsc.cut()
        assert isinstance(await session.wait_ended(), LinkLost)
        with pytest.raises(LinkLost):
            await session.submit("33612345678", "Bonjour")
        with pytest.raises(LinkLost):
            session.submit_many(["33612345678"], "Bonjour")
        with pytest.raises(LinkLost):
            await session.query("1")


async def test_a_receiver_cannot_submit() -> None:
    async with serve() as smsc, connect(smsc.url, bind="receiver") as session:
        with pytest.raises(UsageError, match="receiver"):
            await session.submit("33612345678", "Bonjour")
        with pytest.raises(UsageError, match="query_sm"):
            await session.query("1")


# --- what cannot be meant -----------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://esme@127.0.0.1:2775",
        "smpp://127.0.0.1:2775",
        "smpp://esme@",
        "smpp://esme@127.0.0.1:99999",
        "smpp://esme:hush@127.0.0.1:2775/path",
    ],
)
def test_a_bad_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        login_of(url, None, None)
    assert "hush" not in str(caught.value)


def test_a_url_is_read_whole() -> None:
    login = login_of("smpps://gouv%2B1:s%40c@[::1]", None, None)
    assert (login.system_id, login.password) == ("gouv+1", "s@c")
    assert (login.address.host, login.address.port, login.address.tls) == ("::1", 3550, Tls())
    assert repr(login) == "<Login gouv+1@[::1]:3550>"


@pytest.mark.parametrize(
    "more",
    [
        {"password": "twice"},
        {"tls": Tls()},
        {"window": 0},
        {"system_type": "x" * 13},
    ],
)
async def test_settings_that_do_not_fit_are_refused_before_connecting(more: dict[str, Any]) -> None:
    with pytest.raises((UsageError, FieldError)):
        async with connect("smpp://esme:once@127.0.0.1:1", **more):
            pass


# --- TLS ----------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed one for localhost, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not on this machine: it makes the certificate")
    key, cert, both = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "both.pem"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, "req", "-x509", *made, *named, *files], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


async def test_smpps(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    tls = Tls(ca=str(certificate), server_name="localhost")
    async with serve(tls=server) as smsc:
        async with connect(smsc.url, tls=tls) as session:
            sent = await session.submit("33612345678", "Bonjour")
            assert sent.message_id == "1"
        with pytest.raises(ConnectFailed, match="certificate"):
            async with connect(smsc.url):
                pass
