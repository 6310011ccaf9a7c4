"""Dialling: an Address becomes a Link, or a ConnectFailed that says why."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass

import anyio
from aiohappyeyeballs import start_connection

from smppcast.errors import ConnectFailed, LinkLost, UsageError
from smppcast.net.link import Link

__all__ = ["Address", "Tls", "bind_unanswered", "dial", "tls_context"]


@dataclass(frozen=True, slots=True)
class Tls:
    """How a TLS peer is verified.

    Args:
        verify: False accepts any certificate: for tests against a host that one owns.
        ca: file with the authorities to trust instead of the system's.
        certificate, key: files with our own, where the SMSC asks for it.
        server_name: expected in the certificate, where it is not the host's name.
        minimum_version: "1.2" or "1.3".
    """

    verify: bool = True
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    minimum_version: str = "1.2"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an SMSC listens; `tls` is None for plain TCP."""

    host: str
    port: int
    tls: Tls | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Builds what `Tls` describes.

    Raises:
        UsageError: a file is missing or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
        context.minimum_version = versions[tls.minimum_version]
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, KeyError) as error:
        raise UsageError(f"TLS settings cannot be used: {error}") from error
    return context


# Of a host with several addresses the next is tried when one has not answered for so long (RFC 8305).
HAPPY_EYEBALLS_S = 0.25


async def dial(address: Address, timeout_s: float) -> Link:
    """Connects, and shakes hands where TLS is asked for.

    Raises:
        ConnectFailed: refused, unreachable, unresolved, too slow, or a certificate that does not
            verify; the reason is in the sentence.
        UsageError: TLS files that cannot be used, or a name that no host can have.
    """
    context = tls_context(address.tls) if address.tls else None
    try:
        with anyio.fail_after(timeout_s):
            raw = await _connected(address)
            return await _linked(raw, context, address)
    except TimeoutError as error:
        if error.errno is None:
            raise ConnectFailed(f"{address}: no connection in {timeout_s:g} s") from error
        raise ConnectFailed(f"{address}: {_reason(error)}") from error
    except ConnectionError as error:
        if context is None or error.errno is not None:
            raise ConnectFailed(f"{address}: {_reason(error)}") from error
        # Only a handshake ends without a number. Who refuses one often says nothing: no alert, or one
        # that is lost.
        raise ConnectFailed(f"{address}: the peer ended the TLS handshake ({_wants(address)})") from error
    except OSError as error:
        raise ConnectFailed(f"{address}: {_reason(error)}") from error
    except ValueError as error:  # from the resolver's and TLS's idna: an empty or too long label
        raise UsageError(f"{address}: no name of a host: {error}") from error


async def _connected(address: Address) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    raw = await start_connection(found, happy_eyeballs_delay=HAPPY_EYEBALLS_S)
    try:
        # Batches are written whole; waiting to fill a segment would only add a round trip.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        raw.close()
        raise
    return raw


async def _linked(raw: socket.socket, context: ssl.SSLContext | None, address: Address) -> Link:
    server_name = None
    if context is not None and address.tls is not None:
        server_name = address.tls.server_name or address.host
    link = Link()
    try:
        await asyncio.get_running_loop().create_connection(
            lambda: link, sock=raw, ssl=context, server_hostname=server_name
        )
    except BaseException:
        # Cancelled as the handshake ends, asyncio would end TLS in order, for half a minute: on a descriptor
        # that is another's by then. Of an earlier failure it lets go itself.
        link.abort()
        raw.close()  # a name that is none is told before anybody owns it
        raise
    return link


def bind_unanswered(address: Address, error: LinkLost) -> LinkLost:
    """What to say of a link that ended before its bind was answered.

    In TLS 1.3 our handshake is over before the peer looks at our certificate: its refusal comes as the
    link's end, with an alert if one is lucky.
    """
    why = "" if address.tls is None else f" ({_wants(address)})"
    return LinkLost(f"{address}: no answer to the bind: {error}{why}")


def _wants(address: Address) -> str:
    ours = address.tls is not None and address.tls.certificate
    return f"it may want another TLS version, or {'another' if ours else 'a'} certificate of ours"


def _reason(error: OSError) -> str:
    """The system's own words, where it has some: event loops word them each in their own way."""
    if not isinstance(error, (ssl.SSLError, socket.gaierror)) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return str(error) or type(error).__name__
