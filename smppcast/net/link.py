"""Dialling: an Address becomes a connected byte stream, or a ConnectFailed that says why."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass

import anyio
from anyio.abc import ByteStream

from smppcast.errors import ConnectFailed, LinkLost, UsageError

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


async def dial(address: Address, timeout_s: float) -> ByteStream:
    """Connects, and shakes hands where TLS is asked for.

    Raises:
        ConnectFailed: refused, unreachable, unresolved, too slow, or a certificate that does not
            verify; the reason is in the sentence.
        UsageError: TLS files that cannot be used, or a name that no host can have.
    """
    context = tls_context(address.tls) if address.tls else None
    try:
        with anyio.fail_after(timeout_s):
            if context is None or address.tls is None:
                stream: ByteStream = await anyio.connect_tcp(address.host, address.port)
            else:
                stream = await anyio.connect_tcp(
                    address.host,
                    address.port,
                    ssl_context=context,
                    tls_hostname=address.tls.server_name or address.host,
                    tls_standard_compatible=False,
                )
    except TimeoutError as error:
        raise ConnectFailed(f"{address}: no connection in {timeout_s:g} s") from error
    except (anyio.BrokenResourceError, anyio.EndOfStream) as error:
        if context is None or error.__cause__ is not None:
            raise ConnectFailed(f"{address}: {_reason(error)}") from error
        # Only a handshake reads here. Who refuses one often says nothing: no alert, or one that is lost.
        raise ConnectFailed(f"{address}: the peer ended the TLS handshake ({_wants(address)})") from error
    except OSError as error:
        raise ConnectFailed(f"{address}: {_reason(error)}") from error
    except ValueError as error:  # from the resolver's and TLS's idna: an empty or too long label
        raise UsageError(f"{address}: no name of a host: {error}") from error
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket, None)  # noqa: S610 - no query
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        # Batches are written whole; waiting to fill a segment would only add a round trip.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


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


def _reason(error: BaseException) -> str:
    """The root's own words: anyio wraps what the several addresses of a host answered."""
    cause = error.__cause__
    if isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[-1]
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and (cause.errno or 0) > 0:
        return os.strerror(cause.errno or 0)  # event loops word it each in their own way
    return str(cause or error) or type(error).__name__
