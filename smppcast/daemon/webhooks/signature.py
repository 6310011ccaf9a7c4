"""How a request is signed, after the specification of Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["signed"]


def signed(key: bytes, message_id: str, now: float, body: bytes) -> dict[str, str]:
    """The headers of a request.

    Args:
        now: unix seconds; receivers refuse what is minutes old, so each try is signed anew.
    """
    at = str(int(now))
    digest = hmac.digest(key, b".".join((message_id.encode(), at.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
