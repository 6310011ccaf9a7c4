"""The server's side of TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from smppcast.errors import UsageError

__all__ = ["server_tls"]


def server_tls(certificate: str | Path, key: str | Path | None = None) -> ssl.SSLContext:
    """The context of an SMSC that clients reach by smpps.

    Args:
        certificate: a PEM file with the certificate and those that vouch for it.
        key: a PEM file with its key, where that is not in the same file.

    Raises:
        UsageError: a file is missing, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # an ssl.SSLError is one
        raise UsageError(f"{certificate}: no certificate with its key in PEM: {error}") from error
    return context
