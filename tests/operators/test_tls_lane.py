"""smpps: by whom a lane, and `connect`, are let in, and whom they trust, against an SMSC in TLS."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

import smppcast
from smppcast.errors import ConnectFailed, LinkError, LinkLost, SmppcastError
from smppcast.net.backoff import Backoff
from smppcast.net.dialling import Tls
from smppcast.operators import bind as bind_module
from smppcast.operators.settings import OperatorSettings
from smppcast.operators.statistics import LaneState
from smppcast.smsc import Smsc, serve
from tests.operators.shelves import running, until

pytestmark = pytest.mark.anyio

OURS, NAMELESS = "a certificate of ours", "another certificate of ours"


class Certificates:
    """An authority that is trusted, one that is not, and files of theirs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority, self.stranger = trustme.CA(), trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        for name, by in (("ours", self.authority), ("strange", self.stranger)):
            issued = by.issue_cert(f"{name}@esme.example")
            issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")

    def server(
        self, name: str = "127.0.0.1", *, by: trustme.CA | None = None, until: datetime | None = None
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (by or self.authority).issue_cert(name, not_after=until).configure_cert(context)
        return context

    def demanding(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        """One that wants a certificate of its own authority."""
        context = self.server()
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = version
        self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


def settings(smsc: Smsc, **tls: Any) -> OperatorSettings:
    return OperatorSettings.model_validate({"url": smsc.url, "window": 20, "tls": tls})


def as_client(tls: dict[str, Any]) -> Tls:
    plain: dict[str, Any] = {
        key: str(value) if isinstance(value, Path) else value for key, value in tls.items()
    }
    if "cert" in plain:
        plain["certificate"] = plain.pop("cert")
    return Tls(**plain)


@contextmanager
def handshakes_may_fail() -> Iterator[None]:
    """asyncio's servers tell their loop's exception handler of every handshake that fails: no news here."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        yield
    finally:
        loop.set_exception_handler(None)


async def error_of_connect(smsc: Smsc, **tls: Any) -> SmppcastError:
    with pytest.raises(SmppcastError) as caught:
        async with smppcast.connect(smsc.url, tls=as_client(tls)):
            raise AssertionError("it was let in")
    return caught.value


class Waits(Backoff):
    """Keeps the delays that it gave, and lets nobody wait for them."""

    given: list[float]

    def next(self) -> float:
        self.given.append(super().next())
        return 0.0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    given: list[float] = []
    monkeypatch.setattr(Waits, "given", given, raising=False)
    monkeypatch.setattr(bind_module, "Backoff", Waits)
    return given


def grows(waits: list[float]) -> bool:
    """Whether each lies within the jitter of a doubled delay, from a quarter of a second to half a minute."""
    return all(
        min(30.0, 0.25 * 2**at) / 2 <= wait <= min(30.0, 0.25 * 2**at) for at, wait in enumerate(waits)
    )


async def refused(context: ssl.SSLContext, waits: list[float], **tls: Any) -> tuple[str, SmppcastError]:
    """The error that a lane shows, after ten patient attempts, and that of `connect`."""
    with handshakes_may_fail():
        async with serve(tls=context) as smsc:
            async with running(settings(smsc, **tls), 5) as (lane, shelf):
                await until(lambda: len(waits) >= 10)
                now = lane.statistics()
                assert (now.state, now.bound, now.sent, shelf.taken) == (LaneState.DOWN, 0, 0, {})
                assert now.last_error is not None
                (only,) = now.by_bind
                assert only.last_error == now.last_error
            assert grows(waits[:10])
            error = await error_of_connect(smsc, **tls)
            assert isinstance(error, ConnectFailed)
            assert smsc.account.binds == 0
            return now.last_error, error


# --- let in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    "more", [{}, {"minimum_version": "1.2"}, {"server_name": "smsc.example"}, {"cert": "ours.pem"}]
)
async def test_a_good_certificate_of_our_authority(
    made: Certificates, version: ssl.TLSVersion, more: dict[str, Any]
) -> None:
    if "cert" in more:
        context = made.demanding(version)
        more = {"cert": made.folder / more["cert"]}
    else:
        context = made.server(more.get("server_name", "127.0.0.1"))
        context.maximum_version = version
    async with serve(tls=context) as smsc:
        async with running(settings(smsc, ca=made.ca, **more), 50) as (lane, shelf):
            await until(lambda: len(shelf.taken) == 50)
            assert lane.statistics().reconnects == 0
        async with smppcast.connect(smsc.url, tls=as_client({"ca": made.ca, **more})) as session:
            assert (await session.submit("33612345678", "Bonjour")).message_id == "51"


async def test_who_asks_for_it_verifies_nothing(made: Certificates) -> None:
    context = made.server("smsc.example", by=made.stranger, until=datetime(2020, 1, 1, tzinfo=UTC))
    async with serve(tls=context) as smsc, running(settings(smsc, verify=False), 5) as (_, shelf):
        await until(lambda: len(shelf.taken) == 5)


async def test_a_mended_certificate_is_let_in_at_the_next_dial(
    made: Certificates, waits: list[float]
) -> None:
    context = made.server(by=made.stranger)
    with handshakes_may_fail():
        async with serve(tls=context) as smsc, running(settings(smsc, ca=made.ca), 5) as (lane, shelf):
            await until(lambda: len(waits) >= 3)
            made.authority.issue_cert("127.0.0.1").configure_cert(context)
            await until(lambda: len(shelf.taken) == 5)
            assert lane.statistics().state is LaneState.UP


# --- not let in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expiry", "stranger", "more", "sentence"),
    [
        ("127.0.0.1", 2020, False, {}, "certificate has expired"),
        ("smsc.example", None, False, {}, "mismatch, certificate is not valid for '127.0.0.1'"),
        ("127.0.0.1", None, False, {"server_name": "smsc.example"}, "not valid for 'smsc.example'"),
        ("127.0.0.1", None, True, {}, "unable to get local issuer certificate"),
    ],
)
async def test_a_certificate_that_does_not_verify(
    made: Certificates,
    waits: list[float],
    *,
    name: str,
    expiry: int | None,
    stranger: bool,
    more: dict[str, Any],
    sentence: str,
) -> None:
    by = made.stranger if stranger else made.authority
    context = made.server(name, by=by, until=datetime(expiry, 1, 1, tzinfo=UTC) if expiry else None)
    shown, error = await refused(context, waits, ca=made.ca, **more)
    assert sentence in shown
    assert sentence in str(error)


async def test_without_a_word_the_systems_authorities_decide(made: Certificates, waits: list[float]) -> None:
    shown, _ = await refused(made.server(), waits)
    assert "certificate verify failed" in shown


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("cert", "wants"), [(None, OURS), ("strange.pem", NAMELESS)])
async def test_an_smsc_that_wants_another_certificate_of_ours(
    made: Certificates, waits: list[float], version: ssl.TLSVersion, cert: str | None, wants: str
) -> None:
    more = {} if cert is None else {"cert": made.folder / cert}
    shown, error = await refused(made.demanding(version), waits, ca=made.ca, **more)
    assert wants in shown
    if version is ssl.TLSVersion.TLSv1_2:
        assert wants in str(error)
    else:  # our handshake was over before: the link ended instead of the bind's answer
        assert isinstance(error.__cause__, LinkError)


async def test_the_alert_of_an_smsc_that_wants_a_certificate_is_shown(
    made: Certificates, waits: list[float]
) -> None:
    """Where the peer sends one before it hangs up, as OpenSSL does by itself."""
    context = made.demanding(ssl.TLSVersion.TLSv1_3)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken, given = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(taken, given, server_side=True)
        over = False
        while not over and (octets := await reader.read(65536)):
            taken.write(octets)
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                over = True
            writer.write(given.read())
        with suppress(OSError):  # the client has hung up already
            writer.write_eof()
        await reader.read()  # else what it had not read would reset the link, and the alert be lost
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        account = {"url": f"smpps://esme@127.0.0.1:{port}", "tls": {"ca": made.ca}}
        async with running(OperatorSettings.model_validate(account)) as (lane, _):
            await until(lambda: waits)
            (error,) = lane.errors or [LinkLost("none")]
            assert isinstance(error, LinkLost)
            assert "certificate required" in (lane.statistics().last_error or "")


@pytest.mark.parametrize(("minimum", "offered"), [("1.3", "TLSv1_2"), ("1.2", "TLSv1_1")])
async def test_an_smsc_whose_tls_is_too_old(
    made: Certificates, waits: list[float], minimum: str, offered: str
) -> None:
    context = made.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[offered]
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 speaks 1.1 at no other level
    shown, error = await refused(context, waits, ca=made.ca, minimum_version=minimum)
    assert "another TLS version" in shown
    assert "another TLS version" in str(error)


async def test_an_smsc_that_speaks_no_tls(made: Certificates, waits: list[float]) -> None:
    async with serve() as smsc:
        account = {"url": smsc.url.replace("smpp:", "smpps:"), "tls": {"ca": made.ca}}
        async with running(OperatorSettings.model_validate(account)) as (lane, _):
            await until(lambda: len(waits) >= 5)
            assert grows(waits[:5])
            assert lane.statistics().last_error is not None


@pytest.mark.parametrize("name", [".example", "ü" * 70])
async def test_a_server_name_that_no_host_can_have_is_told(
    made: Certificates, waits: list[float], name: str
) -> None:
    async with serve(tls=made.server()) as smsc:
        async with running(settings(smsc, ca=made.ca, server_name=name)) as (lane, _):
            await until(lambda: len(waits) >= 5)
            assert "no name of a host" in (lane.statistics().last_error or "")
        error = await error_of_connect(smsc, ca=made.ca, server_name=name)
        assert "no name of a host" in str(error)


async def test_a_file_that_vanishes_is_told_and_the_lane_goes_on(
    made: Certificates, waits: list[float], tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(made.ca.read_bytes())
    with handshakes_may_fail():
        async with serve(tls=made.server()) as smsc:
            account = settings(smsc, ca=ca)
            ca.unlink()
            async with running(account, 5) as (lane, shelf):
                await until(lambda: len(waits) >= 2)
                assert "TLS settings cannot be used" in (lane.statistics().last_error or "")
                ca.write_bytes(made.ca.read_bytes())
                await until(lambda: len(shelf.taken) == 5)


async def test_tls_carries_a_full_window_both_ways(made: Certificates) -> None:
    async with serve(tls=made.server()) as smsc:
        account = settings(smsc, ca=made.ca).model_copy(update={"window": 1000})
        async with running(account, 5000) as (_, shelf):
            await until(lambda: len(shelf.taken) == 5000)
        assert smsc.account.submitted == 5000
