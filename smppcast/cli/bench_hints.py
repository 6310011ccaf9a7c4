"""What to try where an SMSC cannot be bound to, by the options of `bench`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from smppcast.errors import ConnectFailed, LinkLost
from smppcast.load import Load

__all__ = ["hinting"]


@asynccontextmanager
async def hinting(load: Load) -> AsyncIterator[None]:
    """Adds to the sentences of what the block raises what may help.

    Raises:
        ConnectFailed, LinkLost: as the block does.
    """
    try:
        yield
    except ConnectFailed as error:
        # OpenSSL's name for it; the error says no more than its words.
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConnectFailed(
                f"{error} (--tls-ca FILE trusts its authority, --no-tls-verify any)"
            ) from error
        raise
    except LinkLost as error:
        address = load.target.address
        hint = " (it may want TLS: smpps://)" if address.tls is None else ""
        raise LinkLost(f"{address}: no answer to the bind: {error}{hint}") from error
