"""Dialling real listeners, with TLS and without."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute

from smppcast.errors import ConnectFailed, UsageError
from smppcast.net import dialling
from smppcast.net.dialling import Address, Tls, dial, tls_context
from smppcast.net.link import Link

PATIENCE_S = 10.0
NEW_KEY = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"


@dataclass(frozen=True)
class Authority:
    """Makes certificates with the openssl command."""

    folder: Path

    def openssl(self, arguments: str) -> None:
        command = ["openssl", *arguments.split()]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)

    def issue(self, name: str, alt_name: str, days: int) -> ssl.SSLContext:
        """A server's context with a certificate for that name; expired where `days` are negative."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alt_name}\n")
        self.openssl(f"{NEW_KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr")
        self.openssl(
            f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
            f"-extfile {name}.ext -days {days} -out {name}.pem"
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes the certificates, is not on this machine")
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.openssl(
        f"{NEW_KEY} -x509 -days 2 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE "
        "-addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem"
    )
    return made


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a listener that sends a greeting, and takes no offence at who hangs up."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as server:
        with anyio.fail_after(2 * PATIENCE_S):
            yield server.sockets[0].getsockname()[1]


class Reading:
    """Takes a link, and keeps what it brings until its end."""

    def __init__(self) -> None:
        self.octets = b""
        self.error: Exception | None = None
        self.over = anyio.Event()

    def received(self, data: bytes) -> None:
        self.octets += data

    def writable(self) -> None:
        """TLS has things to write of its own."""

    def lost(self, error: Exception | None) -> None:
        self.error = error
        self.over.set()


async def read(link: Link) -> bytes:
    """What it brings.

    Raises:
        Exception: why it ended, where it did not end in order.
    """
    reading = Reading()
    link.begin(reading)
    await reading.over.wait()
    if reading.error is not None:
        raise reading.error
    return reading.octets


async def greeting(address: Address) -> bytes:
    link = await dial(address, PATIENCE_S)
    try:
        return await read(link)
    finally:
        await link.aclose()


@pytest.mark.anyio
async def test_plain_tcp_without_delay() -> None:
    async with listening() as port:
        link = await dial(Address("127.0.0.1", port), PATIENCE_S)
        assert link.info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert await read(link) == b"hello"
        assert link.info("socket") is None
        link.write(b"into the void")
        await link.aclose()


@pytest.mark.anyio
async def test_a_refused_connection_says_where_and_why(reserved_port: int) -> None:
    with pytest.raises(ConnectFailed, match=rf"127\.0\.0\.1:{reserved_port}: .*refused"):
        await dial(Address("127.0.0.1", reserved_port), PATIENCE_S)


@pytest.mark.anyio
async def test_a_handshake_that_never_ends_is_given_up() -> None:
    """A plain listener's octets are no TLS, and one that says nothing keeps us waiting."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as silent:
        port = silent.extra(SocketAttribute.local_port)
        with pytest.raises(ConnectFailed, match=r"no connection in 0\.05 s"):
            await dial(Address("127.0.0.1", port, Tls(verify=False)), 0.05)
    async with listening() as port:
        with pytest.raises(ConnectFailed):
            await dial(Address("127.0.0.1", port, Tls(verify=False)), PATIENCE_S)


@pytest.mark.anyio
async def test_a_good_certificate_is_taken(authority: Authority) -> None:
    async with listening(authority.issue("good", "IP:127.0.0.1,DNS:smsc.example", 2)) as port:
        assert await greeting(Address("127.0.0.1", port, Tls(ca=authority.ca))) == b"hello"
        named = Tls(ca=authority.ca, server_name="smsc.example", minimum_version="1.3")
        assert await greeting(Address("127.0.0.1", port, named)) == b"hello"
        with pytest.raises(ConnectFailed, match="verify failed"):
            await dial(Address("127.0.0.1", port, Tls()), PATIENCE_S)  # the system's authorities


@pytest.mark.anyio
async def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    async with listening(authority.issue("other", "DNS:other.example", 2)) as port:
        for tls in (Tls(ca=authority.ca), Tls(ca=authority.ca, server_name="smsc.example")):
            with pytest.raises(ConnectFailed, match="mismatch"):
                await dial(Address("127.0.0.1", port, tls), PATIENCE_S)
        assert await greeting(Address("127.0.0.1", port, Tls(verify=False))) == b"hello"


@pytest.mark.anyio
async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    async with listening(authority.issue("old", "IP:127.0.0.1", -1)) as port:
        with pytest.raises(ConnectFailed, match="expired"):
            await dial(Address("127.0.0.1", port, Tls(ca=authority.ca)), PATIENCE_S)


@pytest.mark.anyio
async def test_our_own_certificate_is_shown_where_it_is_asked_for(authority: Authority) -> None:
    context = authority.issue("server", "IP:127.0.0.1", 2)
    authority.issue("client", "DNS:esme.example", 2)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca)
    ours = [str(authority.folder / f"client.{end}") for end in ("pem", "key")]
    async with listening(context) as port:
        shown = Tls(ca=authority.ca, certificate=ours[0], key=ours[1])
        assert await greeting(Address("127.0.0.1", port, shown)) == b"hello"
        with pytest.raises((ConnectFailed, OSError, AssertionError)):
            # In TLS 1.3 our handshake is over before ours is missed.
            assert await greeting(Address("127.0.0.1", port, Tls(ca=authority.ca))) == b"hello"


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for tls in (
        Tls(ca=str(tmp_path / "missing.pem")),
        Tls(ca=str(tmp_path / "empty.pem")),
        Tls(certificate=str(tmp_path / "empty.pem")),
        Tls(minimum_version="1.0"),
    ):
        with pytest.raises(UsageError, match="TLS settings"):
            tls_context(tls)


def test_an_address_is_written_as_one_dials_it() -> None:
    assert str(Address("smsc.example", 2775)) == "smsc.example:2775"
    assert str(Address("::1", 2775)) == "[::1]:2775"


@pytest.mark.anyio
async def test_cancelled_as_the_handshake_ends_nothing_is_left_of_it(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio would go on to end TLS in order, on a descriptor that the next connection has by then."""
    scope = anyio.CancelScope()

    class Cancelling(Link):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            scope.cancel()

    async with listening(authority.issue("local", "IP:127.0.0.1", 1)) as port:
        address = Address("127.0.0.1", port, Tls(ca=authority.ca))
        with monkeypatch.context() as patched, scope:
            patched.setattr(dialling, "Link", Cancelling)
            await dial(address, PATIENCE_S)
        assert scope.cancelled_caught
        for _ in range(3):
            assert await greeting(address) == b"hello"
